"""Devices that are not to be had here, by a stand-in for what PyTorch has for them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from reverie import device as devices
from reverie.engine import memory
from reverie.tools import compare

XPU = torch.device("xpu")


@pytest.fixture
def arc(monkeypatch) -> Any:
    """An Intel Arc with 16 GB, a quarter of which is free, and a bit of which PyTorch keeps at hand."""
    emptied: list[bool] = []
    made = SimpleNamespace(
        is_available=lambda: True,
        get_device_name=lambda device: "Intel(R) Arc(TM) A770 Graphics",
        mem_get_info=lambda device: (4 << 30, 16 << 30),
        memory_reserved=lambda device: 3 << 20,
        memory_allocated=lambda device: 1 << 20,
        max_memory_allocated=lambda device: 9 << 20,
        reset_peak_memory_stats=lambda device: None,
        empty_cache=lambda: emptied.append(True),
        emptied=emptied,
    )
    monkeypatch.setitem(devices.OWN_MEMORY, "cuda", SimpleNamespace(is_available=lambda: False))
    monkeypatch.setitem(devices.OWN_MEMORY, "xpu", made)
    return made


def test_an_intel_arc_is_used(arc):
    assert devices.choose("auto") == devices.choose("xpu") == XPU
    assert devices.title(XPU) == "xpu (Intel(R) Arc(TM) A770 Graphics)"
    assert devices.precision("auto", XPU) == torch.float32
    assert "xpu" in devices.COMFORTABLE_SIZE


def test_the_memory_of_an_intel_arc(arc):
    assert devices.memory(XPU) == {"free": 4 << 30, "total": 16 << 30}
    assert memory.free(XPU) == (4 << 30) + (2 << 20)
    with compare.PeakMemory(XPU) as peak:
        pass
    assert peak.bytes == 8 << 20
    devices.empty_caches()
    assert arc.emptied == [True]


def test_without_one_the_cpu_computes(monkeypatch):
    for kind in devices.OWN_MEMORY:
        monkeypatch.setitem(devices.OWN_MEMORY, kind, SimpleNamespace(is_available=lambda: False))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert devices.choose("auto") == torch.device("cpu")


def test_random_numbers_go_on_as_they_did():
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    with devices.fork_random_numbers(torch.device("cpu")):
        torch.manual_seed(2)
        torch.rand(5)
    assert torch.equal(torch.rand(2), expected)
