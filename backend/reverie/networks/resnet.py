"""ResNet-50 (He et al. 2016, version 1.5: stride in the 3×3), with the parameter names that PyTorch publishes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reverie.networks.classifier import Classifier
from reverie.networks.convolution import OfPicture
from reverie.networks.network import IMAGENET, Defaults, Network
from reverie.networks.spec import Spec

_BLOCKS = (3, 4, 6, 3)
LAYERS = (
    "conv1",
    *(f"layer{stage}_{block}" for stage, count in enumerate(_BLOCKS, 1) for block in range(1, count + 1)),
    "logits",
)
DEFAULTS = Defaults(
    content=("layer3_1",), style=("conv1", "layer1_1", "layer1_3", "layer2_2", "layer3_2"), dream=("layer3_4",)
)


class Bottleneck(nn.Module):
    """1×1, 3×3, 1×1 beside a shortcut (ibid., figure 5)."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = (
            nn.Sequential(nn.Conv2d(channels, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))
            if channels != 4 * width or stride > 1
            else None
        )

    @property
    def branches(self) -> tuple[nn.Module, ...]:
        return nn.Sequential(self.conv1, self.conv2, self.conv3), self.downsample or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        return torch.relu(self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x)))


class ResNet50(nn.Module):
    """The parameters under their published names."""

    def __init__(self) -> None:
        super().__init__()
        # We depart in the padding, which repeats the border instead of framing the picture in black.
        self.conv1 = OfPicture(64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        channels = 64
        for stage, count in enumerate(_BLOCKS, 1):
            width, blocks = 32 * 2**stage, []
            for block in range(count):
                blocks.append(Bottleneck(channels, width, 2 if block == 0 and stage > 1 else 1))
                channels = 4 * width
            self.add_module(f"layer{stage}", nn.Sequential(*blocks))
        self.fc = nn.Linear(2048, 1000)

    @property
    def stages(self) -> list[tuple[str, nn.Module]]:
        blocks = [block for stage in range(1, 5) for block in self.get_submodule(f"layer{stage}").children()]
        first = nn.Sequential(nn.MaxPool2d(3, 2, 1), blocks[0])
        steps = [nn.Sequential(self.conv1, self.bn1, nn.ReLU()), first, *blocks[1:], Classifier(1, self.fc)]
        return list(zip(LAYERS, steps, strict=True))


def build(state: dict[str, Tensor]) -> Network:
    """ResNet-50 with the given parameters. Raises RuntimeError when they do not fit."""
    module = ResNet50()
    module.load_state_dict(state)
    return Network("resnet50", module, module.stages, IMAGENET, DEFAULTS)


SPECS = (Spec("resnet50", LAYERS, DEFAULTS, ResNet50, lambda state, file: build(state)),)
