"""Every loss that a method is to have is in its objective, with its weight; and the recipe's optimiser and
parametrisation are those that work."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from reverie.engine import render as engine
from reverie.engine import weighting
from reverie.engine.deep_dream import DeepDream
from reverie.engine.inputs import gather
from reverie.engine.objective import Objective
from reverie.engine.scene import Scene
from reverie.engine.style_transfer import StyleTransfer
from reverie.engine.weighting import Units
from reverie.job import resolve
from reverie.losses import STYLE_LOSSES
from reverie.losses.loss import PICTURE
from reverie.losses.region import Region
from reverie.losses.total_variation import TotalVariation
from reverie.losses.value_range import ValueRange
from reverie.optim.adam import Adam
from reverie.optim.band_limit import BandLimited
from reverie.optim.gradient_ascent import GradientAscent
from reverie.optim.lbfgs import LBFGS
from reverie.pictures.canvas import Canvas
from reverie.recipe import Recipe
from reverie.run import Run

from tests.random_networks import random_network

CPU = torch.device("cpu")
UNITS = Units(content=2.0, total_variation=3.0)


def _picture(seed: int, height: int = 48, width: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)


def _scene(width: int = 64, height: int = 48, **document) -> Scene:
    mask = np.zeros((48, 64, 3), np.float32)
    mask[:, :16] = 1
    recipe = Recipe.parse({"style": "a", "network": "squeezenet1_0", **document})
    inputs = gather(recipe, _picture(0), {"a": _picture(1), "b": _picture(2), "m": mask}, CPU)
    job = resolve(recipe, "cpu")
    return Scene(job, inputs, random_network("squeezenet1_0"), Canvas.of(inputs.source, width, height), None)


def _objective(scene: Scene) -> Objective:
    method = StyleTransfer()
    method._units, method._pull = UNITS, 1.0
    return method.objective(scene, scene.canvas.content, Run())[0]


def _on(scene: Scene, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
    noise = torch.rand(scene.canvas.content.shape, generator=torch.Generator().manual_seed(5))
    return low + (high - low) * noise


@pytest.mark.parametrize("style_loss", STYLE_LOSSES)
def test_total_variation_is_added(style_loss):
    scene = _scene(style_loss=style_loss, total_variation=2.0)
    without = dataclasses.replace(scene, job=resolve(Recipe.parse({**_document(scene), "total_variation": 0}), "cpu"))
    x = _on(scene)
    own = TotalVariation(*scene.canvas.size, 1.0)
    features = type("F", (), {"maps": {PICTURE: x}})
    expected = weighting._SMOOTHNESS * UNITS.total_variation * 2.0 * float(own.value(own.measure(features)))
    found = float(_objective(scene).loss(x)) - float(_objective(without).loss(x))
    assert found == pytest.approx(expected, rel=1e-3)


def _document(scene: Scene) -> dict:
    return scene.job.recipe.model_dump(mode="json")


@pytest.mark.parametrize("style_loss", STYLE_LOSSES)
def test_a_value_range_is_added(style_loss):
    losses = _objective(_scene(style_loss=style_loss))._of_pixels
    (bounded,) = (loss for loss in losses if isinstance(loss, ValueRange))
    assert bounded.weight == weighting.VALUE_RANGE
    x = _on(_scene(), -1.0, 2.0)
    features = type("F", (), {"maps": {PICTURE: x}})
    outside = float(bounded.value(bounded.measure(features)))
    assert outside == pytest.approx(float((x - x.clamp(0, 1)).square().mean()), rel=1e-5)


@pytest.mark.parametrize("strength", [0.25, 0.85, 1.0])
def test_content_weighs_by_the_strength(strength):
    losses = StyleTransfer()
    losses._units = UNITS
    content = losses._beside_styles(_scene(strength=strength))[0]
    assert content.weight == pytest.approx(weighting._CONTENT * 2.0 * (1 - strength) / strength)


@pytest.mark.parametrize("style_loss", STYLE_LOSSES)
def test_a_region_weighs_by_its_share(style_loss):
    """A pixel is under the same influence in a small region as in a large one."""
    styles = [{"image": "a", "mask": "m"}, "b"]
    scene, whole = _scene(style=styles, style_loss=style_loss), _scene(style_loss=style_loss)
    weights = [loss.weight for loss in _objective(whole)._of_features][:-1]  # but for the content's
    own = [loss.weight for loss in _objective(scene)._of_features][:-1]
    shares = [Region(scene.laid(mask), scene.network).share for mask, _ in scene.inputs.regions]
    assert sum(shares) == pytest.approx(1, abs=0.02) and 0.2 < shares[0] < 0.4
    assert own == pytest.approx([share * weight for share in shares for weight in weights], rel=1e-4)


@pytest.mark.parametrize(
    ("wanted", "size", "kind"),
    [
        ("auto", (64, 48), LBFGS),
        ("lbfgs", (64, 48), LBFGS),
        ("adam", (64, 48), Adam),
        ("auto", (2100, 2000), Adam),
        ("lbfgs", (2100, 2000), LBFGS),
    ],
)
def test_the_optimizer_is_the_recipes(wanted, size, kind):
    """Auto is Adam above four megapixels."""
    scene = _scene(optimizer=wanted)
    canvas = type("C", (), {"width": size[0], "height": size[1]})
    optimizer = StyleTransfer().optimizer(dataclasses.replace(scene, canvas=canvas))
    assert isinstance(optimizer._optimizer if isinstance(optimizer, BandLimited) else optimizer, kind)


@pytest.mark.parametrize("parametrisation", ["pixels", "decorrelated"])
def test_the_parametrisation_is_the_recipes(parametrisation):
    scene = _scene(style=[], dream={}, parametrisation=parametrisation)
    optimizer = DeepDream().optimizer(scene)
    assert isinstance(optimizer, GradientAscent)
    optimizer.length = 1.0
    gradient = torch.zeros(1, 3, 16, 16)
    gradient[0, 0, 8, 8] = 1.0
    x = torch.zeros_like(gradient)
    optimizer.step(x, gradient)
    assert float(x[0, 0].abs().max()) > 0
    others_move = float(x[0, 1:].abs().max()) > 1e-6  # in photos, colours go together
    assert others_move is (parametrisation == "decorrelated")


def test_a_dream_alone_moves_as_far_as_its_strength_says():
    scene = _scene(style=[], dream={}, dream_strength=0.25)
    method = DeepDream()
    optimizer = method.optimizer(scene)
    x = torch.full((1, 3, 48, 64), 0.5)
    method.step(x, lambda picture: (picture.sum(), torch.ones_like(picture)), optimizer, scene, 0.1)
    assert math.sqrt(float((x - 0.5).square().mean())) == pytest.approx(0.25 * 0.8 * 0.1, rel=0.05)


def test_what_the_recipe_wants_is_what_is_carried_out(monkeypatch):
    """From `render` on: the optimiser that steps is the one that the recipe names."""
    steps = []
    for kind in (Adam, LBFGS):
        plain = kind.step
        monkeypatch.setattr(
            kind, "step", lambda self, x, g, plain=plain, kind=kind: (steps.append(kind), plain(self, x, g))
        )
    for wanted, kind in (("adam", Adam), ("lbfgs", LBFGS)):
        steps.clear()
        recipe = Recipe.parse({"style": "a", "optimizer": wanted, "iterations": 2, "octaves": 1, "size": 64})
        engine.render(recipe, _picture(0), {"a": _picture(1)}, device="cpu")
        assert set(steps) == {kind}
