"""The benchmarks run, and say something that makes sense; how fast they are is not tested."""

from __future__ import annotations

import contextlib
import re

import numpy as np
import pytest
import torch
from reverie import demo
from reverie.cli.many import Painted
from reverie.cli.pools import Local
from reverie.cluster import connection, pool
from reverie.engine.result import Result
from reverie.film import flow
from reverie.losses.loss import Features
from reverie.networks import registry
from reverie.pictures import images

from tests.benchmarks import __main__ as command
from tests.benchmarks import cluster, layers, moving, pairs
from tests.benchmarks import iteration as benchmarks
from tests.unit.cluster.stand_in import Died, Ray
from tests.unit.film import clips

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


def test_a_layer_is_painted_in_one_pass_and_finished(capsys, monkeypatch):
    _run(monkeypatch, "--layers", 0.012, "--network", "reverie")
    rows = [line.split("│")[1:-1] for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert [row[2].strip() for row in rows] == ["in one pass", "in one pass, best", "optimised"]
    assert {row[1].strip() for row in rows} == {"127×95"}
    assert all(float(row[5].split()[0]) < float(row[4].split()[0]) and "MB" in row[6] for row in rows)


def test_what_is_painted_on_top_of_composing_is_the_finish():
    """A fifth of the size is composed, so that most of the time is the finish's; of the whole size there is none."""
    recipe = {"style": "ink", "method": "instant", "size": 64}
    finished = layers.measure(recipe, 320, 240, "cpu")
    assert 0.2 * finished["seconds"] < finished["finish"] < 1.1 * finished["seconds"]
    whole = layers.measure({**recipe, "size": 320}, 320, 240, "cpu")
    assert whole["finish"] < 0.1 * whole["seconds"]
    assert layers.layer(12) == (4000, 3000)


def test_the_sizes_of_layers_can_be_named(monkeypatch):
    asked: list[object] = []
    monkeypatch.setattr(layers, "report", lambda sizes, *rest: asked.append(list(sizes)))
    _run(monkeypatch, "--layers")
    _run(monkeypatch, "--layers", 48, 0.5)
    assert asked == [[1, 4, 12], [48, 0.5]]


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


@pytest.mark.parametrize("name", ["a.mp4", "landscape.jpg"])
def test_the_flicker_of_films_is_measured(capsys, monkeypatch, tmp_path, name):
    monkeypatch.setattr("tests.benchmarks.film._FRAMES", 3)
    clips.write(tmp_path / "a.mp4", clips.moving(4))
    _run(monkeypatch, "--film", *([tmp_path / name] if name == "a.mp4" else []), "--size", 64)
    found, seen, singly, steady, ratio, *seconds = capsys.readouterr().out.splitlines()[-1].split()
    assert found == name and float(seen) < float(singly)
    assert float(ratio) == pytest.approx(float(steady) / float(singly), abs=0.02)
    assert all(float(each) > 0 for each in seconds)


def test_a_film_of_a_photo_pans_and_zooms_behind_what_moves():
    """In the corners the camera's motion is seen, in the middle of the last frame that of the subject."""
    frames = moving.film(images.read(demo.content()), 160, 9)
    assert [frame.shape for frame in frames] == [(120, 160, 3)] * 9
    motions = [flow.motion_to(frames[index + 1], frames[index])[0] for index in range(8)]
    camera = np.mean([motion[5:30, 20:140, 0].mean() for motion in motions])
    assert camera > 1  # pixels a frame that what is seen there came from the right
    zoom = np.mean([motion[100:, :, 1].mean() - motion[:20, :, 1].mean() for motion in motions])
    assert zoom < -0.5  # the lower edge came from above, the upper from below
    subject = motions[4][56:76, 72:88, 0].mean()
    assert subject > 8


def test_workers_help_until_one_machine_cannot_read_and_write_faster():
    costs = cluster.Costs(painting=2.0, before=0.01, after=0.03, there=1_000_000, back=3_000_000)
    fast_link = 1e12
    one = 2.0 + 0.01 + 0.03
    assert cluster.simulate(costs, 1, fast_link) == pytest.approx(1 / one, rel=0.02)
    assert cluster.simulate(costs, 10, fast_link) == pytest.approx(10 / one, rel=0.05)
    assert cluster.simulate(costs, 300, fast_link) == pytest.approx(1 / 0.04, rel=0.05)  # the machine that writes
    assert cluster.simulate(costs, 300, 20e6) == pytest.approx(20 / 4, rel=0.05)  # its link


@pytest.mark.parametrize("kill", [False, True])
def test_a_worker_that_is_killed_costs_its_task(monkeypatch, kill):
    """The pool is the real one, on a stand-in for Ray. The workers are killed once, over a photo that is painted."""
    ray, died = Ray(), []

    def die():
        died.append(ray.started)
        raise Died

    monkeypatch.setattr(pool, "ray", ray)
    monkeypatch.setattr(connection, "connect", lambda address, threads: None)
    monkeypatch.setattr(connection, "room", lambda device, threads: (2, {}))
    monkeypatch.setattr(cluster, "paint_one", lambda *_: iter([Painted(b"", 0.0, None)]))
    monkeypatch.setattr(cluster, "_die", die)
    opened = lambda way: cluster._cluster(way, 2)  # noqa: E731
    speed = cluster._speed(opened, demo.content(), 6, torch.get_num_threads(), kill=kill)
    assert (speed.twice, died, ray.started) == ((1, [2], 3) if kill else (0, [], 2))


def test_a_cluster_is_measured(capsys, monkeypatch, tmp_path):
    """With this process in the place of the cluster."""
    local = lambda address, way, *_: contextlib.nullcontext(Local(way))  # noqa: E731
    monkeypatch.setattr(cluster, "Cluster", local)
    monkeypatch.setattr(cluster, "_die", lambda: None)
    monkeypatch.setattr(cluster, "_TASKS", 2)
    monkeypatch.setattr(cluster, "_RECIPE", {"style": "ink", "method": "instant", "size": 48})
    images.write(tmp_path / "a.jpg", np.full((32, 48, 3), 0.5, np.float32))
    _run(monkeypatch, "--cluster", tmp_path / "a.jpg", "--photos", 1)
    printed = capsys.readouterr().out
    assert printed.count("0 done twice") == 2
    assert printed.count("pictures a minute") == 5 + 2 and printed.count("ms beside the painting") == 2
    (*_, last) = printed.splitlines()
    speeds = {int(n): float(speed) for n, speed in re.findall(r"(\d+): (\d+)", last)}
    assert list(speeds) == [1, 2, 10, 30, 100, 300] and 0 < speeds[1] < speeds[10]
