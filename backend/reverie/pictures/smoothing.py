"""Smoothing maps, alike in all directions or along the edges of a picture."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from reverie.pictures.resize import resize

REDUCED = 4  # times: the size at which the filter's lines are fitted
RADIUS = 24  # pixels around each place that are fitted by one line
LEVEL = 1e-3  # variance of the light, 0 to 1, of a place that is half as much of an edge as not


def smoothed(maps: Tensor, pixels: int) -> Tensor:
    """Maps, 1×C×H×W, as they are once reduced so many times and enlarged again."""
    height, width = maps.shape[2:]
    return resize(resize(maps, max(1, width // pixels), max(1, height // pixels)), width, height)


def along_edges(maps: Tensor, light: Tensor) -> Tensor:
    """Maps, 1×C×H×W, smoothed over RADIUS pixels, but not across what are edges of a picture's light, 1×1×H×W: around
    each place they are a line of it (He, Sun & Tang 2010, “Guided Image Filtering”, equations 5 to 8), found at a
    quarter of the size (He & Sun 2015, “Fast Guided Filter”)."""
    height, width = light.shape[2:]
    small = max(1, width // REDUCED), max(1, height // REDUCED)
    guide, wanted = resize(light, *small), resize(maps, *small)
    guide_mean, wanted_mean = _around(guide), _around(wanted)
    variance = (_around(guide * guide) - guide_mean**2).clamp_min(0)
    slope = (_around(guide * wanted) - guide_mean * wanted_mean) / (variance + LEVEL)
    offset = _around(wanted_mean - slope * guide_mean)
    return resize(_around(slope), width, height).mul_(light).add_(resize(offset, width, height))


def _around(maps: Tensor) -> Tensor:
    """The mean of the pixels around each place; beyond the border its pixels go on."""
    reach = RADIUS // REDUCED
    return functional.avg_pool2d(functional.pad(maps, (reach,) * 4, "replicate"), 2 * reach + 1, 1)
