"""What the loop over scales asks of a method."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from reverie.engine.balance import Balance
from reverie.engine.inputs import Inputs
from reverie.engine.objective import Objective
from reverie.engine.scene import Scene
from reverie.engine.workspace import Workspace
from reverie.run import Run


class Optimizer(Protocol):
    def step(self, x: Tensor, gradient: Tensor) -> None:
        """Moves x, 1×3×H×W, in place, given the gradient of the loss there."""

    def objective_changed(self) -> None:
        """Is told that the next gradient is that of another function."""

    def result(self, x: Tensor) -> Tensor:
        """The picture to keep."""


class Method(Protocol):
    """Style transfer, or deep dream: how a scale begins, what its objective is, and how to step."""

    @property
    def margin(self) -> int:
        """Pixels by which the picture is continued on every side while it is painted."""

    def prepare(self, workspace: Workspace, run: Run) -> None:
        """Measures, once a job, what weights are measured in."""

    def start(self, scene: Scene, before: Tensor | None) -> Tensor:
        """The picture on the canvas that a scale starts from, given the result of the scale before, 1×3×h×w."""

    def follow(self, x: Tensor, earlier: Scene, scene: Scene) -> Tensor:
        """The picture x on the canvas of a scene, after the recipe has been changed to that of another."""
        ...

    def objective(self, scene: Scene, x: Tensor, run: Run) -> tuple[Objective, Balance | None]:
        """What is minimised at a scale from a picture x on the canvas on, and what keeps its parts in proportion."""

    def optimizer(self, scene: Scene) -> Optimizer:
        """What minimises it, one for each scale."""

    def step(self, x: Tensor, objective: Objective, optimizer: Optimizer, scene: Scene, share: float) -> Tensor:
        """One iteration, in place; the loss before it. `share` is the iteration's part of all the job's."""

    def enlarge(self, painted: Tensor, inputs: Inputs) -> Tensor:
        """The painted picture, 1×3×h×w, at the size of the source."""
