"""The training of the decoder: it learns, can be stopped, and goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from reverie.errors import ReverieError
from reverie.fast import codec as codecs
from reverie.fast.codec import Codec, Decoder
from reverie.training import decoder_lessons, pictures, teacher, train_decoder


@pytest.fixture
def school(tmp_path) -> Path:
    """A folder with photos and paintings."""
    random = np.random.default_rng(0)
    for folder in ("photos", "paintings"):
        (tmp_path / folder).mkdir()
        for number in range(2):
            Image.fromarray(pictures.dead_leaves(128, random)).save(tmp_path / folder / f"{folder}{number}.png")
    torch.save({"model": _teacher()}, tmp_path / "teacher.pth")
    return tmp_path


def _teacher() -> dict[str, torch.Tensor]:
    """The parameters of a small one that has learnt nothing."""
    torch.manual_seed(0)
    saved, inputs = {"conv0.weight": torch.eye(3)[:, :, None, None], "conv0.bias": torch.zeros(3)}, 3
    for name in teacher.CONVOLUTIONS:
        saved |= {f"conv{name}.weight": torch.randn(8, inputs, 3, 3) / 6, f"conv{name}.bias": torch.zeros(8)}
        inputs = 8
    return saved


def _train(school: Path, *more: str) -> None:
    folders = ["--photos", str(school / "photos"), "--paintings", str(school / "paintings")]
    sizes = ["--batch", "2", "--size", "32", "--generated", "2", "--device", "cpu", "--hold-out", "photos1"]
    file = ["--output", str(school / "decoder.safetensors"), "--teacher", str(school / "teacher.pth")]
    train_decoder.main([*folders, *sizes, *file, *more])


def test_it_learns_and_writes_weights_that_are_used(school, capsys):
    """Its pictures are better than grey ones, from the first level on."""
    _train(school, "--steps", "150", "--rate", "2e-3", "--styles-from", "0.9")
    rows = (school / "decoder.csv").read_text().splitlines()
    assert rows[0].startswith("step,seconds,loss,error from 1")
    assert not (school / "decoder.state").exists()
    learnt = codecs.load(school / "decoder.safetensors", torch.device("cpu"))
    photo = torch.from_numpy(pictures.load([school / "photos" / "photos0.png"])[0].astype("float32") / 255)
    photo = photo.permute(2, 0, 1)[None]
    assert train_decoder.errors(learnt, [photo])[0] < 0.5 * float(photo.var())


def test_features_are_in_units_of_their_own():
    """Channel by channel; those that hardly vary are not blown up."""
    photos, codec = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0)), Codec(Decoder())
    train_decoder.fit_units(codec, photos)
    for level in codec.encode(photos):
        assert float(level.mean((0, 2, 3)).abs().max()) < 0.01
        deviation = level.std((0, 2, 3))
        assert float(deviation.max()) == pytest.approx(1, abs=0.01) and float(deviation.median()) > 0.5


def test_it_goes_on_where_it_was_stopped(school, monkeypatch, capsys):
    monkeypatch.setattr(train_decoder, "_SECONDS_BETWEEN_STATES", 0)
    real, left = train_decoder._step, [3]

    def step(*arguments: object) -> float:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(train_decoder, "_step", step)
    with pytest.raises(KeyboardInterrupt):
        _train(school, "--steps", "5")
    left[0] = 2
    _train(school, "--steps", "5")
    steps = [line.split(",")[0] for line in (school / "decoder.csv").read_text().splitlines()]
    assert steps == ["step", "1", "2", "3", "4", "5"]


def test_a_damaged_state_is_told(school):
    (school / "decoder.state").write_bytes(b"no state")
    with pytest.raises(ReverieError, match="state of the training"):
        _train(school, "--steps", "5")


def test_styles_teach_the_decoder_alone(school):
    torch.manual_seed(0)
    codec = Codec(Decoder())
    judge, random = teacher.Teacher(school / "teacher.pth", torch.device("cpu")), np.random.default_rng(0)
    loss = decoder_lessons.styled(codec, judge, torch.rand(2, 3, 32, 32), torch.rand(1, 3, 64, 64), random)
    loss.backward()
    assert all(parameter.grad is None for parameter in [*codec.decoder.means, *codec.decoder.deviations])
    assert all(float(parameter.grad.abs().sum()) > 0 for parameter in codec.decoder.levels.parameters())


def test_a_decoder_that_is_none_is_told(tmp_path):
    (tmp_path / "decoder.safetensors").write_bytes(b"no decoder")
    for name in ("decoder.safetensors", "nowhere.safetensors"):
        with pytest.raises(ReverieError, match=r"damaged or missing\. Train it again"):
            codecs.load(tmp_path / name, torch.device("cpu"))


def test_a_teacher_that_is_none_is_told(tmp_path):
    torch.save({"model": {"conv0.weight": torch.zeros(1)}}, tmp_path / "another.pth")
    (tmp_path / "no.pth").write_bytes(b"no weights")
    for name in ("another.pth", "no.pth", "nowhere.pth"):
        with pytest.raises(ReverieError, match="is not the fifth encoder") as caught:
            teacher.Teacher(tmp_path / name, torch.device("cpu"))
        assert caught.value.field == "teacher"
