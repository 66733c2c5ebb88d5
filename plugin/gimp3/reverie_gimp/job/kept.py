"""The argument `recipe`: what of a recipe no other argument says, as JSON.

A script passes a recipe in it, whole or in part, as `reverie run` takes it (see `given.py`). The plug-in itself keeps
there what has no control, and, as "styles", those of which neither style-file nor style-layer can tell.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shared.refusals import Refusal
from shared.words import _

if TYPE_CHECKING:
    from gi.repository import Gimp

STYLES = "styles"  # no field of a recipe


def read(config: Gimp.ProcedureConfig) -> dict[str, Any]:
    """Raises Refusal for what is no JSON object."""
    try:
        return dict(json.loads((config.get_property("recipe") or "").strip() or "{}"))
    except (TypeError, ValueError):
        raise Refusal(_('The argument “recipe” is no JSON object such as {"style_loss": "nearest"}.')) from None


def write(config: Gimp.ProcedureConfig, fields: dict[str, Any]) -> None:
    """Sets the argument; empty fields are left out."""
    there = {name: value for name, value in fields.items() if value not in (None, [], {})}
    config.set_property("recipe", json.dumps(there) if there else "")


def write_styles(config: Gimp.ProcedureConfig, entries: list[dict[str, Any]]) -> None:
    """Sets the styles alone."""
    try:
        before = read(config)
    except Refusal:  # nonsense that a script has left
        before = {}
    write(config, dict(before, **{STYLES: entries}))
