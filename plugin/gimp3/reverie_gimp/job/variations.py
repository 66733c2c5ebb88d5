"""What a painter may like as well: settings a step away from those that are set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from shared.filters import STYLE
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.gimp.arguments import COLORS, PARAMETRISATIONS
from reverie_gimp.job import styles

if TYPE_CHECKING:
    from gi.repository import Gimp

_STROKES = 1.6  # how much larger, or finer
_STRONGER, _GENTLER = 0.15, 0.3  # of the strength; more than usual is little
_SHAPES = {"large": 8, "fine": 2}  # octaves
_SEED = 2**31 - 1  # the largest
_GOLDEN = (5**0.5 - 1) / 2  # whose multiples, without their whole part, lie apart and are never the same again


class Variation(NamedTuple):
    """What it is called, and the arguments that differ, by their names."""

    title: str
    changes: dict[str, Any]


def of(filter_name: str, config: Gimp.ProcedureConfig) -> list[Variation]:
    """The variations of what is set, none of which is what is set. Raises Refusal for an argument that is none."""
    return (_of_style if filter_name == STYLE else _of_dream)(config)


def another(filter_name: str, config: Gimp.ProcedureConfig) -> None:
    """Sets what makes another picture of the same kind: the next seed, and other strokes. Raises Refusal where there is
    none."""
    seed = config.get_property("seed")
    if filter_name == STYLE:
        if _is_fast(config):
            raise Refusal(
                _("A fast style always paints the same picture of a layer. Edit it, and choose another style.")
            )
        scale, times = config.get_property("style-scale"), _size(max(0, seed) + 1) / _size(max(0, seed))
        if _within(config, "style-scale", scale * times) != scale * times:
            times = 1 / times
        config.set_property("style-scale", round(scale * times, 3))
    if seed >= 0:  # else each picture has another
        config.set_property("seed", _next(seed))


def _size(seed: int) -> float:
    """Of strokes, from 0.7 to 1.4, by a seed. The seed alone hardly changes a painting, and nothing of one that is made
    in one pass."""
    return 2 ** ((seed * _GOLDEN + 0.5) % 1 - 0.5)


def _of_style(config: Gimp.ProcedureConfig) -> list[Variation]:
    found = []
    if not _is_fast(config):
        scale = config.get_property("style-scale")
        found += [(_("Larger strokes"), "style-scale", scale * _STROKES)]
        found += [(_("Finer strokes"), "style-scale", scale / _STROKES)]
    found += _strengths(config, "strength")
    color = config.get_property("color")
    found += [(label, "color", name) for name, (label, _help) in COLORS.items() if name != color]
    return _different(config, found)


def _of_dream(config: Gimp.ProcedureConfig) -> list[Variation]:
    found = [
        (_("Large shapes"), "octaves", _SHAPES["large"]),
        (_("Fine detail"), "octaves", _SHAPES["fine"]),
        *_strengths(config, "dream-strength"),
    ]
    chosen, seed = config.get_property("parametrisation"), config.get_property("seed")
    found += [(label, "parametrisation", name) for name, (label, _help) in PARAMETRISATIONS.items() if name != chosen]
    found += [(_("Another start"), "seed", _next(max(0, seed)))]
    return _different(config, found)


def _strengths(config: Gimp.ProcedureConfig, name: str) -> list[tuple[str, str, Any]]:
    strength = config.get_property(name)
    found = [(_("Stronger"), name, round(strength + _STRONGER, 2))]
    if strength > _GENTLER:  # of none there is nothing to see
        found.append((_("Gentler"), name, round(strength - _GENTLER, 2)))
    return found


def _different(config: Gimp.ProcedureConfig, found: list[tuple[str, str, Any]]) -> list[Variation]:
    """Those that an argument can be, and is not."""
    variations = []
    for title, name, value in found:
        value = _within(config, name, value)
        if value != config.get_property(name):
            variations.append(Variation(title, {name: value}))
    return variations


def _within(config: Gimp.ProcedureConfig, name: str, value: Any) -> Any:
    spec = config.find_property(name)
    return value if isinstance(value, str) else min(max(value, spec.minimum), spec.maximum)


def _next(seed: int) -> int:
    return seed + 1 if seed < _SEED else 0


def _is_fast(config: Gimp.ProcedureConfig) -> bool:
    """Whether fast styles alone are chosen: they have strokes of one size."""
    return {each.kind for each in styles.read(config)} == {"fast"}
