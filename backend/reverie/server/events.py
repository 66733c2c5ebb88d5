"""What streams tell: one JSON object a line, each with a “type”."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from reverie import events
from reverie.recipe import Recipe
from reverie.server.errors import Told

MEDIA_TYPE = "application/x-ndjson"
ALIVE_AFTER = 0.4  # seconds of silence; the protocol promises a line every 0.5


class _Event(BaseModel):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)  # each line says its type


class Alive(_Event):
    """A sign of life, when nothing else was told for almost half a second."""

    type: Literal["alive"] = "alive"


class Queued(_Event):
    """The job waits."""

    type: Literal["queued"] = "queued"
    position: int = Field(description="How many jobs come first.")


class Fetching(_Event):
    """The weights of a network are being downloaded."""

    type: Literal["fetching"] = "fetching"
    network: str
    licence: str = Field(description="Of the weights.")
    here: int = Field(description="Bytes that have come.")
    total: int = Field(description="Bytes in all.")


class Started(_Event):
    """The work begins."""

    type: Literal["started"] = "started"
    device: str
    network: str
    iterations: int


class Progress(_Event):
    """After an iteration."""

    type: Literal["progress"] = "progress"
    iteration: int
    iterations: int
    width: int = Field(description="Of the current scale, in pixels.")
    height: int
    loss: float
    fraction: float = Field(description="0 to 1: of the work, not of the iterations.")
    seconds_left: float


class Preview(_Event):
    """There is a new picture so far; the call “preview” gives it."""

    type: Literal["preview"] = "preview"
    serial: int


class Warned(Told):
    """Something that one should know but that does not stop the job."""

    type: Literal["warning"] = "warning"


class Done(_Event):
    """The last line of a job that has a result."""

    type: Literal["done"] = "done"
    seconds: float
    recipe: Recipe = Field(description="As carried out: with what was chosen for fields that said nothing.")


class Failed(Told):
    """The last line of what cannot be carried out."""

    type: Literal["failed"] = "failed"


class Cancelled(_Event):
    """The last line of a job that was cancelled."""

    type: Literal["cancelled"] = "cancelled"


OfJob = Alive | Queued | Fetching | Started | Progress | Preview | Warned | Done | Failed | Cancelled


class JobEvent(RootModel[Annotated[OfJob, Field(discriminator="type")]]):
    """A line of a job's events."""


class AtlasLayer(_Event):
    """The first line of an atlas: which layer it is of."""

    type: Literal["layer"] = "layer"
    network: str
    layer: str
    channels: int


class AtlasTile(_Event):
    """What a channel likes to see."""

    type: Literal["tile"] = "tile"
    channel: int
    png: str = Field(description="A picture, base64.", json_schema_extra={"contentEncoding": "base64"})


class AtlasDone(_Event):
    """The last line of an atlas."""

    type: Literal["done"] = "done"


OfAtlas = Alive | AtlasLayer | AtlasTile | AtlasDone | Failed


class AtlasEvent(RootModel[Annotated[OfAtlas, Field(discriminator="type")]]):
    """A line of an atlas."""


def of_engine(event: events.Fetching | events.Started | events.Progress) -> OfJob:
    """An event of the engine, as streams tell it."""
    models: dict[type, type[Fetching | Started | Progress]] = {
        events.Fetching: Fetching,
        events.Started: Started,
        events.Progress: Progress,
    }
    return models[type(event)](**dataclasses.asdict(event))


def line(event: BaseModel) -> str:
    """An event as a stream has it."""
    return json.dumps(event.model_dump(mode="json")) + "\n"


def stream_of(model: type[RootModel[Any]], description: str) -> dict[int | str, dict[str, Any]]:
    """A stream of such lines, as a call's `responses` describe it."""
    item = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {200: {"description": description, "content": {MEDIA_TYPE: {"itemSchema": item}}}}
