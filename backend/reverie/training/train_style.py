"""Learns a fast style from a picture: only its own few thousand numbers, on the network that comes with Reverie; or a
network of its own, which takes much longer and follows the picture more closely."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from reverie import device as devices
from reverie.engine import inputs
from reverie.errors import ReverieError, Sentence
from reverie.events import Warning_
from reverie.fast import styles
from reverie.fast.thumbnails import sample
from reverie.networks import registry
from reverie.pictures import images
from reverie.pictures.picture import Picture
from reverie.training import pictures
from reverie.training.perceptual import Perceptual, check_size
from reverie.training.style_training import Plan, Progress, Training

QUICK = Plan(steps=400, rate=5e-3)
WHOLE = Plan(steps=4000, rate=1e-3)
"""Found by looking: the quick way has hardly anything left to learn by then."""

_SAMPLE = 512  # pixels: longest side of a sample picture


@dataclass(frozen=True)
class Order:
    """What to learn: the `name` of the style, its `picture`, and what that is `called` in sentences. `photos` are
    folders of pictures to practise on; without any, made ones are used."""

    picture: Picture
    called: str
    name: str
    photos: Sequence[Path] = ()
    whole: bool = False
    plan: Plan = QUICK
    strength: float = 0.85
    network: str = "auto"
    device: str = "auto"

    def __post_init__(self) -> None:
        """Raises ReverieError for what can be seen to be wrong before anything is done."""
        if not 0 < self.strength <= 1:
            raise ReverieError("The strength must be more than 0 and at most 1.", "strength")
        check_size(self.picture.shape[1], self.picture.shape[0])


@dataclass(frozen=True)
class Sampled:
    """There is a sample picture in the file by now; it is painted anew whenever the style is kept."""

    file: Path


def file_for(name: str) -> Path:
    """The file of the style that is to be learnt, which may be unfinished. Raises ReverieError for a name that cannot
    be used."""
    styles.check_name(name)
    file = styles.file_of(name)
    return file if file.with_suffix(".state").exists() else styles.file_for_new(name)


def practice(order: Order) -> pictures.Crops:
    """What is painted while an order is carried out: crops of photos, or of pictures that are made, which takes a
    quarter of a minute. Raises ReverieError for a folder that has none."""
    return pictures.Crops(pictures.load(pictures.in_folders(order.photos)), order.plan.seed, altered=False)


def train(order: Order, crops: pictures.Crops, report: Callable[[Progress | Sampled | Warning_], None]) -> Path:
    """Carries out an order; returns the style's file. It is kept now and then, with a sample picture beside it,
    NAME.png; `report` hears of the first sample, or why there is none, and may raise Cancelled, after which the state
    is kept as well. What an order before left unfinished goes on.

    Raises ReverieError when the name cannot be used, the picture is too small, or the training diverges.
    """
    file = file_for(order.name)
    where = devices.choose(order.device)
    network = registry.default() if order.network == "auto" else order.network
    loss = Perceptual(registry.load(network).to(where, devices.precision("auto", where)), order.strength)
    loss.add_style(*_colors_and_opacity(order.picture, order.called, where))
    base = styles.base()
    student = copy.deepcopy(base).to(where)
    vectors = torch.cat([styles.load(name).vector for name in styles.bundled()]).mean(0, keepdim=True)
    training = Training(student, vectors.to(where), loss, crops, order.plan, whole=order.whole)
    told: Sampled | Warning_ | None = None

    def kept() -> None:
        nonlocal told
        outcome = _keep(order, training, file)
        if outcome != told:
            report(outcome)
        told = outcome

    digest = hashlib.sha256(order.picture.tobytes()).hexdigest()
    state = file.with_suffix(".state")
    what = f"{digest} {order.whole} {order.strength} {network} {styles.fingerprint(base)}"
    training.run(state, what, report, kept)
    state.unlink(missing_ok=True)
    return file


def _colors_and_opacity(picture: Picture, name: str, where: torch.device) -> tuple[torch.Tensor, torch.Tensor | None]:
    """1×3×H×W, and 1×1×H×W where the picture has transparency: what is transparent gives no style. Raises ReverieError
    for a picture that shows nothing."""
    opaque = inputs.opacity(picture, where)
    pixels = inputs.fill(inputs.colors(picture, where), opaque)
    inputs.check_look(pixels, opaque, name, "style")
    return pixels, opaque


def _keep(order: Order, training: Training, file: Path) -> Sampled | Warning_:
    """Writes the style as it is by now, and a sample of it, if that can be written."""
    network = training.network if order.whole else None
    styles.save(file, {order.name: training.vectors}, network)
    style = styles.FastStyle(order.name, training.network, training.vectors.detach())
    try:
        images.write(file.with_suffix(".png"), sample(style, _SAMPLE))
    except ReverieError as error:
        return Warning_(Sentence("There is no sample picture: {reason}", {"reason": error.message}))
    return Sampled(file.with_suffix(".png"))
