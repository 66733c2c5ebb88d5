"""What the losses at one scale are made from."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from reverie.engine.inputs import Inputs
from reverie.job import Job
from reverie.networks.network import Network
from reverie.pictures.canvas import Canvas


@dataclass(frozen=True)
class Scene:
    """A job at one scale of its pyramid: its pictures, the network that looks at them, the canvas that is painted on,
    and the side of the tiles to compute in, in pixels (None: in one piece)."""

    job: Job
    inputs: Inputs
    network: Network
    canvas: Canvas
    tile: int | None

    def laid(self, mask: Tensor) -> Tensor:
        """A mask, 1×1×h×w, as it lies on the canvas; 0 to 1."""
        return self.canvas.lay(mask).clamp(0, 1)
