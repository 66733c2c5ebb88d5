"""Finding layers, and the other items of an image."""

from __future__ import annotations

from gi.repository import Gimp
from shared.refusals import Refusal
from shared.words import _

UNPAINTED = "reverie-unpainted"  # the parasite of an image of our own, which nobody sees, as long as it is there


def all_layers(image: Gimp.Image) -> list[Gimp.Layer]:
    """Every layer of an image, those in groups included, from the top."""
    found, rest = [], list(image.get_layers())
    while rest:
        layer = rest.pop(0)
        found.append(layer)
        if isinstance(layer, Gimp.GroupLayer):
            rest = list(layer.get_children()) + rest
    return found


def open_layers() -> list[Gimp.Layer]:
    """Every layer of every image that is open, but for those of frames that are to be painted."""
    seen = (image for image in Gimp.get_images() if image.get_parasite(UNPAINTED) is None)
    return [layer for image in seen for layer in all_layers(image)]


def open_layer(wanted: int | str) -> Gimp.Layer | None:
    """The open layer that has an id, or a name; None when there is none."""
    if isinstance(wanted, int):
        found = by_id(wanted)
        return found if isinstance(found, Gimp.Layer) else None
    return next((layer for layer in open_layers() if layer.get_name() == wanted), None)


def named_by(config: Gimp.ProcedureConfig, argument: str) -> Gimp.Item | None:
    """The layer, channel or layer mask that an argument names, or None. Raises Refusal when it is closed by now."""
    item = config.get_property(argument)
    if item is not None and not item.is_valid():
        raise Refusal(
            _("A layer that was chosen as a style, to dream of, or as a region is not open any more. Choose another.")
        )
    return item


def by_id(number: int) -> Gimp.Item | None:
    """The layer, channel or layer mask that has an id; None when there is none, as when it was closed."""
    return Gimp.Item.get_by_id(number) if Gimp.Item.id_is_valid(number) else None


def by_tattoo(image: Gimp.Image, number: int) -> Gimp.Item | None:
    """The layer, channel or layer mask of an image that has that tattoo; None when there is none."""
    found = image.get_layer_by_tattoo(number) or image.get_channel_by_tattoo(number)
    masks = (layer.get_mask() for layer in all_layers(image))
    return found or next((mask for mask in masks if mask is not None and mask.get_tattoo() == number), None)


def kind(item: Gimp.Item) -> str:
    """What an item of an image is: a “group”, another “layer”, a “mask” or a “channel”."""
    kinds = (("group", Gimp.GroupLayer), ("layer", Gimp.Layer), ("mask", Gimp.LayerMask), ("channel", Gimp.Channel))
    return next(name for name, of_that_kind in kinds if isinstance(item, of_that_kind))


def layer_of(item: Gimp.Item) -> Gimp.Item:
    """The layer that a mask belongs to; any other item itself."""
    return Gimp.Layer.from_mask(item) if isinstance(item, Gimp.LayerMask) else item


def name_of(item: Gimp.Item) -> str:
    """What an item is called: a mask as its layer, since GIMP calls it “… mask”, in the user's language."""
    return layer_of(item).get_name()
