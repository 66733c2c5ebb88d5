"""Parasites: documents that are written on layers and images, and saved with them."""

from __future__ import annotations

import json
from typing import Any

from gi.repository import Gimp

IMAGE = "reverie-image"  # the image's own parasite: a name by which a result knows that it is still at home


def read(owner: Gimp.Item | Gimp.Image, name: str) -> Any:
    """The document in a parasite of a layer or image; None where there is none."""
    parasite = owner.get_parasite(name)
    return None if parasite is None else json.loads(bytes(parasite.get_data()).decode("utf-8"))


def attach(owner: Gimp.Item | Gimp.Image, name: str, document: Any) -> None:
    """Writes a document on a layer or image."""
    text = json.dumps(document).encode("ascii")  # GIMP takes no byte above 127 from Python
    owner.attach_parasite(Gimp.Parasite.new(name, Gimp.PARASITE_PERSISTENT, text))
