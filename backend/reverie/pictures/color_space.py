"""From the colours of a picture to sRGB, by what is known of them: curves to linear light, and a matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From encoded values, 0 to 1, to linear light, 0 to 1. Floats may lie outside, and then the light may, too."""
Matrix = NDArray[np.float64]
Place = tuple[float, float]  # x and y of CIE 1931

_D65: Place = (0.3127, 0.3290)
_SRGB: tuple[Place, ...] = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D50_XYZ = np.array([0.9642, 1.0, 0.8249])  # of the space in which profiles meet
_HALF_A_STEP, _NEAR = 0.5 / 255, 2e-3
_FURTHEST = 1e4  # times white: of a float that is more, the light would be infinite
_PIXELS_AT_ONCE = 1 << 20  # what is computed in between takes memory


@dataclass(frozen=True)
class ColorSpace:
    """How the colours of a picture are encoded: a curve for grey, or one for each of red, green and blue; and a matrix,
    3×3, from these in linear light to linear sRGB."""

    curves: tuple[Curve, ...]
    matrix: Matrix | None = None

    def to_srgb(self, samples: NDArray[Any], white: float) -> NDArray[np.float32]:
        """The samples, H×W×1 or as many as there are curves, of which `white` is white, as sRGB of the same shape. What
        sRGB has no room for stays outside of 0 to 1 where samples are floats; else it becomes the nearest that there
        is in each channel."""
        tables = [self._table(curve, white) if samples.dtype.kind == "u" else None for curve in self.curves]
        result = np.empty(samples.shape, np.float32)
        rows = max(1, _PIXELS_AT_ONCE // max(1, samples.shape[1]))
        for top in range(0, samples.shape[0], rows):
            part = samples[top : top + rows]
            light = np.empty(part.shape, np.float32)
            for channel, (curve, table) in enumerate(zip(self.curves, tables, strict=True)):
                own = part[:, :, channel]
                light[:, :, channel] = curve((own / white).clip(-_FURTHEST, _FURTHEST)) if table is None else table[own]
            if self.matrix is not None:
                light = light @ self.matrix.T.astype(np.float32)
            result[top : top + rows] = encoded(light.clip(0, 1) if samples.dtype.kind == "u" else light)
        return result

    def is_srgb(self) -> bool:
        """Would no sample of 8 bits be changed?"""
        ramp = np.arange(256) / 255
        shown = np.stack([encoded(curve(ramp).astype(np.float32)) for curve in self.curves])
        is_plain = self.matrix is None or np.abs(self.matrix - np.eye(3)).max() < _NEAR
        return bool(is_plain and np.abs(shown - ramp).max() < _HALF_A_STEP)

    @staticmethod
    def _table(curve: Curve, white: float) -> NDArray[np.float32]:
        return curve(np.arange(int(white) + 1) / white).astype(np.float32)


def encoded(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Linear light as sRGB encodes it (IEC 61966-2-1), beyond black and white by the same formula."""
    raised = np.maximum(light, 0) ** np.float32(1 / 2.4)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * raised - np.float32(0.055))


def decoded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The linear light of what is encoded as sRGB."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def power(exponent: float) -> Curve:
    """The curve x ↦ x to the exponent; below black there is nothing but where it is straight."""
    return (lambda values: values) if exponent == 1 else lambda values: np.maximum(values, 0) ** exponent


def of_primaries(curve: Curve, white: Place, primaries: tuple[Place, ...]) -> ColorSpace:
    """The space of a screen with these primaries and this white, as x and y. Raises ValueError for what are none."""
    try:
        with np.errstate(all="raise"):
            matrix = np.linalg.inv(_to_xyz(_D65, _SRGB)) @ _adapted(white, _D65) @ _to_xyz(white, primaries)
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise ValueError("These primaries span no space.") from error
    return ColorSpace((curve, curve, curve), matrix)


def is_srgb(white: Place, primaries: tuple[Place, ...]) -> bool:
    """Are these white and primaries those of sRGB, as exactly as files say it?"""
    return bool(np.allclose(np.array([white, *primaries]), np.array([_D65, *_SRGB]), atol=0.002))


def from_d50(matrix: Matrix) -> Matrix:
    """To linear sRGB, from what goes to XYZ as a profile means it, of which the white is D50."""
    srgb = _scaled(_BRADFORD, _xyz(_D65), _D50_XYZ) @ _to_xyz(_D65, _SRGB)
    return np.asarray(np.linalg.inv(srgb) @ matrix)


def _to_xyz(white: Place, primaries: tuple[Place, ...]) -> Matrix:
    columns = np.stack([_xyz(each) for each in primaries], 1)
    return np.asarray(columns * np.linalg.solve(columns, _xyz(white)))


def _adapted(white: Place, target: Place) -> Matrix:
    return _scaled(_BRADFORD, _xyz(white), _xyz(target))


def _scaled(cones: Matrix, white: Matrix, target: Matrix) -> Matrix:
    """What makes one white the other, by scaling what the eye's cones see of each."""
    return np.asarray(np.linalg.inv(cones) @ np.diag((cones @ target) / (cones @ white)) @ cones)


def _xyz(place: Place) -> Matrix:
    return np.array([place[0] / place[1], 1.0, (1 - place[0] - place[1]) / place[1]])
