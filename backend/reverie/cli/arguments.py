"""The short forms in which the command line writes parts of a recipe."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any

from reverie.errors import ReverieError
from reverie.networks import classes

_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}


def style(text: str) -> dict[str, Any]:
    """`a.jpg`, `a.jpg:0.5` (a weight), `a.jpg@2` (a scale) or `a.jpg:0.5@2`; a name that exists as it stands is taken
    whole, colon or not."""
    if Path(text).exists():
        return {"image": text}
    found = re.fullmatch(r"(.+?)(?::([\d.]+))?(?:@([\d.]+))?", text)
    if not found:
        return {"image": text}
    result: dict[str, Any] = {"image": found[1]}
    for name, value in (("weight", found[2]), ("scale", found[3])):
        if value is not None:
            result[name] = _number(value, f"style.{name}", f"The {name} of “{found[1]}”")
    return result


def fast(text: str) -> dict[str, Any]:
    """`udnie` or `udnie:0.5`, a weight."""
    name, _, weight = text.rpartition(":")
    if not name:
        return {"name": text}
    return {"name": name, "weight": _number(weight, "fast.weight", f"The weight of the fast style “{name}”")}


def dream(text: str, layers: set[str]) -> dict[str, Any]:
    """What a dream is of: `auto`, a LAYER, LAYER:CHANNEL, LAYER:CHANNEL@X,Y, like:GUIDE.jpg, LAYER:like:GUIDE.jpg, or a
    class by name; with `=WEIGHT` behind it, unless that is part of the guide's name. `layers` are the names that count
    as layers. Raises ReverieError with the nearest of both for what is no class and nearly a layer."""
    guided = re.fullmatch(r"(?:([\w.]+):)?like:(.+)", text)
    if guided:
        return {**({"layer": guided[1]} if guided[1] else {}), **_guide(guided[2])}
    what, _, weight = text.rpartition("=")
    share = {"weight": _weight(weight, what)} if what else {}
    what = what or text
    if what == "auto":
        return share
    found = re.fullmatch(r"([\w.]+)(?::(\d+)(?:@([\d.]+),([\d.]+))?)?", what)
    if not found or (found[1] not in layers and found[2] is None):
        _check_is_no_layer_misspelt(what, layers)
        return {"class_name": what, **share}
    result: dict[str, Any] = {"layer": found[1], **share}
    if found[2] is not None:
        result["channel"] = int(found[2])
    if found[3] is not None:
        result["at"] = [_number(each, "dream.at", f"The place in “{what}”") for each in (found[3], found[4])]
    return result


def _guide(text: str) -> dict[str, Any]:
    """`a.jpg` or `a.jpg=0.5`, a weight; a name that exists as it stands is taken whole."""
    found = None if Path(text).exists() else re.fullmatch(r"(.+)=([\d.]+)", text)
    return {"guide": found[1], "weight": _weight(found[2], found[1])} if found else {"guide": text}


def _weight(text: str, dream: str) -> float:
    return _number(text, "dream.weight", f"The weight of “{dream}”")


def _check_is_no_layer_misspelt(what: str, layers: set[str]) -> None:
    near = difflib.get_close_matches(what, sorted(layers), 3, 0.7)
    if near and what.lower() not in map(str.lower, classes.names()):
        near += difflib.get_close_matches(what, classes.names(), 2, 0.7)
        raise ReverieError(
            f"“{what}” is neither a layer nor a class of ImageNet. Did you mean {' or '.join(near)}?", "dream"
        )


def seconds(text: str) -> float:
    """`20`, `20s`, `1.5m` or `1h`, in seconds. Raises ReverieError for anything else."""
    found = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*([a-z]*)", text.strip())
    if not found or found[2] not in _UNITS:
        raise ReverieError(f"“{text}” is no time; write 20s, 2m or 1h.", "budget")
    return float(found[1]) * _UNITS[found[2]]


def zoom(percent: float | None, count: int | None) -> float:
    """The factor of a zoom by `percent` a frame, 1 for none. Raises ReverieError for one that is none, and for a count
    of frames without it."""
    if percent is None and count is not None:
        raise ReverieError("Only a zoom has a --count of frames; give --zoom, too, or leave it out.", "count")
    if count is not None and count < 1:
        raise ReverieError("An animation has one frame at least; --count says how many.", "count")
    if percent is None:
        return 1.0
    if not 0 < percent <= 100:
        raise ReverieError(
            f"A zoom enlarges each frame by 0 to 100 per cent, such as 4, and not by {percent:g}.", "zoom"
        )
    return 1 + percent / 100


def span(text: str | None, count: int) -> range:
    """`0-63` or `12`, of the numbers below `count`; all of them for None. Raises ReverieError for others."""
    if text is None:
        return range(count)
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", text.strip())
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, count)
    if not first <= last < count:
        raise ReverieError(f"“{text}” are no channels here: there are 0 to {count - 1}; write 0-63 or 12.", "channels")
    return range(first, last + 1)


def _number(text: str, field: str, what: str) -> float:
    """`what` is what the number says, as a sentence begins."""
    try:
        return float(text)
    except ValueError:
        raise ReverieError(f"{what} must be a number such as 0.5, and is “{text}”.", field) from None
