"""What large patches of colour in a painting do not follow from its photo.

A colour that is rare in a style costs a network least in the middle of a flat sky, of still water or of a forehead,
where the content does not look, and it puts patches of it there. A painter gives one colour to what has one colour.
Lightness is another matter: strokes and shadows are what a style is made of.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_SCALE = 12.0  # pixels: deviation of the Gaussian that strokes disappear in, and patches do not
_SEEN = 2 / 255  # the deviation of colours below which there is hardly any to be seen
_RIDGE = 1e-4  # of the photos' colours, for photos that have too few to tell coefficients apart


def patchiness(painted: Tensor, photos: Tensor) -> Tensor:
    """The share of `patches` in the variance of the large-scale colours of paintings, 0 to 1 for each, as a mean over
    N×3×H×W paintings of as many photos in 0 to 1: a scalar. It is of no paper. A share, since one dull green is as
    plain to see among greys as a vivid one among colours."""
    found = _colours(painted)
    variance = (found - found.mean((2, 3), keepdim=True)).square().mean((1, 2, 3))
    return (_unexplained(found, photos).square().mean((1, 2, 3)) / (variance + _SEEN**2)).mean()


def patches(painted: Tensor, photos: Tensor) -> Tensor:
    """The large-scale colours of paintings, less their lightness, and less the quadratic function of their photos'
    large-scale colours that fits them best: one function for each painting. N×3×H/4×W/4, of N×3×H×W each."""
    return _unexplained(_colours(painted), photos)


def _unexplained(found: Tensor, photos: Tensor) -> Tensor:
    """The residual of a ridge regression of large-scale colours on products of the photos' large-scale colours."""
    with torch.no_grad():
        known = _products(_blurred(photos.float())).flatten(2)  # N×10×HW
        squares = known @ known.mT
        squares += _RIDGE * known.shape[2] * torch.eye(known.shape[1], device=known.device)
    wanted = found.flatten(2)
    coefficients = torch.linalg.solve(squares, known @ wanted.mT)  # N×10×3
    rest: Tensor = wanted - coefficients.mT @ known
    return rest.view_as(found)


def _colours(painted: Tensor) -> Tensor:
    """The large-scale colours, less their lightness."""
    return _blurred(painted.float() - painted.float().mean(1, keepdim=True))


def _products(colours: Tensor) -> Tensor:
    """1, the three values of each pixel, and their six products of two: N×10×H×W."""
    red, green, blue = colours.unbind(1)
    squares = [red * red, green * green, blue * blue, red * green, red * blue, green * blue]
    return torch.stack([torch.ones_like(red), red, green, blue, *squares], 1)


def _blurred(pictures: Tensor) -> Tensor:
    """Pictures at a quarter of their size, without what is finer than the scale of a patch."""
    small = functional.avg_pool2d(pictures, 4)
    deviation = _SCALE / 4
    reach = min(round(3 * deviation), *(side - 1 for side in small.shape[2:]))
    kernel = torch.exp(-(torch.arange(-reach, reach + 1, device=small.device) ** 2) / (2 * deviation**2))
    kernel = (kernel / kernel.sum()).expand(3, 1, 1, -1)
    small = functional.pad(small, (reach,) * 4, mode="reflect")
    return functional.conv2d(functional.conv2d(small, kernel, groups=3), kernel.mT, groups=3)
