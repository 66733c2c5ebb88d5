"""Trains the network of the fast styles that come with Reverie:
python -m reverie.training.train_base --data FOLDER … --styles PICTURE … --output FILE

It may be stopped at any time: the same command goes on from the last state, beside the output.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file

from reverie import device as devices
from reverie.errors import ReverieError
from reverie.fast import styles
from reverie.fast.network import Architecture, StyleNetwork, plain_style
from reverie.networks import registry
from reverie.pictures import images
from reverie.pictures.resize import to_tensor
from reverie.training import pictures
from reverie.training.perceptual import Perceptual
from reverie.training.style_training import Plan, Progress, Training


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    where = devices.choose(options.device)
    files = pictures.in_folders(options.data)
    photos = pictures.load([path for path in files if path.stem not in options.hold_out])
    teacher = registry.load(options.network).to(where, devices.precision("auto", where))
    loss = Perceptual(teacher, options.strength)
    for file in options.styles:
        loss.add_style(to_tensor(images.read(file)[..., :3], where))
    torch.manual_seed(options.seed)
    architecture = Architecture()
    network = StyleNetwork(architecture).to(where, memory_format=torch.channels_last)  # type: ignore[call-overload]
    vectors = plain_style(architecture).repeat(len(options.styles), 1).to(where)
    names = [file.stem for file in options.styles]
    if options.start is not None:
        _start(network, vectors, names, options.start)
    crops = pictures.Crops(photos, options.seed, altered=False, skies=options.skies)
    plan = Plan(options.steps, options.batch, options.size, options.rate, options.seed, options.steady, options.even)
    training = Training(network, vectors, loss, crops, plan, whole=True)
    print(f"{len(photos)} photos, {sum(p.numel() for p in network.parameters()) / 1e6:.2f} M parameters", flush=True)

    def told(progress: Progress) -> None:
        if progress.step % 25 == 0 or progress.step == progress.steps:
            print(progress.step, round(progress.loss, 4), f"{progress.seconds_left:.0f} s left", flush=True)
            with options.output.with_suffix(".csv").open("a") as log:
                log.write(("step,loss\n" if log.tell() == 0 else "") + f"{progress.step},{progress.loss:.4f}\n")

    def kept() -> None:
        vectors = torch.split(training.vectors.detach(), 1)
        styles.save(options.output, dict(zip(names, vectors, strict=True)), network)

    state = options.output.with_suffix(".state")
    training.run(state, f"{','.join(names)} {options.network} {options.strength}", told, kept)
    state.unlink(missing_ok=True)


def _start(network: StyleNetwork, vectors: torch.Tensor, names: list[str], file: Path) -> None:
    """Takes over the parameters, and the styles of the same names, from a file of an earlier training."""
    tensors = {name: value.float() for name, value in load_file(file).items()}
    network.load_state_dict(
        {name.removeprefix("network/"): value for name, value in tensors.items() if name.startswith("network/")}
    )
    for index, name in enumerate(names):
        if f"style/{name}" in tensors:
            vectors[index] = tensors[f"style/{name}"][0]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of photos")
    parser.add_argument("--hold-out", nargs="*", default=[f"kodak{n}" for n in range(19, 25)], help="not learned from")
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="pictures, each named as its style")
    parser.add_argument("--output", type=Path, required=True, help="a .safetensors file")
    parser.add_argument("--start", type=Path, help="begin with the parameters in this file, not with random ones")
    parser.add_argument("--network", default="squeezenet1_0", help="the network that judges the pictures")
    parser.add_argument("--strength", type=float, default=0.85)
    parser.add_argument("--steps", type=int, default=10000)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--size", type=int, default=256, help="side of a crop, in pixels")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--steady", type=float, default=0.0, help="weight of what does not move with the photo")
    parser.add_argument("--even", type=float, default=0.0, help="weight of patches that do not follow from the photo")
    parser.add_argument("--skies", type=int, default=0, help="made pictures of hardly anything, besides the 120 others")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    devices.keep_freed_memory()
    try:
        main()
    except ReverieError as error:
        sys.exit(error.message)
    except KeyboardInterrupt:
        sys.exit(130)  # the state is kept; the same command goes on
