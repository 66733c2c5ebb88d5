"""Every fast style on every one of some photos, on one sheet: a style is chosen, and judged, by looking."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from reverie.engine.render import render
from reverie.errors import ReverieError
from reverie.events import Warning_
from reverie.fast import styles
from reverie.pictures.picture import Picture, on_white
from reverie.recipe import Recipe

_CAPTION = 24  # pixels


def style_sheet(
    photos: Sequence[Picture], size: int, report: Callable[[int, int], None], warn: Callable[[Warning_], None]
) -> Picture:
    """The sheet, H×W×3: a row for each photo (H×W×3 or 4), each `size` pixels wide; `report` hears how many of how many
    pictures are done, `warn` which styles are left out.

    Raises ReverieError when there is no style whose file is in order.
    """
    names = _in_order(warn)
    heights = [max(1, round(size * photo.shape[0] / photo.shape[1])) for photo in photos]
    sheet = Image.new("RGB", (len(names) * size, _CAPTION + sum(heights)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    for column, name in enumerate(names):
        pen.text((column * size + 6, 4), name, fill="black", font=font)
        for row, photo in enumerate(photos):
            painted = on_white(render(Recipe.parse({"fast": name}), photo, {}).picture)
            whole = Image.fromarray((painted * 255).round().astype(np.uint8))
            small = whole.resize((size, heights[row]), Image.Resampling.LANCZOS)
            sheet.paste(small, (column * size, _CAPTION + sum(heights[:row])))
            report(column * len(photos) + row + 1, len(names) * len(photos))
    result: Picture = np.asarray(sheet).astype(np.float32) / np.float32(255)
    return result


def _in_order(warn: Callable[[Warning_], None]) -> list[str]:
    """The names of the styles that can be painted in; `warn` hears why the others cannot."""
    names, refusals = [], []
    for name in styles.names():
        try:
            styles.load(name)
            names.append(name)
        except ReverieError as error:
            refusals.append(error)
    if refusals and not names:
        raise refusals[0]
    for refusal in refusals:
        warn(Warning_(refusal.sentence))
    return names
