"""Colours by the numbers of ITU-T H.273, as PNG (cICP) and AVIF (nclx) give them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reverie.errors import ReverieError
from reverie.pictures.color_space import ColorSpace, Curve, Place, decoded, is_srgb, of_primaries, power

_D65, _C, _E = (0.3127, 0.3290), (0.310, 0.316), (1 / 3, 1 / 3)
_PRIMARIES: dict[int, tuple[Place, tuple[Place, Place, Place]]] = {  # white; red, green, blue
    1: (_D65, ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))),  # BT.709, sRGB
    4: (_C, ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08))),
    5: (_D65, ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06))),
    6: (_D65, ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070))),
    7: (_D65, ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070))),
    8: (_C, ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049))),
    9: (_D65, ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))),  # BT.2020
    10: (_E, ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0))),
    11: ((0.314, 0.351), ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))),
    12: (_D65, ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))),  # Display P3
    22: (_D65, ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077))),
}
_SRGB_LIKE = (1, 6, 13, 14, 15)  # a camera's curves (BT.709) are shown by screens as sRGB's
_HDR = (16, 18)


def color_space(primaries: int, transfer: int) -> ColorSpace | None:
    """What the numbers mean; None for sRGB, and for numbers that say nothing. Raises ReverieError for HDR."""
    if transfer in _HDR:
        raise ReverieError(
            "The picture is HDR (PQ or HLG), which cannot be painted: save it with the colours of a usual screen, as "
            "sRGB or Display P3, first."
        )
    curve = _curve(transfer)
    if curve is None or primaries not in _PRIMARIES:
        return None
    white, places = _PRIMARIES[primaries]
    if curve is decoded and is_srgb(white, places):
        return None
    return of_primaries(curve, white, places)


def _curve(transfer: int) -> Curve | None:
    if transfer in _SRGB_LIKE:
        return decoded
    return {4: power(2.2), 5: power(2.8), 7: _smpte_240, 8: power(1)}.get(transfer)


def _smpte_240(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(values < 4 * 0.0228, values / 4, ((values + 0.1115) / 1.1115) ** (1 / 0.45))
