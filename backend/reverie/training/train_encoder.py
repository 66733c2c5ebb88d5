"""Trains the bundled encoder: python -m reverie.training.train_encoder --data FOLDER [FOLDER …] --output FILE

Every step shows a batch of crops to the teacher and to the encoder; the loss is the share of the teacher's variance
that the encoder leaves unexplained, averaged over channels and layers (after Romero et al. 2015, “FitNets”, whose hints
are unscaled; the teacher's channels differ in scale by a factor of hundreds, and unscaled targets teach nothing), and
by how much the gradients of the two disagree (see slopes.py).

Now and then the encoder paints a picture, which is learnt from like the others (see own_pictures.py). With --from
LEVEL the levels before it stay as they are, and what is painted are dreams: styles hardly change, and dreams do.

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
from pathlib import Path

import numpy as np
import torch
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from safetensors.torch import load_file, save_file
from torch import Tensor

from reverie import device as devices
from reverie.errors import ReverieError
from reverie.files import replace_with
from reverie.networks import registry, reverie
from reverie.networks.network import Network
from reverie.networks.reverie import LAYERS, Encoder
from reverie.training import own_pictures, pictures, slopes
from reverie.training.agreement import TEACHER_LAYERS, agreement, evaluate, predicted, seen
from reverie.training.state import keep

HELD_OUT = [*(f"kodak{n}" for n in range(19, 25)), "golden_gate", "tubingen", "hoovertowernight"]
_SECONDS_BETWEEN_STATES = 120
_TEACHERS_DREAMS = 0.4  # share of dreams
_FAINT = 0.5  # mean square, in units of the channels' variance, below which a crop's features count as noise
_SLOPES = 0.5  # weight of the disagreement about gradients
_BEGINNER = 200  # steps before the encoder paints: before, there is nothing to be learnt from it


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    files = pictures.in_folders(options.data)
    held_out = [path for path in files if path.stem in options.hold_out]
    photos = pictures.load([path for path in files if path.stem not in options.hold_out])
    if not photos:
        raise ReverieError("There is no picture to learn from: name folders with .jpg or .png files with --data.")
    where = devices.choose(options.device)
    teacher = registry.load("squeezenet1_0").to(where, devices.precision("auto", where))
    torch.manual_seed(options.seed)
    encoder = Encoder()
    if options.start is not None:
        _start(encoder, options.start)
    for module in (encoder.trunk, encoder.heads):
        module[: LAYERS.index(options.first)].requires_grad_(False)
    encoder.to(where, memory_format=torch.channels_last)  # type: ignore[call-overload]
    print(f"{len(photos)} pictures, {len(held_out)} held out, {_count(encoder) / 1e6:.2f} M parameters", flush=True)
    crops = pictures.Crops(photos, options.seed)
    scales = _scales(teacher, crops, options.size)
    _train(encoder, teacher, scales, crops, pictures.load(held_out), options)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of pictures")
    parser.add_argument("--hold-out", nargs="*", default=HELD_OUT, help="not learned from")
    parser.add_argument("--output", type=Path, required=True, help="a .safetensors file")
    parser.add_argument("--start", type=Path, help="begin with the parameters in this file, as far as they fit")
    parser.add_argument("--from", dest="first", choices=LAYERS, default=LAYERS[0], help="the first level that learns")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--steps", type=int, default=8000, help="length of the whole training")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=128, help="side of a crop, in pixels")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--own", type=int, default=16, help="the encoder paints a picture every so many steps")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def _start(encoder: Encoder, file: Path) -> None:
    """Takes over from a file what has the shape that it has here: a stage made anew does not undo the others."""
    own = encoder.state_dict()
    fitting = {name: value.float() for name, value in load_file(file).items() if own[name].shape == value.shape}
    encoder.load_state_dict(own | fitting)


def _count(encoder: Encoder) -> int:
    return sum(parameter.numel() for parameter in _learning(encoder))


def _learning(encoder: Encoder) -> list[torch.nn.Parameter]:
    return [parameter for parameter in encoder.parameters() if parameter.requires_grad]


def _own_picture(
    encoder: Encoder, teacher: Network, first: str, crops: pictures.Crops, random: np.random.Generator
) -> pictures.Photo:
    """A painting; or a dream, of the encoder or of the teacher, where only deeper levels learn."""
    if first == LAYERS[0]:
        return own_pictures.paint(_as_used(encoder, teacher), crops, random)
    if random.random() < _TEACHERS_DREAMS:
        return own_pictures.dream(teacher, TEACHER_LAYERS[-1], crops, random)
    return own_pictures.dream(_as_used(encoder, teacher), LAYERS[-1], crops, random)


def _train(
    encoder: Encoder,
    teacher: Network,
    scales: list[Tensor],
    crops: pictures.Crops,
    held_out: list[pictures.Photo],
    options: argparse.Namespace,
) -> None:
    optimizer = torch.optim.AdamW(_learning(encoder), lr=options.rate, weight_decay=0.01)
    state = options.output.with_suffix(".state")
    spent, step = _restore(encoder, optimizer, state) if state.exists() else (0.0, 0)
    crops.restart(options.seed + step)  # not once more the crops that the run before it was stopped began with
    random = np.random.default_rng(options.seed + step)
    running, reported = 0.0, time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("training", total=options.steps, completed=step)
        while step < options.steps:
            begun = time.monotonic()
            if step % options.own == options.own - 1 and step > _BEGINNER:
                crops.add(_own_picture(encoder, teacher, options.first, crops, random))
            for group in optimizer.param_groups:
                group["lr"] = options.rate * _schedule(step, options.steps)
            try:
                batch, ask = crops.batch(options.batch, options.size), slopes.lesson(len(LAYERS), random)
                loss = _step(encoder, teacher, scales, batch, ask, optimizer)
            except FloatingPointError as error:
                raise ReverieError(
                    f"The training diverged at step {step + 1}: {error}. The last good state is in “{state}”; run the "
                    f"same command with a lower --rate than {options.rate}."
                ) from error
            running += (loss - running) / min(step + 1, 50)
            spent, step = spent + time.monotonic() - begun, step + 1
            progress.update(task, completed=step, description=f"step {step}, loss {running:.3f}")
            if time.monotonic() - reported > _SECONDS_BETWEEN_STATES or step == options.steps:
                reported = time.monotonic()
                measured = evaluate(encoder, teacher, scales, held_out) if held_out else []
                measured += agreement(encoder, teacher, scales, held_out) if held_out else []
                _report(options.output.with_suffix(".csv"), step, spent, running, measured)
                _save(encoder, optimizer, options.output, state, spent, step)
    state.unlink(missing_ok=True)


def _restore(encoder: Encoder, optimizer: torch.optim.Optimizer, state: Path) -> tuple[float, int]:
    """Takes up a training where it was left; returns the seconds it has taken, and its steps."""
    try:
        saved = torch.load(state, weights_only=True)
        encoder.load_state_dict(saved["encoder"])
        optimizer.load_state_dict(saved["optimizer"])
        return saved["spent"], saved["step"]
    except Exception as error:  # torch raises whatever a damaged archive makes its parts raise
        raise ReverieError(
            f"The state of the training in “{state}” is damaged. Remove the file to begin anew."
        ) from error


def _as_used(encoder: Encoder, teacher: Network) -> Network:
    """The encoder as it is now, as the engine uses it."""
    return reverie.build(encoder.state_dict()).to(teacher.device, devices.precision("auto", teacher.device))


def _schedule(step: int, steps: int) -> float:
    """Share of the learning rate: a warm-up over 100 steps, then a cosine down to a fiftieth over all of them."""
    return min(1, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def _step(
    encoder: Encoder,
    teacher: Network,
    scales: list[Tensor],
    batch: Tensor,
    ask: slopes.Loss,
    optimizer: torch.optim.Optimizer,
) -> float:
    """Learns from a batch what the teacher sees, and which way it would change the crops for what is asked of them;
    returns the loss before. Raises FloatingPointError, and learns nothing, when it or its gradient is no number."""
    batch = batch.to(teacher.device).requires_grad_()
    targets = seen(teacher, scales, batch)
    predictions = predicted(encoder, batch)
    losses = [
        _unexplained(prediction.float(), target.detach().float())
        for prediction, target, head in zip(predictions, targets, encoder.heads, strict=True)
        if next(head.parameters()).requires_grad
    ]
    disagreement = slopes.disagreement(
        slopes.gradient(ask, [torch.relu(each) for each in predictions], batch, create_graph=True),
        slopes.gradient(ask, targets, batch),
    )
    loss = torch.stack(losses).mean() + _SLOPES * disagreement
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    steepness = float(torch.nn.utils.clip_grad_norm_(_learning(encoder), 1.0))
    value = float(loss.detach())
    if not (math.isfinite(value) and math.isfinite(steepness)):
        raise FloatingPointError(f"the loss is {value:.3g} and the norm of its gradient {steepness:.3g}")
    optimizer.step()
    return value


def _unexplained(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean squared error where the teacher is active; where it is silent, only a positive prediction is wrong, since
    the encoder in use is rectified. Each crop counts by how strong its features are: a few dreams would outshout all
    photos."""
    error = torch.where(target > 0, prediction - target, torch.nn.functional.leaky_relu(prediction, 0.05))
    each = (1, 2, 3)
    return (error.square().mean(each) / (_FAINT + target.square().mean(each))).mean()


def _scales(teacher: Network, crops: pictures.Crops, size: int) -> list[Tensor]:
    """The standard deviation of each of the teacher's channels, 1×C×1×1 a layer: what its features are divided by."""
    with torch.no_grad():
        features = teacher.features(crops.batch(96, size).to(teacher.device), TEACHER_LAYERS)
    result = []
    for layer in TEACHER_LAYERS:
        deviation = features[layer].float().std((0, 2, 3), keepdim=True)
        result.append(deviation.clamp_min(0.05 * float(deviation.mean())))
    return result


def _report(log: Path, step: int, spent: float, loss: float, measured: list[float]) -> None:
    row = [step, round(spent), round(loss, 4), *(round(value, 3) for value in measured)]
    print(*row, flush=True)
    with log.open("a", newline="") as file:
        if file.tell() == 0:
            csv.writer(file).writerow(["step", "seconds", "loss", *TEACHER_LAYERS, "style's slope", "dream's slope"])
        csv.writer(file).writerow(row)


def _save(
    encoder: Encoder, optimizer: torch.optim.Optimizer, output: Path, state: Path, spent: float, step: int
) -> None:
    """Writes the weights in use (float16) and the state to go on from, each complete or not at all. Raises
    ReverieError when there is no room; what was there before stays."""
    weights = {name: value.to("cpu", torch.float16).contiguous() for name, value in encoder.state_dict().items()}
    replace_with(output, lambda part: save_file(weights, part))
    contents = {"encoder": encoder.state_dict(), "optimizer": optimizer.state_dict(), "spent": spent, "step": step}
    keep(contents, state)


if __name__ == "__main__":
    devices.keep_freed_memory()
    try:
        main()
    except ReverieError as error:
        sys.exit(error.message)
    except KeyboardInterrupt:
        sys.exit(130)  # the same command goes on from the last state
