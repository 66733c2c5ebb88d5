"""Which layers are worked on, and which part of each."""

from __future__ import annotations

from typing import Any

from gi.repository import Gimp
from shared import geometry, refusals
from shared.filters import RECIPE
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Rectangle, Source
from reverie_gimp.gimp import earlier, parasites, pixels

_FEW = 3  # layers that a sentence names


def source_of(layer: Gimp.Layer, area: Rectangle, selected: bool, version: Gimp.Layer | None = None) -> Source:
    """A Source: `area` is the part of the layer that is asked for, and `selected` whether a selection says so."""
    image = layer.get_image()
    return Source(
        image,
        layer,
        area,
        selected,
        depth=pixels.depth_of(image),
        size=(layer.get_width(), layer.get_height()),
        precision=image.get_precision(),
        profile=image.get_color_profile(),
        version=version,
    )


def picture(source: Source) -> bytearray:
    """The part that is worked on, as .npy. Raises Refusal when nothing of it can be seen."""
    seen = pixels.picture(source.layer, source.area, source.depth)
    if pixels.is_transparent(seen, source.depth):
        raise Refusal(refusals.TRANSPARENT % source.layer.get_name())
    return seen


def thumbnail(source: Source, longest: int) -> pixels.Pixels:
    """The part that is worked on, reduced: (8-bit RGBA samples, width, height)."""
    return pixels.thumbnail(source.layer, source.area, longest)


def selected_sources(image: Gimp.Image, drawables: list[Gimp.Drawable]) -> list[Source]:
    """What the user has selected, as Sources, topmost layer first as in GIMP. Raises Refusal when it cannot be used."""
    return [_selected_part(image, layer) for layer in selected_layers(image, drawables)]


def open_sources(image: Gimp.Image) -> list[Source]:
    """What is selected in every open image, that one first, as Sources. Raises Refusal when one cannot be used, which
    names it."""
    found = []
    for each in [image, *(other for other in Gimp.get_images() if other != image)]:
        try:
            found += selected_sources(each, each.get_selected_layers())
        except Refusal as why:
            raise Refusal(_("In the image “%s”: %s") % (each.get_name(), why)) from why
    return found


def selected_layers(image: Gimp.Image, drawables: list[Gimp.Drawable]) -> list[Gimp.Layer]:
    """The layers that the user has selected, each once. Raises Refusal when they cannot be used."""
    if not drawables:
        raise Refusal(_("No layer is selected. Select the layer to work on, then try again."))
    _refuse_floating(image)
    found: list[Gimp.Layer] = []
    for drawable in drawables:
        # While a mask is edited, GIMP passes the mask: what is meant is the picture that it belongs to.
        layer = Gimp.Layer.from_mask(drawable) if isinstance(drawable, Gimp.LayerMask) else drawable
        if not isinstance(layer, Gimp.Layer):
            raise Refusal(refusals.CHANNEL)
        if layer not in found:
            found.append(layer)
    return found


def _selected_part(image: Gimp.Image, layer: Gimp.Layer) -> Source:
    overlap, x, y, width, height = layer.mask_intersect()
    if not overlap:
        raise Refusal(refusals.NOT_SELECTED % layer.get_name())
    if Gimp.Selection.is_empty(image):
        return source_of(layer, pixels.whole(layer), False)
    return source_of(layer, geometry.work_area((x, y, width, height), layer.get_width(), layer.get_height()), True)


def select_again(source: Source) -> None:
    """Sets which part of a source is selected by now: while a dialog is open, people select. Raises Refusal."""
    if source.version is None and source.frame is None:
        now = _selected_part(source.image, source.layer)
        source.asked, source.selected = now.area, now.selected


def result_of(image: Gimp.Image, layer: Gimp.Layer) -> Gimp.Layer:
    """The result that is meant by a layer: itself, or the newest that was painted of it. Raises Refusal where there is
    none."""
    if parasites.origin(layer) is not None:
        return layer
    found = earlier.newest(image, layer)
    if found is not None:
        return found
    others = ", ".join("“%s”" % each.get_name() for each in earlier.results(image)[:_FEW])
    if others:
        raise Refusal(
            _("The layer “%s” was not made by Neural Style or Deep Dream, nor any of it. Select one that was: %s.")
            % (layer.get_name(), others)
        )
    raise Refusal(
        _("The layer “%s” was not made by Neural Style or Deep Dream, nor any other here. Paint it first.")
        % layer.get_name()
    )


def recorded_source(image: Gimp.Image, version: Gimp.Layer) -> tuple[Source, dict[str, Any], dict[str, Any]]:
    """(Source, recipe, origin) of an earlier result, to make a new version of it. Raises Refusal where it cannot be."""
    _refuse_floating(image)
    recipe, origin = parasites.read(version, RECIPE), parasites.origin(version)
    assert origin is not None  # of `result_of`
    at_home = (
        parasites.read(image, parasites.IMAGE) == origin["image"]
    )  # elsewhere, the same tattoo is of another layer
    layer = image.get_layer_by_tattoo(origin["source"]) if at_home else None
    if layer is None:
        raise Refusal(
            _("The layer that “%s” was made of is not in this image any more. Start anew on another layer.")
            % version.get_name()
        )
    area = geometry.intersection(tuple(origin["area"]), pixels.whole(layer))
    if area is None:
        raise Refusal(_("The layer “%s” was cropped: the painted part is gone. Start anew on it.") % layer.get_name())
    source = source_of(layer, area, False, version)
    # Where regions alone made the mask, they make it again: they may have been painted on meanwhile.
    by_regions = bool(origin.get("regions")) and not origin.get("selected")
    source.keeps_mask = version.get_mask() is not None and not by_regions
    return source, recipe, origin


def _refuse_floating(image: Gimp.Image) -> None:
    if image.get_floating_sel() is not None:
        raise Refusal(refusals.FLOATING)
