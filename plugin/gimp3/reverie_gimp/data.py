"""What the rooms hand to each other: a layer that is worked on, a region of it, a frame, and a finished picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gi.repository import Gimp

Rectangle = tuple[int, int, int, int]  # x, y, width, height


@dataclass(eq=False)
class Region:
    """A part of the picture that takes its own style: the `item` that is the region, its `mask`, as .npy, and what the
    recipe calls that."""

    item: Gimp.Item
    mask: bytes
    reference: str


@dataclass(eq=False)
class Frame:
    """What makes a Source a frame of an animation: its name and number, from 1; `before`, the Source of the frame that
    it goes on from, None for the first; and whether it is a `zoom` into that."""

    name: str
    number: int
    before: Source | None
    zoom: bool


@dataclass(eq=False)
class Result:
    """A finished picture: its samples for the `area` of its source, its layer's name, and what its records say."""

    source: Source
    samples: memoryview
    name: str
    recipe: dict[str, Any]
    origin: dict[str, Any]


@dataclass(eq=False)
class Source:
    """A layer that is worked on, and which part of it: `area`, relative to the layer.

    `version` is an earlier result for the same area: a new one goes above it, or into its place if it `replaces` it,
    with the same mask if it `keeps_mask`. Without one (None), the selection decides which area is `asked` for. Before
    a job, `regions.place` sets the area anew, the samples of the new layer's `mask` (None: it gets none), a `guide`
    (where styles act, as .npy; None: everywhere), and the `regions`. Who is `scripted` says what regions are called;
    otherwise whoever made the image does, and a file that a region names is not opened before the painter has said so.
    """

    image: Gimp.Image
    layer: Gimp.Layer
    asked: Rectangle
    selected: bool
    depth: str  # the sample type of its picture, as in pixels.FORMATS
    size: tuple[int, int]  # of the layer; this and the rest for when the image is gone before the picture is there
    precision: Gimp.Precision
    profile: Gimp.ColorProfile | None
    version: Gimp.Layer | None = None
    keeps_mask: bool = False
    replaces: bool = False
    scripted: bool = False
    frame: Frame | None = None
    area: Rectangle = field(init=False)
    mask: bytes | None = None
    guide: bytes | None = None
    regions: list[Region] = field(default_factory=list)
    result: Result | None = None  # once it is painted

    def __post_init__(self) -> None:
        self.area = self.asked
