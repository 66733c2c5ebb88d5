"""How large what lies at an address is."""

from __future__ import annotations

import urllib.request

_ANSWER_SECONDS = 5.0


def of(address: str) -> int | None:
    """The bytes that lie there; None when it does not say."""
    try:
        asked = urllib.request.Request(address, method="HEAD")
        with urllib.request.urlopen(asked, timeout=_ANSWER_SECONDS) as answer:
            return int(answer.headers["Content-Length"])
    except (OSError, ValueError, TypeError):
        return None
