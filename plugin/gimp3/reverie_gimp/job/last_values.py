"""The layers among the values used last: GIMP keeps every other argument of a filter for the next time, but no layer.

The argument `layers` says them, as JSON: {argument: [id, name, the image's id]}. GIMP gives the same ids again the next
time that it is started, and then to other layers: those have another name.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reverie_gimp.gimp import layers

if TYPE_CHECKING:
    from gi.repository import Gimp

_REGIONS = "regions"
_ARGUMENTS = ("style-layer", "dream-guide", _REGIONS)


def keep(config: Gimp.ProcedureConfig) -> None:
    """Writes down which layers a filter's arguments name, and empties these: GIMP, which keeps the rest, would say of
    each on stderr that it cannot."""
    items = {}
    for argument in _ARGUMENTS:
        item = config.get_property(argument) if config.find_property(argument) else None
        if item is not None and item.is_valid():  # it may have been closed while its style was painted
            items[argument] = [item.get_id(), item.get_name(), item.get_image().get_id()]
        if item is not None:
            config.set_property(argument, None)
    config.set_property("layers", json.dumps(items) if items else "")


def recall(config: Gimp.ProcedureConfig, image: Gimp.Image) -> list[str]:
    """Sets a filter's arguments to the layers that were written down; returns the names of those that are gone. Regions
    of another image are left out: they say nothing of where to paint in this one."""
    gone = []
    for argument, (number, name, *home) in json.loads(config.get_property("layers") or "{}").items():
        if argument == _REGIONS and home != [image.get_id()]:
            continue
        item = layers.by_id(number)
        if item is None or item.get_name() != name:
            gone.append(name)
        elif config.get_property(argument) is None:
            config.set_property(argument, item)
    return gone
