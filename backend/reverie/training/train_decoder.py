"""Trains the decoder: python -m reverie.training.train_decoder --photos … --paintings … --output FILE

Every step it learns to rebuild crops of pictures from the bundled encoder's features; later also to paint crops of
photos in the style of a painting (see decoder_lessons.py).

It may be stopped at any time: the same command goes on from the last state, which is written every two minutes beside
the output, each file complete or not at all.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from reverie import device as devices
from reverie.errors import ReverieError
from reverie.fast.codec import LEVELS, Codec, Decoder
from reverie.files import replace_with
from reverie.training import decoder_lessons, pictures
from reverie.training.state import keep
from reverie.training.teacher import Teacher

HELD_OUT = [f"kodak{n}" for n in range(19, 25)]
_SECONDS_BETWEEN_STATES = 120
_PAINTED = 4  # crops painted in a style at once
_STYLE = 1.75  # side of the crop of a style, in sides of the others: statistics of a small one are noise
_SEEN = 384  # pixels: side of what is measured of the pictures held out


@dataclass
class _Schooling:
    """What is in training, and how far it is."""

    codec: Codec
    optimizer: torch.optim.Optimizer
    step: int = 0
    spent: float = 0.0


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    where = devices.choose(options.device)
    files = pictures.in_folders([*options.photos, *options.paintings])
    photos = pictures.load([path for path in files if path.stem not in options.hold_out])
    held_out = pictures.load([path for path in files if path.stem in options.hold_out])
    crops = pictures.Crops(photos, options.seed, generated=options.generated)
    paintings = pictures.Crops(pictures.load(pictures.in_folders(options.paintings)), options.seed + 1, generated=1)
    torch.manual_seed(options.seed)
    teacher = Teacher(options.teacher, where)
    schooling = _begun(crops.batch(48, options.size).to(where), options)
    count = sum(parameter.numel() for parameter in _learning(schooling.codec.decoder))
    print(f"{len(photos)} pictures, {len(held_out)} held out, {count / 1e6:.2f} M parameters", flush=True)
    _train(schooling, teacher, crops, paintings, [_middle(photo).to(where) for photo in held_out], options)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="folders of pictures")
    parser.add_argument("--paintings", type=Path, nargs="+", required=True, help="folders to take styles from")
    parser.add_argument("--teacher", type=Path, required=True, help="the file 5SE.pth of Collaborative Distillation")
    parser.add_argument("--hold-out", nargs="*", default=HELD_OUT, help="not learned from")
    parser.add_argument("--output", type=Path, required=True, help="a .safetensors file")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--steps", type=int, default=20000, help="length of the whole training")
    parser.add_argument("--styles-from", type=float, default=0.5, help="share of the steps before styles are learnt")
    parser.add_argument("--batch", type=int, default=6)
    parser.add_argument("--size", type=int, default=128, help="side of a crop, in pixels")
    parser.add_argument("--generated", type=int, default=120, help="pictures made of noise to learn from, too")
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def _begun(photos: Tensor, options: argparse.Namespace) -> _Schooling:
    """A decoder that knows nothing but the units of features in photos, or the last state of this training."""
    decoder = Decoder()
    for module in decoder.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, 0.1)
            nn.init.zeros_(module.bias)  # type: ignore[arg-type]
    decoder.to(photos.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    codec = Codec(decoder)
    fit_units(codec, photos)
    optimizer = torch.optim.AdamW(_learning(decoder), lr=options.rate, betas=(0.9, 0.98), weight_decay=0.01)
    schooling = _Schooling(codec, optimizer)
    state = options.output.with_suffix(".state")
    if not state.exists():
        return schooling
    try:
        saved = torch.load(state, weights_only=True)
        decoder.load_state_dict(saved["decoder"])
        optimizer.load_state_dict(saved["optimizer"])
        schooling.step, schooling.spent = saved["step"], saved["spent"]
    except Exception as error:  # torch raises whatever a damaged archive makes its parts raise
        raise ReverieError(
            f"The state of the training in “{state}” is damaged. Remove the file to begin anew."
        ) from error
    return schooling


@torch.no_grad()
def fit_units(codec: Codec, photos: Tensor) -> None:
    """Features from now on have mean 0 and variance 1 over these photos, channel by channel. Channels that hardly vary
    are not blown up."""
    decoder = codec.decoder
    for level, features in enumerate(codec.encode(photos)):
        deviation = features.std((0, 2, 3), keepdim=True)
        decoder.means[level].copy_(features.mean((0, 2, 3), keepdim=True))
        decoder.deviations[level].copy_(deviation.clamp_min(0.05 * float(deviation.mean())))


def _learning(decoder: Decoder) -> list[nn.Parameter]:
    return list(decoder.levels.parameters())


def _train(
    schooling: _Schooling,
    teacher: Teacher,
    crops: pictures.Crops,
    paintings: pictures.Crops,
    held_out: list[Tensor],
    options: argparse.Namespace,
) -> None:
    random = np.random.default_rng(options.seed + schooling.step)
    for each in (crops, paintings):
        each.restart(options.seed + schooling.step)  # not once more the crops that it began with
    running, reported = 0.0, time.monotonic()
    while schooling.step < options.steps:
        begun = time.monotonic()
        for group in schooling.optimizer.param_groups:
            group["lr"] = options.rate * _schedule(schooling.step, options.steps)
        loss = _step(schooling, teacher, crops, paintings, random, options)
        running += (loss - running) / min(schooling.step + 1, 50)
        schooling.step, schooling.spent = schooling.step + 1, schooling.spent + time.monotonic() - begun
        if time.monotonic() - reported > _SECONDS_BETWEEN_STATES or schooling.step == options.steps:
            reported = time.monotonic()
            _report(schooling, running, errors(schooling.codec, held_out), options.output)
            _save(schooling, options.output)
    options.output.with_suffix(".state").unlink(missing_ok=True)


def _schedule(step: int, steps: int) -> float:
    """Share of the learning rate: a warm-up over 100 steps, then a cosine down to a fiftieth over all of them."""
    return min(1, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def _step(
    schooling: _Schooling,
    teacher: Teacher,
    crops: pictures.Crops,
    paintings: pictures.Crops,
    random: np.random.Generator,
    options: argparse.Namespace,
) -> float:
    """One batch; the loss before. Raises ReverieError, and learns nothing, when it or its gradient is no number."""
    codec, step, where = schooling.codec, schooling.step, schooling.codec.decoder.means[0].device
    batch = crops.batch(options.batch, options.size).to(where).contiguous(memory_format=torch.channels_last)
    with devices.autocast(where, devices.precision("auto", where)):
        begin = None if step % 2 else int(random.integers(1, LEVELS))
        loss = decoder_lessons.rebuilding(codec, batch, begin)
    if step >= options.styles_from * options.steps and step % 2:
        side = round(_STYLE * options.size / 16) * 16
        style = (paintings if random.random() < 0.75 else crops).batch(1, side).to(where)
        loss = loss + decoder_lessons.styled(
            codec, teacher, crops.batch(_PAINTED, options.size).to(where), style, random
        )
    schooling.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    steepness = float(nn.utils.clip_grad_norm_(_learning(codec.decoder), 1.0))
    value = float(loss.detach())
    if not (math.isfinite(value) and math.isfinite(steepness)):
        raise ReverieError(
            f"The training diverged at step {step + 1}: the loss is {value:.3g} and the norm of its gradient "
            f"{steepness:.3g}. Run the same command with a lower --rate than {options.rate}."
        )
    schooling.optimizer.step()
    return value


@torch.no_grad()
def errors(codec: Codec, pictures: Sequence[Tensor]) -> list[float]:
    """The mean squared errors of pictures rebuilt from each level, on average over the pictures."""
    found = []
    for picture in pictures:
        known, row = codec.encode(picture), []
        for begin in range(1, LEVELS + 1):
            features = known[begin - 1]
            for level in range(begin, 0, -1):
                features = codec.up(level, features)
            row.append(float((features - picture).square().mean()))
        found.append(row)
    return [sum(column) / len(column) for column in zip(*found, strict=True)]


def _middle(photo: pictures.Photo) -> Tensor:
    side = min(_SEEN, *(length // 16 * 16 for length in photo.shape[:2]))
    top, left = (photo.shape[0] - side) // 2, (photo.shape[1] - side) // 2
    part = photo[top : top + side, left : left + side].astype(np.float32) / 255
    return torch.from_numpy(part).permute(2, 0, 1)[None]


def _report(schooling: _Schooling, loss: float, measured: list[float], output: Path) -> None:
    row = [schooling.step, round(schooling.spent), round(loss, 4), *(round(value, 4) for value in measured)]
    print(*row, flush=True)
    with output.with_suffix(".csv").open("a", newline="") as file:
        if file.tell() == 0:
            names = [f"error from {level}" for level in range(1, LEVELS + 1)]
            csv.writer(file).writerow(["step", "seconds", "loss", *names])
        csv.writer(file).writerow(row)


def _save(schooling: _Schooling, output: Path) -> None:
    """Writes the weights in use (float16) and the state to go on from, each complete or not at all. Raises
    ReverieError when there is no room; what was there before stays."""
    state = schooling.codec.decoder.state_dict()
    weights = {name: value.to("cpu", torch.float16).contiguous() for name, value in state.items()}
    replace_with(output, lambda part: save_file(weights, part))
    contents = {"decoder": state, "optimizer": schooling.optimizer.state_dict()}
    keep(contents | {"spent": schooling.spent, "step": schooling.step}, output.with_suffix(".state"))


if __name__ == "__main__":
    devices.keep_freed_memory()
    try:
        main()
    except ReverieError as error:
        sys.exit(error.message)
    except KeyboardInterrupt:
        sys.exit(130)  # the same command goes on from the last state
