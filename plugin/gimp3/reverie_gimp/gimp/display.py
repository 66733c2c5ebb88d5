"""Images that were made, and are to be seen."""

from __future__ import annotations

from gi.repository import Gimp


def display(image: Gimp.Image) -> None:
    """Opens an image in a window; in a GIMP without windows it is only there."""
    try:
        Gimp.Display.new(image)
    except TypeError:
        return  # a GIMP without windows gives none
    Gimp.displays_flush()
