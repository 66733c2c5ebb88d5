"""The networks that there are, and how each is loaded."""

from __future__ import annotations

import difflib
import functools
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from reverie.errors import ReverieError
from reverie.networks import alexnet, googlenet, inception, resnet, reverie, squeezenet, vgg, weights
from reverie.networks.network import CAFFE, IMAGENET, Defaults, Network
from reverie.networks.pooling import average
from reverie.networks.receptive_field import least_side


@dataclass(frozen=True)
class Spec:
    """A network that can be chosen. `build` makes it of a state dict, given the name of the file it came from;
    `stages` makes its named modules, without weights; `caffe_names` are its convolutions' names in a .caffemodel → in
    the state dict; `shown` are the channels of layers that are shown through a head."""

    name: str
    layers: tuple[str, ...]
    defaults: Defaults
    build: Callable[[dict[str, Tensor], str], Network]
    stages: Callable[[], Sequence[tuple[str, nn.Module]]]
    caffe_names: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, int] = field(default_factory=dict)
    averages: bool = False  # whether average pooling suits it

    def check_pooling(self, pooling: str | None) -> None:
        """Raises ReverieError for average pooling in a network that does not stand it."""
        if pooling == "average" and not self.averages:
            able = " or ".join(name for name, each in NETWORKS.items() if each.averages)
            raise ReverieError(
                f"{self.name} does not stand average pooling: it leaves ripples in the picture. Use max, or {able}.",
                "pooling",
            )

    def least_size(self, layer: str) -> int:
        """The shortest side, in pixels, of a picture that has features at the layer; known without the weights."""
        return _least_size(self.name, layer)

    def channels(self, layer: str) -> int:
        """How many channels a layer has; known without the weights."""
        return self.shown.get(layer) or _channels(self.name, layer)

    def check_layers(self, layers: Sequence[str] | None, where: str) -> list[str]:
        """The layers as a list, empty for None. Raises ReverieError with the nearest names for an unknown one."""
        for layer in layers or ():
            if layer == "logits" and layer not in self.layers:
                able = " or ".join(name for name, each in NETWORKS.items() if layer in each.layers)
                raise ReverieError(
                    f"{self.name} comes without its classifier, and so has no layer “logits”. Choose another layer, or "
                    f"a network that knows classes: {able}.",
                    where,
                )
            if layer not in self.layers:
                near = difflib.get_close_matches(layer, self.layers, 3, 0.4) or self.layers
                raise ReverieError(f"{self.name} has no layer “{layer}”. Did you mean {' or '.join(near)}?", where)
        return list(layers or ())


def _squeezenet(version: str) -> Callable[[dict[str, Tensor], str], Network]:
    def build(state: dict[str, Tensor], file: str) -> Network:
        return squeezenet.build(version, state, CAFFE if file.endswith((".net", ".caffemodel")) else IMAGENET)

    return build


def _vgg(depth: int) -> Callable[[dict[str, Tensor], str], Network]:
    return lambda state, file: vgg.build(depth, state, CAFFE if file.endswith(".caffemodel") else IMAGENET)


# Best first, as `available` lists them.
NETWORKS: dict[str, Spec] = {
    spec.name: spec
    for spec in (
        Spec(
            "vgg19",
            vgg.layers(19),
            vgg.DEFAULTS,
            _vgg(19),
            lambda: vgg.VGG(19).stages,
            vgg.caffe_names(19),
            averages=True,
        ),
        Spec(
            "vgg16",
            vgg.layers(16),
            vgg.DEFAULTS,
            _vgg(16),
            lambda: vgg.VGG(16).stages,
            vgg.caffe_names(16),
            averages=True,
        ),
        Spec(
            "squeezenet1_0",
            squeezenet.LAYERS,
            squeezenet.DEFAULTS,
            _squeezenet("1_0"),
            lambda: squeezenet.SqueezeNet("1_0").stages,
            squeezenet.caffe_names("1_0"),
        ),
        Spec(
            "reverie",
            reverie.LAYERS,
            reverie.DEFAULTS,
            lambda state, file: reverie.build(state),
            lambda: reverie.Encoder().stages,
            shown=reverie.CHANNELS,
        ),
        Spec(
            "squeezenet1_1",
            squeezenet.LAYERS,
            squeezenet.DEFAULTS,
            _squeezenet("1_1"),
            lambda: squeezenet.SqueezeNet("1_1").stages,
            squeezenet.caffe_names("1_1"),
        ),
        Spec(
            "inception_v3",
            inception.LAYERS,
            inception.DEFAULTS,
            lambda state, file: inception.build(state),
            lambda: inception.InceptionV3().stages(),
        ),
        Spec(
            "googlenet",
            googlenet.LAYERS,
            googlenet.DEFAULTS,
            lambda state, file: googlenet.build(state),
            lambda: googlenet.GoogLeNet().stages(),
        ),
        Spec(
            "resnet50",
            resnet.LAYERS,
            resnet.DEFAULTS,
            lambda state, file: resnet.build(state),
            lambda: resnet.ResNet50().stages(),
        ),
        Spec(
            "alexnet",
            alexnet.LAYERS,
            alexnet.DEFAULTS,
            lambda state, file: alexnet.build(state),
            lambda: alexnet.AlexNet().stages(),
            averages=True,
        ),
    )
}

# What to use when nobody chose: small and fast networks before those whose first picture takes minutes on a laptop.
_PREFERENCE = (
    *("squeezenet1_0", "reverie", "squeezenet1_1", "vgg19", "vgg16"),
    *("googlenet", "inception_v3", "resnet50", "alexnet"),
)


def spec(name: str) -> Spec:
    """The network of that name. Raises ReverieError that suggests the nearest names."""
    if name not in NETWORKS:
        near = difflib.get_close_matches(name, NETWORKS, 3, 0.4) or list(NETWORKS)
        raise ReverieError(f"There is no network “{name}”. Did you mean {' or '.join(near)}?", "network")
    return NETWORKS[name]


@functools.cache
def _least_size(name: str, layer: str) -> int:
    return least_side(_bare(name, layer))


@functools.cache
def _channels(name: str, layer: str) -> int:
    least = _least_size(name, layer)
    features = torch.empty(1, 3, least, least, device="meta")
    for stage in _bare(name, layer):
        features = stage.eval()(features)  # to train, a batch normalisation asks for more than one pixel
    return features.shape[1]


def _bare(name: str, layer: str) -> list[nn.Module]:
    """The stages of a network up to a layer, of their geometry alone: without memory and random numbers."""
    with torch.device("meta"):
        stages = NETWORKS[name].stages()
    names = [each for each, _ in stages]
    return [stage for _, stage in stages[: names.index(layer) + 1]]


def available() -> list[str]:
    """The networks whose weights are on this machine, best first."""
    return [name for name in NETWORKS if weights.find(name) is not None]


def default() -> str:
    """The network that “auto” stands for: one at hand, or else the smallest that can be fetched."""
    there = set(available())
    return next((name for name in _PREFERENCE if name in there), _PREFERENCE[0])


def load(name: str, pooling: str | None = None, *, progress: weights.Progress = weights.silent) -> Network:
    """The network with its weights, on the CPU; fetches them when they are not on this machine, telling `progress`.
    `pooling` is “max” or “average”; None for what it was trained with, which is max for all that have a choice.

    Raises ReverieError when there are none to be had, when the file does not hold this network, and for average pooling
    where the network does not stand it.
    """
    chosen = spec(name)
    chosen.check_pooling(pooling)
    path = weights.find(name) or weights.fetch(name, progress)
    try:
        network = chosen.build(weights.read(path, chosen.caffe_names), path.name)
    except (RuntimeError, KeyError) as error:
        raise ReverieError(
            f"“{path}” does not hold the weights of {name}: {_complaint(error)}. {weights.remedy(path)}."
        ) from error
    return average(network) if pooling == "average" else network


def _complaint(error: Exception) -> str:
    """The first thing, of perhaps hundreds, that load_state_dict says is missing or does not fit."""
    lines = str(error).splitlines()
    return textwrap.shorten(lines[1] if len(lines) > 1 else str(error), 200).rstrip(".")


def describe() -> list[dict[str, Any]]:
    """A row a network: name, title, layers, the one for dreams, licence, download size in bytes, whether its weights
    are here, and whether it is what “auto” stands for."""
    rows: list[dict[str, Any]] = []
    chosen_by_default = default()
    for name, chosen in NETWORKS.items():
        entry, path = weights.CATALOGUE[name], weights.find(name)
        rows.append(
            {
                "name": name,
                "title": entry.title,
                "layers": list(chosen.layers),
                "dream_layer": chosen.defaults.dream[0],
                "licence": entry.licence,
                "download_bytes": entry.bytes,
                "available": path is not None,
                "default": name == chosen_by_default,
                "bundled": path is not None and path.is_relative_to(weights.BUNDLED),
            }
        )
    return rows
