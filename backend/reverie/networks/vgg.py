"""VGG-16 and VGG-19 (Simonyan & Zisserman 2015), with the parameter names that PyTorch publishes."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from reverie.networks.network import CAFFE, IMAGENET, Defaults, Network, Preprocessing
from reverie.networks.spec import Spec

# Gatys et al. 2016, section 3: style from the first layer of each block, content from conv4_2.
DEFAULTS = Defaults(
    content=("relu4_2",),
    style=("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
    dream=("relu5_1",),
)

_CONVOLUTIONS = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}  # a block
_CHANNELS = (64, 128, 256, 512, 512)


def layers(depth: int) -> tuple[str, ...]:
    """The names of the layers of VGG-16 or VGG-19, in forward order."""
    counts = enumerate(_CONVOLUTIONS[depth], start=1)
    return tuple(f"relu{block}_{number}" for block, count in counts for number in range(1, count + 1))


def caffe_names(depth: int) -> dict[str, str]:
    """The names of the convolutions in the .caffemodel that VGG's authors published → ours."""
    names: dict[str, str] = {}
    index = 0
    for block, count in enumerate(_CONVOLUTIONS[depth], start=1):
        for number in range(1, count + 1):
            names[f"conv{block}_{number}"] = f"features.{index}"
            index += 2
        index += 1  # the pooling
    return names


class VGG(nn.Module):
    """The convolutional part, `features.N.weight` and `features.N.bias` as published. The three fully connected layers,
    nine tenths of the weights, serve neither style nor dream and are left out."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        modules: list[nn.Module] = []
        self._stages: list[tuple[str, nn.Module]] = []
        channels, pool = 3, None
        for block, (count, width) in enumerate(zip(_CONVOLUTIONS[depth], _CHANNELS, strict=True), start=1):
            for number in range(1, count + 1):
                # We depart from the paper in the first layer, which pads with the border's own pixels, not with
                # zeros: a black frame around the picture would become part of its style.
                mode: Literal["replicate", "zeros"] = "replicate" if channels == 3 else "zeros"
                step = [nn.Conv2d(channels, width, 3, padding=1, padding_mode=mode), nn.ReLU()]
                modules += step
                self._stages.append((f"relu{block}_{number}", nn.Sequential(*([pool] if pool else []), *step)))
                channels, pool = width, None
            pool = nn.MaxPool2d(2)
            modules.append(pool)
        self.features = nn.Sequential(*modules)

    @property
    def stages(self) -> list[tuple[str, nn.Module]]:
        return self._stages


def build(depth: int, state: dict[str, Tensor], preprocessing: Preprocessing) -> Network:
    """VGG with the given parameters, by their published names; those of the classifier are ignored. Layers behind the
    last one that `state` has are left out. Raises RuntimeError when the parameters do not fit."""
    module = VGG(depth)
    convolutional = {name: value for name, value in state.items() if name.startswith("features.")}
    deepest = max((int(name.split(".")[1]) for name in convolutional), default=-1)
    stages = [(name, stage) for name, stage in module.stages if _last_index(module, stage) <= deepest]
    for index in reversed(range(deepest + 2, len(module.features))):
        del module.features[index]
    module.load_state_dict(convolutional)
    return Network(f"vgg{depth}", module, stages, preprocessing, DEFAULTS)


def _last_index(module: VGG, stage: nn.Module) -> int:
    convolution = next(child for child in stage.children() if isinstance(child, nn.Conv2d))
    return next(index for index, child in enumerate(module.features) if child is convolution)


def _spec(depth: int) -> Spec:
    def make(state: dict[str, Tensor], file: str) -> Network:
        return build(depth, state, CAFFE if file.endswith(".caffemodel") else IMAGENET)

    names = caffe_names(depth)
    return Spec(f"vgg{depth}", layers(depth), DEFAULTS, lambda: VGG(depth), make, names, averages=True)


SPECS = (_spec(19), _spec(16))
