"""A large picture, painted by a process of its own, whose memory is that of the job."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LARGE = """
import json, sys
from pathlib import Path
import numpy as np
from reverie import demo
from reverie.pictures import images
from reverie.engine.render import render
from reverie.pictures.resize import resize, to_picture, to_tensor
from reverie.recipe import Recipe
import torch
longest = int(sys.argv[2])
photo = to_picture(resize(to_tensor(images.read(demo.content()), torch.device("cpu")), longest, longest * 3 // 4))
style = images.read(demo.styles()["strokes"])
recipe = Recipe.parse({"style": "s", "network": "reverie", **json.loads(sys.argv[1])})
result = render(recipe, photo, {"s": style}, device="cpu")
change = float(np.abs(result.picture - photo).mean())
# Not getrusage: what it tells of a process began as what the one that started it had.
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps({"shape": result.picture.shape, "change": change, "peak": int(peak.split()[1]) * 1024}))
"""


def bound(gibibytes: float, promised: float, painted: float, always: float = 0.5) -> float:
    """The bytes that a picture of `painted` megapixels may take at most, where one of as many as `promised` is to stay
    within so many gibibytes: a smaller one takes less time, and is held to its part. Python, torch and the networks
    take 0.5 GiB, whatever is painted; `always` is that with what else does not grow."""
    return (always + (gibibytes - always) * painted / promised) * 2**30


def peak(longest: int, **fields: object) -> int:
    """The bytes that it took at most to paint a picture of 4:3 and that longest side."""
    command = [sys.executable, "-c", LARGE, json.dumps(fields), str(longest)]
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["shape"] == [longest * 3 // 4, longest, 3]
    assert said["change"] > 0.005
    return int(said["peak"])
