"""Animations: every layer is a frame that goes on from the one below it, or every frame is the last one enlarged.

The results are a new image, as those of GIMP's own Animation ▸ Optimize are: above their sources they would be played
between them. Frames are whole, whatever is selected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared import jobs, npy
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Frame, Source
from reverie_gimp.gimp import animation, pixels, sources

if TYPE_CHECKING:
    from gi.repository import Gimp

_BEFORE = {"content": "the frame before", "result": "the result before"}  # names of pictures in the recipe


def of_layers(image: Gimp.Image) -> list[Source]:
    """A Source for each layer of an image, from the bottom, as it is seen when the animation is played: upon those
    below, unless its name says “(replace)”. They are layers of a new image. Raises Refusal when there is only one."""
    if len(image.get_layers()) < 2:
        raise Refusal(_("There is only one layer. Give each frame of the animation a layer, then try again."))
    chain: list[Source] = []
    for number, layer in enumerate(animation.as_played(image), 1):
        chain.append(_source(layer, Frame(layer.get_name(), number, chain[-1] if chain else None, zoom=False)))
    return chain


def of_zoom(layer: Gimp.Layer) -> list[Source]:
    """The first Source of a zoom into a layer, in a new image of its size."""
    image = layer.get_image()
    if pixels.is_indexed(image):
        raise Refusal(_("An indexed image has too few colours for this. Convert it with Image ▸ Mode ▸ RGB first."))
    new = animation.unpainted(image, layer.get_width(), layer.get_height())
    return [_zoomed(animation.copied(layer, new), 1, None)]


def wanted(given: list[Source], config: Gimp.ProcedureConfig) -> list[Source]:
    """The Sources to be painted: those of a zoom are as many as its argument says, all of one layer."""
    first = given[0]
    if first.frame is None or not first.frame.zoom:
        return given
    chain = [first]
    for number in range(2, config.get_property("frames") + 1):
        chain.append(_zoomed(first.layer, number, chain[-1]))
    return chain


def go_on(job: jobs.Job, source: Source, frame: Frame, config: Gimp.ProcedureConfig) -> None:
    """Makes the job for a frame one that goes on from the frame before it, which is painted and kept already."""
    before = frame.before
    if before is None:
        return
    assert before.result is not None
    result = npy.pack(before.result.samples, before.area[2], before.area[3], 4, before.depth)
    before.result = None  # of hundreds of frames, these samples would fill the memory
    if frame.zoom:
        job.content = result
        job.recipe["zoom"] = 1 + config.get_property("zoom") / 100.0
        job.recipe["seed"] += frame.number - 1
    else:
        job.pictures.update({_BEFORE["content"]: sources.picture(before), _BEFORE["result"]: result})
        job.recipe["before"] = dict(_BEFORE)


def _zoomed(layer: Gimp.Layer, number: int, before: Source | None) -> Source:
    name = _("Frame %d") % number + " (100ms) (replace)"  # GIMP's own words for an animation's timing
    return _source(layer, Frame(name, number, before, zoom=True))


def _source(layer: Gimp.Layer, frame: Frame) -> Source:
    source = sources.source_of(layer, pixels.whole(layer), selected=False)
    source.frame = frame
    return source
