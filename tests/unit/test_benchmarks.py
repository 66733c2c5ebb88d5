"""The benchmarks run, and say something that makes sense; how fast they are is not tested."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reverie import demo
from reverie.engine.result import Result
from reverie.losses.loss import Features
from reverie.networks import registry
from reverie.pictures import images

from tests.benchmarks import __main__ as command
from tests.benchmarks import iteration as benchmarks
from tests.benchmarks import pairs

CPU = torch.device("cpu")


def _run(monkeypatch, *words: object) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", *map(str, words)])
    command.main()


def test_an_iteration_is_measured_in_parts(capsys, monkeypatch):
    _run(monkeypatch, "--size", 64, "--repeat", 1, "--race", 0, "--network", "reverie")
    printed = capsys.readouterr().out
    assert "64×48 pixels" in printed
    assert "reverie" in printed and "MB" in printed and "×" in printed


def test_with_random_weights_every_network_is_measured(monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(benchmarks, "compare", lambda names, *rest: asked.extend(names))
    _run(monkeypatch, "--random")
    assert asked == list(registry.NETWORKS)
    assert benchmarks.network("alexnet", torch.float32, CPU).name == "alexnet"


def test_plain_and_fast_compute_the_same_features_and_the_same_loss():
    network = benchmarks.network("reverie", torch.float32, CPU)
    terms, layers = benchmarks._terms(network, 96)
    network.module.to(memory_format=torch.contiguous_format)
    picture = benchmarks.pictures(96, CPU)[0] * 0.9
    plain = benchmarks._plain_features(network, picture, layers)
    assert plain["level4"].is_contiguous()
    fast = network.features(picture, layers)
    for layer, fmap in fast.items():
        torch.testing.assert_close(plain[layer], fmap, rtol=1e-4, atol=1e-4)
    losses = [
        float(benchmarks._plain_loss(Features.of_whole(plain), terms)),
        float(benchmarks._loss(Features.of_whole(fast), terms)),
    ]
    assert losses[0] > 0.1
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_both_optimizers_reach_the_aim():
    race = benchmarks.time_to_loss("reverie", 64, 6, "cpu")
    assert race["loss"] > 0 and 0 < race["lbfgs"] < float("inf") and 0 < race["adam"] < float("inf")


def test_pairs_are_painted_and_shown_on_a_sheet(tmp_path, capsys, monkeypatch):
    grey = lambda recipe, content, *_, **__: Result(np.full_like(content, 0.5), recipe, "reverie", "cpu", 1.0)  # noqa: E731
    monkeypatch.setattr(pairs.render, "render", grey)
    monkeypatch.setattr(pairs, "PAIRS", (("a.png", "b.png"), ("c.png", "b.png")))
    for folder in ("photos", "styles"):
        (tmp_path / folder).mkdir()
    photo = images.read(demo.content())
    images.write(tmp_path / "photos" / "a.png", photo)
    images.write(tmp_path / "photos" / "c.png", np.ascontiguousarray(photo.transpose(1, 0, 2)))
    images.write(tmp_path / "styles" / "b.png", images.read(demo.styles()["ink"]))
    words = ["--pairs", tmp_path, "--out", tmp_path / "out", "--network", "reverie", "--size", 48]
    _run(monkeypatch, *words)
    assert images.read(tmp_path / "out" / "a-b-reverie.png").shape == (36, 48, 3)
    assert images.read(tmp_path / "out" / "c-b-reverie.png").shape == (48, 36, 3)
    sheet = images.read(tmp_path / "out" / "sheet.jpg")
    assert sheet.shape == (36 + 48 + 2 * 22, 2 * 384, 3)
    assert capsys.readouterr().out.count(" s on cpu") == 2
