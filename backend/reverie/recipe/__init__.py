"""The recipe: the one document that decides what a job computes.

The command line, the HTTP interface, the GIMP dialogs, presets and the record kept on a result layer all speak recipes.
`{"style": "starry.jpg"}` alone is a complete recipe: every other field has a default that gives a good picture.

A field is written down here once. Its description is what the command line's help and the schema say of it: the first
sentence says what it is, and where null is the default, “Null: …” what that stands for. After a change,
`python -m reverie.recipe.schema` writes the schema anew, from which the command line and the plug-in read all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from reverie.errors import Sentence
from reverie.losses import STYLE_LOSSES
from reverie.recipe.document import Document, contradiction, picture, references, unused, wishes
from reverie.recipe.parts import MOST, Before, Dream, Fast, MadeWith, Name, Style, as_fast, as_styles, listed
from reverie.validation import explained

if TYPE_CHECKING:
    StyleLossName = str
else:
    StyleLossName = Literal[tuple(STYLE_LOSSES)]


class Recipe(Document):
    """What to compute. A recorded recipe gives the same picture on the same machine, to the last bit."""

    style: Annotated[list[Style], BeforeValidator(as_styles, Name | Style | list[Name | Style])] = Field(
        default_factory=list, max_length=MOST, description="One or several style pictures."
    )
    fast: Annotated[list[Fast], BeforeValidator(as_fast, Name | Fast | list[Name | Fast])] = Field(
        default_factory=list,
        max_length=MOST,
        json_schema_extra=unused("patches", "instant"),
        description="Fast styles, painted in one pass. Beside style pictures: what the optimisation starts from, "
        "with half the iterations.",
    )
    strength: float = Field(
        0.85,
        ge=0,
        le=1,
        json_schema_extra=unused("only dreams"),
        description="0 keeps the picture as it is, 1 gives all to the style.",
    )
    method: Literal["optimise", "instant", "patches"] = Field(
        "optimise",
        json_schema_extra=unused("only dreams"),
        description="Instant takes a second or two. The picture is then painted in one pass; of patches, a look of its "
        "own, it is put together; else it is optimised by a network's features.",
    )
    style_loss: StyleLossName = Field(
        next(iter(STYLE_LOSSES)),
        json_schema_extra=unused("patches", "instant", "only dreams", "only fast"),
        description="What stands for a style; nearest has the strongest brushwork. It is "
        + "; ".join(f"{name}: {loss.compares}" for name, loss in STYLE_LOSSES.items())
        + ".",
    )
    dream: Annotated[list[Dream], BeforeValidator(listed, Dream | list[Dream])] = Field(
        default_factory=list, max_length=MOST, description="What to dream of, beside a style or without one."
    )
    dream_strength: float = Field(
        0.5,
        ge=0,
        le=1,
        json_schema_extra=unused("no dream"),
        description="How strong the dream is; the same on every network. 0 is none.",
    )
    parametrisation: Literal["pixels", "decorrelated"] = Field(
        "pixels",
        json_schema_extra=unused("style", "only fast"),
        description="Of a dream without style: decorrelated favours the colours that photos have.",
    )
    color: Literal["style", "luminance", "match"] = Field(
        "style",
        description="Where the colours come from. From the style; or they are the picture's own, kept by transferring "
        "luminance only, or by matching the style's colours to the picture's first.",
    )
    network: str = Field(
        "auto",
        description="The network whose features are compared: see `reverie networks`. Auto takes the default one.",
    )
    pooling: Literal["max", "average"] | None = Field(
        None,
        json_schema_extra=unused("patches", "instant", "only fast"),
        description="How the network pools. Null: as it was trained.",
    )
    content_layers: list[str] | None = Field(
        None,
        min_length=1,
        max_length=MOST,
        json_schema_extra=unused("patches", "instant", "only dreams", "only fast"),
        description="Layers in which the picture's shapes are compared. Null: the network's default.",
    )
    style_layers: list[str] | None = Field(
        None,
        min_length=1,
        max_length=MOST,
        json_schema_extra=unused("patches", "instant", "only dreams", "only fast"),
        description="Layers in which the style is compared. Null: the network's default.",
    )
    content_mask: str | None = Field(
        None,
        min_length=1,
        json_schema_extra=picture() | unused("patches", "instant", "only dreams", "only fast"),
        description="A picture, white where the photo's shapes are kept and black where not. Null: everywhere.",
    )
    detail: Literal["sketch", "usual", "fine", "best"] = Field(
        "usual",
        description="Quality against time: how large, how long. It decides how finely the picture is composed and "
        "in how many iterations, where “size” and “iterations” do not say. A sketch is half as large as what suits the "
        "device, fine is half as large again, and best has the picture's own size.",
    )
    size: int | None = Field(
        None,
        ge=16,
        le=16384,
        description="Longest side, in pixels, at which the picture is computed: at most its own, or, in styles with a "
        "network that is blind to the finest pixels, 1.4 times that. A smaller result is finished at the picture's "
        "size: painted over in strokes as fine as the style's own. A sketch, and a dream or a fast style alone, is "
        "enlarged. Null: as “detail” says.",
    )
    smallest: int | None = Field(
        None,
        ge=16,
        le=16384,
        json_schema_extra=unused("patches", "instant", "only fast", "octaves"),
        description="Longest side at the coarsest scale or octave: what is smaller has larger shapes. Null: 128, but "
        "a picture to continue with begins at full size.",
    )
    octaves: int | None = Field(
        None,
        ge=1,
        le=16,
        json_schema_extra=unused("patches", "instant", "only fast"),
        description="How many scales or octaves, each √2 larger than the one before: more bring larger shapes. Null: "
        "as many as lead to the smallest.",
    )
    iterations: int | None = Field(
        None,
        ge=1,
        le=10000,
        json_schema_extra=unused("budget"),
        description="Optimiser iterations, shared out over the scales. Null: as “detail” says, usually 160.",
    )
    budget: float | None = Field(
        None,
        ge=1,
        le=86400,
        json_schema_extra=unused("patches", "instant", "only fast"),
        description="Seconds that the whole job may take, but for fetching weights. There are then as many iterations "
        "as there is time for, and none are named. Null: as long as the iterations take.",
    )
    optimizer: Literal["auto", "lbfgs", "adam"] = Field(
        "auto",
        json_schema_extra=unused("patches", "instant", "only dreams", "only fast"),
        description="Of a style; auto is L-BFGS up to four megapixels, and Adam, which needs less memory, above.",
    )
    init: str = Field(
        "content",
        min_length=1,
        json_schema_extra=picture("content", "noise") | unused("patches", "instant", "begins fast", "only fast"),
        description="What to start from: “content”, “noise”, or a picture to continue with.",
    )
    before: Before | None = Field(
        None,
        description="For a frame of an animation: what has not changed since the frame before keeps the pixels of its "
        "result, and the rest is painted on from there.",
    )
    zoom: float = Field(
        1.0, ge=1, le=2, description="The picture is enlarged by this about its centre first: frames of a dream zoom."
    )
    total_variation: float = Field(
        0.05,
        ge=0,
        le=100,
        json_schema_extra=unused("patches", "instant", "only dreams", "only fast"),
        description="Smoothness: weight of the total variation.",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        json_schema_extra=unused("patches"),
        description="Of the network; auto is bfloat16 where the hardware has it.",
    )
    tile: int | None = Field(
        None,
        ge=64,
        le=16384,
        json_schema_extra=unused("patches"),
        description="Side of the tiles to compute in, in pixels. Null: as memory demands.",
    )
    made_with: MadeWith | None = Field(
        None,
        description="In a record: what else decided the picture. It is computed so again, where that can be. Null: as "
        "suits this machine.",
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Another number gives another picture, as good.")

    @model_validator(mode="after")
    def _has_something_to_do(self) -> Recipe:
        if not self.style and not self.dream and not self.fast:
            raise contradiction(Sentence("Name at least one style picture, a fast style, or a dream."), "style")
        if self.method == "patches" and (self.dream or not self.style):
            raise contradiction(
                Sentence("Patches are taken from styles; name a style, and nothing to dream of."), "method"
            )
        if self.method == "instant" and (self.dream or not self.style):
            raise contradiction(
                Sentence("What is painted in one pass takes its look from styles; name one, and nothing to dream of."),
                "method",
            )
        if self.fast and self.dream and not self.style:
            raise contradiction(
                Sentence("A dream needs an optimisation; name a style picture, too, or dream on the fast result."),
                "fast",
            )
        if self.dream and not self.style and self.color == "match":
            raise contradiction(
                Sentence("A dream without a style has no colours to match; choose other colours."), "color"
            )
        for name in ("style_layers", "content_layers"):
            if "logits" in (getattr(self, name) or []):
                raise contradiction(
                    Sentence("The layer “logits” has no places in the picture to compare; choose an earlier layer."),
                    name,
                )
        self._leaves_nothing_unused()
        return self

    def _leaves_nothing_unused(self) -> None:
        """What would be ignored is refused. A field that says what its default says is no wish: so a recipe with every
        field written out, as it is recorded, means the same as the short one. Network and iterations, which a record
        names whether they were asked for or not, are therefore never refused to patches and fast styles."""
        for case, (applies, sentence) in _CASES.items():
            name = next(wishes(self, case), None) if applies(self) else None
            if name is not None:
                raise contradiction(Sentence(sentence.template, {"field": name}), name)

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
        return list(references(self))


# The cases in which fields would be ignored: which recipes they are, and the sentence that refuses such a field.
_CASES: dict[str, tuple[Callable[[Recipe], bool], Sentence]] = {
    "patches": (
        lambda recipe: recipe.method == "patches",
        Sentence("Painting with patches has no use for “{field}”; leave it out."),
    ),
    "instant": (
        lambda recipe: recipe.method == "instant",
        Sentence("Painting in one pass has no use for “{field}”; leave it out."),
    ),
    "only dreams": (
        lambda recipe: bool(recipe.dream) and not recipe.style,
        Sentence("A dream without a style has no use for “{field}”; leave it out."),
    ),
    "no dream": (
        lambda recipe: not recipe.dream,
        Sentence("Without a dream there is no use for “{field}”; leave it out."),
    ),
    "style": (
        lambda recipe: bool(recipe.style),
        Sentence("Beside a style there is no use for “{field}”; leave it out."),
    ),
    "octaves": (
        lambda recipe: recipe.octaves is not None,
        Sentence("Beside a number of octaves there is no use for “{field}”; leave it out."),
    ),
    "budget": (
        lambda recipe: recipe.budget is not None,
        Sentence("Beside a budget there is no use for “{field}”; leave it out."),
    ),
    "begins fast": (
        lambda recipe: bool(recipe.fast and recipe.style),
        Sentence("What starts from a fast style has no use for “{field}”; leave it out."),
    ),
    "only fast": (
        lambda recipe: bool(recipe.fast) and not recipe.style,
        Sentence("A fast style has no use for “{field}”; leave it out."),
    ),
}

__all__ = ["Before", "Dream", "Fast", "MadeWith", "Recipe", "Style"]
