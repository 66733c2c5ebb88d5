"""The JSON schema of a recipe, as `reverie schema` prints it.

    python -m reverie.recipe.schema     # after a change of the recipe: writes plugin/shared/recipe.json anew

GIMP's Python has no pydantic, and `reverie --help` does not wait for it: both read that file.
"""

from __future__ import annotations

import json
from pathlib import Path

from reverie.plugin.shared import fields
from reverie.recipe import Recipe


def text() -> str:
    """The schema as it is printed and kept."""
    return json.dumps(Recipe.model_json_schema(), indent=2, ensure_ascii=False)


if __name__ == "__main__":
    Path(fields.FILE).write_text(text() + "\n", encoding="utf-8")
