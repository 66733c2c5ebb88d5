"""Talks to a running backend, which its ready file tells about."""

from __future__ import annotations

import http.client
import json
import time
from pathlib import Path
from typing import Any

from reverie.installer.console import say
from reverie.plugin.shared import launcher, places


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
    """Ends a running backend and waits for it, also for one that is starting just now; False when none ran."""
    told = False
    while (address := _shut_down()) is None:
        if not _is_fresh(Path(places.lock_file())):
            return False
        if not told:
            say("A backend is starting; it is ended as soon as it can be told so.")
            told = True
        time.sleep(0.2)
    for _ in range(100):
        if ask(address, "GET", "/v1/health") is None:
            break
        time.sleep(0.1)
    return True


def _shut_down() -> dict[str, Any] | None:
    """Where the backend is that has taken the order to end; None when there is none that does."""
    address = ready()
    return address if address is not None and ask(address, "POST", "/v1/shutdown") is not None else None


def _is_fresh(lock: Path) -> bool:
    """Does somebody hold the lock for starting a backend? An old one was left behind."""
    try:
        return time.time() - lock.stat().st_mtime < float(launcher.PATIENCE)
    except FileNotFoundError:
        return False
