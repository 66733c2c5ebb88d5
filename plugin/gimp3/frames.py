"""Animations: every layer is a frame that goes on from the one below it, or every frame is the last one enlarged.

The results are a new image, as those of GIMP's own Animation ▸ Optimize are: above their sources they would be played
between them. Frames are whole, whatever is selected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import layers
import pixels
from shared import npy, work
from shared.refusals import Refusal
from shared.words import _

if TYPE_CHECKING:
    from gi.repository import Gimp

_BEFORE = {"content": "the frame before", "result": "the result before"}  # names of pictures in the recipe


LAYERS_STYLE = "plug-in-reverie-style-frames"
LAYERS_DREAM = "plug-in-reverie-dream-frames"
ZOOM = "plug-in-reverie-dream-zoom"


class Frame:
    """What makes a Source a frame: `before`, the Source before it, None for the first; and whether it is a `zoom`."""

    def __init__(self, before: layers.Source | None, zoom: bool) -> None:
        self.before, self.zoom = before, zoom


def of_layers(image: Gimp.Image) -> list[layers.Source]:
    """A Source for each layer of an image, from the bottom, as it is seen when the animation is played: upon those
    below, unless its name says “(replace)”. They are layers of a new image. Raises Refusal when there is only one."""
    if len(image.get_layers()) < 2:
        raise Refusal(_("There is only one layer. Give each frame of the animation a layer, then try again."))
    sources: list[layers.Source] = []
    for layer in layers.as_played(image):
        sources.append(_source(layer, Frame(sources[-1] if sources else None, False)))
    return sources


def of_zoom(layer: Gimp.Layer) -> list[layers.Source]:
    """The first Source of a zoom into a layer, in a new image of its size."""
    image = layer.get_image()
    if pixels.is_indexed(image):
        raise Refusal(_("An indexed image has too few colours for this. Convert it with Image ▸ Mode ▸ RGB first."))
    new = pixels.image_like(image, layer.get_width(), layer.get_height())
    return [_source(_copy(layer, new, 1), Frame(None, True))]


def wanted(sources: list[layers.Source], config: Gimp.ProcedureConfig) -> list[layers.Source]:
    """The Sources to be painted: those of a zoom are as many as its argument says."""
    first = sources[0]
    if first.frame is None or not first.frame.zoom:
        return sources
    layers.remove_others(first.layer)  # those of an earlier try
    chain = [first]
    for number in range(2, config.get_property("frames") + 1):
        copy = _copy(first.layer, first.image, number)
        chain.append(_source(copy, Frame(chain[-1], True)))
    return chain


def go_on(order: work.Order, source: layers.Source, frame: Frame, config: Gimp.ProcedureConfig) -> None:
    """Makes the order for a frame one that goes on from the frame before it, which is painted already."""
    before = frame.before
    if before is None:
        return
    assert before.result is not None
    result = npy.pack(before.result.samples, before.area[2], before.area[3], 4, before.depth)
    if frame.zoom:
        order.content = result
        order.recipe["zoom"] = 1 + config.get_property("zoom") / 100.0
        order.recipe["seed"] += len(source.image.get_layers()) - 1 - source.image.get_item_position(source.layer)
    else:
        order.pictures.update({_BEFORE["content"]: before.picture(), _BEFORE["result"]: result})
        order.recipe["before"] = dict(_BEFORE)


def _copy(layer: Gimp.Layer, image: Gimp.Image, number: int) -> Gimp.Layer:
    name = _("Frame %d") % number + " (100ms) (replace)"  # GIMP's own words for an animation's timing
    return layers.copied(layer, image, name)


def _source(layer: Gimp.Layer, frame: Frame) -> layers.Source:
    source = layers.Source(layer, pixels.whole(layer), False)
    source.frame = frame
    return source
