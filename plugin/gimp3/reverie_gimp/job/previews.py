"""The jobs of a preview: of the whole picture, reduced, or of a part of it, pixel by pixel as the layer will get it.

A part is composed at the size that it has in the whole picture, and with strokes as large as there: what a job of the
whole would make of it, but for what a job takes from all of its picture, such as its range of colours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared import fields, jobs, npy

from reverie_gimp.data import Rectangle, Source
from reverie_gimp.gimp import pixels, sources
from reverie_gimp.job.pictures import Pictures
from reverie_gimp.job.prepare import prepare

if TYPE_CHECKING:
    from gi.repository import Gimp

ONE_PASS_SIDE = 256  # pixels, the longest, of what is painted at once
_SIDE = 256  # of what is optimised, or dreamt
_FAST_SIDE = 512  # of fast styles, whose strokes have a size in pixels
_ITERATIONS = 40
_LEAST, _SCALES = 64, (0.1, 8.0)  # sizes of strokes that a recipe may have


def whole(filter_name: str, config: Gimp.ProcedureConfig, placed: Source, pictures: Pictures, side: int) -> jobs.Job:
    """A job of all of a picture, at most `side` pixels long. The source is placed already, see `regions.place`."""
    samples, width, height = sources.thumbnail(placed, side)
    reduced = npy.pack(samples, width, height, 4, "u1")
    job, _title = prepare(filter_name, config, placed, pictures, reduced)
    size = _FAST_SIDE if _is_fast(job.recipe) else _SIDE
    job.recipe.update(size=size, iterations=_ITERATIONS)
    job.recipe.pop("budget", None)
    return job


def part(
    filter_name: str,
    config: Gimp.ProcedureConfig,
    placed: Source,
    pictures: Pictures,
    area: Rectangle,
    composed: int,
) -> jobs.Job:
    """A job of an area of a picture, relative to that, whose longest side is composed at so many pixels."""
    x, y, width, height = area
    own = pixels.picture(placed.layer, (placed.area[0] + x, placed.area[1] + y, width, height), "u1")
    job, _title = prepare(filter_name, config, placed, pictures, bytes(own))
    ratio = max(placed.area[2:]) / max(width, height)
    job.recipe["size"] = max(_LEAST, round(composed / ratio))
    job.recipe.pop("budget", None)
    least, most = _SCALES
    for entry in job.recipe.get("style") or []:
        entry["scale"] = min(max(least, entry.get("scale", 1.0) * ratio), most)
        if entry.get("mask"):
            job.pictures[entry["mask"]] = _cut(job.pictures[entry["mask"]], area, placed.area)
    return job


def in_one_pass(job: jobs.Job) -> jobs.Job | None:
    """The same in one pass, which is soon done; None where that is what it is, or where it cannot be."""
    recipe = job.recipe
    if not recipe.get("style") or recipe.get("method", "optimise") == "instant":
        return None
    unused = fields.unused("instant")
    kept = {name: value for name, value in recipe.items() if name not in unused and name not in ("fast", "iterations")}
    return jobs.Job(job.content, dict(job.pictures), dict(kept, method="instant"))


def _is_fast(recipe: dict[str, Any]) -> bool:
    return bool(recipe.get("fast")) and not recipe.get("style")


def _cut(mask: bytes, area: Rectangle, of: Rectangle) -> bytes:
    """The part of a mask, as .npy, that lies over an area of what all of it lies over."""
    samples, width, height, channels, depth = npy.unpack(mask)
    left, right = (int(width * (area[0] + side) / of[2]) for side in (0, area[2]))
    top, bottom = (int(height * (area[1] + side) / of[3]) for side in (0, area[3]))
    right, bottom = max(left + 1, right), max(top + 1, bottom)
    rows = (samples[channels * (y * width + left) : channels * (y * width + right)] for y in range(top, bottom))
    return npy.pack(b"".join(map(bytes, rows)), right - left, bottom - top, channels, depth)
