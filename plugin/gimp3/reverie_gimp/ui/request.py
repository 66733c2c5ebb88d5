"""Requests to the backend, in a thread: none may keep a dialog waiting. The answers come to the main thread.

No thread here touches GIMP or GTK.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from gi.repository import GLib
from shared import faults, launcher
from shared.client import BackendError, Client

Task = Callable[[Client, Callable[[dict[str, Any]], None]], None]  # what a thread does, and how it tells of it


class Dropped(Exception):
    """Nobody waits for the answer any more."""


class Request:
    """Runs `task(client, tell)`: what it tells, dictionaries with a "type", is heard by `hear` on the main thread.

    Of its own it tells "starting", with the seconds, while a backend starts, and "failed", with a sentence. Once it is
    dropped, nothing is heard any more, and `tell` raises Dropped.
    """

    def __init__(self, task: Task, hear: Callable[[dict[str, Any]], None]) -> None:
        self._task, self._hear = task, hear
        self._gone = threading.Event()
        threading.Thread(target=self._carry_out, daemon=True).start()

    def drop(self) -> None:
        self._gone.set()

    @property
    def dropped(self) -> bool:
        return self._gone.is_set()

    def _tell(self, event: dict[str, Any]) -> None:
        if self._gone.is_set():
            raise Dropped
        GLib.idle_add(self._pass_on, event)

    def _pass_on(self, event: dict[str, Any]) -> bool:
        if not self._gone.is_set():
            self._hear(event)
        return GLib.SOURCE_REMOVE

    def _carry_out(self) -> None:
        try:
            client = launcher.connect(lambda seconds: self._tell({"type": "starting", "seconds": seconds}))
            self._task(client, self._tell)
        except Dropped:
            pass  # what it had open is closed, and the backend stops
        except BackendError as error:
            GLib.idle_add(self._pass_on, {"type": "failed", "message": str(error)})
        except Exception as error:  # whatever it is, nobody may be left waiting
            GLib.idle_add(self._pass_on, {"type": "failed", "message": faults.told(error)})
