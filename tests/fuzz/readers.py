"""What reads bytes of others, with files that are in order, and what it may raise for those that are not."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from reverie import presets
from reverie.cli.manifest import NAME, Manifest
from reverie.errors import ReverieError
from reverie.fast import importing, styles
from reverie.networks.weights import caffemodel, deep_compression, formats
from reverie.pictures import animations, images, picture
from reverie.plugin.shared import jobs
from reverie.plugin.shared import npy as plugin_npy
from reverie.plugin.shared import presets as preset_files
from reverie.plugin.shared.client import BackendError, Client
from reverie.recipe import Recipe

from tests.fuzz import seeds


@dataclass(frozen=True)
class Reader:
    """`read` gets bytes, and a folder that is its own; it raises `refusal`, or what it gives is in order."""

    seeds: Callable[[], Sequence[bytes]]
    read: Callable[[bytes, Path], object]
    refusal: type[Exception] = ReverieError


_WRITTEN = [("a.png", 8), ("a.png", 16), ("a.tif", 8), ("a.tif", 16), ("a.jpg", 8), ("a.webp", 8), ("a.avif", 8)]


def _picture(data: bytes, folder: Path) -> None:
    """As decoded it is a picture of the size that was foretold; and what is kept of it can be written with a result.
    Few pixels are accepted: a header soon claims millions, and then the rest of the time goes into these."""
    with mock.patch.object(picture, "MAX_PIXELS", 1 << 18):
        _small_picture(data, folder)


def _small_picture(data: bytes, folder: Path) -> None:
    file = folder / "photo"
    file.write_bytes(data)
    picture = images.read(file)
    with images.opened_file(file) as opened:
        within = picture[:, :, 3:] if opened is not None and opened.image.mode == "F" else picture
    assert np.isfinite(picture).all() and ((within >= 0) & (within <= 1)).all() and picture.shape[2] in (3, 4)
    assert images.inspect(data)[0][:2] == picture.shape[:2] and images.size(file) == picture.shape[1::-1]
    kept = images.kept(file)
    name, depth = _WRITTEN[len(data) % len(_WRITTEN)]
    try:
        images.write(folder / name, np.zeros((2, 2, 3), np.float32), kept, depth)
        images.read(folder / name)
    except ReverieError as error:
        raise AssertionError(f"finished work would be lost: {error.message}") from error
    animations.read([file])


def _array(data: bytes, folder: Path) -> None:
    seen = images.decode(data)
    assert np.isfinite(seen).all() and images.inspect(data)[0][:2] == seen.shape[:2]


def _weights(ending: str) -> Callable[[bytes, Path], None]:
    def read(data: bytes, folder: Path) -> None:
        file = folder / f"weights.{ending}"
        file.write_bytes(data)
        formats.read(file, {})

    return read


def _style(data: bytes, folder: Path) -> None:
    file = folder / "mine.safetensors"
    file.write_bytes(data)
    styles._read(file)


def _checkpoint(data: bytes, folder: Path) -> None:
    file = folder / "candy.pth"
    file.write_bytes(data)
    importing.read(file)


def _recipe(data: bytes, folder: Path) -> None:
    recipe = Recipe.parse(data)
    assert Recipe.parse(recipe.model_dump_json().encode()) == recipe


def _preset(data: bytes, folder: Path) -> None:
    file = folder / "preset.json"
    file.write_bytes(data)
    document = presets.recipe(presets.find(str(file)))
    recipe = Recipe.parse(document)
    for made in (preset_files.general(document), preset_files.portable(document)):
        json.dumps(made)
    preset_files.further(document, "style")
    assert recipe.model_dump()


def _record(data: bytes, folder: Path) -> None:
    (folder / NAME).write_bytes(data)
    Manifest(folder, Recipe.parse({"dream": {}}), {}, None)


class _Response(io.BytesIO):
    """What `http.client` gives of a body without a length."""

    status, length = 200, None


def _events(data: bytes, folder: Path) -> None:
    """A job's stream of events, with all that the plug-in makes of it."""
    answers = {"images": b'{"id": "0"}', "jobs": b'{"id": "7"}', "events": data, "result": seeds.RESULT}
    client = Client("127.0.0.1", 1, "")

    def opened(method: str, path: str, *_: Any) -> tuple[Any, Any]:
        return io.BytesIO(), _Response(answers[path.rpartition("/")[2]])

    client._open = opened
    told: list[object] = []
    recipe = {"style": [{"image": "a"}], "strength": 0.5}
    _, carried_out = jobs.run(client, jobs.Job(seeds.RESULT, {"a": b"a style"}, recipe), told.append)
    json.dumps([carried_out, told])


READERS = {
    "pictures": Reader(seeds.pictures, _picture),
    "arrays": Reader(seeds.arrays, _array),
    "the plug-in's arrays": Reader(seeds.arrays, lambda data, folder: plugin_npy.unpack(data), ValueError),
    "caffemodel": Reader(seeds.caffemodels, lambda data, folder: caffemodel.read(data)),
    "Deep Compression": Reader(seeds.deep_compressions, lambda data, folder: deep_compression.read(data, seeds.SHAPES)),
    "safetensors": Reader(seeds.safetensors, _weights("safetensors")),
    "weights": Reader(seeds.checkpoints, _weights("pth")),
    "fast styles": Reader(seeds.fast_styles, _style),
    "checkpoints": Reader(seeds.checkpoints, _checkpoint),
    "recipes": Reader(seeds.recipes, _recipe),
    "presets": Reader(seeds.presets, _preset),
    "records": Reader(seeds.records, _record),
    "events": Reader(seeds.events, _events, BackendError),
}
