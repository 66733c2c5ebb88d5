# -*- coding: utf-8 -*-
"""The two filters: their names in GIMP, and what windows, menus and results call them."""

from __future__ import unicode_literals

from .jobs import short_name
from .words import _

STYLE = "plug-in-reverie-style"
DREAM = "plug-in-reverie-dream"
TITLES = {STYLE: _("Neural Style"), DREAM: _("Deep Dream")}

#: What the menu says, and what that does.
MENU = {
    STYLE: (_("Neural _Style…"), _("Paint the layer in the style of another picture")),
    DREAM: (_("Deep _Dream…"), _("Bring out in the layer what a neural network sees in it")),
}

# Parasites of a result's layer, the same from every GIMP, so that it can be edited in another.
RECIPE = "reverie-recipe"  # what was computed, as the backend carried it out
ORIGIN = "reverie-origin"  # of which layers, by their tattoos: what they are called in a .xcf


def title(filter_name, recipe, called=lambda reference, fast: short_name(reference)):
    """The name of a result's layer. `called` says what a style is called before people."""
    dreams = [_dreamt(dream) for dream in recipe.get("dream") or [] if _dreamt(dream)]
    if filter_name == DREAM:
        return _("Deep dream") + (": " + ", ".join(dreams) if dreams else "")
    looks = [called(entry["name"], True) for entry in recipe.get("fast") or []]
    looks += [called(entry["image"], False) for entry in recipe.get("style") or []]
    once = [look for place, look in enumerate(looks) if look not in looks[:place]]
    return _("Neural style: ") + ", ".join(once + dreams)


def _dreamt(dream):
    return dream.get("class_name") or dream.get("guide") or dream.get("layer")
