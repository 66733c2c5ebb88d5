"""Reverie: neural style transfer and deep dream for GIMP and the command line."""

import os
from pathlib import Path

__version__ = "0.1.0"

# The plug-in is a part of the installed package; in a checkout it lies beside backend/.
if not (Path(__file__).parent / "plugin").is_dir():
    __path__.append(str(Path(__file__).resolve().parents[2]))

# Threads that wait for each other do so by turning in a loop, OpenMP's for milliseconds, and take the time that those
# they wait for would need. Beside two programs that keep two cores busy, an iteration took 4 to 30 times as long as
# alone; with a short loop, after which they sleep, 2.4 times, where an even share would be 2. It costs about 5 % where
# nothing else runs. OpenMP reads this when PyTorch is loaded.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
