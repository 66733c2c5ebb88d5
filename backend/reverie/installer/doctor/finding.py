"""What the doctor finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of the report. `good` None means that there is nothing to judge (yet); `fix` says what to do."""

    name: str
    good: bool | None
    text: str
    fix: str = ""
