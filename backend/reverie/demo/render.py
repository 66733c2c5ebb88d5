"""Draw the project's own pictures: `python -m reverie.demo.render [--out FOLDER] [NAME …]`.

Every picture is made from numbers by a seeded generator, so the same code gives the same picture.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reverie.demo import CONTENT, FOLDER, PICTURES

SEED = 7
QUALITY = 92


def size(name: str) -> tuple[int, int]:
    """Width and height of the named picture."""
    return (768, 576) if name == CONTENT else (640, 512)


def draw(name: str, *, width: int | None = None, height: int | None = None, seed: int = SEED) -> NDArray[np.uint8]:
    """The named picture, H×W×3, 0..255; smaller or larger than its usual size when told."""
    usual_width, usual_height = size(name)
    module = importlib.import_module(f"reverie.demo.{name}")
    picture = module.render(height or usual_height, width or usual_width, seed)
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), dtype=np.uint8)


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
        Image.fromarray(draw(name)).save(path, quality=QUALITY, subsampling=0, optimize=True)
        print(f"{path}: {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
