"""Value range: the pixels stay where they can be shown."""

from __future__ import annotations

from torch import Tensor

from reverie.losses.loss import PICTURE, Features


class ValueRange:
    """Mean square of what the pixels exceed 0 to 1 by (as the bounded norm of Mahendran & Vedaldi 2015, eq. 2, in a
    form that is zero inside the bounds). Without it an optimiser may put the contrast where it is cut off."""

    layers = (PICTURE,)

    def __init__(self, height: int, width: int, weight: float) -> None:
        """`height` and `width` are those of the whole picture, in pixels."""
        self.weight = weight
        self._samples = 3 * height * width

    def measure(self, features: Features) -> tuple[Tensor, ...]:
        picture = features.maps[PICTURE]
        return ((picture - picture.clamp(0, 1)).square().sum(),)

    def value(self, sums: tuple[Tensor, ...]) -> Tensor:
        return sums[0] / self._samples
