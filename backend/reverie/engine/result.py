"""What carrying out a recipe gives."""

from __future__ import annotations

from dataclasses import dataclass

from reverie.pictures.picture import Picture
from reverie.recipe import Recipe


@dataclass(frozen=True)
class Result:
    """The finished picture, of the size and channels of the content, and the recipe as it was carried out; the network
    that it was made with, the kind of device, and the seconds that it took."""

    picture: Picture
    recipe: Recipe
    network: str
    device: str
    seconds: float
