"""Pictures that a document from elsewhere names: a preset that is imported, a result in an image that somebody sent.

To open one tells whoever has it that it was opened, and on another machine's share more than that. So none is looked
at, nor whether it is there, before the painter has said so.
"""

from __future__ import annotations

from typing import Any

from shared import bundled

from reverie_gimp.job import recent_styles, styles


def named(recipe: dict[str, Any], references: list[str]) -> list[str]:
    """The files that a recipe names as styles, which neither come with Reverie nor were a style of this user's before.
    `references` are what it calls layers. Raises TypeError, ValueError or AttributeError for what is no recipe."""
    known = {*bundled.styles(), *recent_styles.remembered()}
    entries = [entry for entry in recipe.get("style") or [] if entry.get("image") not in references]
    found = [each.value for each in styles.of_recipe({"style": entries}, {}, 1.0) if each.kind == "file"]
    return [place for place in dict.fromkeys(found) if place not in known]


def without(recipe: dict[str, Any], places: list[str]) -> dict[str, Any]:
    """The recipe without styles that are those files."""
    if not recipe.get("style"):
        return recipe
    return dict(recipe, style=[entry for entry in recipe["style"] if entry.get("image") not in places])
