"""Where a layer is painted, and which part of it in which style: the selection, grown and feathered, and regions.

A region is a layer: where it is opaque, or a channel or a layer's mask: where it is white. Its name names the style; a
mask has that of its layer. The layers of a group are a map of regions, in which the upper ones cover the lower ones, as
they are seen; so do the first of several regions the others. Outside of all regions the picture stays as it is, as it
does outside of a selection: together they become the new layer's mask.
"""

from __future__ import annotations

import difflib
import os
import re
from typing import TYPE_CHECKING, Any

from shared import bundled, filters, geometry, jobs, npy, refusals
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Region, Source
from reverie_gimp.gimp import layers, parasites, pixels
from reverie_gimp.gimp.selection import ScratchSelection
from reverie_gimp.job import recent_styles, style_names
from reverie_gimp.job.pictures import picture_of_file
from reverie_gimp.job.styles import Style

if TYPE_CHECKING:
    from gi.repository import Gimp

_LONGEST = 2048  # pixels: a mask of a style says nothing finer at the sizes at which pictures are computed
_SELECTION = "the selection"  # what the recipe calls its mask
_NEAR = 0.8  # how alike a name and a style's are, 0 to 1, where the one is probably meant for the other
_LEAST = 1e-4  # share of the part that is worked on: what is smaller cannot be seen


def place(source: Source, config: Gimp.ProcedureConfig) -> None:
    """Sets where a source is worked on, by its image's selection and a filter's arguments: its area, its mask and its
    regions. Raises Refusal when nothing is left of it."""
    items, grow, feather = items_of(config, source), _argument(config, "grow"), _argument(config, "feather")
    source.size = source.layer.get_width(), source.layer.get_height()
    source.area, source.mask, source.guide, source.regions = source.asked, None, None, []
    if source.frame is not None:
        return
    if source.version is not None and source.keeps_mask:
        kept = source.version.get_mask() if source.version.is_valid() else None
        if kept is None:
            raise Refusal(
                _("The layer that is made anew, or its mask, was removed meanwhile. Undo that, or start without it.")
            )
        source.mask = pixels.mask_samples(kept, source.layer, pixels.MASK_FORMATS[source.depth])
        source.guide = _mask(source, kept)
    if not source.selected and not items:
        return
    scratch = ScratchSelection(source.image, pixels.MASK_FORMATS[source.depth])
    try:
        if source.selected:
            scratch.take_selection(grow or 0, feather or 0)
        shares = scratch.take_regions(_parts(items, source)) if items else []
        area = scratch.bounds(source.layer)
        if area is None and items:
            raise Refusal(
                _("The regions in “%s” do not touch the layer “%s”, or what is selected of it. Paint where each is.")
                % (", ".join(layers.name_of(item) for item in items), source.layer.get_name())
            )
        if area is None:
            raise Refusal(refusals.NOT_SELECTED % source.layer.get_name())
        if not source.keeps_mask:
            source.area = geometry.work_area(area, source.layer.get_width(), source.layer.get_height())
            source.mask = scratch.mask(source.layer)
        for part, share in shares:
            mask = _mask(source, share)
            if mask is not None:
                source.regions.append(Region(part, mask, "region: " + layers.name_of(part)))
        if source.selected and not items:
            source.guide = _mask(source, scratch.selection)
    finally:
        scratch.close()
    by_regions_alone = not source.selected and not source.keeps_mask
    if by_regions_alone and source.mask is not None and pixels.is_white(source.mask, source.depth):
        source.mask = None  # the regions leave nothing out


def styled(recipe: dict[str, Any], pictures: dict[str, Any], source: Source) -> tuple[dict[str, Any], dict[str, Any]]:
    """(The recipe, the pictures) with the styles of the source's regions, and a mask for each; the styles that were
    chosen are for the regions whose name names none, and come first."""
    unnamed, named, pictures = [], [], dict(pictures)
    for region in source.regions:
        pictures[region.reference] = region.mask
        own = _style_of(region.item, source)
        if own is None:
            unnamed += [dict(entry, mask=region.reference) for entry in recipe["style"]]
        else:
            reference, pictures[reference] = own
            entry = {"image": reference, "mask": region.reference, "scale": recipe["style"][0]["scale"]}
            named.append(entry)
    used = {entry[field] for entry in unnamed + named for field in ("image", "mask")}
    kept = {name: picture for name, picture in pictures.items() if name in used}
    return dict(recipe, style=unnamed + named), kept


def guided(recipe: dict[str, Any], pictures: dict[str, Any], source: Source) -> tuple[dict[str, Any], dict[str, Any]]:
    """(The recipe, the pictures) with the styles where the source's selection is, if it has no regions. What is around
    it is context: were the styles' statistics taken there, too, what is shown would only get a share of them."""
    if source.guide is None or source.regions or not recipe.get("style"):
        return recipe, pictures
    styles = [dict(entry, mask=_SELECTION) for entry in recipe["style"]]
    return dict(recipe, style=styles), dict(pictures, **{_SELECTION: source.guide})


# --- which they are --------------------------------------------------------------------------------------------------


CHANNELS, MASKS = "channels", "masks"  # values of the argument regions-of: all of an image's


def items_of(config: Gimp.ProcedureConfig, source: Source) -> list[Gimp.Item]:
    """The layers, groups, channels or masks that a filter's arguments name as regions of a source. Raises Refusal."""
    if not config.find_property("regions"):
        return []
    which, item = (config.get_property("regions-of") or "").strip(), layers.named_by(config, "regions")
    if which not in ("", CHANNELS, MASKS):
        raise Refusal(_("Regions can be of “channels” or of “masks”, not of “%s”.") % which)
    return _all_of(which, source) if which else [] if item is None else [item]


def set_items(config: Gimp.ProcedureConfig, which: str, item: Gimp.Item | None) -> None:
    """Sets the arguments to all channels or masks, an item, or, with neither, to none."""
    config.set_property("regions-of", which)
    config.set_property("regions", item)


def stay_within(config: Gimp.ProcedureConfig, source: Source) -> None:
    """Forgets regions of another image, which were used there the last time; all channels or masks are the one that
    there is, or none. A dialog could not show them."""
    which, item = config.get_property("regions-of"), config.get_property("regions")
    there = _all_of(which, source) if which else [] if item is None or item.get_image() != source.image else [item]
    if len(there) < 2:
        set_items(config, "", there[0] if there else None)


def offered(source: Source) -> list[tuple[str, str, Gimp.Item | None]]:
    """[(what is said, which, item)]: what can be chosen as regions of a source, the likeliest first."""
    several = [(_("all channels"), CHANNELS, None), (_("the masks of all layers"), MASKS, None)]
    masks, channels = (_all_of(which, source) for which in (MASKS, CHANNELS))
    others = [layer for layer in layers.all_layers(source.image) if layer != source.layer]
    groups = [each for each in others if layers.kind(each) == "group"]
    single = [*groups, *channels, *masks, *(each for each in others if each not in groups)]
    return [
        *(choice for choice in several if len(_all_of(choice[1], source)) > 1),
        *((_title(each), "", each) for each in single),
    ]


def recorded(config: Gimp.ProcedureConfig, source: Source) -> list[int]:
    """What a result's record says of the regions that are chosen: their tattoos."""
    return [item.get_tattoo() for item in items_of(config, source)]


def restore(tattoos: list[int], config: Gimp.ProcedureConfig, image: Gimp.Image) -> None:
    """Chooses the regions that a record names. Raises Refusal when one is gone."""
    found = [layers.by_tattoo(image, tattoo) for tattoo in tattoos]
    if None in found:
        raise Refusal(
            _("A region by which this layer was painted is not in the image any more. Bring it back, or start anew.")
        )
    if len(found) > 1:
        set_items(config, MASKS if layers.kind(found[0]) == "mask" else CHANNELS, None)
    elif found:
        set_items(config, "", found[0])


def _all_of(which: str, source: Source) -> list[Gimp.Item]:
    """All channels of a source's image, or the masks of its layers; but not those of results, nor the source's own."""
    if which == CHANNELS:
        return source.image.get_channels()
    others = [each for each in layers.all_layers(source.image) if each != source.layer]
    masks = [each.get_mask() for each in others if parasites.read(each, filters.RECIPE) is None]
    return [mask for mask in masks if mask is not None]


def _title(item: Gimp.Item) -> str:
    said = {"mask": _("the mask of “%s”"), "channel": _("the channel “%s”")}
    return said.get(layers.kind(item), "%s") % layers.name_of(item)


def _argument(config: Gimp.ProcedureConfig, name: str) -> Any:
    return config.get_property(name) if config.find_property(name) else None


def _parts(items: list[Gimp.Item], source: Source) -> list[Gimp.Item]:
    """The regions, the topmost first: the layers of a group instead of it; the layer that is painted is none."""
    parts = []
    for item in items:
        if item.get_image() != source.image:
            raise Refusal(
                _("“%s” is in another image, so it says nothing of where to paint here. Choose regions of this image.")
                % layers.name_of(item)
            )
        there = item.get_children() if layers.kind(item) == "group" else [item]
        inner = [part for part in there if part != source.layer]
        if there and not inner:  # a region was painted in last, and is selected yet
            raise Refusal(
                _("The layer “%s” is itself the region. Close this, select the layer of the picture, and try again.")
                % source.layer.get_name()
            )
        if not inner:
            raise Refusal(
                _("The group “%s” has no regions: put a layer for each into it, and paint where it is.")
                % layers.name_of(item)
            )
        parts += inner
    return parts


def _style_of(item: Gimp.Item, source: Source) -> tuple[str, bytes | bytearray] | None:
    """(The reference, the picture) of the style that a region's name names; None when it names none.

    Raises Refusal for a file that is not to be opened yet, and that or BackendError for one that cannot be read.
    """
    style = style_named(item, source)
    if style is None:
        return None
    if not source.scripted and is_foreign(style):
        raise Refusal(
            _(
                "The region “%s” names a picture that you have not used before. Open it in the dialog, beside the map "
                "of regions, or give the region another name."
            )
            % layers.name_of(item)
        )
    if style.kind == "file":
        return style.value, picture_of_file(style.value)
    return style.value.get_name(), pixels.picture_of(style.value)


def style_named(item: Gimp.Item, source: Source) -> Style | None:
    """The style that a region's name names: one of Reverie's, a file, or another layer; None when it names none."""
    name = _plain_name(item)
    path = _known().get(name.casefold(), os.path.expanduser(name))
    if os.path.isabs(path) and not path.startswith(("//", "\\\\")):  # no share of another machine by a mere name
        return Style("file", bundled.present(path))
    for layer in layers.all_layers(source.image):
        if layer.get_name() == name and layer not in (item, source.layer):
            return Style("layer", layer)
    return None


def is_foreign(style: Style) -> bool:
    """Whether a style that a region names is a file that is not known to be the painter's: the image may be somebody
    else's. It is not looked at."""
    return style.kind == "file" and style.value not in {*bundled.styles(), *recent_styles.remembered()}


def nearly_named(item: Gimp.Item) -> str | None:
    """The name of the style that a region's name is nearly that of, such as “watercolour” for “watercolor”."""
    found = difflib.get_close_matches(_plain_name(item).casefold(), _known(), n=1, cutoff=_NEAR)
    return found[0] if found else None


def _known() -> dict[str, str]:
    """{name: path} of Reverie's own styles, as a recipe has it and in the user's language."""
    found = {}
    for path in bundled.styles():
        name = jobs.short_name(path)
        found.update({each.casefold(): path for each in (name, name.replace("_", " "), style_names.shown(name))})
    return found


def _plain_name(item: Gimp.Item) -> str:
    return re.sub(r" #\d+$", "", layers.name_of(item)).strip()  # GIMP numbers layers of one name


def _mask(source: Source, share: Gimp.Channel) -> bytes | None:
    """A channel or mask as a picture for the backend, of the part of the source that is worked on; None when there
    is next to nothing of it."""
    gray, width, height = pixels.covered(share, source.layer, source.area, _LONGEST)
    if sum(gray) < 255 * _LEAST * len(gray):
        return None
    samples = bytearray(3 * len(gray))
    for channel in range(3):
        samples[channel::3] = gray
    return npy.pack(bytes(samples), width, height, 3, "u1")
