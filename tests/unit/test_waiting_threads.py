"""How long threads of OpenMP wait for each other in a loop before they sleep, as it says itself."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def _spins(**environment: str) -> str:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("GOMP_", "OMP_"))}
    done = subprocess.run(
        [sys.executable, "-c", "import reverie, torch"],
        env={**own, "OMP_DISPLAY_ENV": "verbose", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    (said,) = [line.split("'")[1] for line in done.stderr.splitlines() if "GOMP_SPINCOUNT" in line]
    return said


@pytest.mark.skipif(sys.platform != "linux", reason="Only GNU's OpenMP, which PyTorch has on Linux, can be told.")
def test_waiting_threads_soon_sleep_where_nothing_else_is_wanted():
    assert _spins() == "1000"
    assert _spins(GOMP_SPINCOUNT="7") == "7"
    assert int(_spins(OMP_WAIT_POLICY="active")) > 1_000_000
