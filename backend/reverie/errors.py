"""The one exception that is meant for a person's eyes, and sentences that can be translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sentence:
    """A sentence, or several, with what is filled in kept apart: `template` has `{name}` where `values` has that name.

    The plug-in's catalogues translate the templates (`plugin/catalogues.py` collects them), so that a person reads it
    in another language than English, which `str()` gives.
    """

    template: str
    values: Mapping[str, str | int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format(**self.values) if self.values else self.template

    def as_json(self) -> dict[str, object]:
        """As protocols tell it."""
        return {"message": str(self), "template": self.template, "values": dict(self.values)}


class ReverieError(Exception):
    """Something went wrong that a person can act on.

    `message` is one or more whole sentences: what happened, why, what to do; with `values`, it is the template of a
    Sentence. `field` names the recipe field that caused it (`"style.0.scale"`), where there is one. `exit_code` is what
    the command line ends with.
    """

    exit_code = 1

    def __init__(self, message: str, field: str | None = None, /, **values: str | int) -> None:
        self.sentence = Sentence(message, values)
        self.message = str(self.sentence)
        self.field = field
        super().__init__(self.message)
