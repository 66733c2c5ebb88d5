"""The trainer of the network that comes with Reverie: what it writes, and how it goes on."""

from __future__ import annotations

import pytest
import torch
from reverie import demo
from reverie.fast import styles
from reverie.fast.stylise import stylise
from reverie.pictures import images
from reverie.pictures.resize import shrink_to, to_tensor
from reverie.training import pictures, style_training, train_base


@pytest.fixture
def command(tmp_path, monkeypatch) -> list[str]:
    made = pictures.Crops
    monkeypatch.setattr(pictures, "Crops", lambda *given, **named: made(*given, **named, generated=2))
    (tmp_path / "photos").mkdir()
    images.write(tmp_path / "photos" / "landscape.png", shrink_to(images.read(demo.content()), 96))
    named = {"--data": tmp_path / "photos", "--output": tmp_path / "base.safetensors", "--network": "reverie"}
    words = [str(word) for pair in named.items() for word in pair]
    words += ["--styles", *(str(demo.styles()[name]) for name in ("mosaic", "ink"))]
    return [*words, "--size", "64", "--batch", "1", "--rate", "1e-4", "--device", "cpu"]


def test_it_stops_goes_on_and_writes_a_file_that_paints(command, tmp_path, monkeypatch, capsys):
    learn = style_training.Training._learn

    def interrupted(training, state) -> None:
        if training.step == 2:
            raise KeyboardInterrupt
        learn(training, state)

    monkeypatch.setattr(style_training.Training, "_learn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_base.main([*command, "--steps", "4"])
    output = tmp_path / "base.safetensors"
    assert torch.load(output.with_suffix(".state"), weights_only=True)["step"] == 2 and not output.exists()
    monkeypatch.setattr(style_training.Training, "_learn", learn)
    train_base.main([*command, "--steps", "4"])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["base.csv", "base.safetensors", "photos"]
    assert output.with_suffix(".csv").read_text().splitlines()[0] == "step,loss"
    assert capsys.readouterr().out.splitlines()[-1].startswith("4 ")
    network, vectors = styles._read(output)
    assert network is not None and sorted(vectors) == ["ink", "mosaic"]
    photo = to_tensor(images.read(tmp_path / "photos" / "landscape.png"), torch.device("cpu"))
    painted = stylise(styles.FastStyle("ink", network, vectors["ink"]), photo, torch.float32)
    assert painted.shape == photo.shape and float(painted.std()) > 0.01

    train_base.main(
        [*command[:-2], "--start", str(output), "--output", str(tmp_path / "b.safetensors"), "--steps", "1"]
    )
    begun, _ = styles._read(tmp_path / "b.safetensors")
    assert begun is not None
    apart = [
        float((one - other).abs().max()) for one, other in zip(begun.parameters(), network.parameters(), strict=True)
    ]
    assert max(apart) < 1e-3
