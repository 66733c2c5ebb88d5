"""Parasites: documents that are written on layers and images, and saved with them."""

from __future__ import annotations

import json
from typing import Any

from gi.repository import Gimp
from shared.filters import ORIGIN, RECIPE

IMAGE = "reverie-image"  # the image's own parasite: a name by which a result knows that it is still at home


def read(owner: Gimp.Item | Gimp.Image, name: str) -> Any:
    """The document in a parasite of a layer or image; None where there is none."""
    parasite = owner.get_parasite(name)
    return None if parasite is None else json.loads(bytes(parasite.get_data()).decode("utf-8"))


def origin(layer: Gimp.Layer) -> dict[str, Any] | None:
    """What a result was made of, by its record; None of a layer that is none. That of GIMP 2.10 says less: nothing of
    the image, and of the layer that gave the style or the guide no name."""
    found, recipe = read(layer, ORIGIN), read(layer, RECIPE)
    if found is None or recipe is None:
        return None
    found.setdefault("image", read(layer.get_image(), IMAGE))
    if found.get("used") is not None:
        pictures = [style.get("image") for style in recipe.get("style") or []]
        pictures += [dream.get("guide") for dream in recipe.get("dream") or []]
        found["layers"] = {name: found["used"] for name in pictures if name}
    return found


def attach(owner: Gimp.Item | Gimp.Image, name: str, document: Any) -> None:
    """Writes a document on a layer or image."""
    text = json.dumps(document).encode("ascii")  # GIMP takes no byte above 127 from Python
    owner.attach_parasite(Gimp.Parasite.new(name, Gimp.PARASITE_PERSISTENT, text))
