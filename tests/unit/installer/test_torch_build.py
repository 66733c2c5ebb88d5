"""Which build of torch suits the machine, and where it is to be had."""

from __future__ import annotations

import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reverie.installer import torch_build

from tests.unit.installer.stand_ins import program_fixture, web_fixture  # noqa: F401

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")

SMI = """case "$1" in
  --query-gpu=name) echo "NVIDIA GeForce RTX 3060";;
  *) echo "| NVIDIA-SMI 580.65.06    Driver Version: 580.65.06    CUDA Version: {} |";;
esac"""


@pytest.mark.parametrize(
    ("name", "script", "kind", "index"),
    [
        ("nvidia-smi", SMI.format("13.0"), "cuda", "cu130"),
        ("nvidia-smi", SMI.format("12.8"), "cuda", "cu128"),
        ("nvidia-smi", SMI.format("12.7"), "cuda", "cu126"),
        ("nvidia-smi", SMI.format("11.4"), "cpu", "cpu"),
        ("nvidia-smi", "echo 'couldn't communicate with the NVIDIA driver'; exit 9", "cpu", "cpu"),
        ("rocminfo", "echo '  Name: gfx1100'; echo '  Marketing Name: AMD Radeon RX 7900 XTX'", "rocm", "rocm7.2"),
        ("rocminfo", "echo '  Name: AMD Ryzen 7'; echo '  Marketing Name: AMD Ryzen 7'", "cpu", "cpu"),
    ],
)
def test_torch_build_for_the_hardware(
    program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch, name: str, script: str, kind: str, index: str
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    program(name, script)
    build = torch_build.choose()
    assert (build.kind, build.indexes[0]) == (kind, index)


def test_torch_build_for_apple_is_the_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert (torch_build.choose().kind, torch_build.choose().indexes) == ("mps", ())


def test_an_index_that_never_answers_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    assert torch_build.PROBE_SECONDS <= 3
    asked, end = [], threading.Event()

    def silent(address: str, timeout: float) -> None:
        asked.append((address, timeout))
        end.wait(30)
        raise OSError

    monkeypatch.setattr(torch_build, "PROBE_SECONDS", 0.1)
    monkeypatch.setattr(urllib.request, "urlopen", silent)
    assert torch_build.reachable_index(["cu130", "cu126"], "2.13.0") is None
    assert asked == [(f"{torch_build.WHEELS}/cu130/torch/", 0.1)]  # neither the first was waited for, nor the second
    end.set()


@pytest.mark.parametrize(
    ("system", "said", "kind", "index"),
    [
        ("linux", "03:00.0 VGA compatible controller: Intel Corporation DG2 [Arc A770] (rev 08)", "xpu", "xpu"),
        ("linux", "VGA compatible controller: Intel Corporation Meteor Lake-P [Intel Arc Graphics]", "xpu", "xpu"),
        ("linux", "VGA compatible controller: Intel Corporation UHD Graphics 630", "cpu", "cpu"),
        ("linux", "03:00.1 Audio device: Intel Corporation DG2 Audio [Arc]", "cpu", "cpu"),
        ("win32", "Intel(R) Arc(TM) B580 Graphics", "xpu", "xpu"),
        ("win32", "Microsoft Basic Display\nAMD Radeon RX 7900 XTX", "rocm", "rocm7.2"),
        ("win32", "AMD Radeon(TM) Graphics", "cpu", "cpu"),
    ],
)
def test_torch_build_for_processors_that_only_the_system_lists(
    monkeypatch: pytest.MonkeyPatch, system: str, said: str, kind: str, index: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(torch_build, "find_library", lambda name: name)
    lists = {"linux": "lspci", "win32": "powershell"}[system]
    monkeypatch.setattr(torch_build, "_output", lambda *command: said if command[0] == lists else None)
    build = torch_build.choose()
    assert (build.kind, build.indexes[0], build.indexes[-1]) == (kind, index, "cpu")
    assert kind == "cpu" or ("\n" not in build.reason and build.reason in said)


def test_an_arc_without_its_driver_is_none(
    program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(torch_build, "find_library", lambda name: None)
    program("lspci", "echo 'VGA compatible controller: Intel Corporation DG2 [Arc A770]'")
    assert torch_build.choose().kind == "cpu" and "libze-intel-gpu1" in torch_build.choose().reason


@pytest.mark.parametrize(
    ("platform", "index"), [("linux-x86_64", "rocm7.2"), ("win-amd64", "cpu"), ("win-arm64", None)]
)
def test_an_index_counts_when_it_has_a_wheel_for_this_system(
    web: Any, monkeypatch: pytest.MonkeyPatch, platform: str, index: str | None
) -> None:
    monkeypatch.setattr(torch_build, "WHEELS", f"{web.address}/whl")
    monkeypatch.setattr("sysconfig.get_platform", lambda: platform)
    names = {
        "rocm7.2": ["torch-2.13.0%2Brocm7.2-cp311-cp311-manylinux_2_28_x86_64.whl", "torch-2.9.0-cp311-win_amd64.whl"],
        "cpu": ["torch-2.13.0%2Bcpu-cp311-cp311-win_amd64.whl"],
    }
    for folder, wheels in names.items():
        web.pages[f"/whl/{folder}/torch/"] = "".join(f'<a href="/{name}">{name}</a>' for name in wheels).encode()
    found = torch_build.reachable_index(["rocm7.2", "cpu"], "2.13.0")
    assert found == (f"{web.address}/whl/{index}" if index else None)
