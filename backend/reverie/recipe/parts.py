"""What a recipe is made of: styles, dreams, fast styles, the frame before."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from reverie.errors import Sentence
from reverie.recipe.document import Document, contradiction, picture


class Style(Document):
    """A picture whose style is taken."""

    image: str = Field(
        min_length=1, json_schema_extra=picture(), description="A file on the command line, an image id over HTTP."
    )
    weight: float = Field(1.0, gt=0, le=100, description="Share among several styles; only the ratios count.")
    scale: float = Field(1.0, ge=0.1, le=8, description="Size of the style's strokes: 2 makes them twice as large.")
    mask: str | None = Field(
        None,
        min_length=1,
        json_schema_extra=picture(),
        description="A picture, white where the photo takes this style and black where not; null: everywhere.",
    )


_Part = Annotated[float, Field(ge=0, le=1)]


def _as_tuple(value: Any) -> Any:
    """JSON has only lists, which a strict reader does not take for a tuple."""
    return tuple(value) if isinstance(value, list) else value


class Dream(Document):
    """What the picture is to show more of. Without any field, a layer is chosen that style and content do not use."""

    layer: str | None = Field(None, description="All of a layer, or the channel or neuron in it that is named beside.")
    channel: int | None = Field(None, ge=0, description="One channel of the layer.")
    at: Annotated[tuple[_Part, _Part], BeforeValidator(_as_tuple)] | None = Field(
        None, description="One neuron: the channel at this position, x and y from 0 to 1."
    )
    class_name: str | None = Field(None, min_length=1, description="A class of ImageNet, such as “golden retriever”.")
    guide: str | None = Field(
        None,
        min_length=1,
        json_schema_extra=picture(),
        description="A picture whose features in the layer are looked for.",
    )
    weight: float = Field(1.0, gt=0, le=100, description="Share among several dreams; only the ratios count.")

    @model_validator(mode="after")
    def _names_one_thing(self) -> Dream:
        beside = (self.layer, self.channel, self.at, self.guide)
        if self.class_name is not None and any(value is not None for value in beside):
            raise contradiction(
                Sentence("A dream of a class names nothing else: leave out its layer, channel, position and guide.")
            )
        if self.channel is not None and self.layer is None:
            raise contradiction(Sentence("A dream of a channel needs the layer that it belongs to; name it, too."))
        if self.at is not None and self.channel is None:
            raise contradiction(
                Sentence("A dream at a position needs a layer and a channel: together they name a neuron.")
            )
        if self.layer == "logits" and (self.at is not None or self.guide is not None):
            raise contradiction(
                Sentence("The layer “logits” has no places in the picture; name no position or guide beside it.")
            )
        if self.guide is not None and self.channel is not None:
            raise contradiction(Sentence("A guide picture works on a whole layer; name no channel beside it."))
        return self


class Fast(Document):
    """A fast style: one that a network has learnt to paint in one pass."""

    name: str = Field(min_length=1, description="As `reverie styles` lists it.")
    weight: float = Field(1.0, gt=0, le=100, description="Share among several, which blend; only the ratios count.")


class Before(Document):
    """The frame of an animation that came before this one, and what was made of it."""

    content: str = Field(min_length=1, json_schema_extra=picture(), description="The frame before, as it was given.")
    result: str = Field(min_length=1, json_schema_extra=picture(), description="The result for it.")


class MadeWith(Document):
    """What decided a picture beside its recipe. Carried out with it, a recipe is computed so again, where that can be:
    on the same machine with the same versions, the picture is the same to the last bit."""

    device: str = Field(max_length=64, description="The kind: cpu, cuda, xpu or mps.")
    processor: str = Field(max_length=256, description="What its kernels are chosen by.")
    threads: int = Field(ge=1, le=4096, description="In which it was computed; each adds up a part of a sum.")
    precision: Literal["float32", "bfloat16"] = Field(description="Of the network.")
    tile: int | None = Field(ge=64, le=16384, description="Side of the tiles, in pixels. Null: as the room demanded.")
    room: int | None = Field(ge=1, description="Bytes that an iteration could take. Null: nothing hung on it.")
    reverie: str = Field(max_length=64, description="Its version.")
    torch: str = Field(max_length=64, description="PyTorch's version.")


MOST = 32
"""Entries of a list: each is a picture to prepare, or a term to compute, for every scale."""

Name = Annotated[str, Field(min_length=1)]
"""What a style or fast style is called, where only that is said of it."""


def listed(value: Any) -> list[Any]:
    """One thing stands for a list of it."""
    return value if isinstance(value, list) else [value]


def as_styles(value: Any) -> Any:
    """`"a.jpg"`, `{"image": "a.jpg"}` and lists of either mean the same as the full form."""
    return [{"image": entry} if isinstance(entry, str) else entry for entry in listed(value)]


def as_fast(value: Any) -> Any:
    """`"udnie"`, `{"name": "udnie"}` and lists of either mean the same as the full form."""
    return [{"name": entry} if isinstance(entry, str) else entry for entry in listed(value)]
