"""An atlas of a layer: for each of its channels, the picture that it responds to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from reverie.engine import deep_dream
from reverie.errors import ReverieError
from reverie.events import Cancelled
from reverie.networks.network import Network
from reverie.networks.weights import catalogue
from reverie.optim.gradient_ascent import GradientAscent
from reverie.pictures import images
from reverie.pictures.noise import pink_noise
from reverie.pictures.picture import Picture
from reverie.pictures.resize import resize, to_picture

SIDE = 112  # pixels of a tile
BATCH = 8
_COLUMNS, _CAPTION = 8, 16
_NOISE_SIDE, _JITTER = 128, 8  # pixels


@dataclass(frozen=True)
class Effort:
    """How a tile is made: the sides of its octaves in pixels, steps in each, and how far a step goes (root mean square,
    in units of the picture). Tiles of different effort are kept under different names."""

    name: str
    octaves: tuple[int, ...]
    steps: int
    length: float


THOROUGH = Effort("thorough", (56, 80, 112), 24, 0.015)
QUICK = Effort("quick", (56, 80), 12, 0.03)
"""A fifth of the work: enough to tell channels apart in small pictures."""


def folder(network: str, layer: str) -> Path:
    """Where the tiles of a layer are kept, in the user's cache; it may not exist yet. Other weights under the same name
    (a newer encoder, Caffe's file) have another folder: their channels are others."""
    cache = platformdirs.user_cache_path("reverie", appauthor=False)
    return cache / "atlas" / f"{network}-{catalogue.identity(network)}" / layer


def atlas(
    network: Network,
    layer: str,
    channels: Sequence[int],
    *,
    effort: Effort = THOROUGH,
    progress: Callable[[int], None] = lambda done: None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[int, Picture]:
    """The tile of each channel, SIDE×SIDE×3. Those made before, with this effort or more, are read, and made anew if
    they are damaged; those made now are kept, a batch at a time, so that a run that was stopped goes on where it was.
    `progress` is told how many are there. Raises Cancelled when `stop`, which is asked at each step, says so."""
    place = folder(network.name, layer)
    place.mkdir(parents=True, exist_ok=True)
    tiles = {}
    for channel in channels:
        for each in (THOROUGH, effort):
            tile = _kept(_file(place, channel, each))
            if tile is not None:
                tiles[channel] = tile
                break
    missing = [channel for channel in channels if channel not in tiles]
    progress(len(tiles))
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        for channel, picture in zip(batch, _dream(network, layer, batch, effort, stop), strict=True):
            images.write(_file(place, channel, effort), picture)
            tiles[channel] = picture
        progress(len(tiles))
    return tiles


def _file(place: Path, channel: int, effort: Effort) -> Path:
    return place / (f"{channel}.png" if effort == THOROUGH else f"{channel}-{effort.name}.png")


def _kept(file: Path) -> Picture | None:
    """The tile in a file; None when there is none, or half of one: a cache is made anew rather than mourned."""
    if not file.is_file():
        return None
    try:
        tile = images.read(file)
    except ReverieError:
        return None
    return tile if tile.shape == (SIDE, SIDE, 3) else None


def _dream(
    network: Network, layer: str, channels: Sequence[int], effort: Effort, stop: Callable[[], bool]
) -> list[Picture]:
    """Deep dreams from noise, all channels at once, each in a picture of its own (Olah, Mordvintsev & Schubert 2017,
    “Feature Visualization”: jitter, and colours decorrelated)."""
    least = network.least_size(layer)
    # Pictures of nothing, but with the spectrum of photos: in plain noise most channels of a deep layer are silent, and
    # what is silent has no gradient.
    noise = 0.25 + 0.5 * pink_noise(0, network.device, _NOISE_SIDE)

    def objective(octave: int) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
        def response(pictures: Tensor) -> tuple[Tensor, Tensor]:
            if stop():
                raise Cancelled
            return _response(network, layer, channels, pictures, centered=octave > 0)

        return response

    x = deep_dream.dream(
        noise.expand(len(channels), -1, -1, -1),
        [max(side, least) for side in effort.octaves],
        effort.steps,
        GradientAscent(effort.length, decorrelated=True),
        objective,
        _JITTER,
        torch.Generator().manual_seed(0),
    )
    return [to_picture(resize(x[row : row + 1], SIDE, SIDE)) for row in range(len(channels))]


def _response(
    network: Network, layer: str, channels: Sequence[int], pictures: Tensor, centered: bool
) -> tuple[Tensor, Tensor]:
    """Minus what each channel responds to its picture, added up, and the gradient."""
    x = pictures.detach().requires_grad_(True)
    responses = network.features(x, [layer])[layer].float()
    # From the second octave on only the middle: what is wanted is one thing that the channel sees, not many.
    rows, columns = (slice(size // 4, size - size // 4) if centered else slice(None) for size in responses.shape[2:])
    chosen = torch.stack([responses[row, channel, rows, columns].mean() for row, channel in enumerate(channels)])
    (gradient,) = torch.autograd.grad(-chosen.sum(), x)
    return -chosen.sum().detach(), gradient


def contact_sheet(tiles: dict[int, Picture]) -> Picture:
    """The tiles in a grid, each with the number of its channel."""
    lines = -(-len(tiles) // _COLUMNS)
    columns = min(_COLUMNS, len(tiles))
    sheet = Image.new("RGB", (columns * (SIDE + 4), lines * (SIDE + _CAPTION + 4)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=12)
    for index, (channel, tile) in enumerate(sorted(tiles.items())):
        left, top = index % columns * (SIDE + 4), index // columns * (SIDE + _CAPTION + 4)
        sheet.paste(Image.fromarray((tile[:, :, :3] * 255).round().astype(np.uint8)), (left, top))
        pen.text((left + 2, top + SIDE), str(channel), fill="black", font=font)
    result: Picture = np.asarray(sheet).astype(np.float32) / np.float32(255)
    return result
