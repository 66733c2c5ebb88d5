"""`python -m reverie` is the command `reverie`."""

import sys

from reverie.cli.main import run

sys.exit(run())
