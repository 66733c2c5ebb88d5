"""A job: a recipe in which nothing is left open. What a recipe leaves open is decided, and what it asks for is checked,
before any heavy work starts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reverie import device as devices
from reverie.errors import ReverieError
from reverie.fast import styles, stylise
from reverie.networks import classes, registry
from reverie.networks.network import BEFORE_LOGITS
from reverie.networks.spec import Spec
from reverie.pictures.resize import fit
from reverie.recipe import Dream, Recipe

_ONE_PASS = 1.2  # how many times larger than what is optimised a picture in one pass is composed
MOST_IN_ONE_PASS = 1536  # pixels: the longest side at most, for the memory that all places of both pictures take

# What each “detail” does to the longest side that suits the device (None: it is the picture's own), and how many
# iterations it has.
_DETAILS = {"sketch": (0.5, 80), "usual": (1.0, 160), "fine": (1.5, 240), "best": (None, 320)}
_LARGEST = 16384  # pixels

_FINER_SIZE, _FINER_ITERATIONS = 1.5, {"sketch": 32, "usual": 64, "fine": 96, "best": 240}
"""How many times larger a picture in styles is composed with a network that is blind to the finest pixels, and its
iterations. What such a network makes stronger is as fine as it can see, dots a few pixels apart; composed larger, they
are finer than anyone looks for, and fewer iterations pay for it (docs/judging.md)."""

_FINER, _LARGEST_FINER = 2**0.5, 1920
"""How many times larger than it is a picture is composed at most by such a network, and pixels up to which a longest
side is made larger: what is composed then stays small enough for L-BFGS."""


@dataclass(frozen=True)
class DreamTarget:
    """What a dream is of: all of a layer, one channel of it, or the neuron of that channel which looks at a place (x
    and y from 0 to 1); or, in a layer, what a guide picture has there. The channels of “logits” are classes."""

    layer: str
    weight: float
    channel: int | None = None
    at: tuple[float, float] | None = None
    guide: str | None = None


@dataclass(frozen=True)
class Job:
    """A resolved recipe. `recipe` is what is recorded with the result: with names and numbers for what it left open.

    `longest` is the longest side to compute at, in pixels, where the picture has as many, or can be enlarged to them;
    `iterations` are those without a budget; the layers are empty where nothing is compared in them.
    """

    recipe: Recipe
    network: str
    longest: int
    iterations: int
    content_layers: tuple[str, ...]
    style_layers: tuple[str, ...]
    dreams: tuple[DreamTarget, ...]

    @property
    def layers(self) -> list[str]:
        """All layers that the network has to compute."""
        dreamt = [BEFORE_LOGITS if dream.layer == "logits" else dream.layer for dream in self.dreams]
        return sorted({*dreamt, *self.content_layers, *self.style_layers})

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height at which a picture of width×height is computed."""
        most = own = max(width, height)
        if _is_finer(self.recipe, self.network):
            most = size_for(own)
        return fit(width, height, min(self.longest, most))

    def changed(self, recipe: Recipe) -> Job:
        """The job of a recipe with other strengths and weights."""
        dreams = [replace(dream, weight=own.weight) for dream, own in zip(self.dreams, recipe.dream, strict=True)]
        return replace(self, recipe=recipe, dreams=tuple(dreams))


def resolve(recipe: Recipe, device: str) -> Job:
    """The job of a recipe on a device, "auto" or by its name.

    Raises ReverieError for a network, layer, channel, class, fast style or device that there is not.
    """
    network = _network(recipe)
    spec = registry.spec(network)
    registry.check_pooling(network, recipe.pooling)
    if recipe.fast:
        stylise.blend([(styles.load(use.name, f"fast.{i}.name"), use.weight) for i, use in enumerate(recipe.fast)])
    content = registry.check_layers(network, recipe.content_layers, "content_layers") or list(spec.defaults.content)
    style = registry.check_layers(network, recipe.style_layers, "style_layers") or list(spec.defaults.style)
    dreams = [_name(dream, index, spec) for index, dream in enumerate(recipe.dream)]
    if any(_is_open(dream) for dream in dreams):
        layer = _layer_for_dreams(spec, content, style, bool(recipe.style))
        # A network whose layers are all in use: the dream takes its own out of the style's.
        style = [each for each in style if each != layer] if recipe.style_layers is None else style
        dreams = [dream.model_copy(update={"layer": layer}) if _is_open(dream) else dream for dream in dreams]
    if recipe.method != "optimise" or not recipe.style:
        content, style = [], []  # nothing is compared in them
    longest, count = recipe.size or _size(recipe, network, device), iterations(recipe)
    if recipe.method == "instant":
        longest = min(longest, MOST_IN_ONE_PASS)
    found = {
        "network": network,
        "size": longest,
        "iterations": count if recipe.budget is None else None,
        "content_layers": content or None,
        "style_layers": style or None,
        "dream": dreams,
    }
    targets = tuple(_target(dream) for dream in dreams)
    return Job(recipe.model_copy(update=found), network, longest, count, tuple(content), tuple(style), targets)


def size_for(side: int) -> int:
    """The longest side, in pixels, that is large enough for composing all of a picture with a longest side of `side`,
    whatever the network."""
    return _finer(side, _FINER)


def iterations(recipe: Recipe) -> int:
    """How many iterations a recipe without a budget asks for."""
    finer = _is_finer(recipe, _network(recipe))
    return recipe.iterations or (_FINER_ITERATIONS[recipe.detail] if finer else _DETAILS[recipe.detail][1])


def _is_finer(recipe: Recipe, network: str) -> bool:
    return recipe.method == "optimise" and bool(recipe.style) and registry.spec(network).blurs


def _finer(side: int, factor: float) -> int:
    """A longest side made larger, as far as it may be."""
    return max(side, min(round(side * factor), _LARGEST_FINER))


def _size(recipe: Recipe, network: str, device: str) -> int:
    """The longest side, in pixels, at most that of the picture itself, where the recipe names none."""
    factor = _DETAILS[recipe.detail][0]
    if factor is None:
        return _LARGEST
    if recipe.fast and not recipe.style:
        return round(stylise.SIZE * factor)
    comfortable = devices.COMFORTABLE_SIZE[devices.choose(device).type]
    if _is_finer(recipe, network):
        return _finer(round(comfortable * factor), _FINER_SIZE)
    return round(comfortable * factor * (_ONE_PASS if recipe.method == "instant" else 1))


def _is_open(dream: Dream) -> bool:
    return dream.layer is None and dream.class_name is None


def _target(dream: Dream) -> DreamTarget:
    """What a dream with a layer or a class is of."""
    if dream.layer is None:
        return DreamTarget("logits", dream.weight, classes.names().index(str(dream.class_name)))
    return DreamTarget(dream.layer, dream.weight, dream.channel, dream.at, dream.guide)


def _network(recipe: Recipe) -> str:
    """The network of a recipe; where it names none, the default, or for a class the best one at hand that knows
    classes."""
    if recipe.network != "auto":
        return recipe.network
    default = registry.default()
    if not any(dream.class_name for dream in recipe.dream) or "logits" in registry.spec(default).layers:
        return default
    return next((name for name in registry.available() if "logits" in registry.spec(name).layers), "squeezenet1_0")


def _layer_for_dreams(spec: Spec, content: list[str], style: list[str], styled: bool) -> str:
    """The layer to dream in when none is named: the network's default, but beside a style one that no content or style
    loss uses, so that these do not repair the dream; the deepest such, where objects are."""
    default = spec.defaults.dream[0]
    if not styled or default not in [*content, *style]:
        return default
    unused = [layer for layer in spec.layers if layer not in [*content, *style, "logits"]]
    return unused[-1] if unused else default


def _name(dream: Dream, index: int, spec: Spec) -> Dream:
    """A dream with the names that the network has."""
    if dream.layer is not None:
        registry.check_layers(spec.name, [dream.layer], f"dream.{index}.layer")
        _check_channel(dream.layer, dream.channel, index, spec)
    if dream.class_name is None:
        return dream
    field = f"dream.{index}.class_name"
    if "logits" not in spec.layers:
        raise ReverieError(
            "{network} knows no classes. Choose a network that does, such as squeezenet1_0, or a layer.",
            field,
            network=spec.name,
        )
    return dream.model_copy(update={"class_name": classes.find(dream.class_name, field)})


def _check_channel(layer: str, channel: int | None, index: int, spec: Spec) -> None:
    if channel is not None and channel >= spec.channels(layer):
        raise ReverieError(
            f"Layer “{layer}” of {spec.name} has channels 0 to {spec.channels(layer) - 1}, and no {channel}.",
            f"dream.{index}.channel",
        )
