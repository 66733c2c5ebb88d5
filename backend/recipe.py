"""The recipe: the one document that decides what a job computes.

The command line, the HTTP interface, the GIMP dialogs, presets and the record kept on a result layer all speak recipes.
`{"style": "starry.jpg"}` alone is a complete recipe: every other field has a default that gives a good picture.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from backend.errors import ReverieError


class _Document(BaseModel):
    """Unknown fields are errors, not silently ignored: a misspelt option must not pass as the default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Style(_Document):
    """A picture whose style is taken."""

    image: str = Field(min_length=1, description="A file on the command line, an image id over HTTP.")
    weight: float = Field(1.0, gt=0, le=100, description="Share among several styles; only the ratios count.")
    scale: float = Field(1.0, ge=0.1, le=8, description="Size of the style's strokes: 2 makes them twice as large.")


def _as_styles(value: Any) -> Any:
    """`"a.jpg"`, `{"image": "a.jpg"}` and lists of either mean the same as the full form."""
    entries = value if isinstance(value, list) else [value]
    return [{"image": entry} if isinstance(entry, str) else entry for entry in entries]


class Recipe(_Document):
    """What to compute. The same recipe, seed and device give the same picture."""

    style: Annotated[list[Style], BeforeValidator(_as_styles)] = Field(
        default_factory=list, description="One or several style pictures."
    )
    strength: float = Field(0.5, ge=0, le=1, description="0 keeps the picture as it is, 1 gives all to the style.")
    style_loss: Literal["covariance", "gram"] = Field(
        "covariance", description="The statistics that stand for a style: mean and covariance, or the raw Gram matrix."
    )
    color: Literal["style", "luminance", "match"] = Field(
        "style",
        description="Colours from the style; or the picture's own, kept by transferring luminance only, or by matching "
        "the style's colours to the picture's first.",
    )
    network: str = Field("auto", description="The network whose features are compared; auto takes the default one.")
    content_layers: list[str] | None = Field(None, min_length=1, description="Null: the network's default.")
    style_layers: list[str] | None = Field(None, min_length=1, description="Null: the network's default.")
    size: int | None = Field(
        None,
        ge=16,
        le=16384,
        description="Longest side, in pixels, at which the picture is computed; null: the picture's own size, at most "
        "what suits the device. A smaller result is enlarged to the picture's size.",
    )
    smallest: int = Field(128, ge=16, le=4096, description="Longest side at the coarsest scale of the pyramid.")
    iterations: int = Field(160, ge=1, le=10000, description="Optimiser iterations, shared out over the scales.")
    optimizer: Literal["lbfgs", "adam"] = "lbfgs"
    init: Literal["content", "noise"] = Field("content", description="The picture that the optimisation starts from.")
    total_variation: float = Field(0.05, ge=0, le=100, description="Smoothness: weight of the total variation.")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Of the network; auto is bfloat16 where the hardware has it."
    )
    seed: int = Field(0, ge=0, lt=2**63)

    @model_validator(mode="after")
    def _has_something_to_do(self) -> Recipe:
        if not self.style:
            raise ValueError("style: name at least one style picture")
        return self

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
            raise _explain(error) from error

    def image_references(self) -> list[str]:
        """Every picture that the recipe refers to, each once, in order of mention."""
        return list(dict.fromkeys(style.image for style in self.style))


def _explain(error: ValidationError) -> ReverieError:
    """The first error of a validation as a sentence that names the field and the allowed range."""
    first = error.errors()[0]
    # With a model-level check, pydantic gives no location; the message then begins with the field's name.
    field = ".".join(str(part) for part in first["loc"])
    text = first["msg"].removeprefix("Value error, ")
    if not field and ": " in text:
        field, text = text.split(": ", 1)
    if first["type"] == "extra_forbidden":
        return ReverieError(f"The recipe has no field “{field}”. `python -m backend schema` lists the fields.", field)
    if first["type"] == "json_invalid":
        return ReverieError(f"The recipe is not valid JSON: {text}.")
    if not field:
        return ReverieError(f'A recipe is a JSON object such as {{"style": "starry.jpg"}}: {text}.')
    return ReverieError(
        f"The recipe's “{field}” is wrong: {text[0].lower()}{text[1:]} (it was {first['input']!r:.80}).", field
    )
