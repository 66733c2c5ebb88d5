"""Takes the green out of a style that comes with Reverie:
python -m backend.training.retouch --data FOLDER … --style NAME --output FILE

A colour that is rare in a style costs a network least in the middle of a flat sky or of still water, where the content
does not look, and it puts patches of it there. The style itself learns to paint as before, but grey what was green.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from backend.engine import device as devices
from backend.errors import ReverieError
from backend.fast import styles
from backend.training import pictures

_GREEN = 0.05  # more green than the mean of red and blue by this, in 0 to 1, is green; by twice as much, wholly so
_TAKEN = 0.8  # of the colour


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    files = pictures.in_folders(options.data)
    photos = pictures.load([path for path in files if path.stem not in options.hold_out])
    crops = pictures.Crops(photos, options.seed, altered=False)
    loaded = {name: styles.load(name) for name in styles.bundled()}
    vectors = {name: style.vector for name, style in loaded.items()}
    vectors[options.style] = retouch(loaded[options.style], crops, options.steps, options.rate, options.size)
    styles.save(options.output, vectors, styles.base())


def retouch(style: styles.FastStyle, crops: pictures.Crops, steps: int, rate: float, size: int) -> Tensor:
    """The style's vector, as it is kept, retouched with crops of `size` pixels. `rate` is Adam's, and falls to zero."""
    vector = style.vector.clone().requires_grad_()
    optimizer = torch.optim.Adam([vector], rate)
    for step in range(steps):
        photo = crops.batch(1, size)
        with torch.no_grad():
            wanted = greyed(style.network(photo, style.vector))
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 - step / steps)
        loss = (style.network(photo, vector) - wanted).square().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % 25 == 24:
            print(step + 1, f"{float(loss.detach()):.6f}", flush=True)
    return vector.detach()


def greyed(painted: Tensor) -> Tensor:
    """N×3×H×W paintings, RGB in 0 to 1, of which what is green is grey."""
    red, green, blue = painted[:, :1], painted[:, 1:2], painted[:, 2:]
    share = ((green - (red + blue) / 2) / _GREEN - 1).clamp(0, 1)
    result: Tensor = painted + _TAKEN * share * (painted.mean(1, keepdim=True) - painted)
    return result


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of photos")
    parser.add_argument("--hold-out", nargs="*", default=[f"kodak{n}" for n in range(19, 25)], help="not learned from")
    parser.add_argument("--style", required=True, help="its name")
    parser.add_argument("--output", type=Path, required=True, help="a .safetensors file, with all styles")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--size", type=int, default=320, help="side of a crop, in pixels")
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    devices.keep_freed_memory()
    try:
        main()
    except ReverieError as error:
        sys.exit(error.message)
