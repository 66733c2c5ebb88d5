"""Slopes as lessons: the encoder learns not only what the teacher sees, but also which way the teacher would change a
picture.

An optimiser follows the gradient and hardly looks at the features. Two networks whose features agree on photos may well
disagree about it: the encoder's pulled along the raster of its pixels, and left a cross-hatch in dark foliage and dots
in the skies of dreams. (Czarnecki et al. 2017, “Sobolev Training for Neural Networks”: a student that matches the
derivatives as well needs fewer examples.) Only directions are compared, crop by crop: how steep a loss is, the engine
measures anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from reverie.losses import mean_covariance, moments
from reverie.losses.moments import Moments

_DREAMS = 0.3  # share of lessons that ask for more of a layer, instead of for the style of another crop
_DREAMT = 3  # of the deepest layers
_LEAST = 1e-6  # added to the norm of a target, for crops in which there is nothing
_SPREAD = 2.0  # the weights of layers differ by a factor of e to this, up or down, in each lesson

Loss = Callable[[Sequence[Tensor]], Tensor]


def lesson(layers: int, random: np.random.Generator) -> Loss:
    """What is asked of a batch of crops this time: `style` with other weights of the layers every time, or `dream` of
    one of the deepest."""
    if random.random() < _DREAMS:
        return dream(int(random.integers(layers - _DREAMT, layers)))
    return style([float(weight) for weight in np.exp(random.uniform(-_SPREAD, _SPREAD, layers))])


def style(weights: Sequence[float]) -> Loss:
    """A loss of the features, N×C×h×w each, in all layers: each crop is asked for the style of the next."""
    return lambda features: torch.stack(
        [weight * _unlike(feature) for weight, feature in zip(weights, features, strict=True)]
    ).sum()


def dream(layer: int) -> Loss:
    """A loss of the features, N×C×h×w each, in all layers: each crop is asked for more of one of them."""
    return lambda features: -features[layer].float().square().mean((1, 2, 3)).sum()


def _unlike(features: Tensor) -> Tensor:
    """Sum over crops of the distance of mean and covariance from those of the next crop."""
    found = [moments.of(crop[None]) for crop in features]
    wanted = [Moments(each.mean.detach(), each.covariance.detach()) for each in (*found[1:], found[0])]
    pairs = zip(found, wanted, strict=True)
    return torch.stack([mean_covariance.distance(own, target, _LEAST) for own, target in pairs]).sum()


def gradient(ask: Loss, features: Sequence[Tensor], crops: Tensor, create_graph: bool = False) -> Tensor:
    """The gradient, N×3×H×W, of what is asked, with respect to the crops that the features are of."""
    return torch.autograd.grad(ask(features), crops, retain_graph=True, create_graph=create_graph)[0]


def disagreement(own: Tensor, teachers: Tensor) -> Tensor:
    """Mean over crops of 1 − cosine of two gradients, N×3×H×W. The teacher's is smoothed before: the raster of pixels
    that its stride and its poolings leave in it is not to be learnt."""
    aim = _smooth(teachers)
    return 1 - functional.cosine_similarity(own.flatten(1), aim.flatten(1)).mean()


def _smooth(gradient: Tensor) -> Tensor:
    """Blurred with the binomial 1-2-1 in both directions, which lets nothing pass that alternates with each pixel."""
    kernel = torch.tensor([0.25, 0.5, 0.25], device=gradient.device, dtype=gradient.dtype)
    weight = torch.outer(kernel, kernel).expand(3, 1, 3, 3)
    return functional.conv2d(functional.pad(gradient, (1, 1, 1, 1), "replicate"), weight, groups=3)
