"""Which styles are chosen: fast styles, picture files, open layers and GIMP's patterns, each with its weight.

One file or one layer is what the arguments style-file and style-layer say; anything else is in the argument `styles`, a
JSON list of {"fast" | "file" | "layer" | "pattern": …, "weight": 1.0, "scale": 1.0}. A layer goes by its id, or by its
name; an id stands beside the "name", since GIMP gives the same numbers again the next time that it is started.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import layers
import pixels
from gi.repository import Gio
from shared import npy, work
from shared.refusals import Refusal
from shared.words import _

if TYPE_CHECKING:
    from gi.repository import Gimp

KINDS = ("fast", "file", "layer", "pattern")
_PATTERN = "pattern: "  # how a recipe's references to patterns begin
_SIDE = 384  # pixels: a pattern is laid out over as much at least, so that strokes of any size find their style in it

#: What the backend reads by itself (FORMATS in backend/images.py); GIMP knows more, such as .xcf, .psd and .heic.
_KNOWN = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".gif", ".bmp", ".ppm", ".pgm", ".pnm", ".avif")


class Use(NamedTuple):
    """One style: its kind; a fast style's or pattern's name, a path (of a file elsewhere, its URI) or a Gimp.Layer; its
    `weight` among the others; its strokes are `scale` times as large as the dialog says."""

    kind: str
    value: Any
    weight: float = 1.0
    scale: float = 1.0


def read(config: Gimp.ProcedureConfig) -> list[Use]:
    """The chosen styles, as Uses. Raises Refusal for an argument that is none, or a layer that is gone."""
    text = (config.get_property("styles") or "").strip()
    if text:
        return _parsed(text)
    layer, file = layers.named_by(config, "style-layer"), config.get_property("style-file")
    if layer is not None:
        return [Use("layer", layer)]
    return [] if file is None else [Use("file", file.get_path() or file.get_uri())]


def _parsed(text: str) -> list[Use]:
    try:
        entries = json.loads(text)
        uses = []
        for entry in entries:
            kind = next(kind for kind in KINDS if kind in entry)
            value = _layer(entry) if kind == "layer" else str(entry[kind])
            uses.append(Use(kind, value, float(entry.get("weight", 1.0)), float(entry.get("scale", 1.0))))
        return uses
    except (ValueError, TypeError, StopIteration):
        raise Refusal(
            _('The argument “styles” is no JSON list such as [{"file": "/a.jpg", "weight": 0.5}, {"fast": "udnie"}].')
        ) from None


def _layer(entry: dict[str, Any]) -> Gimp.Layer:
    wanted, name = entry["layer"], entry.get("name")
    found = layers.open_layer(wanted)
    if found is None or (name is not None and found.get_name() != name):
        raise Refusal(
            _("The layer “%s”, whose style is wanted, is not open any more. Choose another.") % (name or wanted)
        )
    return found


def write(config: Gimp.ProcedureConfig, uses: list[Use]) -> None:
    """Sets the arguments to those styles."""
    single = uses[0] if len(uses) == 1 and uses[0].scale == 1.0 else None
    file = single.value if single and single.kind == "file" else None
    if single and file is None and single.kind != "layer":
        single = None
    config.set_property("styles", "" if single or not uses else json.dumps([_entry(each) for each in uses]))
    config.set_property("style-layer", single.value if single and single.kind == "layer" else None)
    if single or not uses:
        config.set_property("style-file", _file(file) if file else None)


def _file(place: str) -> Gio.File:
    return Gio.File.new_for_uri(place) if "://" in place else Gio.File.new_for_path(place)


def _entry(each: Use) -> dict[str, Any]:
    entry = {each.kind: each.value, "weight": each.weight, "scale": each.scale}
    if each.kind == "layer":
        entry.update(layer=each.value.get_id(), name=each.value.get_name())
    return entry


def spoken(each: Use) -> str:
    """What a style is called before people."""
    if each.kind == "layer":
        return each.value.get_name()
    return work.short_name(each.value).replace("_", " ") if each.kind == "file" else each.value.replace("_", " ")


# --- in a recipe -----------------------------------------------------------------------------------------------------


def reference(each: Use, names: dict[int, str]) -> str:
    """What a recipe calls the picture of a style; `names` are those of layers, as `named` gives them."""
    if each.kind == "layer":
        return names[each.value.get_id()]
    return _PATTERN + each.value if each.kind == "pattern" else each.value


def named(chosen: list[Gimp.Layer]) -> dict[int, str]:
    """{a layer's id: its name, or one that no other of these layers has}."""
    names: dict[int, str] = {}
    for layer in chosen:
        name, number = layer.get_name(), 2
        while name in names.values() and layer.get_id() not in names:
            name, number = "%s (%d)" % (layer.get_name(), number), number + 1
        names.setdefault(layer.get_id(), name)
    return names


def fields(uses: list[Use], names: dict[int, str], scale: float) -> dict[str, Any]:
    """The fields `style` and `fast` of a recipe, where `scale` is the size of strokes."""
    style, fast = [], []
    for each in uses:
        entry = {} if each.weight == 1.0 else {"weight": each.weight}
        if each.kind == "fast":
            fast.append(dict(entry, name=each.value))
        else:
            style.append(dict(entry, image=reference(each, names), scale=each.scale * scale))
    return dict([("style", style)] * bool(style) + [("fast", fast)] * bool(fast))


def of_recipe(recipe: dict[str, Any], found: dict[str, Gimp.Layer], scale: float) -> list[Use]:
    """The Uses in a recipe; `found` are layers by their references. A picture that is neither a file nor found is left
    out."""
    uses = [Use("fast", entry["name"], entry.get("weight", 1.0)) for entry in recipe.get("fast") or []]
    for entry in recipe.get("style") or []:
        image, rest = entry.get("image") or "", (entry.get("weight", 1.0), entry.get("scale", 1.0) / scale)
        if image in found:
            uses.append(Use("layer", found[image], *rest))
        elif image.startswith(_PATTERN):
            uses.append(Use("pattern", image[len(_PATTERN) :], *rest))
        elif "/" in image or "\\" in image:
            uses.append(Use("file", image, *rest))
    return uses


# --- the pictures ----------------------------------------------------------------------------------------------------


class Pictures:
    """Reads the pictures of styles and guides for the backend, each once: layers are only read on the main thread."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, Any], bytes | bytearray] = {}

    def of(self, each: Use) -> bytes | bytearray:
        """The picture of a style that is none of the fast ones. Raises Refusal or BackendError."""
        key = each.kind, each.value.get_id() if each.kind == "layer" else each.value
        if key not in self._read:
            read = {"file": picture_of_file, "layer": pixels.picture_of, "pattern": _picture_of_pattern}[each.kind]
            self._read[key] = read(each.value)
        return self._read[key]

    def of_layer(self, layer: Gimp.Layer) -> bytes | bytearray:
        return self.of(Use("layer", layer))

    def named(self, name: str, image: Gimp.Image) -> bytes | bytearray:
        """The picture that a recipe's reference names: a file, a pattern, or a layer of that image. Raises Refusal."""
        if name.startswith(_PATTERN):
            return self.of(Use("pattern", name[len(_PATTERN) :]))
        if "/" in name or "\\" in name:
            return self.of(Use("file", name))
        found = next((layer for layer in layers.all_layers(image) if layer.get_name() == name), None)
        if found is None:
            raise Refusal(
                _("The settings name a picture “%s”, which is neither a file nor a layer of this image.") % name
            )
        return self.of_layer(found)


def picture_of_file(place: str) -> bytes | bytearray:
    """The bytes of a picture file (its path or URI), or, as .npy, what is seen of one that only GIMP can read.

    Raises Refusal or BackendError when it cannot be read.
    """
    if place.lower().endswith(_KNOWN) and "://" not in place:
        return work.read_file(place)
    return pixels.picture_in(_file(place))


def _picture_of_pattern(name: str) -> bytes:
    return npy.pack(*pixels.pattern(name, _SIDE), 4, "u1")
