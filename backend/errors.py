"""The one exception that is meant for a person's eyes."""

from __future__ import annotations


class ReverieError(Exception):
    """Something went wrong that a person can act on.

    `message` is one or more whole sentences: what happened, why, what to do. `field` names the recipe field that
    caused it (`"style.0.scale"`), where there is one.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
