"""Sets up the backend and puts the plug-in into GIMP: `install.py` in a clone, `reverie gimp` where it is a package.

Standard library only: in a clone it runs before anything is installed.
"""

from pathlib import Path

from reverie.errors import ReverieError

PACKAGE = Path(__file__).resolve().parents[1]  # reverie
CLONE = PACKAGE.parents[1]  # where the package lies in one


class Failure(ReverieError):
    """Why a command cannot go on: a sentence or more for a person, with what to do about it."""
