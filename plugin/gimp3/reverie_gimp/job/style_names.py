"""What the styles that come with Reverie are called, in the user's language."""

from __future__ import annotations

from shared.words import _

NAMES = {
    # pictures
    "charcoal": _("charcoal"),
    "etching": _("etching"),
    "gouache": _("gouache"),
    "impasto": _("impasto"),
    "ink": _("ink"),
    "mosaic": _("mosaic"),
    "pastel": _("pastel"),
    "pointillism": _("pointillism"),
    "stained_glass": _("stained glass"),
    "strokes": _("strokes"),
    "watercolour": _("watercolour"),
    "woodcut": _("woodcut"),
    # fast styles
    "great_wave": _("great wave"),
    "shipwreck": _("shipwreck"),
    "starry_night": _("starry night"),
    "the_scream": _("the scream"),
    "udnie": "udnie",
    "woman_with_hat": _("woman with hat"),
}


def shown(name: str) -> str:
    """A style's name, as a recipe has it, before people."""
    return NAMES.get(name, name.replace("_", " "))
