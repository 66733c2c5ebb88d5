"""Resizing tensors of pictures."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from reverie.pictures.picture import Picture

_INVISIBLE = 0.5 / 255  # opacity that 8 bits round to none


def resize(picture: Tensor, width: int, height: int) -> Tensor:
    """Bicubic, anti-aliased when it shrinks. 1×C×H×W, any C, to height×width; values are not clipped."""
    if picture.shape[2:] == (height, width):
        return picture
    return functional.interpolate(picture, (height, width), mode="bicubic", antialias=True, align_corners=False)


def unseen(picture: Tensor, width: int, height: int) -> Tensor:
    """What of a picture, 1×C×H×W, one of width×height would not show: of that size too, and about 0 on average."""
    return picture - resize(resize(picture, width, height), picture.shape[3], picture.shape[2])


def fit(width: int, height: int, longest: int) -> tuple[int, int]:
    """The size, in pixels, with the given longest side and the same proportions; each side at least 1."""
    factor = longest / max(width, height)
    return max(1, round(width * factor)), max(1, round(height * factor))


def shrink_to(picture: Picture, longest: int) -> Picture:
    """The picture reduced to a longest side of `longest` pixels; a smaller one is returned as it is."""
    height, width = picture.shape[:2]
    if max(width, height) <= longest:
        return picture
    return resized(picture, *fit(width, height, longest))


def resized(picture: Picture, width: int, height: int) -> Picture:
    """The picture at another size, clipped to 0–1. Each pixel's colour counts as much as it is opaque: what lies hidden
    under transparency would else show at its border."""
    whole = to_tensor(picture, torch.device("cpu"))
    result = resize(whole, width, height)
    if whole.shape[1] == 4:
        shown = resize(whole[:, :3] * whole[:, 3:], width, height) / result[:, 3:].clamp_min(_INVISIBLE)
        result[:, :3] = torch.where(result[:, 3:] > _INVISIBLE, shown, result[:, :3])
    return to_picture(result)


def to_tensor(picture: Picture, device: torch.device) -> Tensor:
    """H×W×C array to a 1×C×H×W tensor on the device."""
    return torch.from_numpy(picture).to(device).permute(2, 0, 1)[None].contiguous()


def to_picture(tensor: Tensor) -> Picture:
    """1×C×H×W tensor to an H×W×C array, clipped to 0–1."""
    picture: Picture = tensor.detach().clamp(0, 1)[0].permute(1, 2, 0).contiguous().cpu().numpy()
    return picture
