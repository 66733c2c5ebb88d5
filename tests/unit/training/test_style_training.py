"""What a fast style is trained for, and how a training goes on."""

from __future__ import annotations

import pytest
import torch
from reverie import demo
from reverie.engine import tiling, weighting
from reverie.engine.objective import Objective
from reverie.errors import ReverieError
from reverie.fast import styles
from reverie.losses.content import Content
from reverie.losses.loss import Loss
from reverie.losses.mean_covariance import MeanCovariance
from reverie.losses.total_variation import TotalVariation
from reverie.losses.value_range import ValueRange
from reverie.networks import registry
from reverie.pictures import images
from reverie.pictures.resize import fit, resize, to_tensor
from reverie.training import style_training, train_style
from reverie.training.perceptual import Perceptual
from reverie.training.style_training import Plan, Training

from tests.unit.training.practice import (
    _training,
    crops,
    folder_fixture,  # noqa: F401
    loss_fixture,  # noqa: F401
    order,
)


def test_only_the_style_is_learnt_unless_told_otherwise(loss, tmp_path):
    for whole in (False, True):
        training = _training(loss, whole=whole)
        before = styles.fingerprint(styles.base())
        vector = training.vectors.detach().clone()
        training.run(tmp_path / f"{whole}.state", "x", lambda progress: None)
        assert not torch.equal(training.vectors, vector)
        assert (styles.fingerprint(training.network) != before) == whole


def test_the_loss_is_the_engines(loss):
    """That of two pictures in two styles is the mean of what the engine's objective gives for each."""
    network = registry.load("reverie")
    other = to_tensor(images.read(demo.styles()["ink"]), torch.device("cpu"))
    both = Perceptual(network, 0.6)
    both.add_style(other)
    both.add_style(other.flip(1))
    photos, painted = (torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
    painted = painted * 1.2 - 0.1  # some of it out of range
    layers, content = list(network.defaults.style), list(network.defaults.content)
    units = weighting.units(network, content, layers)
    sized = resize(other, *fit(other.shape[3], other.shape[2], 512)).clamp(0, 1)
    wanted = []
    for index, style in enumerate((sized.flip(1), sized)):
        terms: list[Loss] = [
            MeanCovariance([(tiling.statistics(network, style, layers, None), 1.0)], 1.0),
            Content(tiling.maps(network, photos[index : index + 1], content, None), units.content_weight(0.6)),
            TotalVariation(64, 64, units.smoothness_weight(0.05)),
            ValueRange(64, 64, 10.0),
        ]
        wanted.append(float(Objective(network, terms)(painted[index : index + 1])[0]))
    assert float(both(painted, photos, [1, 0])) == pytest.approx(sum(wanted) / 2, rel=1e-4)


@pytest.mark.parametrize("strength", [0.0, 1.5])
def test_a_strength_out_of_range_is_refused(folder, strength):
    with pytest.raises(ReverieError, match="more than 0 and at most 1"):
        train_style.train(order(strength=strength), crops(), lambda progress: None)


def test_want_of_memory_is_told(loss, tmp_path, monkeypatch):
    def exhausted(*given) -> torch.Tensor:
        raise torch.OutOfMemoryError("no more")  # injected: really filling the memory would take the machine down

    training = _training(loss)
    monkeypatch.setattr(training, "_loss", exhausted)
    with pytest.raises(ReverieError, match="smaller --batch"):
        training.run(tmp_path / "a.state", "x", lambda progress: None)


def test_the_loss_falls(loss, tmp_path):
    """Measured on one crop that the training does not choose."""
    photo = to_tensor(images.read(demo.content())[:128, :128], torch.device("cpu"))

    def value(training: Training) -> float:
        with torch.no_grad():
            return float(loss(training.network(photo, training.vectors), photo, [0]))

    training = _training(loss, Plan(steps=30, batch=1, size=128, rate=0.1))
    before = value(training)
    training.run(tmp_path / "a.state", "x", lambda progress: None)
    assert value(training) < 0.95 * before


def test_what_does_not_move_with_the_photo_is_unsteady():
    photo = torch.rand(1, 3, 72, 72, generator=torch.Generator().manual_seed(1))
    here, moved = photo[..., :64, :64], photo[..., 3:67, 6:70]
    assert float(style_training._unsteadiness(here, moved, 3, 6)) == 0
    lattice = 0.1 * torch.cos(2 * torch.pi * torch.arange(64) / 8)
    assert float(style_training._unsteadiness(here + lattice, moved + lattice, 3, 6)) > 0.05


@pytest.mark.parametrize(("term", "much"), [("steady", 1e3), ("even", 10.0)])
def test_steadiness_and_evenness_are_parts_of_what_is_learnt(loss, tmp_path, term, much):
    learnt = []
    for weight in (1e-6, much):
        training = _training(loss, Plan(steps=2, batch=1, size=64, rate=1e-2, **{term: weight}))
        training.run(tmp_path / f"{weight}.state", "x", lambda progress: None)
        learnt.append(training.vectors.detach())
    assert not torch.allclose(*learnt)


def test_a_training_that_was_stopped_goes_on(loss, tmp_path):
    state, seen = tmp_path / "a.state", []

    def interrupt(progress) -> None:
        seen.append(progress.step)
        if progress.step == 3:
            raise KeyboardInterrupt

    first = _training(loss)
    with pytest.raises(KeyboardInterrupt):
        first.run(state, "x", interrupt)
    second = _training(loss)
    second.run(state, "x", lambda progress: seen.append(progress.step))
    assert seen == [1, 2, 3, 4, 5, 6]
    assert not torch.equal(first.vectors, second.vectors)
    with pytest.raises(ReverieError, match="another style"):
        _training(loss).run(state, "y", lambda progress: None)
    whole = state.read_bytes()
    saved = torch.load(state, weights_only=True)
    for broken in ({"what": "x"}, {**saved, "vectors": torch.zeros(1, 3)}):
        torch.save(broken, state)
        with pytest.raises(ReverieError, match="damaged"):
            _training(loss).run(state, "x", lambda progress: None)
    state.write_bytes(whole[:1000])
    with pytest.raises(ReverieError, match="damaged"):
        _training(loss).run(state, "x", lambda progress: None)


@pytest.mark.parametrize("spoilt", ["loss", "gradient"])
def test_divergence_is_told_and_the_last_good_state_stays(loss, tmp_path, monkeypatch, spoilt):
    """Whether the loss shows it, or only its gradient: what was kept last is made of numbers."""
    monkeypatch.setattr(style_training, "SECONDS_BETWEEN_STATES", 0.0)
    monkeypatch.setattr(style_training, "_SOUND", 1e9)  # each step of this short one is kept
    state, training = tmp_path / "a.state", _training(loss)

    def of_no_number(painted, photos, styles) -> torch.Tensor:
        value = loss(painted, photos, styles)
        if training.step < 4:
            return value
        return value * float("nan") if spoilt == "loss" else value + (painted * float("inf") * 0).nan_to_num(0.0).sum()

    monkeypatch.setattr(training, "_loss", of_no_number)
    with pytest.raises(ReverieError, match=r"diverged at step 5.*last good state is in.*lower --rate"):
        training.run(state, "x", lambda progress: None)
    saved = torch.load(state, weights_only=True)
    assert saved["step"] == 4 and bool(saved["vectors"].isfinite().all())
    _training(loss).run(state, "x", lambda progress: None)  # and can be gone on from


def test_what_is_no_longer_made_of_numbers_is_not_kept(loss, tmp_path):
    state, training = tmp_path / "a.state", _training(loss)
    training._keep(state, "x")
    before = state.read_bytes()
    training.vectors.data.fill_(float("nan"))
    with pytest.raises(ReverieError, match="no longer made of numbers"):
        training._keep(state, "x")
    assert state.read_bytes() == before
