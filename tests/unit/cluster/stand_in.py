"""A stand-in for Ray in this process, which does what is scripted: workers that die, do not start, or differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import reverie
from ray import exceptions
from reverie.cluster.worker import Finished
from reverie.recipe import MadeWith


class Died(exceptions.RayActorError):
    """The worker is gone."""


class BrokenOff(Exception):
    """The worker is gone, and what it said just ends."""


class Worker:
    """Carries work out when it is waited for. What the script says of its number, from 0, is how it introduces itself:
    a reason not to start, or fields of MadeWith that are otherwise."""

    def __init__(self, ray: Ray, number: int) -> None:
        self._ray, self._number = ray, number
        self.introduce, self.carry_out = _Method(self._introduced), _Method(self._begun)

    def _introduced(self) -> Reference:
        said = self._ray.script.get(self._number, {})
        usual = {
            "device": "cpu", "processor": "a", "threads": 1, "precision": "float32", "tile": None, "room": None,
            "reverie": reverie.__version__, "torch": "2",
        }  # fmt: skip
        return Reference(said if isinstance(said, Exception) else MadeWith(**{**usual, **said}))

    def _begun(self, work: Callable, task: object) -> Generator:
        self._ray.under_way += 1
        self._ray.most = max(self._ray.most, self._ray.under_way)
        return Generator(self._ray, work("common", task, lambda event: None))


class _Method:
    def __init__(self, call: Callable) -> None:
        self.remote = call

    def options(self, **_: object) -> _Method:
        return self


class Reference:
    def __init__(self, value: object) -> None:
        self.value = value


class Generator:
    def __init__(self, ray: Ray, parts: Iterator) -> None:
        self._ray, self._parts, self._said = ray, parts, False

    def __next__(self) -> Reference:
        try:
            return Reference(next(self._parts))
        except StopIteration:
            if self._said:
                raise
            self._ray.under_way -= 1
            self._said = True
            return Reference(Finished())
        except BrokenOff:
            self._ray.under_way -= 1
            raise StopIteration from None
        except exceptions.RayError as error:
            self._ray.under_way -= 1
            return Reference(error)


class Ray:
    """What a pool asks of the module `ray`; `killed` and `started` count workers."""

    def __init__(self, script: dict[int, Exception | dict] | None = None) -> None:
        self.script = script or {}
        self.started = self.killed = self.under_way = self.most = 0
        self.is_shut_down, self._waited = False, 0

    def remote(self, _: type) -> _Method:
        def start(*_: object) -> Worker:
            self.started += 1
            return Worker(self, self.started - 1)

        return _Method(start)

    def put(self, value: object) -> Reference:
        return Reference(value)

    def get(self, reference: Reference) -> object:
        if isinstance(reference.value, exceptions.RayError):
            raise reference.value
        return reference.value

    def wait(self, each: list, **_: object) -> tuple[list, list]:
        assert each, "nothing to wait for"
        self._waited += 1
        ready = each[self._waited % len(each)]
        return [ready], [other for other in each if other is not ready]

    def kill(self, _: Worker) -> None:
        self.killed += 1

    def shutdown(self) -> None:
        self.is_shut_down = True
