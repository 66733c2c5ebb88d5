"""The recipe: the one document that decides what a job computes.

The command line, the HTTP interface, the GIMP dialogs, presets and the record kept on a result layer all speak recipes.
`{"style": "starry.jpg"}` alone is a complete recipe: every other field has a default that gives a good picture.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from reverie.errors import ReverieError, Sentence
from reverie.validation import explained


class _Document(BaseModel):
    """Unknown fields are errors, not silently ignored: a misspelt option must not pass as the default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _contradiction(sentence: Sentence, field: str | None = None) -> ValueError:
    """What a validator raises, so that pydantic passes the sentence on; see `reverie.validation.explained`."""
    return ValueError(ReverieError(sentence.template, field, **sentence.values))


class Style(_Document):
    """A picture whose style is taken."""

    image: str = Field(min_length=1, description="A file on the command line, an image id over HTTP.")
    weight: float = Field(1.0, gt=0, le=100, description="Share among several styles; only the ratios count.")
    scale: float = Field(1.0, ge=0.1, le=8, description="Size of the style's strokes: 2 makes them twice as large.")
    mask: str | None = Field(
        None,
        min_length=1,
        description="A picture, white where the photo takes this style and black where not; null: everywhere.",
    )


class Dream(_Document):
    """What the picture is to show more of. Without any field, a layer is chosen that style and content do not use."""

    layer: str | None = Field(None, description="All of a layer, or the channel or neuron in it that is named beside.")
    channel: int | None = Field(None, ge=0, description="One channel of the layer.")
    at: tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]] | None = Field(
        None, description="One neuron: the channel at this position, x and y from 0 to 1."
    )
    class_name: str | None = Field(None, min_length=1, description="A class of ImageNet, such as “golden retriever”.")
    guide: str | None = Field(None, min_length=1, description="A picture whose features in the layer are looked for.")
    weight: float = Field(1.0, gt=0, le=100, description="Share among several dreams; only the ratios count.")

    @model_validator(mode="after")
    def _names_one_thing(self) -> Dream:
        beside = (self.layer, self.channel, self.at, self.guide)
        if self.class_name is not None and any(value is not None for value in beside):
            raise _contradiction(
                Sentence("A dream of a class names nothing else: leave out its layer, channel, position and guide.")
            )
        if self.channel is not None and self.layer is None:
            raise _contradiction(Sentence("A dream of a channel needs the layer that it belongs to; name it, too."))
        if self.at is not None and self.channel is None:
            raise _contradiction(
                Sentence("A dream at a position needs a layer and a channel: together they name a neuron.")
            )
        if self.layer == "logits" and (self.at is not None or self.guide is not None):
            raise _contradiction(
                Sentence("The layer “logits” has no places in the picture; name no position or guide beside it.")
            )
        if self.guide is not None and self.channel is not None:
            raise _contradiction(Sentence("A guide picture works on a whole layer; name no channel beside it."))
        return self


class Fast(_Document):
    """A fast style: one that a network has learnt to paint in one pass."""

    name: str = Field(min_length=1, description="As `reverie styles` lists it.")
    weight: float = Field(1.0, gt=0, le=100, description="Share among several, which blend; only the ratios count.")


class Before(_Document):
    """The frame of an animation that came before this one, and what was made of it."""

    content: str = Field(min_length=1, description="The frame before, as it was given.")
    result: str = Field(min_length=1, description="The result for it.")


def _as_styles(value: Any) -> Any:
    """`"a.jpg"`, `{"image": "a.jpg"}` and lists of either mean the same as the full form."""
    entries = value if isinstance(value, list) else [value]
    return [{"image": entry} if isinstance(entry, str) else entry for entry in entries]


def _as_fast(value: Any) -> Any:
    entries = value if isinstance(value, list) else [value]
    return [{"name": entry} if isinstance(entry, str) else entry for entry in entries]


def _as_dreams(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class Recipe(_Document):
    """What to compute. The same recipe, seed and device give the same picture."""

    style: Annotated[list[Style], BeforeValidator(_as_styles)] = Field(
        default_factory=list, description="One or several style pictures."
    )
    fast: Annotated[list[Fast], BeforeValidator(_as_fast)] = Field(
        default_factory=list,
        description="Fast styles, painted in one pass. Beside style pictures: what the optimisation starts from, "
        "with half the iterations.",
    )
    strength: float = Field(0.85, ge=0, le=1, description="0 keeps the picture as it is, 1 gives all to the style.")
    method: Literal["optimise", "patches"] = Field(
        "optimise",
        description="Optimise by a network's features; or put the picture together from patches of the styles, which "
        "needs no network and is a look of its own.",
    )
    style_loss: Literal["covariance", "gram", "wasserstein", "nearest"] = Field(
        "covariance",
        description="What stands for a style: mean and covariance of the features, their Gram matrix, the Wasserstein "
        "distance, or the nearest features of the style, which has the strongest brushwork.",
    )
    dream: Annotated[list[Dream], BeforeValidator(_as_dreams)] = Field(
        default_factory=list, description="What to dream of, beside a style or without one."
    )
    dream_strength: float = Field(
        0.5, ge=0, le=1, description="How strong the dream is; the same on every network. 0 is none."
    )
    parametrisation: Literal["pixels", "decorrelated"] = Field(
        "pixels", description="Of a dream without style: decorrelated favours the colours that photos have."
    )
    color: Literal["style", "luminance", "match"] = Field(
        "style",
        description="Colours from the style; or the picture's own, kept by transferring luminance only, or by matching "
        "the style's colours to the picture's first.",
    )
    network: str = Field("auto", description="The network whose features are compared; auto takes the default one.")
    pooling: Literal["max", "average"] | None = Field(None, description="Null: as the network was trained.")
    content_layers: list[str] | None = Field(None, min_length=1, description="Null: the network's default.")
    style_layers: list[str] | None = Field(None, min_length=1, description="Null: the network's default.")
    content_mask: str | None = Field(
        None, min_length=1, description="A picture, white where the photo's shapes are kept and black where not."
    )
    detail: Literal["sketch", "usual", "fine", "best"] = Field(
        "usual",
        description="Quality against time: how large the picture is computed and in how many iterations, where “size” "
        "and “iterations” do not say. A sketch is half as large as what suits the device, fine is half as large again, "
        "and best has the picture's own size.",
    )
    size: int | None = Field(
        None,
        ge=16,
        le=16384,
        description="Longest side, in pixels, at which the picture is computed, at most its own; null: as “detail” "
        "says. A smaller result is enlarged to the picture's size.",
    )
    smallest: int | None = Field(
        None,
        ge=16,
        le=16384,
        description="Longest side at the coarsest scale or octave: what is smaller has larger shapes. Null: 128, but a "
        "picture to continue with begins at full size.",
    )
    octaves: int | None = Field(
        None,
        ge=1,
        le=16,
        description="How many scales or octaves, each √2 larger than the one before: more bring larger shapes. Null: "
        "as many as lead to the smallest.",
    )
    iterations: int | None = Field(
        None,
        ge=1,
        le=10000,
        description="Optimiser iterations, shared out over the scales; null: as “detail” says, usually 160.",
    )
    budget: float | None = Field(
        None,
        ge=1,
        le=86400,
        description="Seconds that the whole job may take, but for fetching weights; there are then as many iterations "
        "as there is time for, and none are named.",
    )
    optimizer: Literal["auto", "lbfgs", "adam"] = Field(
        "auto",
        description="Of a style; auto is L-BFGS up to four megapixels, and Adam, which needs less memory, above.",
    )
    init: str = Field(
        "content", min_length=1, description="What to start from: “content”, “noise”, or a picture to continue with."
    )
    before: Before | None = Field(
        None,
        description="For a frame of an animation: what has not changed since the frame before keeps the pixels of its "
        "result, and the rest is painted on from there.",
    )
    zoom: float = Field(
        1.0, ge=1, le=2, description="The picture is enlarged by this about its centre first: frames of a dream zoom."
    )
    total_variation: float = Field(0.05, ge=0, le=100, description="Smoothness: weight of the total variation.")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Of the network; auto is bfloat16 where the hardware has it."
    )
    tile: int | None = Field(
        None, ge=64, le=16384, description="Side of the tiles to compute in, in pixels; null: as memory demands."
    )
    seed: int = Field(0, ge=0, lt=2**63)

    @model_validator(mode="after")
    def _has_something_to_do(self) -> Recipe:
        if not self.style and not self.dream and not self.fast:
            raise _contradiction(Sentence("Name at least one style picture, a fast style, or a dream."), "style")
        if self.method == "patches" and (self.dream or not self.style):
            raise _contradiction(
                Sentence("Patches are taken from styles; name a style, and nothing to dream of."), "method"
            )
        if self.fast and self.dream and not self.style:
            raise _contradiction(
                Sentence("A dream needs an optimisation; name a style picture, too, or dream on the fast result."),
                "fast",
            )
        if self.dream and not self.style and self.color == "match":
            raise _contradiction(
                Sentence("A dream without a style has no colours to match; choose other colours."), "color"
            )
        for name in ("style_layers", "content_layers"):
            if "logits" in (getattr(self, name) or []):
                raise _contradiction(
                    Sentence("The layer “logits” has no places in the picture to compare; choose an earlier layer."),
                    name,
                )
        self._leaves_nothing_unused()
        return self

    def _leaves_nothing_unused(self) -> None:
        """What would be ignored is refused. A field that says what its default says is no wish: so a recipe with every
        field written out, as it is recorded, means the same as the short one. Network and iterations, which a record
        names whether they were asked for or not, are therefore never refused to patches and fast styles."""
        of_styles = ("optimizer", "style_loss", "style_layers", "content_layers")
        unused: list[tuple[Sentence, tuple[str, ...]]] = []
        if self.method == "patches":
            sentence = Sentence("Painting with patches has no use for “{field}”; leave it out.")
            unused.append((sentence, ("budget", "tile", "pooling", "content_mask", "init", "fast", *of_styles)))
            unused.append((sentence, ("precision", "total_variation", "octaves", "smallest")))
        if self.dream and not self.style:
            sentence = Sentence("A dream without a style has no use for “{field}”; leave it out.")
            unused.append((sentence, ("content_mask", "strength", "total_variation", *of_styles)))
        if not self.dream:
            sentence = Sentence("Without a dream there is no use for “{field}”; leave it out.")
            unused.append((sentence, ("dream_strength",)))
        if self.style:
            unused.append(
                (Sentence("Beside a style there is no use for “{field}”; leave it out."), ("parametrisation",))
            )
        if self.octaves is not None:
            sentence = Sentence("Beside a number of octaves there is no use for “{field}”; leave it out.")
            unused.append((sentence, ("smallest",)))
        if self.budget is not None:
            unused.append((Sentence("Beside a budget there is no use for “{field}”; leave it out."), ("iterations",)))
        if self.fast and self.style:
            sentence = Sentence("What starts from a fast style has no use for “{field}”; leave it out.")
            unused.append((sentence, ("init",)))
        elif self.fast:
            sentence = Sentence("A fast style has no use for “{field}”; leave it out.")
            unused.append((sentence, ("budget", "pooling", "content_mask", "init", *of_styles)))
        fields = type(self).model_fields
        for sentence, names in unused:
            for name in names:
                if getattr(self, name) != fields[name].get_default(call_default_factory=True):
                    raise _contradiction(Sentence(sentence.template, {"field": name}), name)

    @classmethod
    def parse(cls, document: object) -> Recipe:
        """The recipe in a JSON document (a string or bytes) or in what `json.loads` makes of one.

        Raises ReverieError naming the first wrong field and what it may hold.
        """
        try:
            if isinstance(document, str | bytes):
                return cls.model_validate_json(document)
            return cls.model_validate(document)
        except ValidationError as error:
            raise explained(error.errors()[0]) from error

    def image_references(self) -> list[str]:
        """Every picture that the recipe refers to, each once, in order of mention."""
        return list(dict.fromkeys(reference for _, reference in self.references()))

    def references(self) -> list[tuple[str, str]]:
        """Every mention of a picture: the field, as errors name it, and the reference."""
        found: list[tuple[str, str | None]] = []
        for index, style in enumerate(self.style):
            found += [(f"style.{index}.image", style.image), (f"style.{index}.mask", style.mask)]
        found += [(f"dream.{index}.guide", dream.guide) for index, dream in enumerate(self.dream)]
        found.append(("content_mask", self.content_mask))
        found.append(("init", self.init if self.init not in ("content", "noise") else None))
        if self.before is not None:
            found += [("before.content", self.before.content), ("before.result", self.before.result)]
        return [(field, reference) for field, reference in found if reference is not None]
