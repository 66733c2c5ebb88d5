"""The images of animations: their frames as they are played, and as they are painted."""

from __future__ import annotations

from gi.repository import Gimp
from shared.filters import RECIPE
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Result
from reverie_gimp.gimp import layers, parasites, pixels
from reverie_gimp.gimp.display import display


def as_played(image: Gimp.Image) -> list[Gimp.Layer]:
    """Each layer of an image, from the bottom, as it is seen when the animation is played: upon those below, unless its
    name says “(replace)”. They are layers of an image that nobody sees."""
    played, seen = image.duplicate(), []
    if pixels.is_indexed(played):
        played.convert_rgb()
    new = unpainted(played, played.get_width(), played.get_height())
    for layer in played.get_layers():
        layer.set_visible(False)
    for layer in reversed(played.get_layers()):
        if "(replace)" in layer.get_name():
            for other in played.get_layers():
                other.set_visible(False)
        layer.set_visible(True)
        seen.append(_put_on_top(new, Gimp.Layer.new_from_visible(played, new, layer.get_name())))
    played.delete()
    return seen


def unpainted(image: Gimp.Image, width: int, height: int) -> Gimp.Image:
    """An image for frames that are to be painted, of another's kind. Nobody sees it, nor is offered its layers."""
    new = pixels.image_like(image, width, height)
    new.attach_parasite(Gimp.Parasite.new(layers.UNPAINTED, 0, b" "))
    return new


def copied(layer: Gimp.Layer, image: Gimp.Image) -> Gimp.Layer:
    """A copy of a layer, perhaps of another image, at the top of an image; it is visible."""
    copy = Gimp.Layer.new_from_drawable(layer, image)
    copy.set_visible(True)
    return _put_on_top(image, copy)


def _put_on_top(image: Gimp.Image, layer: Gimp.Layer) -> Gimp.Layer:
    image.insert_layer(layer, None, 0)
    layer.set_offsets(0, 0)
    if not layer.has_alpha():
        layer.add_alpha()
    return layer


class Animation:
    """A new image, of which each result becomes a frame as it comes: whatever ends the painting, it has those that are
    painted by then. `image` is None before the first."""

    def __init__(self, run_mode: Gimp.RunMode) -> None:
        self.image: Gimp.Image | None = None
        self._run_mode = run_mode

    def add(self, result: Result) -> None:
        """Raises Refusal when the image was closed meanwhile."""
        source = result.source
        assert source.frame is not None
        if self.image is None:
            self.image = pixels.image_like(source.image, *source.size)
            # Without a dialog, Cancel ends this process: what nobody sees by then would be lost.
            if self._run_mode == Gimp.RunMode.WITH_LAST_VALS:
                display(self.image)
        if not self.image.is_valid():
            raise Refusal(_("The new image was closed meanwhile, so no more frames are painted."))
        self.image.undo_disable()
        layer = copied(source.layer, self.image)
        layer.set_name(source.frame.name)
        pixels.write(result.samples, layer, source.area, source.depth)
        parasites.attach(layer, RECIPE, result.recipe)
        self.image.undo_enable()
        Gimp.displays_flush()

    def finish(self) -> None:
        """Shows what there is, where a dialog has asked for it."""
        if self.image is not None and self._run_mode == Gimp.RunMode.INTERACTIVE:
            display(self.image)
