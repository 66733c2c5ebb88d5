"""From a style to its ONNX model, and whether a runtime paints with that as Reverie does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx_ir as ir
import onnxruntime
import torch
from torch import Tensor

from reverie import __version__, demo
from reverie import job as jobs
from reverie.engine import instant, sizes
from reverie.engine.inputs import gather
from reverie.engine.painter import Painter
from reverie.engine.palette import Palette
from reverie.errors import ReverieError
from reverie.export import fast_style
from reverie.export import instant as one_pass
from reverie.export.graph import Graph, Value
from reverie.fast import codec as codecs
from reverie.fast import styles
from reverie.fast.stylise import stylise
from reverie.files import check_writable, replace_with
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.pictures.resize import fit, resized, to_tensor
from reverie.recipe import Recipe
from reverie.run import Run

SIZE = 768
"""Longest side, in pixels, of what a style picture's model paints: as one pass composes on a processor."""

LEAST = 64  # pixels: the smallest such side

INPUT, OUTPUT = "photo", "painted"

_DIFFERENT = 4 / 255  # by more, a pixel shows that another place of the style was taken
_DIFFERING = 0.01
"""The share of pixels that may differ by more, where places of a style are compared: rounding decides between places
that are as like, here and there, and what is taken is another piece of the same style, at each size. Measured with each
of the project's styles: 0 to 0.0025.
"""


@dataclass(frozen=True)
class Export:
    """A model, and how Reverie itself paints a photo, 1×3×H×W, for comparison; the share of a photo's pixels that may
    differ by more than 4/255 from that."""

    model: ir.Model
    paint: Callable[[Tensor], Tensor]
    photo: Tensor
    differing: float

    def check(self) -> float:
        """Paints a photo with both; the largest difference, 0 to 1. Raises ReverieError where it is no rounding."""
        painted = torch.from_numpy(run(loaded(serialised(self.model)), self.photo.numpy()))
        difference = (painted - self.paint(self.photo)).abs().amax(1)
        share = float((difference > _DIFFERENT).float().mean())
        if not share <= self.differing:  # what is no number differs, too
            raise ReverieError(
                f"onnxruntime {onnxruntime.__version__} paints otherwise than Reverie ({share:.0%} of the pixels), so "
                "nothing was written. Install the version in requirements-onnx.txt; if that does so, too, report it."
            )
        return float(difference.max())


def serialised(model: ir.Model) -> bytes:
    """The model as it stands in a file."""
    data: bytes = ir.to_proto(model).SerializeToString()
    return data


def loaded(model: bytes) -> onnxruntime.InferenceSession:
    """The model as onnxruntime runs it, on the processor."""
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


def run(session: onnxruntime.InferenceSession, photo: np.ndarray) -> np.ndarray:
    """What onnxruntime paints of a photo, 1×3×H×W float32, both in 0 to 1."""
    painted: np.ndarray = session.run([OUTPUT], {INPUT: photo})[0]
    return painted


def check_target(path: Path) -> None:
    """Raises ReverieError for a file that a model could not be written to, before any work goes into it."""
    if path.suffix.lower() != ".onnx":
        raise ReverieError(f"“{path.name}” is no ONNX model: name a file that ends in .onnx.", "output")
    if path.is_dir():
        raise ReverieError(f"“{path}” is a folder; name a file in it for the model.", "output")
    if not path.parent.is_dir():
        raise ReverieError(f"The folder “{path.parent}” for the model does not exist; make it first.", "output")
    check_writable(path)
    images.check_folder(path.resolve().parent)


def write(export: Export, path: Path) -> None:
    """Writes the model; what was there stays until it is complete. Raises ReverieError."""
    data = serialised(export.model)
    replace_with(path, lambda part: part.write_bytes(data))


@torch.no_grad()
def of_fast_style(name: str) -> Export:
    """Of a fast style, by its name. The painting is as large as the photo, whatever its size."""
    style = styles.load(name)
    about = {"name": name, "licence": "not known: trained or imported by whoever has exported it"}
    if name in styles.bundled():
        about |= {"licence": "that of Reverie", "card": _card(styles.BUNDLED)}
    model = _model(lambda op, photo: fast_style.painted(op, photo, style), about, ("height", "width"))
    photo = to_tensor(_landscape(150), torch.device("cpu"))
    return Export(model, lambda picture: stylise(style, picture, torch.float32), photo, 0.0)


@torch.no_grad()
def of_picture(reference: str, picture: Picture, size: int = SIZE) -> Export:
    """Of a style picture, by what it is called: an instant painting with that longest side in pixels. Raises
    ReverieError for a picture that is no style, or not at that size."""
    if not LEAST <= size <= jobs.MOST_IN_ONE_PASS:
        raise ReverieError(
            f"One pass paints {LEAST} to {jobs.MOST_IN_ONE_PASS} pixels, and not {size}; name another --size.", "size"
        )
    if picture.shape[2] > 3 and bool((picture[:, :, 3] < 1).any()):
        raise ReverieError(f"The style picture “{reference}” is transparent in places; flatten it first.", "style")
    where, codec = torch.device("cpu"), codecs.load(codecs.BUNDLED, torch.device("cpu"))
    recipe = Recipe.parse({"style": reference, "method": "instant", "detail": "sketch", "size": size})
    job = jobs.resolve(recipe, "cpu")
    inputs = gather(job.recipe, _landscape(size), {reference: picture}, where)
    complaint = sizes.too_small(job, inputs, *job.size(inputs.source.shape[3], inputs.source.shape[2]))
    if complaint:
        raise complaint
    style = inputs.regions[0][1][0].picture
    about = {
        "name": Path(reference).stem,
        "licence": "that of Reverie, and that of the style picture, which is in the model",
        "card": _card(codecs.BUNDLED),
    }
    sides = ("painted_height", "painted_width")
    model = _model(lambda op, photo: one_pass.painted(op, photo, style, size, codec), about, sides)
    painter = Painter(codec, torch.float32)
    return Export(
        model,
        lambda _: instant.compose(job, inputs, Palette(inputs, job.recipe), painter, Run()),
        inputs.source,
        _DIFFERING,
    )


def _model(painted: Callable[[Graph, Value], Value], about: dict[str, str], sides: tuple[str, str]) -> ir.Model:
    """The model of what is painted of a photo, with what is to be known about it."""
    op = Graph()
    photo = op.input(INPUT, [1, 3, "height", "width"])
    result = op.output(OUTPUT, [1, 3, *sides], painted(op, photo))
    told = {"input": "RGB, sRGB, 0 to 1, float32, 1×3×height×width", "output": "the same"}
    return op.model(photo, result, {**about, **told}, __version__)


def _card(weights: Path) -> str:
    return weights.with_suffix(".md").read_text(encoding="utf-8")


def _landscape(longest: int) -> Picture:
    """The project's own photo at that longest side in pixels, or one more, which no stride divides."""
    picture = images.read(demo.content())
    height, width = picture.shape[:2]
    return resized(picture, *fit(width, height, longest))
