"""Talks to a running backend, which its ready file tells about."""

from __future__ import annotations

import http.client
import json
import time
from pathlib import Path
from typing import Any

from plugin.shared import places


def ready(path: Path | None = None) -> dict[str, Any] | None:
    """What the ready file says (host, port, token, pid); None when there is none."""
    try:
        found = json.loads((path or Path(places.ready_file())).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {"host", "port", "token"} <= found.keys() else None


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
    """Ends a running backend and waits for it; False when none ran."""
    address = ready()
    if address is None or ask(address, "POST", "/v1/shutdown") is None:
        return False
    for _ in range(100):
        if ask(address, "GET", "/v1/health") is None:
            break
        time.sleep(0.1)
    return True
