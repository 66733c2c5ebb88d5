"""Memory that an iteration frees is kept for the next one, or given back."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs the GNU C library")

SCRIPT = """
import json, psutil, sys, torch
from reverie import device
device.keep_freed_memory()
if sys.argv[1] == "no longer":
    device.keep_freed_memory(False)
before = psutil.Process().memory_info().rss
blocks = [torch.ones(1 << 20) for _ in range(50)]  # 4 MiB each
held = psutil.Process().memory_info().rss
blocks.clear()
if sys.argv[1] == "given back":
    device.give_memory_back()
print(json.dumps([held - before, held - psutil.Process().memory_info().rss]))
"""


@pytest.mark.parametrize(
    ("how", "least", "most"),
    [
        ("kept", 0, 20 << 20),
        ("no longer", 180 << 20, 240 << 20),
        ("given back", 180 << 20, 240 << 20),  # with what was kept until then
    ],
)
def test_freed_memory_is_kept_until_it_is_no_longer_to_be(how: str, least: int, most: int):
    """In a process of its own, by how much less of it is in the machine's memory after 200 MiB were freed."""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, how], cwd=root, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    held, given_back = json.loads(done.stdout.splitlines()[-1])
    assert held > 180 << 20
    assert least <= given_back <= most
