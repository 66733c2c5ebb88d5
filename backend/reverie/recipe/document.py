"""A part of a recipe: a model of pydantic whose fields also say where they would be ignored and which name pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

from reverie.errors import ReverieError, Sentence


class Document(BaseModel):
    """Unknown fields are errors, not silently ignored: a misspelt option must not pass as the default."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)


def picture(*words: str) -> JsonDict:
    """For a field's `json_schema_extra`: it names a picture, or is one of these words, which name none."""
    return {"x-picture": list(words)}


def unused(*cases: str) -> JsonDict:
    """For a field's `json_schema_extra`: in these cases of a recipe it would be ignored, and is refused if it says
    anything but its default."""
    return {"x-unused": list(cases)}


def contradiction(sentence: Sentence, field: str | None = None) -> ValueError:
    """What a validator raises, so that pydantic passes the sentence on; see `reverie.validation.explained`."""
    return ValueError(ReverieError(sentence.template, field, **sentence.values))


def references(part: Document, place: str = "") -> Iterator[tuple[str, str]]:
    """Every mention of a picture in a part: the field, as errors name it from `place` on, and the reference."""
    for name, field in type(part).model_fields.items():
        value, here = getattr(part, name), f"{place}{name}"
        words = _extra(field).get("x-picture")
        if words is not None:
            if value is not None and value not in words:
                yield here, value
        elif isinstance(value, Document):
            yield from references(value, f"{here}.")
        elif isinstance(value, list):
            for index, entry in enumerate(value):
                if isinstance(entry, Document):
                    yield from references(entry, f"{here}.{index}.")


def wishes(part: Document, case: str) -> Iterator[str]:
    """The fields that would be ignored in a case, and say something else than their defaults."""
    for name, field in type(part).model_fields.items():
        is_default = getattr(part, name) == field.get_default(call_default_factory=True)
        if not is_default and case in _extra(field).get("x-unused", ()):
            yield name


def _extra(field: FieldInfo) -> dict[str, Any]:
    """What `picture` and `unused` say of a field."""
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
