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

from reverie.engine import calibration, targets, tiling
from reverie.engine.objective import Objective
from reverie.losses import Term
from reverie.losses.activation import Activation
from reverie.losses.content import Content
from reverie.losses.style import Style
from reverie.losses.total_variation import TotalVariation
from reverie.networks.network import Network
from reverie.optim.lbfgs import LBFGS
from reverie.pictures.resize import resize
from reverie.training.pictures import Crops, Photo

_SIDE = 224  # pixels
_DREAM_SIDE = 160
_LONGEST_DREAM = 25  # steps, at each of two scales
_SHIFT = 4  # pixels, by which a dream is moved between steps at most
_ITERATIONS = 40
_DREAMS = 0.2  # share of pictures that also show more of the deepest layer


def paint(network: Network, crops: Crops, random: np.random.Generator) -> Photo:
    """A crop in the style of another, as the engine paints it at two scales, with random strength and length."""
    content, style = (crops.batch(1, _SIDE).to(network.device) for _ in range(2))
    units = calibration.units(network, network.defaults.content, network.defaults.style)
    weight = targets.content_weight(float(random.uniform(0.5, 0.97)), units)
    smoothness = targets.SMOOTHNESS_SHARE * units.total_variation * 0.05
    dreams = random.random() < _DREAMS
    picture = content
    for side in (_SIDE // 2, _SIDE):
        at_scale = resize(content, side, side)
        picture = resize(picture, side, side).clamp(0, 1).contiguous().clone()
        terms: list[Term] = [
            Style([(tiling.statistics(network, resize(style, side, side), network.defaults.style, None), 1.0)], 1.0),
            Content(tiling.maps(network, at_scale, network.defaults.content, None), weight),
            TotalVariation(side, side, smoothness),
        ]
        if dreams:
            terms.append(Activation(network.defaults.dream[0], 0.02))
        objective, optimizer = Objective(network, terms), LBFGS()
        for _ in range(int(random.integers(_ITERATIONS // 4, _ITERATIONS))):
            optimizer.step(picture, objective(picture)[1])
    return _bytes(picture)


def dream(network: Network, layer: str, crops: Crops, random: np.random.Generator) -> Photo:
    """A crop that shows more of a layer, or, half the time, of three of its channels that it shows already: steps of
    even length at two scales, the gradient mixed with its coarse part, the picture moved about."""
    picture = crops.batch(1, _DREAM_SIDE).to(network.device)
    whole, channels = random.random() < 0.5, None
    for side in (_DREAM_SIDE * 3 // 5, _DREAM_SIDE):
        picture = resize(picture, side, side).clamp(0, 1).contiguous()
        for _ in range(int(random.integers(_LONGEST_DREAM // 5, _LONGEST_DREAM))):
            picture.requires_grad_(True)
            features = network.features(picture, [layer])[layer].float()
            if not whole and channels is None:
                channels = _seen(features, random)
            response = features.square().mean() if channels is None else features[:, channels].mean()
            (gradient,) = torch.autograd.grad(response, picture)
            gradient = 0.6 * gradient + 0.4 * resize(resize(gradient, side // 4, side // 4), side, side)
            picture = (picture.detach() + 0.01 * gradient / (gradient.abs().mean() + 1e-9)).clamp(0, 1)
            if random.random() < 0.5:
                shift = tuple(random.integers(-_SHIFT, _SHIFT + 1, 2).tolist())
                picture = picture.roll(shift, (2, 3))
    return _bytes(picture)


def _seen(features: Tensor, random: np.random.Generator) -> Tensor:
    """Three channels of 1×C×H×W features, the likelier the stronger they are at their strongest."""
    strength = features.detach().amax((0, 2, 3)).double() + 1e-6
    return torch.from_numpy(random.choice(len(strength), 3, p=(strength / strength.sum()).cpu().numpy()))


def _bytes(picture: Tensor) -> Photo:
    pixels: Photo = (picture[0].detach().clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    return pixels
