"""What install.py does. Standard library only: it runs before anything is installed."""

from pathlib import Path

CLONE = Path(__file__).resolve().parents[3]


class Failure(Exception):
    """Why a command cannot go on: a sentence or more for a person, with what to do about it."""
