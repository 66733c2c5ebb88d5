"""The benchmarks run, and say something that makes sense; how fast they are is not tested."""

from __future__ import annotations

from tests.benchmarks import iteration as benchmarks


def test_an_iteration_is_measured_in_parts(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["benchmarks", "--size", "96", "--repeat", "1", "--network", "reverie"])
    benchmarks.main()
    printed = capsys.readouterr().out
    assert "96×72 pixels" in printed
    assert "reverie" in printed and "MB" in printed and "×" in printed


def test_both_optimizers_reach_the_aim():
    race = benchmarks.time_to_loss("reverie", 64)
    assert race["loss"] > 0 and race["lbfgs"] > 0
    assert 0 < race["adam"] < 60
