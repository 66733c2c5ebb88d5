"""Sets up the backend and puts the plug-in into GIMP: `install.py` in a clone, `reverie gimp` where it is a package.

The zip of the plug-in has an `install.py`, too, which sets up the backend alone; the first dialog in GIMP runs it.
Standard library only: in a clone, and out of the zip, it runs before anything is installed.
"""

from pathlib import Path

from reverie.errors import ReverieError, Sentence

PACKAGE = Path(__file__).resolve().parents[1]  # reverie
CLONE = PACKAGE.parents[1]  # where the package lies in one; in the zip, the folder that the wheel lies in


class Failure(ReverieError):
    """Why a command cannot go on: a sentence or more for a person, with what to do about it. `hint` is what usually
    helps, where that is known."""

    hint: Sentence | None = None
