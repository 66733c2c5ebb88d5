"""Photos in the style of paintings, from the defaults: to be looked at, at full size.

`FOLDER` holds `photos` and `styles`, under the names below. Each picture, and a sheet of all of them, is written.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from reverie.engine import render
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.pictures.resize import shrink_to
from reverie.recipe import Recipe

PAIRS = (
    ("golden_gate.jpg", "starry_night.jpg"),
    ("tubingen.jpg", "shipwreck.jpg"),
    ("kodak04.png", "woman_with_hat.jpg"),
    ("kodak23.png", "udnie.jpg"),
    ("kodak21.png", "great_wave.jpg"),
)
_CELL, _CAPTION = 384, 22  # pixels


def paint(folder: Path, out: Path, networks: list[str], size: int, device: str) -> None:
    """Paints every pair with every network, prints the seconds, and writes the pictures and `sheet.jpg` into `out`.
    Raises ReverieError when a picture is not there."""
    out.mkdir(parents=True, exist_ok=True)
    rows: list[list[tuple[Picture, str]]] = []
    for photo, style in PAIRS:
        content = shrink_to(images.read(folder / "photos" / photo), size)
        look = images.read(folder / "styles" / style)
        name = f"{Path(photo).stem} in {Path(style).stem}"
        row = [(shrink_to(content, _CELL), name)]
        for network in networks:
            recipe = Recipe.parse({"style": style, "network": network, "size": size})
            result = render.render(recipe, content, {style: look}, device=device)
            images.write(out / f"{Path(photo).stem}-{Path(style).stem}-{network}.png", result.picture)
            busy = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "?"
            print(f"{name}, {network}: {result.seconds:.1f} s on {result.device} (load {busy})", flush=True)
            row.append((shrink_to(result.picture, _CELL), f"{network}, {result.seconds:.1f} s"))
        rows.append(row)
        images.write(out / "sheet.jpg", _sheet(rows))  # a run that is stopped has one, too


def _sheet(rows: list[list[tuple[Picture, str]]]) -> Picture:
    heights = [max(picture.shape[0] for picture, _ in row) + _CAPTION for row in rows]
    sheet = Image.new("RGB", (_CELL * len(rows[0]), sum(heights)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    for number, row in enumerate(rows):
        for column, (picture, caption) in enumerate(row):
            left, top = column * _CELL, sum(heights[:number])
            sheet.paste(Image.fromarray((picture[:, :, :3] * 255).round().astype(np.uint8)), (left, top))
            pen.text((left + 4, top + heights[number] - _CAPTION + 3), caption, fill="black", font=font)
    result: Picture = np.asarray(sheet).astype(np.float32) / np.float32(255)
    return result
