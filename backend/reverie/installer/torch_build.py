"""Which build of torch suits this machine, found without importing torch."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import urllib.request
from collections.abc import Sequence
from ctypes.util import find_library
from dataclasses import dataclass
from pathlib import Path

WHEELS = "https://download.pytorch.org/whl"
PROBE_SECONDS = 3.0
_ARC = r"Intel.*\b(?:Arc|Data Center GPU Max)\b"  # what PyTorch computes on
_RADEON = r"Radeon.*\b(?:RX [79]\d{3}|PRO W7\d{3}|AI PRO R9\d{3}|80[456]0S)"  # what ROCm computes on under Windows
_INTEL_DRIVER = "ze_intel_gpu"

#: What is fetched for an environment, and what it takes of the disk, in bytes, by the kind of torch. Measured for cpu
#: and cuda, with torch 2.13.0 on Linux; the others are rough.
SIZES = {
    "cpu": (240 * 10**6, 950 * 10**6),
    "mps": (150 * 10**6, 700 * 10**6),
    "cuda": (2_800 * 10**6, 4_900 * 10**6),
    "xpu": (2_000 * 10**6, 6_000 * 10**6),
    "rocm": (5_000 * 10**6, 16_000 * 10**6),
}


@dataclass(frozen=True)
class Build:
    """`kind` is cuda, rocm, xpu (Intel's), mps or cpu; `indexes` are folders of PyTorch's wheel index, the preferred
    first."""

    kind: str
    reason: str
    indexes: tuple[str, ...]


def choose() -> Build:
    """The build for this machine's graphics processor, or the one for the CPU."""
    if sys.platform == "darwin":
        kind = "mps" if platform.machine() == "arm64" else "cpu"
        return Build(kind, f"macOS on {platform.machine()}", ())  # the plain wheel carries Metal
    if (driver := _nvidia_driver()) is not None:
        cuda, name = driver
        if cuda >= (13, 0):
            return Build("cuda", name, ("cu130", "cu128", "cu126"))
        if cuda >= (12, 6):
            return Build("cuda", name, ("cu128", "cu126") if cuda >= (12, 8) else ("cu126",))
        return Build("cpu", f"{name}, whose driver is too old for this torch (CUDA 12.6 is the least)", ("cpu",))
    # Where the index has no build for this system and processor, the one for the CPU: pip's usual sources have CUDA's.
    if (amd := _rocm() if sys.platform == "linux" else _video_controller(_RADEON)) is not None:
        return Build("rocm", amd, ("rocm7.2", "rocm7.1", "rocm7.0", "cpu"))
    if (intel := _video_controller(_ARC)) is not None:
        if sys.platform == "linux" and find_library(_INTEL_DRIVER) is None:
            return Build("cpu", f"{intel}, without its driver for computing (libze-intel-gpu1)", ("cpu",))
        return Build("xpu", intel, ("xpu", "cpu"))
    return Build("cpu", "no NVIDIA, AMD or Intel Arc graphics processor was found", ("cpu",))


def _video_controller(name: str) -> str | None:
    """The graphics processor whose name fits a regular expression, as the system lists them."""
    if sys.platform == "win32":
        text = _output("powershell", "-NoProfile", "-Command", "(Get-CimInstance Win32_VideoController).Name")
        before = ""
    else:
        text, before = _output("lspci"), ".*(?:VGA|Display|3D) [^:]*: "
    found = re.search(rf"^{before}(.*{name}.*)", text or "", re.MULTILINE)
    return found[1].strip() if found else None


def _nvidia_driver() -> tuple[tuple[int, int], str] | None:
    """The newest CUDA that the NVIDIA driver serves, and the processor's name; None without driver or processor."""
    text = _output("nvidia-smi")
    if text is None:
        return None
    cuda = re.search(r"CUDA (?:UMD )?Version:\s*(\d+)\.(\d+)", text)
    version = (int(cuda[1]), int(cuda[2])) if cuda else (0, 0)
    name = (_output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader") or "").strip().splitlines()
    return version, name[0] if name else "an NVIDIA graphics processor"


def _rocm() -> str | None:
    """The AMD processor that rocminfo names; /dev/kfd alone is enough (its name is then unknown)."""
    text = _output("rocminfo") or ""
    if name := re.search(r"Marketing Name:\s*(.*(?:Radeon|Instinct).*)", text):
        return name[1].strip()
    if re.search(r"Name:\s*gfx[1-9]", text) or (not text and Path("/dev/kfd").exists()):
        return "an AMD graphics processor with the kernel's compute driver"
    return None


def _output(*command: str) -> str | None:
    """What a program prints, or None when it is missing, fails or hangs."""
    if shutil.which(command[0]) is None:
        return None
    try:
        result = subprocess.run(command, capture_output=True, timeout=10, encoding="utf-8", errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout if result.returncode == 0 else None


def reachable_index(indexes: Sequence[str], version: str) -> str | None:
    """The first of PyTorch's indexes that answers and has this version of torch for this system; None when none does
    within 3 s.

    pip itself would wait and retry for minutes on an index that cannot be reached.
    """
    found: list[str] = []
    system, _, machine = sysconfig.get_platform().rpartition("-")
    wheel = rf"torch-{re.escape(version)}[^\s\"<>]*-(?:\w*{system}\w*_{machine}|any)\.whl"

    def probe() -> None:
        for index in indexes:
            try:
                with urllib.request.urlopen(f"{WHEELS}/{index}/torch/", timeout=PROBE_SECONDS) as page:
                    text = page.read().decode("utf-8", "replace")
            except (OSError, ValueError):
                continue  # not reachable, or no such index: the next, while there is time
            if re.search(wheel, text):
                found.append(f"{WHEELS}/{index}")
                return

    # In a thread, since looking a name up has no time limit of its own.
    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    return found[0] if found else None


def pinned_version(requirements: Path) -> str:
    match = re.search(r"^torch==(\S+)", requirements.read_text(encoding="utf-8"), re.MULTILINE)
    assert match, f"{requirements} pins no torch"
    return match[1]
