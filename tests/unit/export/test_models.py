"""Styles as ONNX models, painted with onnxruntime, against Reverie's own paintings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import reverie
import torch
from reverie import demo
from reverie import job as jobs
from reverie.engine import instant
from reverie.engine.inputs import gather
from reverie.engine.painter import Painter
from reverie.engine.palette import Palette
from reverie.export import fast_style, model
from reverie.fast import codec as codecs
from reverie.fast import importing
from reverie.fast.network import StyleNetwork, plain_style
from reverie.fast.styles import FastStyle
from reverie.fast.stylise import stylise
from reverie.pictures.picture import Picture
from reverie.pictures.resize import resized, to_tensor
from reverie.recipe import Recipe
from reverie.run import Run

SIZE = 112


@pytest.fixture(scope="module")
def landscape() -> Picture:
    return reverie.read(demo.content())


@pytest.fixture(scope="module")
def udnie() -> bytes:
    return model.serialised(model.of_fast_style("udnie").model)


@pytest.fixture(scope="module")
def fast(udnie) -> onnxruntime.InferenceSession:
    return model.loaded(udnie)


@pytest.fixture(scope="module")
def strokes():
    """A style picture as a model that paints at two sizes, one after the other; and as it is loaded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(instant, "_COARSEST", SIZE // 2)
        export = model.of_picture("strokes", reverie.read(demo.styles()["strokes"]), SIZE)
        yield export, model.loaded(model.serialised(export.model))


def _painted(session: onnxruntime.InferenceSession, photo: Picture) -> Picture:
    return model.run(session, to_tensor(photo, torch.device("cpu")).numpy())[0].transpose(1, 2, 0)


@pytest.mark.parametrize(("height", "width"), [(85, 101), (230, 147), (31, 45)])
def test_a_fast_style_paints_as_the_command_does(fast, landscape, height, width):
    photo = resized(landscape, width, height)
    expected = reverie.render({"fast": "udnie", "precision": "float32"}, photo, device="cpu").picture
    assert np.abs(expected - photo).mean() > 0.05
    assert np.abs(_painted(fast, photo) - expected).max() < 1e-4  # a 40th of what 8 bits show


def test_a_style_that_was_trained_elsewhere_too():
    """Its network reduces by a stride and enlarges by repeating."""
    torch.manual_seed(0)
    network = StyleNetwork(importing.ARCHITECTURE).requires_grad_(False)
    style = FastStyle("elsewhere", network, plain_style(importing.ARCHITECTURE) + 0.1)
    photo = torch.rand(1, 3, 50, 71)
    made = model._model(lambda op, given: fast_style.painted(op, given, style), {}, ("height", "width"))
    painted = torch.from_numpy(model.run(model.loaded(model.serialised(made)), photo.numpy()))
    torch.testing.assert_close(painted, stylise(style, photo, torch.float32), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("height", "width"), [(120, 160), (190, 130)])
def test_a_style_picture_paints_as_an_instant_sketch_of_its_size(strokes, landscape, height, width):
    photo, style = resized(landscape, width, height), {"strokes": reverie.read(demo.styles()["strokes"])}
    recipe = Recipe.parse({"style": "strokes", "method": "instant", "detail": "sketch", "size": SIZE})
    job = jobs.resolve(recipe, "cpu")
    inputs, codec = (
        gather(job.recipe, photo, style, torch.device("cpu")),
        codecs.load(codecs.BUNDLED, torch.device("cpu")),
    )
    palette, painter = Palette(inputs, job.recipe), Painter(codec, torch.float32)
    expected = instant.compose(job, inputs, palette, painter, Run())[0].permute(1, 2, 0).numpy()
    painted = _painted(strokes[1], photo)
    assert painted.shape == expected.shape and max(painted.shape) == SIZE
    difference = np.abs(painted - expected).max(2)
    # Where rounding decides for another place of the style, another piece of it is seen; elsewhere nothing differs.
    assert np.quantile(difference, 0.9) < 0.05 / 255  # nothing that 8 bits show
    assert (difference > 4 / 255).mean() < 0.01


def test_a_smaller_photo_is_enlarged_to_the_size_of_the_style(strokes, landscape):
    assert _painted(strokes[1], resized(landscape, 40, 30)).shape == (SIZE * 3 // 4, SIZE, 3)


def test_a_model_says_what_it_is(udnie, strokes):
    about = strokes[0].model.metadata_props
    assert about["name"] == "strokes" and "of the style picture" in about["licence"]
    assert about["card"].startswith("# Reverie's decoder") and "0 to 1" in about["input"]
    assert model.of_fast_style("udnie").model.metadata_props["card"].startswith("# Reverie's fast styles")
    assert max(len(udnie), len(model.serialised(strokes[0].model))) < 8_000_000


def test_each_export_is_compared_first(strokes, monkeypatch):
    assert strokes[0].check() <= 1
    monkeypatch.setattr(model, "run", lambda session, photo: photo * 0 + 0.5)
    with pytest.raises(reverie.ReverieError, match="nothing was written"):
        model.of_fast_style("udnie").check()


def test_the_page_paints(tmp_path, monkeypatch, udnie, fast, landscape):
    page = (Path(__file__).resolve().parents[3] / "docs" / "onnx.md").read_text(encoding="utf-8")
    (example,) = (part.partition("```")[0] for part in page.split("```python\n")[1:])
    assert len(example.splitlines()) <= 20
    monkeypatch.chdir(tmp_path)
    (tmp_path / "udnie.onnx").write_bytes(udnie)
    photo = resized(landscape, 121, 90)
    reverie.write("photo.png", photo)
    exec(example, {})
    assert np.abs(reverie.read("painted.png") - _painted(fast, reverie.read("photo.png"))).max() < 1 / 255
