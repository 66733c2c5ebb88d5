"""Style transfer by optimisation (Gatys, Ecker & Bethge 2016, “Image Style Transfer Using Convolutional Neural
Networks”): the picture keeps the features of the photo and takes on the statistics of the style's."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from reverie.engine import deep_dream, neighbours, sizes, style_statistics, tiling, weighting
from reverie.engine.balance import Balance
from reverie.engine.inputs import Inputs, StylePicture
from reverie.engine.method import Optimizer
from reverie.engine.objective import Objective
from reverie.engine.palette import Palette
from reverie.engine.pyramid import COARSEST, RATIO
from reverie.engine.scene import Scene
from reverie.engine.workspace import Workspace
from reverie.losses import style_losses
from reverie.losses.content import Content
from reverie.losses.loss import Loss
from reverie.losses.region import Region
from reverie.losses.style_target import StyleTarget
from reverie.losses.total_variation import TotalVariation
from reverie.losses.value_range import ValueRange
from reverie.networks import registry
from reverie.optim.adam import Adam
from reverie.optim.band_limit import BandLimited
from reverie.optim.lbfgs import LBFGS
from reverie.pictures.canvas import MARGIN
from reverie.pictures.resize import fit, resize, unseen
from reverie.run import Run

_LBFGS_PIXELS = 4_000_000  # above, the history of L-BFGS would outweigh everything else in memory
_SETTLING = 10  # iterations of the style alone, before its pull is measured
_PHOTO = 0.45
"""How much of the photo, recoloured, and not of the painted picture it is that neighbours are looked for (α of Kolkin
et al. 2022, section 3.2): what is lost in the match at a coarse scale would otherwise never come back."""

_REINJECTED = 0.1
"""How much of a level of the photo's Laplacian pyramid is added at the scale that shows it first. More keeps the
photo's own grain, and with none small things are lost."""


class StyleTransfer:
    """Minimises content, style, smoothness, and a dream's losses where one is wanted beside the style."""

    margin = MARGIN

    def __init__(self) -> None:
        self._palette: tuple[Inputs, float, Palette] | None = None

    def prepare(self, workspace: Workspace, run: Run) -> None:
        job = workspace.job
        self._units = workspace.with_room(
            weighting.SIDE, lambda: weighting.units(workspace.network, job.content_layers, job.style_layers)
        )
        self._pull = workspace.with_room(COARSEST, lambda: self._measure_pull(workspace, run)) if job.dreams else 0.0

    def _measure_pull(self, workspace: Workspace, run: Run) -> float:
        """What a dream beside a style is measured against: the norm of the style's gradient in pixels, times the root
        of their number, which then hardly depends on the size.

        It is that of a picture to which the style has been given for a moment. The first gradient of all is many times
        larger where a deep layer is the style's, and says nothing of what comes. One measured while the dream is at
        work says too much: a dream that spoils the style makes the style's gradient grow, would grow with it, and so on
        without end."""
        scene = workspace.scene(*_smallest_seen(workspace), self.margin)
        content = scene.canvas.content
        styles, others = self._losses_of_styles(scene, content, run), self._beside_styles(scene)
        objective, optimizer = Objective(scene.network, [*styles, *others], scene.tile), LBFGS()
        x = content.contiguous().clone()
        for _ in range(_SETTLING):
            optimizer.step(x, objective(x)[1])
            run.check_stop()
        gradient = Objective(scene.network, styles, scene.tile)(x)[1]
        return float(gradient.norm()) * math.sqrt(scene.canvas.pixels)

    def start(self, scene: Scene, before: Tensor | None) -> Tensor:
        if before is not None:
            return scene.canvas.lay(before) + _REINJECTED * self._unseen(scene, before)
        if scene.inputs.init is not None:
            return scene.canvas.lay(scene.inputs.init)
        if scene.job.recipe.init == "noise":
            return torch.rand_like(scene.canvas.content)
        return self._recolored(scene)

    def follow(self, x: Tensor, earlier: Scene, scene: Scene) -> Tensor:
        before = self._recolored(earlier)
        return (x + self._recolored(scene) - before).clamp(0, 1).contiguous()

    def objective(self, scene: Scene, x: Tensor, run: Run) -> tuple[Objective, Balance | None]:
        dreams = deep_dream.losses(scene)
        styles = self._losses_of_styles(scene, x, run)
        objective = Objective(scene.network, [*styles, *self._beside_styles(scene), *dreams], scene.tile)
        if not dreams:
            return objective, None
        pull = weighting.dream_share(scene.job.recipe.dream_strength) * self._pull / math.sqrt(scene.canvas.pixels)
        return objective, Balance(pull, [(loss, Objective(scene.network, [loss], scene.tile)) for loss in dreams])

    def _beside_styles(self, scene: Scene) -> list[Loss]:
        """What keeps the picture to the photo, smooth, and within its bounds."""
        recipe, canvas = scene.job.recipe, scene.canvas
        mask = scene.inputs.content_mask
        region = Region(scene.laid(mask), scene.network) if mask is not None else None
        maps = tiling.maps(scene.network, self._recolored(scene), scene.job.content_layers, scene.tile)
        return [
            Content(maps, self._units.content_weight(recipe.strength), region),
            TotalVariation(*canvas.size, self._units.smoothness_weight(recipe.total_variation)),
            ValueRange(*canvas.size, weighting.VALUE_RANGE),
        ]

    def _losses_of_styles(self, scene: Scene, x: Tensor, run: Run) -> list[Loss]:
        """Those of each region, for a picture x on the canvas."""
        like = torch.lerp(x, self._recolored(scene), _PHOTO)
        losses: list[Loss] = []
        for mask, looks in scene.inputs.regions:
            region = Region(scene.laid(mask), scene.network) if mask is not None else None
            sized = [_sized(look, scene.canvas.longest) for look in looks]
            losses += style_losses(scene.job.recipe.style_loss, _target(scene, sized, region, like, run))
        return losses

    def _recolored(self, scene: Scene) -> Tensor:
        """The photo in the styles' colours, as it is on the canvas."""
        inputs, recipe = scene.inputs, scene.job.recipe
        if self._palette is None or self._palette[0] is not inputs or self._palette[1] != recipe.strength:
            self._palette = inputs, recipe.strength, Palette(inputs, recipe)
        canvas = scene.canvas
        return canvas.lay(self._palette[2].recolored(canvas.cut(canvas.content)))

    def _unseen(self, scene: Scene, before: Tensor) -> Tensor:
        """What the photo, recoloured, shows on this canvas and not at the scale before."""
        sharp = self._recolored(scene)
        shrink = max(before.shape[2:]) / scene.canvas.longest
        return unseen(sharp, max(1, round(sharp.shape[3] * shrink)), max(1, round(sharp.shape[2] * shrink)))

    def optimizer(self, scene: Scene) -> Optimizer:
        wanted = scene.job.recipe.optimizer
        small = scene.canvas.width * scene.canvas.height <= _LBFGS_PIXELS
        optimizer = LBFGS() if wanted == "lbfgs" or (wanted == "auto" and small) else Adam()
        return BandLimited(optimizer) if registry.spec(scene.job.network).blurs else optimizer

    def step(self, x: Tensor, objective: Objective, optimizer: Optimizer, scene: Scene, share: float) -> Tensor:
        loss, gradient = objective(x)
        optimizer.step(x, gradient)
        return loss

    def enlarge(self, painted: Tensor, inputs: Inputs) -> Tensor:
        height, width = inputs.source.shape[2:]
        return resize(painted, width, height)


def _target(scene: Scene, looks: list[StylePicture], region: Region | None, like: Tensor, run: Run) -> StyleTarget:
    """The style pictures of a region, and what in them the places of a picture, `like`, are like."""
    network, layers, tile = scene.network, scene.job.style_layers, scene.tile
    statistics = []
    for look in looks:
        run.check_stop()
        statistics.append((style_statistics.of(network, look, layers, tile), look.weight))
    return StyleTarget(
        statistics,
        lambda: neighbours.find(network, looks, layers, like, tile, scene.job.recipe.seed),
        region.share if region is not None else 1.0,
        region,
    )


def _sized(look: StylePicture, longest: int) -> StylePicture:
    """The style picture at the size that it is to have beside a picture of that longest side."""
    size = sizes.of_style(look.picture, look.scale, longest)
    opaque = resize(look.opaque, *size).clamp(0, 1) if look.opaque is not None else None
    return replace(look, picture=resize(look.picture, *size).clamp(0, 1), opaque=opaque)


def _smallest_seen(workspace: Workspace) -> tuple[int, int]:
    """The size of the coarsest scale, or where the network does not see all of the job's pictures there, of the next
    ones on which it does."""
    height, width = workspace.inputs.source.shape[2:]
    longest, most = COARSEST, max(workspace.job.size(width, height))
    while not workspace.can_be_seen(*fit(width, height, longest)) and longest < most:
        longest = min(most, math.ceil(longest * RATIO))
    return fit(width, height, longest)
