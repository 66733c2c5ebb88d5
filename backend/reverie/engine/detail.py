"""How rich in detail a picture is around each place: into plain skies statistics carve worms, where there is nothing
but grain that they could shape, and places of a style that repeat weave a cloth."""

from __future__ import annotations

from torch import Tensor

from reverie.pictures.color import luma
from reverie.pictures.resize import resize, unseen

PLAIN = 0.02  # deviation of the light, 0 to 1, at which a place is half as much painted over as a rich one
AROUND = 12  # pixels around a place that say how rich it is


def detailed(picture: Tensor) -> Tensor:
    """Of a picture, 1×3×h×w in 0 to 1, how rich in detail it is around each place, 0 to 1, 1×1×h×w."""
    height, width = picture.shape[2:]
    small = max(1, width // AROUND), max(1, height // AROUND)
    power = resize(unseen(luma(picture), *small).square_(), *small).clamp_min(0)
    return resize(power / (power + PLAIN**2), width, height).clamp_(0, 1)
