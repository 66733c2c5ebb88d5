"""Commands as processes, for their tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from reverie.networks import registry

ROOT = Path(__file__).resolve().parents[3]

QUICK = ["--iterations", "8", "--size", "96"]

needs_weights = pytest.mark.skipif(
    not registry.available(), reason="needs the weights of a network, and there are none on this machine"
)


def _run(*words: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reverie", *map(str, words)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
