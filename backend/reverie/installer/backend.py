"""Talks to a running backend, which its ready file tells about."""

from __future__ import annotations

import errno
import http.client
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from reverie.installer import Failure
from reverie.installer.console import say
from reverie.plugin.shared import launcher, places

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


def ask(address: dict[str, Any], method: str, path: str) -> dict[str, Any] | None:
    """The answer of a backend as JSON, {} when it has none; None when no backend answers there with success."""
    connection = http.client.HTTPConnection(address["host"], int(address["port"]), timeout=10)
    try:
        connection.request(method, path, headers={"Authorization": f"Bearer {address['token']}"})
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException):
        return None  # a ready file that a killed backend left behind
    finally:
        connection.close()
    if response.status >= 300:
        return None
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def stop() -> bool:
    """Ends a running backend and waits until its process is gone, also for one that is starting just now; False when
    none ran. Raises Failure when it does not end."""
    begun, told = time.monotonic(), False
    while (address := _shut_down()) is None:
        if not is_held():
            return False
        if not told:
            say("A backend is starting; it is ended as soon as it can be told so.")
            told = True
        _wait(begun, launcher.PATIENCE)
    begun = time.monotonic()
    # One of an earlier version holds no lock: it is gone when it does not answer any more.
    while is_held() or ask(address, "GET", "/v1/health") is not None:
        _wait(begun, END_SECONDS)
    return True


def _wait(begun: float, patience: float) -> None:
    """A moment. Raises Failure when that is over since the beginning."""
    if time.monotonic() - begun > patience:
        address = ready() or {}
        raise Failure(
            f"The backend that runs (process {address.get('pid', 'unknown')}) does not end. Close GIMP and end that "
            "process, then run the same command again."
        )
    time.sleep(0.1)


def _shut_down() -> dict[str, Any] | None:
    """Where the backend is that has taken the order to end; None when there is none that does."""
    address = ready()
    return address if address is not None and ask(address, "POST", "/v1/shutdown") is not None else None


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
