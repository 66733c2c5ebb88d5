"""Talks to a running backend, which its ready file tells about."""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from reverie.installer import Failure
from reverie.installer.console import say, waiting
from reverie.plugin.shared import PROTOCOL, launcher, places
from reverie.plugin.shared.client import BackendError, Client

END_SECONDS = 30.0  # for a running job, and what it holds, to end


def ready(path: Path | None = None) -> dict[str, Any] | None:
    """What the ready file says (host, port, token, pid); None when there is none."""
    try:
        found = json.loads((path or Path(places.ready_file())).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    types = {"host": str, "port": int, "token": str}
    fits = isinstance(found, dict) and all(isinstance(found.get(name), kind) for name, kind in types.items())
    return found if fits else None


def health(address: dict[str, Any]) -> dict[str, Any] | None:
    """What the backend there says of itself; None when none answers, or one that does not know the token."""
    try:
        told: dict[str, Any] = _client(address).health(timeout=10)
    except BackendError:
        return None  # a ready file that a killed backend left behind
    return told if told["proved"] else None


def _client(address: dict[str, Any]) -> Any:
    return Client(address["host"], address["port"], address["token"])


def stop() -> bool:
    """Ends a running backend and waits until its process is gone, also for one that is starting just now; False when
    none ran. Raises Failure when it does not end."""
    with waiting("Ending the running backend"):
        return _stop()


def _stop() -> bool:
    begun, told = time.monotonic(), False
    while not _shut_down():
        if not is_held():
            return False
        if (ready() or {}).get("protocol", PROTOCOL) != PROTOCOL:
            raise _endless("is of an earlier version and cannot be told to end")
        if not told:
            say("A backend is starting; it is ended as soon as it can be told so.")
            told = True
        _wait(begun, launcher.PATIENCE)
    begun = time.monotonic()
    while is_held():  # as long as the process lives
        _wait(begun, END_SECONDS)
    return True


def _wait(begun: float, patience: float) -> None:
    """A moment. Raises Failure when that is over since the beginning."""
    if time.monotonic() - begun > patience:
        raise _endless("does not end")
    time.sleep(0.1)


def _endless(fault: str) -> Failure:
    number = (ready() or {}).get("pid", "unknown")
    return Failure(
        f"The backend that runs (process {number}) {fault}. Close GIMP and end that process, then run the same command "
        "again."
    )


def _shut_down() -> bool:
    """Has the backend taken the order to end? False when there is none that does."""
    address = ready()
    if address is None:
        return False
    try:
        _client(address).shut_down()
    except BackendError:
        return False
    return True


def is_held() -> bool:
    """Does a backend live that has the ready file, or will have it? As `filelock` asks, of which the installer, which
    may run before anything is installed, knows nothing."""
    try:
        descriptor = os.open(places.lock_file(places.ready_file()), os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return True
        raise
    finally:
        os.close(descriptor)
    return False
