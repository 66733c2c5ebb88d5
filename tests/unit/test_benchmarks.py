"""The benchmarks run, and say something that makes sense; how fast they are is not tested."""

from __future__ import annotations

import torch

from tests.benchmarks import iteration as benchmarks


def test_an_iteration_is_measured_in_parts(capsys, monkeypatch):
    monkeypatch.setattr(
        "sys.argv", ["benchmarks", "--size", "64", "--repeat", "1", "--race", "0", "--network", "reverie"]
    )
    benchmarks.main()
    printed = capsys.readouterr().out
    assert "64×48 pixels" in printed
    assert "reverie" in printed and "MB" in printed and "×" in printed


def test_plain_and_fast_compute_the_same_features():
    network = benchmarks.network("reverie", torch.float32)
    network.module.to(memory_format=torch.contiguous_format)
    picture, layers = benchmarks.pictures(96)[0], ["level1", "level4"]
    plain = benchmarks._plain_features(network, picture, layers)
    assert plain["level4"].is_contiguous()
    for layer, fmap in network.features(picture, layers).items():
        torch.testing.assert_close(plain[layer], fmap, rtol=1e-4, atol=1e-4)


def test_both_optimizers_reach_the_aim():
    race = benchmarks.time_to_loss("reverie", 64, 6)
    assert race["loss"] > 0 and 0 < race["lbfgs"] < float("inf") and 0 < race["adam"] < float("inf")
