"""Pictures computed in tiles: no seam, and no more memory than promised."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backend import demo, images
from backend.engine import render as engine
from backend.engine.resize import shrink_to
from backend.networks import registry
from backend.recipe import Recipe

pytestmark = pytest.mark.skipif("reverie" not in registry.available(), reason="needs the bundled encoder")

LARGE = """
import json, resource, sys
import numpy as np
from backend import demo, images
from backend.engine.render import render
from backend.engine.resize import resize, to_picture, to_tensor
from backend.recipe import Recipe
import torch
photo = to_picture(resize(to_tensor(images.read(demo.content()), torch.device("cpu")), 4096, 3072))
style = images.read(demo.styles()["strokes"])
document = {"style": "s", "size": 4096, "smallest": 4096, "iterations": 2, "tile": 640, "network": "reverie"}
recipe = Recipe.parse(document)
result = render(recipe, photo, {"s": style}, device="cpu")
change = float(np.abs(result.picture - photo).mean())
print(json.dumps({"shape": result.picture.shape, "change": change,
                  "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
"""


def test_twelve_megapixels_stay_within_four_gibibytes():
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", LARGE], cwd=root, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["shape"] == [3072, 4096, 3]
    assert said["change"] > 0.005
    assert said["peak"] < 4 << 30


def test_there_is_no_seam():
    """The difference to the untiled picture is no larger beside the tiles' borders than elsewhere. Few iterations: each
    multiplies what rounding makes different."""
    photo, style = (shrink_to(images.read(path), 320) for path in (demo.content(), demo.styles()["strokes"]))
    document = {
        "style": "s",
        "size": 320,
        "smallest": 320,
        "iterations": 4,
        "network": "reverie",
        "precision": "float32",
    }
    whole, tiled = (
        engine.render(Recipe.parse({**document, "tile": tile}), photo, {"s": style}, device="cpu").picture
        for tile in (None, 96)
    )
    assert np.abs(whole - photo).mean() > 0.02
    difference = np.abs(tiled - whole).mean(2)
    assert difference.max() < 0.02
    borders = np.zeros(difference.shape, bool)
    for at in range(96, max(difference.shape), 96):
        borders[at - 3 : at + 3, :] = borders[:, at - 3 : at + 3] = True
    assert difference[borders].mean() < 2 * difference[~borders].mean() + 1e-5
