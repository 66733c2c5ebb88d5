"""What a scale is painted on: the picture, continued by a margin on every side.

Beyond its border a network sees zeros, or the border's own features once more. The pixels there so count for less, or
for more, than others in the statistics of a style, and take on whatever colour these still lack: a fringe of a few
pixels. Painted on a canvas that is larger than the picture, the fringe falls on what is cut off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from reverie.pictures.resize import resize

MARGIN = 8
"""Pixels, at every scale. The fringe is less than that; with 16 the pictures are the same."""


@dataclass(frozen=True)
class Canvas:
    """The source at one scale, width×height pixels without its margins."""

    content: Tensor
    """1×3×(height + 2·rows)×(width + 2·columns), the margins mirrored."""
    width: int
    height: int

    @classmethod
    def of(cls, source: Tensor, width: int, height: int, margin: int = MARGIN) -> Canvas:
        """The source, 1×3×H×W, resized to width×height. A side that is not longer than the margin gets a narrower one:
        it cannot be mirrored further."""
        columns, rows = min(margin, width - 1), min(margin, height - 1)
        return cls(_mirrored(resize(source, width, height), columns, rows), width, height)

    @property
    def longest(self) -> int:
        """The longest side of the picture, in pixels."""
        return max(self.width, self.height)

    @property
    def rows(self) -> int:
        """The margin above and below."""
        return (self.content.shape[2] - self.height) // 2

    @property
    def columns(self) -> int:
        """The margin on the left and on the right."""
        return (self.content.shape[3] - self.width) // 2

    @property
    def size(self) -> tuple[int, int]:
        """Height and width with the margins."""
        return self.content.shape[2], self.content.shape[3]

    @property
    def pixels(self) -> int:
        """How many there are, with the margins."""
        return math.prod(self.size)

    def lay(self, picture: Tensor) -> Tensor:
        """A picture or mask that goes with the source, 1×C×h×w, resized and mirrored in the margins like it."""
        return _mirrored(resize(picture, self.width, self.height), self.columns, self.rows)

    def cut(self, painted: Tensor) -> Tensor:
        """What was painted, without the margins."""
        across = slice(self.columns, self.columns + self.width)
        return painted[:, :, self.rows : self.rows + self.height, across]


def _mirrored(picture: Tensor, columns: int, rows: int) -> Tensor:
    return functional.pad(picture, (columns, columns, rows, rows), "reflect")
