"""Reverie's own encoder: small enough to ship, made for optimising pictures.

It predicts the features of a larger, trained network (its teacher) at several depths. What it does differently from the
networks that were made to classify serves the picture: no stride in the first convolution and anti-aliased
down-sampling (Zhang 2019, “Making Convolutional Networks Shift-Invariant Again”), since the gradient of a strided
convolution leaves a grid in the picture; and leaky rectifiers, through which every pixel keeps getting a gradient.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from reverie.networks.network import Defaults, Network, Preprocessing
from reverie.networks.spec import Spec

PREPROCESSING = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))

# Layer → the layer of SqueezeNet 1.0 that it predicts, and its channels there.
TEACHER = {
    "level1": ("conv1", 96),
    "level2": ("fire2", 128),
    "level3": ("fire3", 128),
    "level4": ("fire4", 256),
    "level5": ("fire5", 256),
    "level6": ("fire6", 384),
    "level7": ("fire8", 512),
    "level8": ("fire9", 512),
}
LAYERS = tuple(TEACHER)
CHANNELS = {layer: channels for layer, (_, channels) in TEACHER.items()}
DEFAULTS = Defaults(
    content=("level3", "level5"),
    style=("level1", "level2", "level3", "level4", "level6", "level7"),
    dream=("level8",),
)


def halve(ceil_mode: bool = False) -> nn.AvgPool2d:
    """Down-sampling by two: the mean of each 2×2. Every position counts once, with the same weight, so that the
    gradient has no raster; windows of 3×3 that overlap would count every other row twice, and be blind to a pattern of
    three pixels. The sizes are those of the teacher's poolings, and of its first convolution (which rounds up)."""
    return nn.AvgPool2d(2, ceil_mode=ceil_mode)


def convolution(inputs: int, outputs: int) -> nn.Sequential:
    """A 3×3 convolution that continues the border's pixels outwards, and a leaky rectifier."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="replicate"), nn.LeakyReLU(0.1, inplace=True)
    )


class Head(nn.Module):
    """Predicts a layer of the teacher, each channel in units of its own root mean square there."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.predict = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu_(self.predict(x))


class Encoder(nn.Module):
    """The trunk, stage by stage, and a head on each: the trunk's widths are chosen so that a step costs about as much
    as one of the teacher's, and all parameters fit into 3 MB of float16."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.ModuleList(
            [
                nn.Sequential(convolution(3, 32), halve(ceil_mode=True), convolution(32, 64)),  # stride 2
                nn.Sequential(halve(), convolution(64, 80), convolution(80, 80)),  # stride 4
                convolution(80, 96),
                convolution(96, 96),
                nn.Sequential(halve(), convolution(96, 128), convolution(128, 128)),  # stride 8
                convolution(128, 144),
                convolution(144, 160),
                nn.Sequential(halve(), convolution(160, 160)),  # stride 16
            ]
        )
        widths = (64, 80, 96, 96, 128, 144, 160, 160)
        self.heads = nn.ModuleList(
            Head(width, channels) for width, (_, channels) in zip(widths, TEACHER.values(), strict=True)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """The heads' predictions before their rectifier, for training: a rectified head gets no gradient where it is
        wrongly silent."""
        predictions = []
        for stage, head in zip(self.trunk, self.heads, strict=True):
            x = stage(x)
            assert isinstance(head, Head)
            predictions.append(head.predict(x))
        return predictions

    @property
    def stages(self) -> Sequence[tuple[str, nn.Module]]:
        return list(zip(LAYERS, self.trunk, strict=True))


def build(state: dict[str, Tensor]) -> Network:
    """The encoder with the given parameters. Raises RuntimeError when they do not fit."""
    module = Encoder()
    module.load_state_dict(state)
    heads = dict(zip(LAYERS, module.heads, strict=True))
    return Network("reverie", module, module.stages, PREPROCESSING, DEFAULTS, heads)


SPECS = (Spec("reverie", LAYERS, DEFAULTS, Encoder, lambda state, file: build(state), shown=CHANNELS, blurs=True),)
