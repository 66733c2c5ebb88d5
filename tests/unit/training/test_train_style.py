"""The command train-style: what is kept, what is refused."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from reverie import demo
from reverie.cli.main import main
from reverie.cli.training_console import TrainingConsole
from reverie.errors import ReverieError, Sentence
from reverie.events import Cancelled, Warning_
from reverie.fast import styles
from reverie.networks import registry
from reverie.pictures import images
from reverie.pictures.resize import shrink_to, to_tensor
from reverie.training import style_training, train_style
from reverie.training.perceptual import Perceptual
from reverie.training.style_training import Plan, Progress

from tests.unit.training.practice import (
    PLAN,
    _training,
    crops,
    folder_fixture,  # noqa: F401
    loss_fixture,  # noqa: F401
    order,
)


def _learn(file: Path) -> None:
    order = train_style.Order(images.read(file), file.name, "mine", network="reverie")
    train_style.train(order, crops(), lambda progress: None)


@contextlib.contextmanager
def _full_disk(left: int) -> Iterator[None]:
    """No file can become longer than so many bytes: the system refuses to write on, as it does on a full disk."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (left, before[1]))  # Python ignores the signal that comes with it
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_training_that_was_killed_has_its_style_and_a_sample_by_then_and_can_be_gone_on_with(folder, monkeypatch):
    """The same command is not told that the name is taken."""
    seen: list[object] = []

    def killed(event) -> None:
        seen.append(event)
        if isinstance(event, train_style.Sampled):
            assert event.file == folder / "mine.png" and images.read(event.file).shape[1] == 512
        elif event.step == 2:
            raise MemoryError  # like a kill, this leaves no time to keep anything

    monkeypatch.setattr(style_training, "SECONDS_BETWEEN_STATES", 0.0)
    with pytest.raises(ReverieError):
        train_style.train(order(), crops(), killed)
    assert [type(event) for event in seen] == [Progress, train_style.Sampled, Progress]
    assert sorted(file.name for file in folder.iterdir()) == ["mine.png", "mine.safetensors", "mine.state"]
    monkeypatch.undo()
    monkeypatch.setattr(styles, "folder", lambda: folder)
    seen.clear()
    train_style.train(order(), crops(), seen.append)
    assert [getattr(event, "step", None) for event in seen] == [2, 3, 4, 5, 6, None]
    assert sorted(file.name for file in folder.iterdir()) == ["mine.png", "mine.safetensors"]


def test_one_that_was_cancelled_goes_on_where_it_was(folder):
    steps: list[int] = []

    def cancelled(event) -> None:
        steps.append(event.step)
        if event.step == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        train_style.train(order(), crops(), cancelled)
    train_style.train(order(), crops(), lambda event: steps.append(getattr(event, "step", 0)))
    assert steps == [1, 2, 3, 4, 5, 6, 0]  # at last the sample


@pytest.mark.parametrize("name", ["../mine", "", "a/b", ".mine"])
def test_a_name_that_is_no_files_is_refused_whatever_lies_there(folder, name):
    (folder / "styles").mkdir()
    (folder / "mine.state").touch()
    with pytest.raises(ReverieError, match="cannot name a style"):
        train_style.file_for(name)


def test_a_disk_too_full_for_the_sample_does_not_keep_the_style_from_being_learnt(folder):
    seen: list[object] = []
    with _full_disk(100_000):
        train_style.train(order(), crops(), seen.append)
    assert isinstance(seen[-1], Warning_) and "no sample picture: “" in seen[-1].message
    assert [file.name for file in folder.iterdir()] == ["mine.safetensors"]
    assert styles.load("mine").vector.shape == styles.load("udnie").vector.shape


def test_a_disk_too_full_for_the_style_leaves_what_was_learnt(loss, tmp_path):
    """However the writing of the style ends, all steps are in the state by then."""
    state = tmp_path / "a.state"

    def full() -> None:
        raise ReverieError("No room.")

    with pytest.raises(ReverieError, match="No room"):
        _training(loss).run(state, "x", lambda progress: None, full)
    assert torch.load(state, weights_only=True)["step"] == PLAN.steps


@pytest.mark.parametrize("end", ["the plan's", "Ctrl-C"])
def test_a_style_that_has_become_worse_is_told_and_not_kept(loss, tmp_path, monkeypatch, end):
    """The loss rises to 2.8 times its lowest: too little to end the training there and then."""
    state, training, kept = tmp_path / "a.state", _training(loss), []

    def worse(*given) -> torch.Tensor:
        return loss(*given) * (1 if training.step < 3 else 3)

    def interrupt(progress) -> None:
        if end == "Ctrl-C" and progress.step == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(style_training, "SECONDS_BETWEEN_STATES", 0.0)
    monkeypatch.setattr(training, "_loss", worse)
    with pytest.raises(ReverieError, match=r"diverged.*mean loss has risen to.*last good state is in.*lower --rate"):
        training.run(state, "x", interrupt, lambda: kept.append(training.step))
    assert kept == [1, 2, 3] and torch.load(state, weights_only=True)["step"] == 3


def test_what_is_transparent_gives_no_style(loss):
    """A style with another picture in its transparent half is the same style."""
    plain = to_tensor(shrink_to(images.read(demo.styles()["mosaic"]), 512), torch.device("cpu"))
    opaque = torch.zeros_like(plain[:, :1])
    opaque[..., : opaque.shape[3] // 2] = 1
    network, photo = registry.load("reverie"), plain[..., :128, :128].clone()
    values = []
    for picture, seen in ((plain, opaque), (plain * opaque, opaque), (plain * opaque, None)):
        judge = Perceptual(network, 0.85)
        judge.add_style(picture, seen)
        values.append(float(judge(photo, photo, [0])))
    # Next to the border, what the network sees of the hidden half still counts a little.
    assert abs(values[1] - values[0]) < 0.2 * abs(values[2] - values[0])


@pytest.mark.parametrize("hidden", [0.0, 1.0, "noise"])
def test_a_style_is_learnt_from_what_is_opaque_in_a_file(hidden):
    """Whatever lies in the other half: the statistics are the same to the last bit, and nearly those of the half."""
    picture = shrink_to(images.read(demo.styles()["mosaic"]), 384)
    width = picture.shape[1] // 2
    whole = np.concatenate([picture, np.zeros_like(picture[:, :, :1])], 2)
    whole[:, :width, 3] = 1
    plain = whole.copy()
    noise = np.random.default_rng(0).random((picture.shape[0], picture.shape[1] - width, 3), dtype=np.float32)
    whole[:, width:, :3] = noise if hidden == "noise" else hidden
    network, where = registry.load("reverie"), torch.device("cpu")

    def learnt(picture):
        judge = Perceptual(network, 0.85)
        judge.add_style(*train_style._colors_and_opacity(picture, "a.png", where))
        return judge._styles[0]._targets

    found, expected = learnt(whole), learnt(plain)
    alone = learnt(np.ascontiguousarray(picture[:, :width]))
    for layer, moments in found.items():
        assert torch.equal(moments.mean, expected[layer].mean)
        assert torch.equal(moments.covariance, expected[layer].covariance)
        off = (moments.covariance - alone[layer].covariance).norm() / alone[layer].covariance.norm()
        assert off < 0.6  # not 0: next to the border, the network sees what is filled in, too


@pytest.mark.parametrize(("shown", "says"), [(0.0, "transparent everywhere"), (1.0, "one colour only")])
def test_a_style_that_shows_nothing_is_refused(tmp_path, folder, shown, says):
    images.write(tmp_path / "a.png", np.full((160, 160, 4), (0.2, 0.4, 0.6, shown), np.float32))
    with pytest.raises(ReverieError, match=says):
        _learn(tmp_path / "a.png")


def test_a_rate_far_too_high_is_noticed(loss, tmp_path):
    with pytest.raises(ReverieError, match="diverged"):
        _training(loss, Plan(steps=40, batch=1, size=64, rate=1e3)).run(tmp_path / "a", "x", lambda progress: None)


def test_a_full_disk_leaves_the_old_state_and_is_named(loss, tmp_path):
    state = tmp_path / "a.state"
    training = _training(loss)
    training._keep(state, "x")
    before = state.read_bytes()
    with _full_disk(len(before) // 2), pytest.raises(ReverieError, match=r"File too large.*What was there .* is kept"):
        training._keep(state, "x")
    assert state.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.state"]


def test_a_style_too_small_to_learn_from_is_refused(tmp_path, folder):
    noise = np.random.default_rng(0).integers(0, 256, (100, 300, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "small.png")
    with pytest.raises(ReverieError, match="300×100 pixels, which is too small"):
        _learn(tmp_path / "small.png")


def test_a_style_of_ones_own_is_learnt_and_used(folder, tmp_path, capsys):
    words = ["train-style", str(demo.styles()["mosaic"]), "--name", "mine", "--steps", "3", "--batch", "1", "--json"]
    assert main([*words, "--network", "reverie", "--device", "cpu"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("step") for line in lines] == [1, 2, 3, None, None]
    assert lines[3] == {"type": "sample", "output": str(folder / "mine.png")}
    assert lines[0]["seconds_left"] > 0
    assert sorted(file.name for file in folder.iterdir()) == ["mine.png", "mine.safetensors"]
    assert (folder / "mine.safetensors").stat().st_size < 10_000
    assert main(["style", str(demo.content()), "--fast", "mine:2", "--size", "64", "-o", str(tmp_path / "o.png")]) == 0
    assert main(words) == 1  # the name is taken
    assert main(["styles", "--remove", "mine"]) == 0
    assert main(["style", str(demo.content()), "--fast", "mine", "-o", str(tmp_path / "p.png")]) == 1


def test_where_the_sample_is_and_what_keeps_it_from_being_written_is_told(capsys, tmp_path):
    with TrainingConsole("mine") as console:
        console.report(Progress(1, 2, 0.5, 60.0))
        console.report(train_style.Sampled(tmp_path / "mine.png"))
        console.report(Warning_(Sentence("There is no sample picture.")))
    said = capsys.readouterr().err
    assert f"{tmp_path / 'mine.png'}  is a sample" in said and "There is no sample picture." in said


def test_a_training_that_was_never_finished_can_be_removed(folder, capsys):
    def interrupt(progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_style.train(order(), crops(), interrupt)
    assert [file.name for file in folder.iterdir()] == ["mine.state"]
    assert main(["styles", "--remove", "mine"]) == 0
    assert not list(folder.iterdir())
    outside = folder.parent / "outside.state"
    outside.touch()
    assert main(["styles", "--remove", "../outside"]) == 1
    assert outside.exists() and "no style of yours" in capsys.readouterr().err


def test_a_broken_photo_to_practise_on_is_named(folder, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(ReverieError, match=r"broken.jpg.*cannot be learnt from"):
        train_style.practice(order(photos=[tmp_path / "photos"]))


def test_practising_needs_photos_where_a_folder_is_named(folder, tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(ReverieError, match="no picture"):
        train_style.practice(order(photos=[tmp_path / "none"]))
