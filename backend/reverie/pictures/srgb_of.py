"""The colours of samples in sRGB, by what their file says of them. Samples are H×W×1 or 3, of which `white` is white;
what is given back has their shape, or 3 channels, in 0 to 1; of floats, what lies outside may stay there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reverie.pictures import cicp, icc
from reverie.pictures.color_space import ColorSpace, is_srgb, of_primaries, power
from reverie.pictures.png import Notes

_SCREENS = 0.45455  # the gamma that files give for what is meant as sRGB
_D65, _SRGB = (0.3127, 0.3290), ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_ADOBE_RGB = of_primaries(power(563 / 256), _D65, ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)))


def as_it_is(color: NDArray[Any], white: float) -> NDArray[np.float32]:
    """Of what is sRGB already, or says nothing else."""
    scaled: NDArray[np.float32] = color.astype(np.float32) / np.float32(white)
    return scaled


def linear(color: NDArray[Any], white: float) -> NDArray[np.float32]:
    """Of grey that is linear light."""
    return _through(color, white, ColorSpace((power(1),)))


def png(color: NDArray[Any], white: float, notes: Notes) -> NDArray[np.float32]:
    """By the first that a PNG has of cICP, profile, sRGB, and gAMA and cHRM, as the format has it. Raises ReverieError
    for HDR."""
    if notes.cicp:
        primaries, transfer, _, is_whole_range = notes.cicp
        color, white = (color, white) if is_whole_range else (_of_narrow_range(color, white), 65535)
        return numbered(color, white, primaries, transfer)
    if notes.profile:
        return profiled(color, white, notes.profile)
    return as_it_is(color, white) if notes.is_srgb else _through(color, white, _of_gamma(notes))


def numbered(color: NDArray[Any], white: float, primaries: int, transfer: int) -> NDArray[np.float32]:
    """By numbers of ITU-T H.273. Raises ReverieError for HDR."""
    return _through(color, white, cicp.color_space(primaries, transfer))


def adobe_rgb(color: NDArray[Any], white: float) -> NDArray[np.float32]:
    """Of Adobe RGB (1998), which EXIF may say. Grey is left as it is, as in GIMP."""
    return as_it_is(color, white) if color.shape[2] == 1 else _through(color, white, _ADOBE_RGB)


def profiled(color: NDArray[Any], white: float, profile: bytes) -> NDArray[np.float32]:
    """By a profile. One that is broken, or is for other colours, must not cost the picture: that is then read as it
    is."""
    family = icc.family(profile)
    if family == "RGB" and color.shape[2] == 1:
        color = np.repeat(color, 3, 2)
    if family != ("GRAY" if color.shape[2] == 1 else "RGB"):
        return as_it_is(color, white)
    if (space := icc.color_space(profile)) is not None:
        return _through(color, white, None if space.is_srgb() else space)
    plain = as_it_is(color, white)
    image = Image.fromarray(np.rint(plain.clip(0, 1) * 255).astype(np.uint8).squeeze(2 if color.shape[2] == 1 else ()))
    managed = icc.through_tables(image, profile)
    return plain if managed is None else as_it_is(np.asarray(managed), 255)


def _of_narrow_range(color: NDArray[Any], white: float) -> NDArray[np.uint16]:
    """16 bits, from the range of video (ITU-T H.273): of 8 bits 16 is black and 235 white; of more, so much shifted."""
    step = np.float32((white + 1) / 256)
    within = (color.astype(np.float32) / step - 16) / np.float32(219)
    stretched: NDArray[np.uint16] = np.rint(within.clip(0, 1) * 65535).astype(np.uint16)
    return stretched


def _through(color: NDArray[Any], white: float, space: ColorSpace | None) -> NDArray[np.float32]:
    if space is None:
        return as_it_is(color, white)
    if color.shape[2] == 1 and len(space.curves) == 3:  # grey stays grey between any two screens
        space = ColorSpace(space.curves[:1])
    return space.to_srgb(color, white)


def _of_gamma(notes: Notes) -> ColorSpace | None:
    """What gAMA and cHRM of a PNG say; None where that is nothing, or sRGB."""
    x_y = list(zip(notes.chromaticities[::2], notes.chromaticities[1::2], strict=True)) or [_D65, *_SRGB]
    gamma = notes.gamma or _SCREENS
    if abs(gamma - _SCREENS) < 0.005 and is_srgb(x_y[0], tuple(x_y[1:])):
        return None
    try:
        return of_primaries(power(1 / gamma), x_y[0], tuple(x_y[1:]))
    except ValueError:
        return None
