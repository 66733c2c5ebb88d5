"""Small files in order, of each kind and in each of its ways."""

from __future__ import annotations

import io
import json
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import ExifTags, Image
from reverie import presets as known_presets
from reverie.fast import styles
from reverie.fast.network import Architecture, StyleNetwork, plain_style
from reverie.pictures import npy
from safetensors.torch import save

from tests.unit.networks.test_caffemodel import NEW, OLD
from tests.unit.pictures import made

RESULT = npy.encode(np.zeros((3, 4, 3), np.float32), "u1")
SHAPES = {"conv1": (2, 3, 2, 2), "conv2": (3, 2, 1, 1)}


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pictures() -> list[bytes]:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (12, 9, 3)).astype(np.uint8))
    profile = made.profile(*[made.gamma(1.0)] * 3)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Copyright], exif[ExifTags.Base.XResolution] = 6, "x", 300.0
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N"})
    said: dict[str, Any] = {"icc_profile": profile, "exif": exif.tobytes(), "dpi": (300, 300)}
    deep = np.random.default_rng(1).integers(0, 65536, (6, 5, 4)).astype(np.uint16)
    chunks = [made.chunk(b"gAMA", struct.pack(">I", 50000)), made.chunk(b"tRNS", b"\0\1\0\2\0\3")]
    chunks += [made.chunk(b"cICP", b"\x0c\x0d\0\1"), made.chunk(b"eXIf", exif.tobytes()[6:])]
    chunks += [made.chunk(b"tEXt", b"Copyright\0Nobody"), made.chunk(b"pHYs", struct.pack(">IIB", 9, 9, 1))]
    return [
        *(_saved(image, kind, **said) for kind in ("PNG", "JPEG", "TIFF", "WEBP", "AVIF")),
        *(_saved(image, kind) for kind in ("GIF", "BMP", "PPM")),
        _saved(image.convert("CMYK"), "JPEG"),
        _saved(image, "TIFF", compression="tiff_lzw"),
        *(_saved(image, kind, save_all=True, append_images=[image.rotate(180)]) for kind in ("PNG", "GIF", "TIFF")),
        made.png(deep[:, :, :3], 16, 2, *chunks),
        made.png(deep[:, :, :2], 16, 4, made.iccp(made.profile(made.gamma(1.8), space=b"GRAY"))),
        made.png(deep[:, :, :1] % 4, 8, 3, made.chunk(b"PLTE", bytes(range(12))), made.chunk(b"tRNS", b"\0\1")),
        made.tiff(deep, 2, extra=1, profile=profile),
        made.tiff(deep, 2, extra=2, packed=True, rows=2),
        made.tiff(deep[:, :, :3], 2, ">", rows=3, lies=6),
        made.tiff(deep[:, :, :1].astype(np.float32) / 65535, 1),
        made.tiff(deep[:, :, :3], 2, rows=2, profile=profile),
        made.tiff(deep, 2, ">", packed=True, rows=3, extra=1, lies=8),
        made.pages(made.tiff(deep[:, :, :3], 2, profile=profile), made.tiff(deep[:, :, :1], 1)),
        _saved(image, "TIFF", big_tiff=True, **said),
        made.apng([made.png(deep, 16, 6), made.png(deep[:3, :2], 16, 6)], [(0, 0, 1, 0, 5), (2, 1, 2, 1, 5)]),
        made.apng([made.png(deep[:, :, :2], 16, 4)] * 2, [(0, 0, 0, 0, 5)] * 2, still=made.png(deep[:, :, :2], 16, 4)),
        b"P6\n3 2\n4095\n" + deep[:3, :2, :3].astype(">u2").tobytes(),
    ]


def arrays() -> list[bytes]:
    gray = io.BytesIO()
    np.save(gray, np.zeros((3, 4), np.uint8))
    picture = np.linspace(0, 1, 48, dtype=np.float32).reshape(3, 4, 4)
    return [*(npy.encode(picture, depth) for depth in ("u1", "u2", "f4")), gray.getvalue()]


def caffemodels() -> list[bytes]:
    return [NEW, OLD, NEW + OLD]


def deep_compressions() -> list[bytes]:
    parts = [struct.pack("<2I", 10, 5)]
    for count, outputs in ((10, 2), (5, 3)):
        parts += [np.linspace(-1, 1, 256, dtype="<f4").tobytes(), bytes(4 * outputs), bytes(range(count))]
        parts += [bytes((count + 1) // 2)]
    return [b"".join(parts)]


_WEIGHTS = {"conv1.weight": torch.ones(2, 3), "conv1.bias": torch.zeros(2)}


def safetensors() -> list[bytes]:
    return [save(_WEIGHTS), save({"a": torch.ones(1, dtype=torch.float16)}, {"format": "pt"})]


def fast_styles() -> list[bytes]:
    small = Architecture((1, 2), 1, 3)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.safetensors"
        styles.save(file, {"mine": plain_style(small)}, StyleNetwork(small))
        return [file.read_bytes()]


def checkpoints() -> list[bytes]:
    return [
        *_checkpoints({"conv1.conv2d.weight": torch.zeros(2, 2)}),
        *_checkpoints({"state_dict": {"module.conv1.conv2d.weight": torch.ones(1)}, "epoch": 3}),
    ]


def _checkpoints(state: Mapping[str, Any]) -> list[bytes]:
    found = []
    for is_zipped in (True, False):
        buffer = io.BytesIO()
        torch.save(state, buffer, _use_new_zipfile_serialization=is_zipped)
        found.append(buffer.getvalue())
    return found


_RECIPES: list[dict[str, Any]] = [
    {
        "style": [{"image": "a", "mask": "m", "weight": 2.0, "scale": 1.5}, "b"],
        "content_mask": "m",
        "strength": 0.3,
        "seed": 4,
        "size": 512,
        "style_layers": ["relu1_1"],
        "made_with": {
            **{"device": "cpu", "processor": "x", "threads": 2, "precision": "float32", "tile": None, "room": None},
            **{"reverie": "1", "torch": "2"},
        },
    },
    {"dream": [{"layer": "l", "channel": 3, "at": [0.5, 0.5]}, {"class_name": "tench"}], "octaves": 3, "zoom": 1.1},
    {"fast": [{"name": "udnie", "weight": 0.5}, "the_scream"], "color": "match"},
    {"style": "a", "before": {"content": "c", "result": "r"}, "method": "patches"},
]


def recipes() -> list[bytes]:
    return [json.dumps(recipe).encode() for recipe in _RECIPES]


def presets() -> list[bytes]:
    own = [{"title": "t", "filter": "style", "description": "d", "recipe": recipe} for recipe in _RECIPES]
    return [
        *(json.dumps(each).encode() for each in own),
        *(p.read_bytes() for p in known_presets.FOLDER.glob("s*.json")),
    ]


def records() -> list[bytes]:
    painted = {"photo": "/a/b.png", "made_of": "0-1-2", "seconds": 1.5}
    return [json.dumps({"photos": {"b.png": painted, "c.png": {"photo": "c.png", "failed": "Why."}}}).encode()]


def events() -> list[bytes]:
    progress = {"type": "progress", "iteration": 1, "iterations": 2, "fraction": 0.5, "seconds_left": 1.0}
    told = {"message": "Too “few”.", "template": "Too “{what}”.", "values": {"what": "few"}}
    done = {"type": "done", "seconds": 1.0, "recipe": {"style": [{"image": "0"}], "strength": 0.5, "seed": 3}}
    queued, started = {"type": "queued", "position": 1}, {"type": "started", "device": "cpu", "network": "vgg19"}
    streams = [
        [queued, started, progress, {"type": "preview", "serial": 1}, {"type": "warning", **told}, done],
        [started, {"type": "failed", **told}],
        [progress, {"type": "cancelled"}],
    ]
    return [b"".join(json.dumps(event).encode() + b"\n" for event in stream) for stream in streams]
