"""A style to be learnt in a moment, for the tests of training."""

from __future__ import annotations

import pytest
import torch
from reverie import demo
from reverie.fast import styles
from reverie.networks import registry
from reverie.pictures import images
from reverie.pictures.resize import to_tensor
from reverie.training import pictures, train_style
from reverie.training.perceptual import Perceptual
from reverie.training.style_training import Plan, Training

PLAN = Plan(steps=6, batch=1, size=64, rate=1e-2)


@pytest.fixture(name="folder")
def folder_fixture(tmp_path, monkeypatch):
    monkeypatch.setattr(styles, "folder", lambda: tmp_path)
    return tmp_path


@pytest.fixture(name="loss", scope="module")
def loss_fixture() -> Perceptual:
    result = Perceptual(registry.load("reverie"), 0.85)
    result.add_style(to_tensor(images.read(demo.styles()["mosaic"]), torch.device("cpu")))
    return result


def crops() -> pictures.Crops:
    return pictures.Crops([], 0, generated=4, altered=False)


def _training(loss: Perceptual, plan: Plan = PLAN, whole: bool = False) -> Training:
    import copy

    vector = styles.load("udnie").vector
    return Training(copy.deepcopy(styles.base()), vector, loss, crops(), plan, whole=whole)


def order(**fields) -> train_style.Order:
    picture = images.read(demo.styles()["mosaic"])
    return train_style.Order(picture, "mosaic", "mine", plan=PLAN, network="reverie", device="cpu", **fields)
