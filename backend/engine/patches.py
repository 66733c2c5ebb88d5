"""A job that paints with patches of the styles: its regions, its progress, its end."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from backend.engine.control import Clock
from backend.engine.events import Cancelled, Event, Preview, Progress, Started
from backend.engine.inputs import Inputs, Look
from backend.engine.patch_paint import patch_paint, rounds
from backend.engine.resize import fit, resize, to_picture
from backend.recipe import Recipe

PREVIEW_SECONDS = 1.0


def paint(
    recipe: Recipe, inputs: Inputs, clock: Clock, report: Callable[[Event], None], stop: Callable[[], bool]
) -> Tensor:
    """The painted picture, 1×3×H×W, at the size of the recipe. Where regions leave the picture free it stays as it is.

    Each round of a region counts as an iteration. Raises Cancelled when `stop` said so.
    """
    assert recipe.size is not None  # filled in by resolve
    height, width = inputs.source.shape[2:]
    content = resize(inputs.source, *fit(width, height, min(recipe.size, max(width, height)))).clamp(0, 1)
    height, width = content.shape[2:]
    total = rounds(width, height) * len(inputs.regions)
    report(Started(content.device.type, "patches", total))
    begun = previewed = clock.elapsed
    iteration = 0

    def check_stop() -> None:
        if stop():
            raise Cancelled

    def told(region: int) -> Callable[[float, Tensor], None]:
        def tell(fraction: float, picture: Tensor) -> None:
            nonlocal iteration, previewed
            iteration += 1
            done = (region + fraction) / len(inputs.regions)
            now = clock.elapsed
            left = (now - begun) * (1 - done) / done
            report(Progress(iteration, total, picture.shape[3], picture.shape[2], 0.0, done, left))
            if now - previewed >= PREVIEW_SECONDS:
                previewed = now
                report(Preview(to_picture(picture)))

        return tell

    result = content
    for index, (mask, looks) in enumerate(inputs.regions):
        painted = patch_paint(
            content,
            [(_sized(look, max(width, height)), look.weight) for look in looks],
            strength=recipe.strength,
            seed=recipe.seed,
            tell=told(index),
            check_stop=check_stop,
        )
        result = painted if mask is None else torch.lerp(result, painted, resize(mask, width, height).clamp(0, 1))
    return result


def _sized(look: Look, longest: int) -> Tensor:
    height, width = look.picture.shape[2:]
    picture = look.picture if look.opaque is None else torch.cat([look.picture, look.opaque], 1)
    return resize(picture, *fit(width, height, max(16, round(longest * look.scale)))).clamp(0, 1)
