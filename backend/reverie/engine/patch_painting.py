"""A job that paints with patches of the styles: its regions, its progress, its end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import torch
from torch import Tensor

from reverie.engine.control import Adjustment, Clock
from reverie.engine.inputs import Inputs, Look
from reverie.engine.texture_synthesis import patch_paint, rounds
from reverie.events import Cancelled, Event, Preview, Progress, Started
from reverie.pictures.resize import fit, resize, to_picture
from reverie.recipe import Recipe

PREVIEW_SECONDS = 1.0


class _Enough(Exception):
    """The person who watches wants the picture as it is."""


def paint(
    recipe: Recipe,
    inputs: Inputs,
    clock: Clock,
    report: Callable[[Event], None],
    stop: Callable[[], bool],
    adjust: Callable[[], Adjustment | None],
) -> Tensor:
    """The painted picture, 1×3×H×W, at the size of the recipe. Where regions leave the picture free it stays as it is.

    Each round of a region counts as an iteration. Raises Cancelled when `stop` said so. Where `adjust` asks to finish,
    it is the picture after the last whole round, of the size of that round's scale, and regions that were not begun
    stay as they are; the first round, of a picture of 48 pixels, is always carried out.
    """
    assert recipe.size is not None  # filled in by resolve
    height, width = inputs.source.shape[2:]
    content = resize(inputs.source, *fit(width, height, min(recipe.size, max(width, height)))).clamp(0, 1)
    height, width = content.shape[2:]
    total = rounds(width, height) * len(inputs.regions)
    report(Started(content.device.type, "patches", total))
    begun = previewed = clock.elapsed
    iteration, finish, whole = 0, False, content

    def check_stop() -> None:
        nonlocal finish
        if stop():
            raise Cancelled
        wish = adjust()
        finish = finish or (wish is not None and wish.finish)
        if finish and iteration > 0:
            raise _Enough

    def told(region: int, mask: Tensor | None) -> Callable[[float, Tensor], None]:
        others, cover = whole, None if mask is None else resize(mask, width, height).clamp(0, 1)

        def tell(fraction: float, picture: Tensor) -> None:
            nonlocal iteration, previewed, whole
            iteration += 1
            whole = picture if cover is None else torch.lerp(others, resize(picture, width, height).clamp(0, 1), cover)
            done = (region + fraction) / len(inputs.regions)
            now = clock.elapsed
            left = (now - begun) * (1 - done) / done
            report(Progress(iteration, total, picture.shape[3], picture.shape[2], 0.0, done, left))
            if now - previewed >= PREVIEW_SECONDS:
                previewed = now
                report(Preview(to_picture(whole)))

        return tell

    with contextlib.suppress(_Enough):
        for index, (mask, looks) in enumerate(inputs.regions):
            patch_paint(
                content,
                [(_sized(look, max(width, height)), look.weight) for look in looks],
                strength=recipe.strength,
                seed=recipe.seed,
                tell=told(index, mask),
                check_stop=check_stop,
            )
    return whole


def _sized(look: Look, longest: int) -> Tensor:
    height, width = look.picture.shape[2:]
    picture = look.picture if look.opaque is None else torch.cat([look.picture, look.opaque], 1)
    return resize(picture, *fit(width, height, max(16, round(longest * look.scale)))).clamp(0, 1)
