"""Resizing tensors of pictures."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def resize(picture: Tensor, width: int, height: int) -> Tensor:
    """Bicubic, anti-aliased when it shrinks. 1×C×H×W, any C, to height×width; values are not clipped."""
    if picture.shape[2:] == (height, width):
        return picture
    return functional.interpolate(picture, (height, width), mode="bicubic", antialias=True, align_corners=False)


def fit(width: int, height: int, longest: int) -> tuple[int, int]:
    """The size, in pixels, with the given longest side and the same proportions; each side at least 1."""
    factor = longest / max(width, height)
    return max(1, round(width * factor)), max(1, round(height * factor))


def to_tensor(picture: torch.Tensor | object, device: torch.device) -> Tensor:
    """H×W×C array to a 1×C×H×W tensor on the device."""
    return torch.as_tensor(picture, dtype=torch.float32).permute(2, 0, 1)[None].contiguous().to(device)
