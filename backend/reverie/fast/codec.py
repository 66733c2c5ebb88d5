"""The encoder and the decoder between which any picture becomes a style: five levels down, the same five levels up.

The encoder is the project's own (networks/reverie.py), without its heads. A decoder level rebuilds the features of the
level before it, not a picture (Chiu & Gurari 2022, “PhotoWCT²”): so one way down and one way up serve all five levels,
where Li et al. 2017, “Universal Style Transfer via Feature Transforms”, go five times down and up. Maps are enlarged
bilinearly before a convolution, so that no raster shows.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

import reverie
from reverie.errors import ReverieError
from reverie.networks import registry
from reverie.networks.reverie import PREPROCESSING, Encoder

BUNDLED = Path(reverie.__file__).parent / "models" / "decoder.safetensors"
"""The decoder that is part of the project; its card, decoder.md, lies beside it."""

ENDS = (0, 1, 2, 4, 6, 8)  # level k is what the encoder's stages up to the kth of these make of a picture
LEVELS = len(ENDS) - 1
CHANNELS = (64, 80, 96, 144, 160)  # of the features at each level
STRIDES = (2, 4, 4, 8, 16)  # pixels of the picture to one position of the level, each way
STRIDE = STRIDES[-1]


def _convolution(inputs: int, outputs: int) -> nn.Conv2d:
    """3×3, with zeros beyond the border, whose effects are cut off with the picture's margins."""
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def _leaky() -> nn.LeakyReLU:
    return nn.LeakyReLU(0.1)


def _enlarge() -> nn.Upsample:
    return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)


class Decoder(nn.Module):
    """`levels[k]` makes of the features of level k + 1 those of level k, `levels[0]` the picture. Features are in units
    of their own: `means` and `deviations` of each channel over photos."""

    def __init__(self) -> None:
        super().__init__()
        self.means = nn.ParameterList(nn.Parameter(torch.zeros(1, count, 1, 1), False) for count in CHANNELS)
        self.deviations = nn.ParameterList(nn.Parameter(torch.ones(1, count, 1, 1), False) for count in CHANNELS)
        first, second, third, fourth, fifth = CHANNELS
        self.levels = nn.ModuleList(
            [
                nn.Sequential(
                    *(_convolution(first, 32), _leaky(), _enlarge(), _convolution(32, 16), _leaky()),
                    _convolution(16, 3),
                ),
                nn.Sequential(_convolution(second, first), _leaky(), _enlarge(), _convolution(first, first)),
                nn.Sequential(_convolution(third, third), _leaky(), _convolution(third, second)),
                nn.Sequential(
                    *(_convolution(fourth, 128), _leaky(), _enlarge(), _convolution(128, third), _leaky()),
                    _convolution(third, third),
                ),
                nn.Sequential(
                    *(_convolution(fifth, fifth), _leaky(), _enlarge(), _convolution(fifth, fourth), _leaky()),
                    _convolution(fourth, fourth),
                ),
            ]
        )


class Codec:
    """The encoder, which is given, and a decoder for it."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        encoder = registry.load("reverie").module
        assert isinstance(encoder, Encoder)
        where = next(decoder.parameters()).device
        self.stages = encoder.trunk.float().to(where).requires_grad_(False)

    def down(self, level: int, x: Tensor) -> Tensor:
        """From the features of the level before `level` (1 to 5), or from the picture (RGB in 0 to 1, sides a multiple
        of the stride), to its features, which have mean 0 and variance 1 over many photos."""
        if level == 1:
            x = (x - PREPROCESSING.mean[0]) / PREPROCESSING.std[0]
        else:
            x = x * self.decoder.deviations[level - 2] + self.decoder.means[level - 2]
        for stage in self.stages[ENDS[level - 1] : ENDS[level]]:
            x = stage(x)
        features: Tensor = ((x - self.decoder.means[level - 1]) / self.decoder.deviations[level - 1]).to(x.dtype)
        return features

    def encode(self, picture: Tensor) -> list[Tensor]:
        """The features of all levels, from the finest on."""
        found: list[Tensor] = []
        for level in range(1, LEVELS + 1):
            found.append(self.down(level, found[-1] if found else picture))
        return found

    def up(self, level: int, features: Tensor) -> Tensor:
        """From the features of `level` to those of the level before, or to the picture."""
        layers = self.decoder.levels[level - 1]
        assert isinstance(layers, nn.Sequential)
        if level > 1:
            made: Tensor = layers(features)
            return made
        features = layers[:-1](features)
        with torch.autocast(features.device.type, enabled=False):  # bfloat16 has too few steps for a plain sky
            made = layers[-1](features.float())
        return made * PREPROCESSING.std[0] + PREPROCESSING.mean[0]


def load(file: Path, where: torch.device) -> Codec:
    """The codec with the decoder of a file, on a device. Raises ReverieError when that is damaged or missing."""
    decoder = Decoder()
    try:
        decoder.load_state_dict({name: value.float() for name, value in load_file(file).items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        remedy = "Install Reverie again" if file == BUNDLED else "Train it again, or name another file"
        raise ReverieError(f"The decoder in “{file}” is damaged or missing. {remedy}.") from error
    return Codec(decoder.to(where).requires_grad_(False).eval())
