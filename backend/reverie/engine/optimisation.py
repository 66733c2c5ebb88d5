"""The loop over scales, coarse to fine, with the picture in hand at every moment: time, memory, events and previews.
What is minimised at a scale, and how, is the method's."""

from __future__ import annotations

import functools
from dataclasses import replace

import torch
from torch import Tensor

from reverie import device as devices
from reverie.engine import planning, sizes
from reverie.engine.balance import ITERATIONS
from reverie.engine.method import Method
from reverie.engine.progress import Reporter
from reverie.engine.pyramid import Scale
from reverie.engine.workspace import Workspace
from reverie.errors import ReverieError
from reverie.events import Started, Warning_
from reverie.run import Run


class Optimisation:
    """Carries out a job by a method."""

    def __init__(self, method: Method, workspace: Workspace, run: Run) -> None:
        self._method, self._workspace, self._run = method, workspace, run
        self._finish = False

    def paint(self) -> Tensor:
        """The optimised picture, 1×3×H×W, at the finest scale that was reached."""
        workspace, run = self._workspace, self._run
        self._method.prepare(workspace, run)
        plan = self._plan()
        self._reporter = Reporter(run, plan)
        run.report(Started(workspace.placement.device.type, workspace.network.name, self._reporter.iterations))
        for sentence in sizes.enlarged_styles(workspace.inputs, max(plan[-1].width, plan[-1].height)):
            run.report(Warning_(sentence))
        picture = self._with_room(plan[0], None)
        for scale in plan[1:]:
            if self._finish:
                break
            picture = self._with_room(scale, picture)
        return picture

    def _with_room(self, scale: Scale, before: Tensor | None) -> Tensor:
        """The picture at a scale, with what memory there is."""
        self._run.check_stop()
        attempt = functools.partial(self._at_scale, scale, before, self._reporter.count)
        return self._workspace.with_room(max(scale.width, scale.height), attempt)

    def _plan(self) -> list[Scale]:
        workspace = self._workspace
        if self._run.clock.budget is not None:
            return planning.plan_in_time(self._method, workspace, self._run)
        height, width = workspace.inputs.source.shape[2:]
        return planning.plan(workspace.job, width, height, workspace.inputs.init is not None, workspace.can_be_seen)

    def _at_scale(self, scale: Scale, before: Tensor | None, done: tuple[int, float]) -> Tensor:
        """The picture at a scale, given the one `before`. `done` counts what came before it: a failed try does not
        count."""
        self._reporter.count = done
        method, run, clock = self._method, self._run, self._run.clock
        devices.give_memory_back()  # what was kept for smaller pictures is of no use for a larger one
        scene = self._workspace.scene(scale.width, scale.height, method.margin)
        here = before.to(scene.canvas.content.device) if before is not None else None
        x = method.start(scene, here).clamp(0, 1).contiguous().clone()
        objective, balance = method.objective(scene, x, run)
        devices.keep_freed_memory(scene.tile is None)
        optimizer = method.optimizer(scene)
        begun, count, took, done_here = clock.elapsed, 0, 0.0, 0.0
        while self._goes_on(scale, count, took):
            changed = self._change()
            if changed:
                earlier, scene = scene, replace(scene, job=self._workspace.job, inputs=self._workspace.inputs)
                x = method.follow(x, earlier, scene)
                objective, balance = method.objective(scene, x, run)
                optimizer = method.optimizer(scene)  # the old one goes on from the picture as it was
            if balance is not None and (changed or count % ITERATIONS == 0):
                balance.update(x)
                optimizer.objective_changed()
            left = self._reporter.begun + (scale.deadline or 0.0) - clock.elapsed
            share = scale.share(self._reporter.iterations, count, done_here, left, took)
            done_here += share
            loss = method.step(x, objective, optimizer, scene, share)
            count += 1
            took = (clock.elapsed - begun) / count
            self._reporter.tell(scene.canvas.cut(x), loss, scale)
            run.check_stop()
        result = optimizer.result(x)
        if not bool(torch.isfinite(result).all()):
            raise ReverieError(
                "The optimisation diverged: the picture is no longer made of numbers. Use precision “float32”, or the "
                "optimizer “adam”.",
                "precision",
            )
        return scene.canvas.cut(result).contiguous()

    def _goes_on(self, scale: Scale, count: int, took: float) -> bool:
        if self._finish or (scale.deadline is None and count >= scale.iterations):
            return False
        # To the nearest iteration; each scale has one at least, but not one that begins too late.
        due = self._reporter.begun + (scale.deadline or 0.0)
        return scale.deadline is None or count == 0 or self._run.clock.elapsed + took / 2 < due

    def _change(self) -> bool:
        """Takes up what the person who watches has changed meanwhile, and says whether the objective is another."""
        wish = self._run.adjust()
        if wish is None:
            return False
        self._finish = self._finish or wish.finish
        job = self._workspace.job
        recipe = wish.applied(job.recipe)
        if recipe == job.recipe:
            return False
        self._workspace.change(job.changed(recipe))
        return True
