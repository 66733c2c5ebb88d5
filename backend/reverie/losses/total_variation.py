"""Total variation: neighbouring pixels stay alike."""

from __future__ import annotations

from torch import Tensor

from reverie.losses.loss import PICTURE, Features


class TotalVariation:
    """Mean squared difference of neighbouring pixels (Mahendran & Vedaldi 2015, eq. 3 with β = 2)."""

    layers = (PICTURE,)

    def __init__(self, height: int, width: int, weight: float) -> None:
        """`height` and `width` are those of the whole picture, in pixels."""
        self.weight = weight
        self._pixels = height * width

    def measure(self, features: Features) -> tuple[Tensor, ...]:
        picture = features.maps[PICTURE]
        across = (picture[:, :, :, 1:] - picture[:, :, :, :-1]).square().sum()
        down = (picture[:, :, 1:] - picture[:, :, :-1]).square().sum()
        return (across + down,)

    def value(self, sums: tuple[Tensor, ...]) -> Tensor:
        return sums[0] / self._pixels
