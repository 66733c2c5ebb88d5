"""GradientAscent with steps of constant length: the optimiser of deep dream."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from reverie.pictures.resize import resize

# Square root of the covariance of colours in ImageNet (Olah, Mordvintsev & Schubert 2017, “Feature Visualization”,
# section “Preconditioning and Parameterization”; the published figures), columns scaled to a norm of at most one.
_COLORS = torch.tensor([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]]) / 0.462
_BANDS = 4


class GradientAscent:
    """Each step moves each picture by the same distance, whatever the size of the gradient (Mordvintsev, Olah & Tyka
    2015): so a strength means the same on every network, layer and octave.

    The gradient is made even over scales by its Laplacian pyramid, each band divided by its root mean square (ibid.,
    the TensorFlow notebook): without that, high frequencies win and the picture fills with grain.
    """

    def __init__(self, step: float, decorrelated: bool = False) -> None:
        """`step` is the root mean square that the picture moves by where it has a gradient, in units of x.
        `decorrelated` ascends in a basis of colours that are independent in photos, so that colours change as they do
        there."""
        self.length, self._decorrelated = step, decorrelated
        self._mix: Tensor | None = None  # on the picture's device

    def step(self, x: Tensor, gradient: Tensor) -> None:
        """Moves pictures, N×3×H×W, in place, against the gradient of the loss there."""
        direction = even_out(gradient)
        # A neuron sees a part of the picture only: all of the step in there would burn it out.
        share = (gradient != 0).any(1, keepdim=True).float().mean((1, 2, 3), keepdim=True)
        if self._decorrelated:
            # x = C z: a step along the gradient of z moves x by C Cᵀ times its own gradient.
            if self._mix is None:
                self._mix = (_COLORS @ _COLORS.T).to(direction)
            direction = torch.einsum("ij,njhw->nihw", self._mix, direction)
        length = self.length * share.sqrt()
        x.sub_(direction * (length / (_rms(direction) + 1e-12))).clamp_(0, 1)

    def objective_changed(self) -> None:
        """Nothing is remembered from one step to the next."""

    def result(self, x: Tensor) -> Tensor:
        """The picture to keep: the last iterate."""
        return x


def even_out(gradient: Tensor) -> Tensor:
    """Gradients of N×3×H×W with each band of its Laplacian pyramid (Burt & Adelson 1983) of the same strength."""
    bands = []
    for _ in range(_BANDS - 1):
        height, width = gradient.shape[2:]
        if min(height, width) < 8:
            break
        low = functional.avg_pool2d(gradient, 2, ceil_mode=True)
        bands.append(gradient - resize(low, width, height))
        gradient = low
    result = _normalised(gradient)
    for band in reversed(bands):
        result = resize(result, band.shape[3], band.shape[2]) + _normalised(band)
    return result


def _normalised(band: Tensor) -> Tensor:
    return band / (_rms(band) + 1e-12)


def _rms(pictures: Tensor) -> Tensor:
    """Of each picture by itself: N×1×1×1."""
    return pictures.square().mean((1, 2, 3), keepdim=True).sqrt()
