"""The pictures that a recipe refers to, as the backend takes them: files, layers, and GIMP's patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared import bundled, jobs, npy
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.gimp import layers, pixels
from reverie_gimp.job.styles import PATTERN, Style, file_at

if TYPE_CHECKING:
    from gi.repository import Gimp

NO_PICTURE = _("The settings name a picture “%s”, which is neither a file nor a layer of this image.")

_SIDE = 384  # pixels: a pattern is laid out over as much at least, so that strokes of any size find their style in it

#: What the backend reads by itself (FORMATS in backend/reverie/pictures/images.py); GIMP knows more, such as .xcf, .psd
#: and .heic.
_KNOWN = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".gif", ".bmp", ".ppm", ".pgm", ".pnm", ".avif")


class Pictures:
    """Reads the pictures of styles and guides for the backend, each once: layers are only read on the main thread."""

    def __init__(self, painted: Gimp.Image) -> None:
        """`painted` is the image that is worked on: its selection says where to paint, and nothing of a style."""
        self._painted = painted
        self._read: dict[tuple[str, Any], bytes | bytearray] = {}

    def of(self, each: Style) -> bytes | bytearray:
        """The picture of a style that is none of the fast ones. Raises Refusal or BackendError."""
        key = each.kind, each.value.get_id() if each.kind == "layer" else each.value
        if key not in self._read:
            read = {"file": picture_of_file, "layer": self._of_layer, "pattern": _picture_of_pattern}[each.kind]
            self._read[key] = read(each.value)
        return self._read[key]

    def of_layer(self, layer: Gimp.Layer) -> bytes | bytearray:
        return self.of(Style("layer", layer))

    def _of_layer(self, layer: Gimp.Layer) -> bytearray:
        """A layer; of one in another image, what is selected there, if anything is: the sky of a painting for a sky."""
        return pixels.picture_of(layer) if layer.get_image() == self._painted else pixels.selected_of(layer)

    def named(self, name: str, image: Gimp.Image) -> bytes | bytearray:
        """The picture that a recipe's reference names: a file, a pattern, or a layer of that image. Raises Refusal."""
        if name.startswith(PATTERN):
            return self.of(Style("pattern", name[len(PATTERN) :]))
        if "/" in name or "\\" in name:
            return self.of(Style("file", bundled.present(name)))
        found = next((layer for layer in layers.all_layers(image) if layer.get_name() == name), None)
        if found is None:
            raise Refusal(NO_PICTURE % name)
        return self.of_layer(found)


def picture_of_file(place: str) -> bytes | bytearray:
    """The bytes of a picture file (its path or URI), or, as .npy, what is seen of one that only GIMP can read.

    Raises Refusal or BackendError when it cannot be read.
    """
    if place.lower().endswith(_KNOWN) and "://" not in place:
        return jobs.read_file(place)
    return pixels.picture_in(file_at(place))


def _picture_of_pattern(name: str) -> bytes:
    return npy.pack(*pixels.pattern(name, _SIDE), 4, "u1")
