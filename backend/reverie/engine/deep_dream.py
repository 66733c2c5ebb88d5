"""Deep dream: the picture shows more of what a network sees in it (Mordvintsev, Olah & Tyka 2015, “Inceptionism: Going
Deeper into Neural Networks”, and the notebooks that came with it)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from reverie.engine import sampling, sizes
from reverie.engine.balance import Balance
from reverie.engine.inputs import Inputs
from reverie.engine.method import Optimizer
from reverie.engine.objective import Objective
from reverie.engine.scene import Scene
from reverie.engine.workspace import Workspace
from reverie.job import DreamTarget
from reverie.losses.activation import Activation
from reverie.losses.class_logit import ClassLogit
from reverie.losses.guide import Guide
from reverie.losses.loss import Loss
from reverie.optim.gradient_ascent import GradientAscent
from reverie.pictures.resize import resize
from reverie.run import Run

JITTER = 32
"""Pixels that the picture is moved about by, at most."""

_PATH = 0.8  # of a dream at full strength: how far it moves the picture in all, root mean square


class DeepDream:
    """Gradient ascent on the response, octave by octave, each √2 larger than the one before. What the octave before
    added is added, enlarged, to the picture that the dream started from, whose detail is so re-injected (the notebook).
    """

    margin = 0
    """None: the picture is seen elsewhere each time, and its border in the middle."""

    def prepare(self, workspace: Workspace, run: Run) -> None:
        self._origin: Tensor | None = None

    def start(self, scene: Scene, before: Tensor | None) -> Tensor:
        if before is None or self._origin is None:
            self._origin = self._first(scene)
            return scene.canvas.lay(self._origin)
        origin = self._origin.to(before.device)
        return scene.canvas.lay(origin) + scene.canvas.lay(_added(before, origin))

    def _first(self, scene: Scene) -> Tensor:
        """The picture that the dream starts from, at whatever size it has."""
        if scene.inputs.init is not None:
            return scene.inputs.init
        return torch.rand_like(scene.canvas.content) if scene.job.recipe.init == "noise" else scene.inputs.source

    def follow(self, x: Tensor, earlier: Scene, scene: Scene) -> Tensor:
        return x

    def objective(self, scene: Scene, x: Tensor, run: Run) -> tuple[Objective, Balance | None]:
        dreams = losses(scene)
        objective = Objective(scene.network, dreams, scene.tile)
        if len(dreams) == 1:
            return objective, None
        return objective, Balance(1.0, [(loss, Objective(scene.network, [loss], scene.tile)) for loss in dreams])

    def optimizer(self, scene: Scene) -> Optimizer:
        return GradientAscent(0.0, scene.job.recipe.parametrisation == "decorrelated")

    def step(self, x: Tensor, objective: Objective, optimizer: Optimizer, scene: Scene, share: float) -> Tensor:
        if isinstance(optimizer, GradientAscent):
            optimizer.length = scene.job.recipe.dream_strength * _PATH * share
        # A neuron's place in the picture must stay.
        jitter = 0 if any(dream.at is not None for dream in scene.job.dreams) else JITTER
        return ascend(x, objective, optimizer, jitter)

    def enlarge(self, painted: Tensor, inputs: Inputs) -> Tensor:
        """What the dream added is enlarged and added to the picture that it started from, which keeps its detail."""
        height, width = inputs.source.shape[2:]
        origin = self._origin
        if origin is None or painted.shape[2:] == (height, width) or origin.shape[2:] != (height, width):
            return resize(painted, width, height)
        origin = origin.to(painted.device)
        return origin + resize(_added(painted, origin), width, height)


def _added(painted: Tensor, origin: Tensor) -> Tensor:
    """What a picture has beyond the one that it was dreamt from, 1×3×H×W each, of any size."""
    return painted - resize(origin, painted.shape[3], painted.shape[2])


def losses(scene: Scene) -> list[Loss]:
    """A loss for each dream of a job at one scale, their weights in the ratios of the recipe's."""
    return [_loss(dream, scene) for dream in scene.job.dreams]


def _loss(dream: DreamTarget, scene: Scene) -> Loss:
    network, canvas = scene.network, scene.canvas
    if dream.layer == "logits":
        return ClassLogit(network.classifier, dream.weight, dream.channel)
    if dream.guide is not None:
        guide = scene.inputs.guides[dream.guide]
        sized = resize(guide, *sizes.of_guide(guide, canvas.longest)).clamp(0, 1)
        return Guide(dream.layer, sampling.of_guide(network, sized, dream.layer, scene.tile), dream.weight)
    unit = None
    if dream.at is not None:  # the neuron that looks there: units are not spread over the picture by proportion
        field = network.receptive_field(dream.layer)
        y, x = canvas.rows + dream.at[1] * canvas.height, canvas.columns + dream.at[0] * canvas.width
        unit = field.unit_at(y), field.unit_at(x)
    return Activation(dream.layer, dream.weight, dream.channel, unit)


def ascend(
    x: Tensor,
    objective: Callable[[Tensor], tuple[Tensor, Tensor]],
    optimizer: Optimizer,
    jitter: int,
    generator: torch.Generator | None = None,
) -> Tensor:
    """One iteration, in place, on pictures of N×3×H×W; the loss before it. The objective, loss and gradient of
    pictures, sees them moved about by up to `jitter` pixels, so that no pattern locks to the network's grid (ibid.)."""
    if jitter == 0:
        loss, gradient = objective(x)
    else:
        dy, dx = (int(value) for value in torch.randint(-jitter, jitter + 1, (2,), generator=generator))
        loss, gradient = objective(x.roll((dy, dx), (2, 3)))
        gradient = gradient.roll((-dy, -dx), (2, 3))
    optimizer.step(x, gradient)
    return loss


def dream(
    picture: Tensor,
    sides: Sequence[int],
    steps: int,
    optimizer: Optimizer,
    objective: Callable[[int], Callable[[Tensor], tuple[Tensor, Tensor]]],
    jitter: int,
    generator: torch.Generator,
) -> Tensor:
    """A dream without a job, of square pictures N×3×H×W: `steps` at each of the octaves' sides, in pixels. `objective`
    gives that of an octave by its number. The last octave's pictures."""
    x = picture
    for octave, side in enumerate(sides):
        x = resize(x, side, side).clamp(0, 1).contiguous()
        at_octave = objective(octave)
        for _ in range(steps):
            ascend(x, at_octave, optimizer, jitter, generator)
    return x
