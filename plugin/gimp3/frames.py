"""Animations: every layer is a frame that goes on from the one below it, or every frame is the last one enlarged.

The results are a new image, as those of GIMP's own Animation ▸ Optimize are: above their sources they would be played
between them. Frames are whole, whatever is selected.
"""

from __future__ import annotations

import layers
from gi.repository import Gimp
from shared import npy, work
from shared.words import _

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
        raise layers.Refusal(_("There is only one layer. Give each frame of the animation a layer, then try again."))
    played = image.duplicate()
    if layers.is_indexed(played):
        played.convert_rgb()
    new = _new_image(played, played.get_width(), played.get_height())
    sources: list[layers.Source] = []
    for layer in played.get_layers():
        layer.set_visible(False)
    for layer in reversed(played.get_layers()):
        if "(replace)" in layer.get_name():
            for other in played.get_layers():
                other.set_visible(False)
        layer.set_visible(True)
        flat = Gimp.Layer.new_from_visible(played, new, layer.get_name())
        sources.append(_source(new, flat, Frame(sources[-1] if sources else None, False)))
    played.delete()
    return sources


def of_zoom(layer: Gimp.Layer) -> list[layers.Source]:
    """The first Source of a zoom into a layer, in a new image of its size."""
    image = layer.get_image()
    if layers.is_indexed(image):
        raise layers.Refusal(
            _("An indexed image has too few colours for this. Convert it with Image ▸ Mode ▸ RGB first.")
        )
    new = _new_image(image, layer.get_width(), layer.get_height())
    return [_source(new, _copy(layer, new, 1), Frame(None, True))]


def wanted(sources: list[layers.Source], config: Gimp.ProcedureConfig) -> list[layers.Source]:
    """The Sources to be painted: those of a zoom are as many as its argument says."""
    first = sources[0]
    if first.frame is None or not first.frame.zoom:
        return sources
    for layer in first.image.get_layers():
        if layer != first.layer:  # of an earlier try
            first.image.remove_layer(layer)
    chain = [first]
    for number in range(2, config.get_property("frames") + 1):
        copy = _copy(first.layer, first.image, number)
        chain.append(_source(first.image, copy, Frame(chain[-1], True)))
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


def finish(results: list[layers.Result]) -> Gimp.Image:
    """Puts the finished frames into their image, which is returned."""
    image = results[0].source.image
    for result in results:
        layer = result.source.layer
        layers.fill(layer, result)
        layers.attach(layer, layers.RECIPE, result.recipe)
    image.undo_enable()
    return image


def _new_image(image: Gimp.Image, width: int, height: int) -> Gimp.Image:
    new = Gimp.Image.new_with_precision(width, height, image.get_base_type(), image.get_precision())
    new.undo_disable()
    if image.get_color_profile() is not None:
        new.set_color_profile(image.get_color_profile())
    return new


def _copy(layer: Gimp.Layer, image: Gimp.Image, number: int) -> Gimp.Layer:
    copy = Gimp.Layer.new_from_drawable(layer, image)
    copy.set_name(_("Frame %d") % number + " (100ms) (replace)")  # GIMP's own words for an animation's timing
    copy.set_visible(True)
    return copy


def _source(image: Gimp.Image, layer: Gimp.Layer, frame: Frame) -> layers.Source:
    """A layer that is no part of the image yet, as a Source at its top."""
    image.insert_layer(layer, None, 0)
    layer.set_offsets(0, 0)
    if not layer.has_alpha():
        layer.add_alpha()
    source = layers.Source(layer, (0, 0, layer.get_width(), layer.get_height()), False)
    source.frame = frame
    return source
