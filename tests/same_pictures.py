"""Whether two versions of the program paint the same pictures, to the last bit: the hash of each of a set of recipes.

    python -m tests.same_pictures > before.json          # in the one checkout
    python -m tests.same_pictures --against before.json  # in the other

On one thread of the same machine, sums are added up in one order, so a refactoring must give what was there before. The
set has every method, style loss, network at hand, way of colours, mask, tiling and dream. No test: the hashes hold on
one kind of processor alone.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

_ROOT = Path.cwd()
_LARGE, _SMALL = 200, 96  # pixels: longest sides of the photo, and of the masks

RECIPES: dict[str, dict[str, Any]] = {
    "covariance": {"style": "strokes"},
    "gram": {"style": "strokes", "style_loss": "gram"},
    "wasserstein": {"style": "strokes", "style_loss": "wasserstein"},
    "nearest": {"style": "strokes", "style_loss": "nearest"},
    "patches": {"style": "strokes", "method": "patches", "size": 128},
    "patches of regions": {
        "style": [{"image": "strokes", "mask": "mask"}, {"image": "mosaic"}],
        "method": "patches",
        "size": 96,
    },
    "in one pass": {"style": "strokes", "method": "instant"},
    "in one pass, regions": {
        "style": [{"image": "strokes", "mask": "mask"}, {"image": "mosaic", "weight": 0.5}],
        "method": "instant",
    },
    "in one pass, luminance": {"style": "strokes", "method": "instant", "color": "luminance"},
    "fast": {"fast": "udnie"},
    "fast blend": {"fast": [{"name": "udnie"}, {"name": "starry_night", "weight": 0.5}], "strength": 0.5},
    "fast, colours matched": {"fast": "udnie", "color": "match"},
    "begins with fast": {"style": "strokes", "fast": "udnie"},
    "two styles": {"style": [{"image": "strokes"}, {"image": "mosaic", "weight": 0.5, "scale": 0.7}]},
    "regions": {"style": [{"image": "strokes", "mask": "mask"}, {"image": "mosaic"}]},
    "regions, nearest": {
        "style": [{"image": "strokes", "mask": "mask"}, {"image": "mosaic", "mask": "other"}],
        "style_loss": "nearest",
    },
    "regions, wasserstein": {"style": [{"image": "strokes", "mask": "mask"}], "style_loss": "wasserstein"},
    "luminance": {"style": "strokes", "color": "luminance"},
    "match": {"style": "strokes", "color": "match"},
    "content mask": {"style": "strokes", "content_mask": "mask"},
    "alpha": {"style": "strokes", "photo": "alpha"},
    "adam": {"style": "strokes", "optimizer": "adam"},
    "lbfgs": {"style": "strokes", "optimizer": "lbfgs", "seed": 3},
    "noise": {"style": "strokes", "init": "noise"},
    "goes on": {"style": "strokes", "init": "mosaic"},
    "octaves": {"style": "strokes", "octaves": 3},
    "smallest": {"style": "strokes", "smallest": 64},
    "float32": {"style": "strokes", "precision": "float32"},
    "tiles": {"style": "strokes", "tile": 96},
    "tiles, nearest": {"style": "strokes", "style_loss": "nearest", "tile": 96},
    "layers": {"style": "strokes", "style_layers": ["level1", "level4"], "content_layers": ["level3"]},
    "smooth": {"style": "strokes", "total_variation": 1.0, "strength": 1.0},
    "full size": {"style": "strokes", "size": 200},
    "squeezenet": {"style": "strokes", "network": "squeezenet1_0"},
    "squeezenet, nearest": {"style": "strokes", "network": "squeezenet1_0", "style_loss": "nearest"},
    "squeezenet, gram": {"style": "strokes", "network": "squeezenet1_0", "style_loss": "gram", "strength": 0.6},
    "vgg19": {"style": "strokes", "network": "vgg19", "size": 64, "iterations": 4},
    "vgg19, average": {"style": "strokes", "network": "vgg19", "pooling": "average", "size": 64, "iterations": 4},
    "animation": {"style": "strokes", "before": {"content": "other photo", "result": "last result"}},
    "animation of a dream": {"dream": {}, "before": {"content": "other photo", "result": "last result"}, "size": 200},
    "dream": {"dream": {}, "size": 200},
    "dream of a layer": {"dream": {"layer": "level6"}, "size": 200},
    "dream of a channel": {"dream": {"layer": "level7", "channel": 3}, "size": 200},
    "dream of a neuron": {"dream": {"layer": "level7", "channel": 3, "at": [0.4, 0.6]}, "size": 200},
    "dream of a class": {"dream": {"class_name": "golden retriever"}, "network": "squeezenet1_0", "size": 200},
    "dream with a guide": {"dream": {"layer": "level7", "guide": "mosaic"}, "size": 200},
    "two dreams": {"dream": [{"layer": "level6"}, {"layer": "level8", "channel": 5, "weight": 0.5}], "size": 200},
    "decorrelated": {"dream": {}, "parametrisation": "decorrelated", "dream_strength": 0.8, "size": 200},
    "dream in tiles": {"dream": {}, "tile": 96, "size": 200},
    "dream, octaves": {"dream": {}, "octaves": 2, "size": 200},
    "dream, luminance": {"dream": {}, "color": "luminance", "size": 200},
    "zoom": {"dream": {}, "zoom": 1.04, "size": 200},
    "style and dream": {"style": "strokes", "dream": {}, "size": 200},
    "style and dream of a channel": {"style": "strokes", "dream": {"layer": "level7", "channel": 3}, "size": 200},
    "style and class": {
        "style": "strokes",
        "dream": {"class_name": "golden retriever"},
        "network": "squeezenet1_0",
        "size": 200,
    },
    # These three change with “The house”: a dream no longer shows a photo that it did not start from, and keeps the
    # detail of one that is larger than it is computed.
    "dream from noise": {"dream": {}, "init": "noise", "size": 200},
    "dream from a picture": {"dream": {}, "init": "mosaic", "octaves": 3, "size": 200},
    "dream of less than the photo": {"dream": {}, "size": 128},
}


def hashes(names: list[str]) -> dict[str, str]:
    """The hash of each recipe's picture."""
    package = "reverie" if (_ROOT / "backend" / "reverie").is_dir() else "backend"
    paths = [_ROOT, _ROOT / "backend"] if package == "reverie" else [_ROOT]
    sys.path[:0] = [str(path) for path in paths]

    def module(*places: str) -> Any:
        for place in places:
            try:
                return importlib.import_module(f"{package}.{place}")
            except ModuleNotFoundError as error:
                missing = error
        raise missing

    import torch

    torch.set_num_threads(1)
    _add_random_vgg(module)
    images, resize = module("pictures.images", "images"), module("pictures.resize", "engine.resize")
    render, recipe = module("engine.render"), module("recipe")
    demo = _ROOT / ("backend/reverie/demo" if package == "reverie" else "backend/demo")
    given = {name: images.read(demo / f"{name}.jpg") for name in ("landscape", "strokes", "mosaic")}
    pictures = {name: resize.shrink_to(picture, 256) for name, picture in given.items()}
    photo = resize.shrink_to(given["landscape"], _LARGE)
    pictures |= _made_up(photo)
    result = {}
    for name in names:
        document = {"network": "reverie", "iterations": 10, "size": 160, "seed": 1, **RECIPES[name]}
        if document.get("method") == "patches" or ("fast" in document and "style" not in document):
            del document["iterations"]
        content = pictures["alpha"] if document.pop("photo", None) else photo
        painted = render.render(recipe.Recipe.parse(document), content, pictures, device="cpu").picture
        result[name] = hashlib.sha256(painted.tobytes()).hexdigest()[:16]
        print(name, result[name], file=sys.stderr, flush=True)
    return result


def _add_random_vgg(module: Any) -> None:
    """VGG-19 with random weights in the place of published ones, which nobody has here."""
    import torch

    registry, vgg = module("networks.registry"), module("networks.vgg")
    torch.manual_seed(0)
    state = vgg.VGG(19).state_dict()
    build, fetch = registry.NETWORKS["vgg19"].build, registry.load

    def load(name: str, pooling: str | None = None) -> Any:
        if name != "vgg19":
            return fetch(name, pooling)
        network = build(state, "random.pth")
        return module("networks.pooling").average(network) if pooling == "average" else network

    registry.load = load
    weights = module("networks.weights.catalogue", "networks.weights")
    find = weights.find
    weights.find = lambda name: Path("random.pth") if name == "vgg19" else find(name)


def _made_up(photo: Any) -> dict[str, Any]:
    """Masks, a photo with transparency, one that differs in a part, and a result for that."""
    import numpy as np

    height, width = photo.shape[:2]
    across, down = np.meshgrid(np.linspace(0, 1, _SMALL), np.linspace(0, 1, _SMALL))
    mask, other = (across + down < 0.9).astype(np.float32), np.clip(across * 2 - 1, 0, 1).astype(np.float32)
    alpha = np.linspace(-0.2, 1.3, width, dtype=np.float32).clip(0, 1)[None, :, None].repeat(height, 0)
    changed = photo.copy()
    changed[height // 4 : height // 2, width // 4 : width // 2] = 0.3
    return {
        "mask": mask[:, :, None].repeat(3, 2),
        "other": other[:, :, None].repeat(3, 2),
        "alpha": np.ascontiguousarray(np.concatenate([photo, alpha], 2)),
        "other photo": changed,
        "last result": np.ascontiguousarray(photo[:, ::-1]),
    }


def main() -> int:
    """Prints the hashes as JSON, or which of them differ from those in a file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--against", type=Path)
    parser.add_argument("--only", nargs="*", default=list(RECIPES))
    options = parser.parse_args()
    os.environ.setdefault("REVERIE_WEIGHTS", str(_ROOT.parent / "shared" / "weights"))
    found = hashes(options.only)
    if options.against is None:
        print(json.dumps(found, indent=1))
        return 0
    before = json.loads(options.against.read_text(encoding="utf-8"))
    different = [name for name in found if before.get(name) != found[name]]
    print(f"{len(found) - len(different)} the same, {len(different)} not: {', '.join(different)}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
