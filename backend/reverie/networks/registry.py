"""The networks that there are, and how each is loaded."""

from __future__ import annotations

import difflib
import importlib
import textwrap
from collections.abc import Sequence
from typing import Any

from reverie.errors import ReverieError
from reverie.networks.network import Network
from reverie.networks.pooling import average
from reverie.networks.spec import Spec
from reverie.networks.weights import catalogue, download, formats


def _spec(name: str) -> Spec:
    module = importlib.import_module(f"reverie.networks.{catalogue.CATALOGUE[name].module}")
    found: Spec = next(each for each in module.SPECS if each.name == name)
    return found


# Best first, as `available` lists them and the catalogue has them.
NETWORKS: dict[str, Spec] = {name: _spec(name) for name in catalogue.CATALOGUE}


def spec(name: str) -> Spec:
    """The network of that name. Raises ReverieError that suggests the nearest names."""
    if name not in NETWORKS:
        near = difflib.get_close_matches(name, NETWORKS, 3, 0.4) or list(NETWORKS)
        raise ReverieError(f"There is no network “{name}”. Did you mean {' or '.join(near)}?", "network")
    return NETWORKS[name]


def available() -> list[str]:
    """The networks whose weights are on this machine, best first."""
    return [name for name in NETWORKS if catalogue.find(name) is not None]


def default() -> str:
    """The network that “auto” stands for: one at hand, or else the smallest that can be fetched."""
    preferred = sorted(NETWORKS, key=lambda name: catalogue.CATALOGUE[name].preference)
    there = set(available())
    return next((name for name in preferred if name in there), preferred[0])


def check_pooling(name: str, pooling: str | None) -> None:
    """Raises ReverieError for average pooling in a network that does not stand it."""
    if pooling == "average" and not spec(name).averages:
        able = " or ".join(each for each, chosen in NETWORKS.items() if chosen.averages)
        raise ReverieError(
            f"{name} does not stand average pooling: it leaves ripples in the picture. Use max, or {able}.", "pooling"
        )


def check_layers(name: str, layers: Sequence[str] | None, where: str) -> list[str]:
    """The layers as a list, empty for None. Raises ReverieError with the nearest names for an unknown one."""
    known = spec(name).layers
    for layer in layers or ():
        if layer == "logits" and layer not in known:
            able = " or ".join(each for each, other in NETWORKS.items() if layer in other.layers)
            raise ReverieError(
                f"{name} comes without its classifier, and so has no layer “logits”. Choose another layer, or a "
                f"network that knows classes: {able}.",
                where,
            )
        if layer not in known:
            near = difflib.get_close_matches(layer, known, 3, 0.4) or known
            raise ReverieError(f"{name} has no layer “{layer}”. Did you mean {' or '.join(near)}?", where)
    return list(layers or ())


def load(name: str, pooling: str | None = None, *, progress: download.Progress = download.silent) -> Network:
    """The network with its weights, on the CPU; fetches them when they are not on this machine, telling `progress`.
    `pooling` is “max” or “average”; None for what it was trained with, which is max for all that have a choice.

    Raises ReverieError when there are none to be had, when the file does not hold this network, and for average pooling
    where the network does not stand it.
    """
    chosen = spec(name)
    check_pooling(name, pooling)
    path = catalogue.find(name) or download.fetch(name, progress)
    try:
        network = chosen.build(formats.read(path, chosen.caffe_names), path.name)
    except (RuntimeError, KeyError) as error:
        raise ReverieError(
            f"“{path}” does not hold the weights of {name}: {_complaint(error)}. {catalogue.remedy(path)}."
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
        entry, path = catalogue.CATALOGUE[name], catalogue.find(name)
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
                "bundled": path is not None and path.is_relative_to(catalogue.BUNDLED),
            }
        )
    return rows
