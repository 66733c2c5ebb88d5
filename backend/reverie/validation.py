"""What pydantic finds wrong with a document, in sentences of ours: its own cannot be translated."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from reverie.errors import ReverieError, Sentence

_NUMBER = Sentence("“{field}” must be a number, and is {value}.")
_WHOLE = Sentence("“{field}” must be a whole number, and is {value}.")
_YES_NO = Sentence("“{field}” must be true or false, and is {value}.")
_TEXT = Sentence("“{field}” must be a text, and is {value}.")
_LIST = Sentence("“{field}” must be a list, and is {value}.")
_OBJECT = Sentence("“{field}” must be an object with fields, and is {value}.")
_MISSING = Sentence("“{field}” is missing; say what it is to be.")
_OTHER = Sentence("“{field}” cannot be {value}.")  # pydantic may learn more types of errors

# pydantic's name of an error → our sentence. `{limit}` is the one value of the error's context that tells the range.
_SENTENCES = {
    "greater_than": Sentence("“{field}” must be greater than {limit}, and is {value}."),
    "greater_than_equal": Sentence("“{field}” must be at least {limit}, and is {value}."),
    "less_than": Sentence("“{field}” must be less than {limit}, and is {value}."),
    "less_than_equal": Sentence("“{field}” must be at most {limit}, and is {value}."),
    "finite_number": _NUMBER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "bool_type": _YES_NO,
    "bool_parsing": _YES_NO,
    "string_type": _TEXT,
    "string_unicode": Sentence(
        "“{field}” has characters that no text has: {value}. Rename the file, and name it anew."
    ),
    "string_too_short": Sentence("“{field}” must not be empty; leave it out, or say what it is to be."),
    "literal_error": Sentence("“{field}” must be one of {limit}, and is {value}."),
    "list_type": _LIST,
    "tuple_type": _LIST,
    "too_short": Sentence("“{field}” must be a list of {limit} or more, and is {value}."),
    "too_long": Sentence("“{field}” must be a list of {limit} at most, and is {value}."),
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "missing": _MISSING,
    "extra_forbidden": Sentence("There is no field “{field}”. `reverie schema` lists those of a recipe."),
}
_LIMITS = ("gt", "ge", "lt", "le", "expected", "min_length", "max_length")


def explained(error: Mapping[str, Any]) -> ReverieError:
    """An entry of `ValidationError.errors()` as an error that names the field and what it may hold.

    A validator of ours raises `ValueError(contradiction)` with a ReverieError, which is passed on, its field within
    the one that was validated.
    """
    # FastAPI's errors begin with where the field was.
    field = ".".join(str(part) for part in error["loc"] if part not in ("body", "query", "path"))
    cause = error.get("ctx", {}).get("error")
    if error["type"] == "value_error" and isinstance(cause, ValueError) and isinstance(cause.args[0], ReverieError):
        own = cause.args[0]
        return ReverieError(own.sentence.template, field or own.field, **own.sentence.values)
    if error["type"] == "json_invalid":
        return ReverieError("This is not valid JSON ({reason}).", reason=str(cause))
    if not field:
        return ReverieError('A JSON object is needed, such as the recipe {"style": "starry.jpg"}.')
    sentence = _SENTENCES.get(error["type"], _OTHER)
    values = {"field": field, "value": _shown(error["input"]), "limit": _limit(error.get("ctx", {}))}
    # Only what the sentence says: whoever translates it gets no more either.
    said = {name: value for name, value in values.items() if f"{{{name}}}" in sentence.template}
    return ReverieError(sentence.template, field, **said)


def _limit(context: Mapping[str, Any]) -> str:
    """The limit that an error's context tells, without English words: `'a', 'b' or 'c'` is `a, b, c`."""
    limit = next((context[name] for name in _LIMITS if name in context), "")
    if isinstance(limit, str):
        return ", ".join(re.findall("'([^']*)'", limit))
    return f"{limit:.16g}" if isinstance(limit, float) else str(limit)


def _shown(value: object) -> str:
    """What was given, as JSON has it, and no longer than a sentence bears."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)  # 99 and not 99.0, as the limits are told
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):  # no JSON: given by a program
        text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
