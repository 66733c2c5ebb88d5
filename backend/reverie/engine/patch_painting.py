"""A job that paints with patches of the styles: its regions, its progress, its end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import torch
from torch import Tensor

from reverie.engine import sizes
from reverie.engine.inputs import Inputs, StylePicture
from reverie.engine.progress import PREVIEW_SECONDS
from reverie.engine.texture_synthesis import rounds, synthesise
from reverie.events import Preview, Progress, Started
from reverie.job import Job
from reverie.pictures.resize import resize, to_picture
from reverie.run import Run


class _Enough(Exception):
    """The person who watches wants the picture as it is."""


def paint(job: Job, inputs: Inputs, run: Run) -> Tensor:
    """The painted picture, 1×3×H×W, at the size of the job. Where regions leave the picture free it stays as it is.

    Each round of a region counts as an iteration. Raises Cancelled when the job is to stop. Where it is to finish
    early, it is the picture after the last whole round, of the size of that round's scale, and regions that were not
    begun stay as they are; the first round, of a picture of 48 pixels, is always carried out.
    """
    height, width = inputs.source.shape[2:]
    content = resize(inputs.source, *job.size(width, height)).clamp(0, 1)
    height, width = content.shape[2:]
    total = rounds(width, height) * len(inputs.regions)
    run.report(Started(content.device.type, "patches", total))
    begun = previewed = run.clock.elapsed
    iteration, finish, whole = 0, False, content

    def check_stop() -> None:
        nonlocal finish
        run.check_stop()
        wish = run.adjust()
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
            now = run.clock.elapsed
            left = (now - begun) * (1 - done) / done
            run.report(Progress(iteration, total, picture.shape[3], picture.shape[2], 0.0, done, left))
            if now - previewed >= PREVIEW_SECONDS:
                previewed = now
                run.report(Preview(to_picture(whole)))

        return tell

    with contextlib.suppress(_Enough):
        for index, (mask, looks) in enumerate(inputs.regions):
            synthesise(
                content,
                [(_sized(look, max(width, height)), look.weight) for look in looks],
                strength=job.recipe.strength,
                seed=job.recipe.seed,
                tell=told(index, mask),
                check_stop=check_stop,
            )
    return whole


def _sized(look: StylePicture, longest: int) -> Tensor:
    picture = look.picture if look.opaque is None else torch.cat([look.picture, look.opaque], 1)
    return resize(picture, *sizes.of_style(look.picture, look.scale, longest)).clamp(0, 1)
