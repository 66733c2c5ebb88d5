"""Which build of torch suits this machine, found without importing torch."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

WHEELS = "https://download.pytorch.org/whl"
PROBE_SECONDS = 3.0


@dataclass(frozen=True)
class Build:
    """`kind` is cuda, rocm, mps or cpu; `indexes` are folders of PyTorch's wheel index, the preferred first."""

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
    if sys.platform == "linux" and (reason := _rocm()) is not None:
        return Build("rocm", reason, ("rocm7.2", "rocm7.1", "rocm7.0"))
    return Build("cpu", "no NVIDIA or AMD graphics processor was found", ("cpu",))


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
    """The first of PyTorch's indexes that answers and has this version of torch; None when none does within 3 s.

    pip itself would wait and retry for minutes on an index that cannot be reached.
    """
    found: list[str] = []

    def probe() -> None:
        for index in indexes:
            try:
                with urllib.request.urlopen(f"{WHEELS}/{index}/torch/", timeout=PROBE_SECONDS) as page:
                    text = page.read().decode("utf-8", "replace")
            except (OSError, ValueError):
                continue  # not reachable, or no such index: the next, while there is time
            if f"torch-{version}" in text:
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
