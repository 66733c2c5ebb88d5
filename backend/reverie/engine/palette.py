"""The photo in the styles' colours: what a painting in one pass begins from."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from reverie.engine.inputs import Inputs
from reverie.pictures.color_transport import ColorMap, color_map
from reverie.pictures.resize import resize
from reverie.recipe import Recipe

_WHOLLY = 0.85  # the strength from which on the colours are the style's


class Palette:
    """The colours of a job's styles, for what the photo shows where they are; the same at every size of it."""

    def __init__(self, inputs: Inputs, recipe: Recipe) -> None:
        """Where the photo's colours are to stay, there are none."""
        self._share = min(1.0, recipe.strength / _WHOLLY)
        self._regions: list[tuple[Tensor | None, Sequence[tuple[ColorMap, float]]]] = []
        if recipe.color != "style":
            return
        for mask, looks in inputs.regions:
            total = sum(look.weight for look in looks)
            maps = [(color_map(inputs.source, look.picture, mask, look.opaque), look.weight / total) for look in looks]
            self._regions.append((mask, maps))

    def recolored(self, photo: Tensor) -> Tensor:
        """The photo, 1×3×h×w in 0 to 1 at any size, in these colours, each region in its own; of less than the usual
        strength, only part of the way there."""
        result = photo
        for mask, maps in self._regions:
            blend = torch.zeros_like(photo)
            for colors, share in maps:
                blend += colors(photo).mul_(share)
            result = blend if mask is None else torch.lerp(result, blend, of_size(mask, photo))
        return torch.lerp(photo, result, self._share)


def of_size(mask: Tensor, picture: Tensor) -> Tensor:
    """A mask, 1×1×H×W in 0 to 1, at the size of a picture."""
    return resize(mask, picture.shape[3], picture.shape[2]).clamp(0, 1)


def cover(inputs: Inputs, picture: Tensor) -> Tensor | None:
    """How far the styles' regions cover a picture, 1×1×h×w; None: all of it."""
    masks = [mask for mask, _ in inputs.regions]
    if any(mask is None for mask in masks):
        return None
    return torch.stack([of_size(mask, picture) for mask in masks if mask is not None]).sum(0).clamp(max=1)
