"""The training of feed-forward styles: all of a network, or only the few thousand numbers of a style.

It may be stopped at any time and goes on from the last state, which is kept in one file that is complete or not there.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor

from reverie import device as devices
from reverie.engine import memory
from reverie.errors import ReverieError
from reverie.events import Cancelled
from reverie.fast.network import StyleNetwork
from reverie.training.patchiness import patchiness
from reverie.training.perceptual import Perceptual
from reverie.training.pictures import Crops
from reverie.training.state import keep

SECONDS_BETWEEN_STATES = 20.0
_REMEMBERED = 50  # steps over which the loss that is shown, and watched, is averaged
_DIVERGED = 4.0  # times the lowest such average
_SOUND = 1.5  # times the lowest: above, what was kept before is better, to go on from and to paint with
_FLAT = 1 / 255  # the deviation of a crop in which there is nothing to see


@dataclass(frozen=True)
class Plan:
    """How long and how fast. `size` is the side of the square crops that are painted, in pixels; `rate` is Adam's;
    `steady` is the weight of `_unsteadiness`, `even` that of `patchiness`."""

    steps: int
    batch: int = 4
    size: int = 256
    rate: float = 1e-3
    seed: int = 0
    steady: float = 0.0
    even: float = 0.0


@dataclass(frozen=True)
class Progress:
    """Where the training is; `loss` is a running mean, `seconds_left` an estimate."""

    step: int
    steps: int
    loss: float
    seconds_left: float


class Training:
    """Learns `vectors`, K×style_size, one for each style of `loss`; and all of the network, if `whole`."""

    def __init__(
        self, network: StyleNetwork, vectors: Tensor, loss: Perceptual, crops: Crops, plan: Plan, *, whole: bool
    ) -> None:
        self.network, self.vectors = network, vectors.clone().requires_grad_()
        self._loss, self._crops, self._plan, self._whole = loss, crops, plan, whole
        network.requires_grad_(whole)
        learnt = [self.vectors, *(network.parameters() if whole else [])]
        self._optimizer = torch.optim.Adam(learnt, plan.rate)
        self._random = torch.Generator().manual_seed(plan.seed)
        self.step, self._running, self._lowest = 0, 0.0, math.inf

    def run(
        self, state: Path, what: str, report: Callable[[Progress], None], kept: Callable[[], None] = lambda: None
    ) -> None:
        """Trains to the end of the plan, from the state in the file if there is one; `what` says what is trained, and
        a state of anything else is refused. `report` is called after each step, and may raise Cancelled; `kept`
        whenever a state was kept: now and then, and at the end. Only what is sound is kept.

        Raises ReverieError when the training diverges or its state cannot be kept; the last good state stays.
        """
        if state.exists():
            self._restore(state, what)
        else:
            self._keep(state, what)  # whatever happens from now on, the same command goes on
        begun, before, last = time.monotonic(), self.step, time.monotonic()
        for restart in (self._crops.restart, self._random.manual_seed):
            restart(self._plan.seed + self.step)  # not once more what the run before began with
        try:
            while self.step < self._plan.steps:
                self._learn(state)
                took = (time.monotonic() - begun) / (self.step - before)
                report(Progress(self.step, self._plan.steps, self._running, took * (self._plan.steps - self.step)))
                if time.monotonic() - last > SECONDS_BETWEEN_STATES and self._is_sound():
                    self._keep(state, what)
                    kept()
                    last = time.monotonic()
        except (KeyboardInterrupt, Cancelled):
            self._keep(state, what)
            raise
        except (RuntimeError, MemoryError) as error:
            if not memory.is_exhausted(error):
                raise
            raise ReverieError(
                "There is not enough memory for this training. Close other programs, or choose a smaller --batch.",
                "batch",
            ) from error
        self._keep(state, what)
        kept()

    def _learn(self, state: Path) -> None:
        plan = self._plan
        for group in self._optimizer.param_groups:
            group["lr"] = plan.rate * _schedule(self.step, plan.steps)
        where = self.vectors.device
        stride = self.network.architecture.stride
        styles = torch.randint(len(self.vectors), (plan.batch,), generator=self._random).tolist()
        if plan.steady:
            wide, (y, x) = self._photos(plan.size + stride), self._places(stride)
            photos = torch.cat([wide[:, :, :-stride, :-stride], wide[:, :, y : y + plan.size, x : x + plan.size]])
            styles *= 2
        else:
            photos = self._photos(plan.size)
        photos = photos.to(where, memory_format=torch.channels_last)
        precision = devices.precision("auto", where)
        with devices.autocast(where, precision):
            painted = self.network(photos, self.vectors[styles])
        unsteadiness = _unsteadiness(painted[: plan.batch], painted[plan.batch :], y, x) if plan.steady else 0.0
        # The strided convolutions of the network that judges see some places less than others; were they always the
        # same places of the painting network's own lattice, it would learn to hide a pattern there.
        top, left = self._places(stride)
        side = plan.size - stride
        painted, photos = (each[:, :, top : top + side, left : left + side] for each in (painted, photos))
        loss = self._loss(painted, photos, styles) + plan.steady * unsteadiness
        if plan.even:
            loss = loss + plan.even * patchiness(painted, photos)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        steepness = torch.nn.utils.clip_grad_norm_(self._learnt(), 1.0)
        self._watch(float(loss.detach()), float(steepness), state)
        self._optimizer.step()
        self.step += 1

    def _photos(self, size: int) -> Tensor:
        """A batch of crops, none of one colour alone: normalising by its deviation makes gradients without bound."""
        while True:
            photos = self._crops.batch(self._plan.batch, size)
            if float(photos.std((2, 3)).amax(1).amin()) > _FLAT:
                return photos

    def _places(self, stride: int) -> tuple[int, int]:
        """Rows and columns, each less than the stride, at random."""
        y, x = torch.randint(stride, (2,), generator=self._random).tolist()
        return y, x

    def _learnt(self) -> list[Tensor]:
        return [parameter for group in self._optimizer.param_groups for parameter in group["params"]]

    def _watch(self, value: float, steepness: float, state: Path) -> None:
        """Raises ReverieError when the loss or the norm of its gradient is no number, or the loss has risen far above
        what it was."""
        if math.isfinite(value) and math.isfinite(steepness):
            self._running += (value - self._running) / min(self.step + 1, _REMEMBERED)
            self._lowest = min(self._lowest, self._running)
            if self._running <= _DIVERGED * self._lowest:
                return
        self._give_up(f"the loss is {value:.3g}, and was {self._lowest:.3g}", state)

    def _is_sound(self) -> bool:
        return self._running <= _SOUND * self._lowest

    def _give_up(self, why: str, state: Path) -> NoReturn:
        raise ReverieError(
            f"The training diverged at step {self.step + 1}: {why}. The last good state is in “{state}”; give the same "
            f"command with a lower --rate than {self._plan.rate:g}.",
            "rate",
        )

    def _keep(self, state: Path, what: str) -> None:
        if not self._is_sound():
            self._give_up(f"the mean loss has risen to {self._running:.3g}, and was {self._lowest:.3g}", state)
        if not all(bool(value.isfinite().all()) for value in self._learnt()):
            self._give_up("what was learnt is no longer made of numbers", state)
        contents = {
            "what": what,
            "network": self.network.state_dict() if self._whole else {},
            "vectors": self.vectors.detach(),
            "optimizer": self._optimizer.state_dict(),
            "step": self.step,
            "running": self._running,
            "lowest": self._lowest,
        }
        keep(contents, state)

    def _restore(self, state: Path, what: str) -> None:
        try:
            saved = torch.load(state, weights_only=True, map_location=self.vectors.device)
            if saved["what"] == what:
                self._take_up(saved)
        except Exception as error:  # torch raises whatever a damaged archive makes its parts raise
            raise ReverieError(
                "The state of the training in “{state}” is damaged. Remove the file to begin anew.", state=str(state)
            ) from error
        if saved["what"] != what:
            raise ReverieError(
                "The unfinished training in “{state}” is of another style or network. Choose another name, or remove "
                "the file to begin anew.",
                "name",
                state=str(state),
            )

    def _take_up(self, saved: dict[str, Any]) -> None:
        if self._whole:
            self.network.load_state_dict(saved["network"])
        self.vectors.data.copy_(saved["vectors"])
        self._optimizer.load_state_dict(saved["optimizer"])
        self.step, self._running, self._lowest = saved["step"], saved["running"], saved["lowest"]


def _unsteadiness(painted: Tensor, moved: Tensor, y: int, x: int) -> Tensor:
    """How far paintings differ from those of the same photos `y` pixels further down and `x` to the right: by what the
    network's lattice, and not the photo, puts there. Borders have their own reasons to differ."""
    height, width = painted.shape[2:]
    edge = min(height, width) // 8
    difference = painted[:, :, y:, x:] - moved[:, :, : height - y, : width - x]
    return difference[:, :, edge:-edge, edge:-edge].abs().mean()


def _schedule(step: int, steps: int) -> float:
    """Share of the learning rate: a warm-up over 50 steps, then a cosine down to a fiftieth over all of them."""
    return min(1, (step + 1) / 50) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1, step / steps))))
