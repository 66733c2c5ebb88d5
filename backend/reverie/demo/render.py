"""Draw the project's own pictures: `python -m reverie.demo.render [--out FOLDER] [NAME …]`.

Every picture is made from numbers by a seeded generator, so the same code gives the same picture.
"""

from __future__ import annotations

import argparse
import importlib
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reverie.demo import CONTENT, FOLDER, PICTURES

SEED = 7
LARGEST = 1_000_000
"""Bytes: a file has the best of these qualities with which it is no larger."""

_QUALITIES = (92, 90, 88, 86, 84, 82, 80, 78, 76, 74, 72, 70, 66, 62, 58, 54, 50)


def size(name: str) -> tuple[int, int]:
    """Width and height of the named picture."""
    return (768, 576) if name == CONTENT else (2048, 1638)


def draw(name: str, *, width: int | None = None, height: int | None = None, seed: int = SEED) -> NDArray[np.uint8]:
    """The named picture, H×W×3, 0..255; smaller or larger than its usual size when told."""
    usual_width, usual_height = size(name)
    module = importlib.import_module(f"reverie.demo.{name}")
    picture = module.render(height or usual_height, width or usual_width, seed)
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), dtype=np.uint8)


def encoded(picture: NDArray[np.uint8]) -> bytes:
    """A picture H×W×3 as JPEG, of LARGEST bytes at most. Chroma is halved first: in so many pixels nobody sees it."""
    file = io.BytesIO()
    for quality, subsampling in ((_QUALITIES[0], 0), *((quality, 2) for quality in _QUALITIES)):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=quality, subsampling=subsampling, optimize=True)
        if file.tell() <= LARGEST:
            break
    return file.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the project's own demo pictures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(PICTURES)} (all when none named)")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write into (default: beside this file)")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in PICTURES]
    if unknown:
        parser.error(f"There is no picture {unknown[0]!r}; there are {', '.join(PICTURES)}.")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or PICTURES:
        path = options.out / f"{name}.jpg"
        path.write_bytes(encoded(draw(name)))
        print(f"{path}: {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
