"""Which styles are chosen: fast styles, picture files, open layers and GIMP's patterns, each with its weight.

One file or one layer is what the arguments style-file and style-layer say; anything else is kept as "styles" (kept.py),
a list of {"fast" | "file" | "layer" | "pattern": …, "weight": 1.0, "scale": 1.0}. A layer goes by its id, or by its
name; an id stands beside the "name", since GIMP gives the same numbers again the next time that it is started.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gi.repository import Gio
from shared import bundled, jobs
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.gimp import layers
from reverie_gimp.job import kept, style_names

if TYPE_CHECKING:
    from gi.repository import Gimp

KINDS = ("fast", "file", "layer", "pattern")
PATTERN = "pattern: "  # how a recipe's references to patterns begin


class Style(NamedTuple):
    """One style: its kind; a fast style's or pattern's name, a path (of a file elsewhere, its URI) or a Gimp.Layer; its
    `weight` among the others; its strokes are `scale` times as large as the dialog says."""

    kind: str
    value: Any
    weight: float = 1.0
    scale: float = 1.0


def read(config: Gimp.ProcedureConfig) -> list[Style]:
    """The chosen styles, as Styles. Raises Refusal for an argument that is none, or a layer that is gone."""
    entries = kept.read(config).get(kept.STYLES)
    if entries:
        return _parsed(entries)
    layer, file = layers.named_by(config, "style-layer"), config.get_property("style-file")
    if layer is not None:
        return [Style("layer", layer)]
    return [] if file is None else [of_file(file)]


def _parsed(entries: Any) -> list[Style]:
    try:
        styles = []
        for entry in entries:
            kind = next(kind for kind in KINDS if kind in entry)
            value = _layer(entry) if kind == "layer" else str(entry[kind])
            value = bundled.present(value) if kind == "file" else value
            styles.append(Style(kind, value, float(entry.get("weight", 1.0)), float(entry.get("scale", 1.0))))
        return styles
    except (ValueError, TypeError, StopIteration):
        raise Refusal(
            _('The “styles” of the argument “recipe” are no list such as [{"file": "/a.jpg"}, {"fast": "udnie"}].')
        ) from None


def _layer(entry: dict[str, Any]) -> Gimp.Layer:
    wanted, name = entry["layer"], entry.get("name")
    found = layers.open_layer(wanted)
    if found is None or (name is not None and found.get_name() != name):
        raise Refusal(
            _("The layer “%s”, whose style is wanted, is not open any more. Choose another.") % (name or wanted)
        )
    return found


def write(config: Gimp.ProcedureConfig, styles: list[Style]) -> None:
    """Sets the arguments to those styles."""
    single = styles[0] if len(styles) == 1 and styles[0].scale == 1.0 else None
    file = single.value if single and single.kind == "file" else None
    if single and file is None and single.kind != "layer":
        single = None
    kept.write_styles(config, [] if single else [_entry(each) for each in styles])
    config.set_property("style-layer", single.value if single and single.kind == "layer" else None)
    if single or not styles:
        config.set_property("style-file", file_at(file) if file else None)


def of_file(file: Gio.File) -> Style:
    """The style of a picture file. File choosers begin some paths with two slashes, which would make it another one."""
    place: str = file.get_path() or file.get_uri()
    return Style("file", bundled.present("/" + place.lstrip("/") if place.startswith("/") else place))


def file_at(place: str) -> Gio.File:
    return Gio.File.new_for_uri(place) if "://" in place else Gio.File.new_for_path(place)


def _entry(each: Style) -> dict[str, Any]:
    entry = {each.kind: each.value, "weight": each.weight, "scale": each.scale}
    if each.kind == "layer":
        entry.update(layer=each.value.get_id(), name=each.value.get_name())
    return entry


def called(reference: str, fast: bool) -> str:
    """What a style is called before people, by what a recipe calls it."""
    name = jobs.short_name(reference)
    return style_names.shown(name) if fast or reference in bundled.styles() else name


def title(each: Style) -> str:
    """What a style is called before people."""
    if each.kind == "layer":
        return each.value.get_name()
    name = jobs.short_name(each.value) if each.kind == "file" else each.value
    ours = each.kind == "fast" or each.value in bundled.styles()
    return style_names.shown(name) if ours else name.replace("_", " ")


# --- in a recipe -----------------------------------------------------------------------------------------------------


def reference(each: Style, names: dict[int, str]) -> str:
    """What a recipe calls the picture of a style; `names` are those of layers, as `unique_names` gives them."""
    if each.kind == "layer":
        return names[each.value.get_id()]
    return PATTERN + each.value if each.kind == "pattern" else each.value


def unique_names(used: list[Gimp.Layer]) -> dict[int, str]:
    """{a layer's id: its name, or one that no other of these layers has}."""
    names: dict[int, str] = {}
    for layer in used:
        name, number = layer.get_name(), 2
        while name in names.values() and layer.get_id() not in names:
            name, number = "%s (%d)" % (layer.get_name(), number), number + 1
        names.setdefault(layer.get_id(), name)
    return names


def fields(styles: list[Style], names: dict[int, str], scale: float) -> dict[str, Any]:
    """The fields `style` and `fast` of a recipe, where `scale` is the size of strokes."""
    style, fast = [], []
    for each in styles:
        entry = {} if each.weight == 1.0 else {"weight": each.weight}
        if each.kind == "fast":
            fast.append(dict(entry, name=each.value))
        else:
            style.append(dict(entry, image=reference(each, names), scale=each.scale * scale))
    return dict([("style", style)] * bool(style) + [("fast", fast)] * bool(fast))


def of_recipe(recipe: dict[str, Any], found: dict[str, Gimp.Layer], scale: float) -> list[Style]:
    """The Styles in a recipe; `found` are layers by their references. A picture that is neither a file nor found is
    left out."""
    styles = [Style("fast", entry["name"], entry.get("weight", 1.0)) for entry in recipe.get("fast") or []]
    for entry in recipe.get("style") or []:
        image, rest = entry.get("image") or "", (entry.get("weight", 1.0), entry.get("scale", 1.0) / scale)
        if image in found:
            styles.append(Style("layer", found[image], *rest))
        elif image.startswith(PATTERN):
            styles.append(Style("pattern", image[len(PATTERN) :], *rest))
        elif "/" in image or "\\" in image:
            styles.append(Style("file", bundled.present(image), *rest))
    return styles
