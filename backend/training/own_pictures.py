"""Pictures that the encoder itself has painted, to learn from.

An optimiser leaves the pictures that the encoder learnt from: it goes where the encoder takes something for a stroke
that the teacher would not, such as a weave over a flat sky. Shown these pictures, the teacher says so (Ross, Gordon &
Bagnell 2011, “A Reduction of Imitation Learning … to No-Regret Online Learning”: what the pupil does becomes its
lesson).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from backend.engine import calibration, targets, tiling
from backend.engine.lbfgs import LBFGS
from backend.engine.objective import Objective
from backend.engine.resize import resize
from backend.engine.terms import Term
from backend.engine.terms.content import Content
from backend.engine.terms.dream import Dream
from backend.engine.terms.style import Style
from backend.engine.terms.total_variation import TotalVariation
from backend.networks.network import Network
from backend.training.pictures import Crops, Photo

_SIDE = 224  # pixels
_ITERATIONS = 40
_DREAMS = 0.2  # share of pictures that also show more of the deepest layer


def paint(network: Network, crops: Crops, random: np.random.Generator) -> Photo:
    """A crop in the style of another, as the engine paints it at two scales, with random strength and length."""
    content, style = crops.batch(1, _SIDE), crops.batch(1, _SIDE)
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
            terms.append(Dream(network.defaults.dream[0], 0.02))
        objective, optimizer = Objective(network, terms), LBFGS()
        for _ in range(int(random.integers(_ITERATIONS // 4, _ITERATIONS))):
            optimizer.step(picture, objective(picture)[1])
    return _bytes(picture)


def _bytes(picture: Tensor) -> Photo:
    pixels: Photo = (picture[0].detach().clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return pixels
