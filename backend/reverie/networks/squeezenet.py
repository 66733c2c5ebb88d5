"""SqueezeNet 1.0 and 1.1 (Iandola et al. 2016), with the parameter names that PyTorch publishes."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from reverie.networks.classifier import Classifier
from reverie.networks.convolution import OfPicture
from reverie.networks.network import CAFFE, IMAGENET, Defaults, Network, Preprocessing
from reverie.networks.spec import Spec

DEFAULTS = Defaults(
    content=("fire5",),
    style=("conv1", "fire2", "fire3", "fire4", "fire6", "fire8"),
    dream=("fire8",),
)

# Input, squeeze and expand channels of fire2 to fire9, the same in both versions (ibid., table 1).
_FIRES = (
    (96, 16, 64),
    (128, 16, 64),
    (128, 32, 128),
    (256, 32, 128),
    (256, 48, 192),
    (384, 48, 192),
    (384, 64, 256),
    (512, 64, 256),
)


LAYERS = ("conv1", *(f"fire{number}" for number in range(2, 10)), "logits")

# The convolutions of version 1.0 in the order of its prototxt, which is that of the Deep Compression file.
PROTOTXT_SHAPES: dict[str, tuple[int, ...]] = {"features.0": (96, 3, 7, 7)}
for _position, (_channels, _squeeze, _expand) in zip((3, 4, 5, 7, 8, 9, 10, 12), _FIRES, strict=True):
    PROTOTXT_SHAPES[f"features.{_position}.squeeze"] = (_squeeze, _channels, 1, 1)
    PROTOTXT_SHAPES[f"features.{_position}.expand1x1"] = (_expand, _squeeze, 1, 1)
    PROTOTXT_SHAPES[f"features.{_position}.expand3x3"] = (_expand, _squeeze, 3, 3)
PROTOTXT_SHAPES["classifier.1"] = (1000, 512, 1, 1)


def caffe_names(version: str) -> dict[str, str]:
    """The names of the convolutions in the .caffemodel that SqueezeNet's authors published → ours."""
    places = (3, 4, 5, 7, 8, 9, 10, 12) if version == "1_0" else (3, 4, 6, 7, 9, 10, 11, 12)
    names = {"conv1": "features.0", "conv10": "classifier.1"}
    for number, place in enumerate(places, start=2):
        for part in ("squeeze1x1", "expand1x1", "expand3x3"):
            names[f"fire{number}/{part}"] = f"features.{place}.{part.removesuffix('1x1') if part[0] == 's' else part}"
    return names


class Fire(nn.Module):
    """Squeeze by 1×1, expand by 1×1 and 3×3 side by side (ibid., section 3.2)."""

    def __init__(self, channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    @property
    def branches(self) -> tuple[nn.Module, ...]:
        return nn.Sequential(self.squeeze, self.expand1x1), nn.Sequential(self.squeeze, self.expand3x3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.squeeze(x))
        return torch.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], 1))


class SqueezeNet(nn.Module):
    """The parameters of SqueezeNet under their published names; `build` makes a Network of them."""

    def __init__(self, version: str) -> None:
        """`version` is "1_0" or "1_1"."""
        super().__init__()
        # We depart from the papers in one thing: the first convolution pads with the border's own pixels, where they
        # pad with nothing (1.0: 0, 1.1: 0) or zeros. Features then line up with the picture to its very border.
        first = OfPicture(96, 7, stride=2, padding=3) if version == "1_0" else OfPicture(64, 3, stride=2, padding=1)
        fires = [Fire(64 if i == 0 and version == "1_1" else c, s, e) for i, (c, s, e) in enumerate(_FIRES)]
        pools_before = (2, 5, 9) if version == "1_0" else (2, 4, 6)
        steps: list[tuple[str, nn.Module]] = [("conv1", nn.Sequential(first, nn.ReLU()))]
        features: list[nn.Module] = [first, nn.ReLU()]
        for number, fire in enumerate(fires, start=2):
            if number in pools_before:
                pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
                features.append(pool)
                steps.append((f"fire{number}", nn.Sequential(pool, fire)))
            else:
                steps.append((f"fire{number}", fire))
            features.append(fire)
        self.features = nn.Sequential(*features)
        conv10 = nn.Conv2d(512, 1000, 1)
        self.classifier = nn.Sequential(OrderedDict([("1", conv10)]))
        self._stages = [*steps, ("logits", nn.Sequential(conv10, nn.ReLU(), Classifier(1)))]

    @property
    def stages(self) -> list[tuple[str, nn.Module]]:
        return self._stages


def build(version: str, state: dict[str, Tensor], preprocessing: Preprocessing) -> Network:
    """SqueezeNet with the given parameters, by their published names. Raises RuntimeError when they do not fit."""
    module = SqueezeNet(version)
    module.load_state_dict(state)
    return Network(f"squeezenet{version}", module, module.stages, preprocessing, DEFAULTS)


def _spec(version: str) -> Spec:
    def make(state: dict[str, Tensor], file: str) -> Network:
        return build(version, state, CAFFE if file.endswith((".net", ".caffemodel")) else IMAGENET)

    names = caffe_names(version)
    return Spec(f"squeezenet{version}", LAYERS, DEFAULTS, lambda: SqueezeNet(version), make, names)


SPECS = (_spec("1_0"), _spec("1_1"))
