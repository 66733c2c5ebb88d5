"""ICC profiles: what the matrix and the curves in one say. Tables, as printers have them, are left to LittleCMS.

LittleCMS comes with Pillow, which gives it 8 bits only: the darks of linear light are then a few steps.
"""

from __future__ import annotations

import functools
import io
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from reverie.pictures.color_space import ColorSpace, Curve, from_d50, power

_HEADER = 128  # bytes
_DATED = slice(24, 36)  # when a profile was made
_PARAMETERS = (1, 3, 4, 5, 7)  # of parametric curves, by their number


def family(profile: bytes) -> str:
    """What the profile is for: “RGB”, “GRAY”, “CMYK”…; empty for what is no profile."""
    return profile[16:20].decode("latin-1").strip() if profile[36:40] == b"acsp" else ""


def color_space(profile: bytes) -> ColorSpace | None:
    """What a profile's curves and matrix say; None for one that has tables or is broken."""
    try:
        tags = _tags(profile)
        if family(profile) == "GRAY":
            curve = _curve(tags["kTRC"])
            return ColorSpace((_light_of_lab(curve) if profile[20:24] == b"Lab " else curve,))
        if family(profile) != "RGB" or "A2B0" in tags:
            return None
        matrix = np.stack([_xyz(tags[f"{name}XYZ"]) for name in "rgb"], 1)
        return ColorSpace(tuple(_curve(tags[f"{name}TRC"]) for name in "rgb"), from_d50(matrix))
    except (KeyError, ValueError, struct.error):
        return None


def through_tables(image: Image.Image, profile: bytes) -> Image.Image | None:
    """An RGB, CMYK or grey picture of 8 bits in sRGB, by LittleCMS; None for a profile that is broken or of others."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return None


@functools.cache
def srgb() -> bytes:
    """The profile of sRGB, the same bytes on any day."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[_DATED] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    return bytes(profile)


def _tags(profile: bytes) -> dict[str, bytes]:
    (count,) = struct.unpack_from(">I", profile, _HEADER)
    entries = struct.iter_unpack(">4sII", profile[_HEADER + 4 : _HEADER + 4 + 12 * min(count, 200)])
    return {name.decode("latin-1"): profile[at : at + size] for name, at, size in entries}


def _xyz(tag: bytes) -> NDArray[np.float64]:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes) -> Curve:
    """A `curv` or `para` of a profile. Raises ValueError or struct.error for what is neither."""
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return power(1)
        points = np.array(struct.unpack_from(f">{count}H", tag, 12))
        return power(points[0] / 256) if count == 1 else _sampled(points / 65535)
    if tag[:4] == b"para":
        (kind,) = struct.unpack_from(">H", tag, 8)
        if kind < len(_PARAMETERS):
            return _parametric(kind, *(np.array(struct.unpack_from(f">{_PARAMETERS[kind]}i", tag, 12)) / 65536))
    raise ValueError("This is no curve.")


def _sampled(points: NDArray[np.float64]) -> Curve:
    return lambda values: np.interp(values, np.linspace(0, 1, len(points)), points)


def _parametric(kind: int, g: float, a: float = 1, b: float = 0, c: float = 0, *rest: float) -> Curve:
    """The curves of ICC.1:2010, section 10.16, table 65."""
    if kind == 0:
        return power(g)
    if kind in (1, 2):  # above −b/a the power, below it all the same
        begin, slope, lift, foot = -b / a, 0.0, c, c
    else:
        begin, slope, lift, foot = (rest[0] if rest else 0), c, *(rest[1:3] if kind == 4 else (0.0, 0.0))

    def curve(values: NDArray[np.float64]) -> NDArray[np.float64]:
        raised = np.maximum(a * values + b, 0) ** g + lift
        return np.where(values >= begin, raised, slope * values + foot)

    return curve


def _light_of_lab(curve: Curve) -> Curve:
    """Where profiles meet in Lab, a grey one's curve leads to lightness."""

    def light(values: NDArray[np.float64]) -> NDArray[np.float64]:
        lightness = curve(values) * 100
        return np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness * 27 / 24389)

    return light
