"""Pictures that the encoder itself has painted or dreamt, to learn from.

An optimiser leaves the pictures that the encoder learnt from: it goes where the encoder takes something for a stroke
that the teacher would not, such as a weave over a flat sky. Shown these pictures, the teacher says so (Ross, Gordon &
Bagnell 2011, “A Reduction of Imitation Learning … to No-Regret Online Learning”: what the pupil does becomes its
lesson).

Dreams do the same for the deepest levels, whose features they make many times as strong as any photo's. The teacher's
dreams are learnt from as well: the encoder would not come upon a dog by itself.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from reverie.engine import deep_dream, tiling, weighting
from reverie.engine.objective import Objective
from reverie.losses.activation import Activation
from reverie.losses.content import Content
from reverie.losses.loss import Loss
from reverie.losses.mean_covariance import MeanCovariance
from reverie.losses.total_variation import TotalVariation
from reverie.networks.network import Network
from reverie.optim.gradient_ascent import GradientAscent
from reverie.optim.lbfgs import LBFGS
from reverie.pictures.resize import resize
from reverie.recipe import Recipe
from reverie.training.pictures import Crops, Photo

_SIDE = 224  # pixels
_DREAM_SIDE = 160
_LONGEST_DREAM = 25  # steps, at each of two octaves
_STEP = 0.012  # of a dream, root mean square
_ITERATIONS = 40
_DREAMS, _DREAM_WEIGHT = 0.2, 0.02  # share of pictures that also show more of the deepest layer, and how much


def paint(network: Network, crops: Crops, random: np.random.Generator) -> Photo:
    """A crop in the style of another, as the engine paints it at two scales, with random strength and length."""
    content, style = (crops.batch(1, _SIDE).to(network.device) for _ in range(2))
    units = weighting.units(network, network.defaults.content, network.defaults.style)
    strength, usual = float(random.uniform(0.5, 0.97)), Recipe.model_fields["total_variation"].default
    dreams = random.random() < _DREAMS
    picture = content
    for side in (_SIDE // 2, _SIDE):
        at_scale = resize(content, side, side)
        picture = resize(picture, side, side).clamp(0, 1).contiguous().clone()
        statistics = tiling.statistics(network, resize(style, side, side), network.defaults.style, None)
        losses: list[Loss] = [
            MeanCovariance([(statistics, 1.0)], 1.0),
            Content(tiling.maps(network, at_scale, network.defaults.content, None), units.content_weight(strength)),
            TotalVariation(side, side, units.smoothness_weight(usual)),
        ]
        if dreams:
            losses.append(Activation(network.defaults.dream[0], _DREAM_WEIGHT))
        objective, optimizer = Objective(network, losses), LBFGS()
        for _ in range(int(random.integers(_ITERATIONS // 4, _ITERATIONS))):
            optimizer.step(picture, objective(picture)[1])
    return _bytes(picture)


def dream(network: Network, layer: str, crops: Crops, random: np.random.Generator) -> Photo:
    """A crop that shows more of a layer, or, half the time, of three of its channels that it shows already, as the
    engine dreams at two octaves."""
    picture = crops.batch(1, _DREAM_SIDE).to(network.device)
    channels = [None] if random.random() < 0.5 else _seen(network.features(picture, [layer])[layer].float(), random)
    objective = Objective(network, [Activation(layer, 1.0, channel) for channel in channels])
    dreamt = deep_dream.dream(
        picture,
        (_DREAM_SIDE * 3 // 5, _DREAM_SIDE),
        int(random.integers(_LONGEST_DREAM // 5, _LONGEST_DREAM)),
        GradientAscent(_STEP),
        lambda octave: objective,
        deep_dream.JITTER,
        torch.Generator().manual_seed(int(random.integers(2**31))),
    )
    return _bytes(dreamt)


def _seen(features: Tensor, random: np.random.Generator) -> list[int]:
    """Three channels of 1×C×H×W features, the likelier the stronger they are at their strongest."""
    strength = features.amax((0, 2, 3)).double() + 1e-6
    found: list[int] = random.choice(len(strength), 3, p=(strength / strength.sum()).cpu().numpy()).tolist()
    return found


def _bytes(picture: Tensor) -> Photo:
    pixels: Photo = (picture[0].detach().clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    return pixels
