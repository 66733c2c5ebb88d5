"""The photo's drawing: its lines, where a painting has lost them. Places of a style are some pixels wide, and know
nothing of a mast, an eyelid or a letter that is thinner.

Photo and painting are split into bands of detail, and of each band the stronger side is kept (Burt & Kolczynski 1993,
“Enhanced Image Capture Through Fusion”). We depart from the paper in that the painting stays where the photo
has no line: grain and gravel, which have no direction, are for the style to paint.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from reverie.pictures.color import luma
from reverie.pictures.smoothing import smoothed

BANDS = (3, 6, 12)
"""How many pixels across are the details that each band ends with."""

KEPT = 0.5  # how much of a line that is lost is put back
FAINT = 0.03  # deviation of a band's light, 0 to 1, of a line that counts half
AROUND = 6  # pixels around a place that say whether there is a line
SLOPE = ((-0.0915, 0.0, 0.0915), (-0.317, 0.0, 0.317), (-0.0915, 0.0, 0.0915))
"""The derivative from left to right that is as exact in all directions as 3×3 pixels can tell (Scharr 2000, “Optimale
Operatoren in der Digitalen Bildverarbeitung”)."""

FLAT = 1e-5  # squared slope of what has no direction, added to all


def redrawn(painted: Tensor, photo: Tensor) -> Tensor:
    """The painting, 1×3×H×W in 0 to 1, with the lines of the photo, of that form, that it has lost. Only light is
    changed."""
    here, there = luma(painted), luma(photo)
    lines, lost = coherence(there), torch.zeros_like(here)
    for pixels in BANDS:
        broader, others = smoothed(here, pixels), smoothed(there, pixels)
        lost += missing(here - broader, there - others, pixels)
        here, there = broader, others
    return (painted + KEPT * lines * lost).clamp_(0, 1)


def missing(own: Tensor, wanted: Tensor, pixels: int) -> Tensor:
    """What a band of the painting lacks of the photo's, 1×1×H×W: all where that is by far the stronger around."""
    strength, other = (smoothed(band * band, 2 * pixels).clamp_min(0).square() for band in (wanted, own))
    return (wanted - own) * strength / (strength + other + FAINT**4)


def coherence(light: Tensor) -> Tensor:
    """How much of the slopes around each place of a picture's light, 1×1×H×W, is of one direction, 0 to 1: 1 along a
    line or an edge, 0 in grain (Bigün & Granlund 1987, “Optimal Orientation Detection of Linear Symmetry”)."""
    kernel = torch.tensor(SLOPE).to(light)
    around = functional.pad(light, (1, 1, 1, 1), "replicate")
    across, down = (functional.conv2d(around, each[None, None]) for each in (kernel, kernel.T))
    tensor = smoothed(torch.cat([across**2 - down**2, 2 * across * down, across**2 + down**2], 1), AROUND)
    one = torch.linalg.vector_norm(tensor[:, :2], dim=1, keepdim=True)
    return torch.clamp(one / (tensor[:, 2:].clamp_min(0) + FLAT), max=1)
