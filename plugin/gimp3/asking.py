"""Questions to the backend, asked in a thread: none may keep a dialog waiting. The answers come to the main thread.

No thread here touches GIMP or GTK.
"""

import threading

from gi.repository import GLib
from shared import launcher
from shared.client import BackendError
from shared.words import _


class Dropped(Exception):
    """Nobody waits for the answer any more."""


class Question:
    """Runs `task(client, tell)`: what it tells, dictionaries with a "type", is heard by `hear` on the main thread.

    Of its own it tells "starting", with the seconds, while a backend starts, and "failed", with a sentence. Once it is
    dropped, nothing is heard any more, and `tell` raises Dropped.
    """

    def __init__(self, task, hear):
        self._task, self._hear = task, hear
        self._gone = threading.Event()
        threading.Thread(target=self._carry_out, daemon=True).start()

    def drop(self):
        self._gone.set()

    @property
    def dropped(self):
        return self._gone.is_set()

    def _tell(self, event):
        if self._gone.is_set():
            raise Dropped
        GLib.idle_add(self._pass_on, event)

    def _pass_on(self, event):
        if not self._gone.is_set():
            self._hear(event)
        return GLib.SOURCE_REMOVE

    def _carry_out(self):
        try:
            client = launcher.connect(lambda seconds: self._tell({"type": "starting", "seconds": seconds}))
            self._task(client, self._tell)
        except Dropped:
            pass  # what it had open is closed, and the backend stops
        except BackendError as error:
            GLib.idle_add(self._pass_on, {"type": "failed", "message": str(error)})
        except Exception as error:  # whatever it is, nobody may be left waiting
            sentence = _("Reverie met an error of its own (%s: %s).") % (type(error).__name__, error)
            GLib.idle_add(self._pass_on, {"type": "failed", "message": sentence})
