"""What streams tell: JSON objects, each with a “type”; one a line, or as server-sent events."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from reverie import events
from reverie.recipe import Recipe
from reverie.server.errors import Told

MEDIA_TYPE = "application/x-ndjson"
SERVER_SENT = "text/event-stream"
ALIVE_AFTER = 0.4  # seconds of silence; the protocol promises a line every 0.5


class _Event(BaseModel):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)  # each line says its type


class Alive(_Event):
    """A sign of life, when nothing else was told for almost half a second."""

    type: Literal["alive"] = "alive"


_NUMBER = "Ask for the events after this one, to go on where a stream broke off."


class _Numbered(_Event):
    number: int = Field(default=0, description=_NUMBER)


class Queued(_Numbered):
    """The job waits."""

    type: Literal["queued"] = "queued"
    position: int = Field(description="How many jobs come first.")


class Fetching(_Numbered):
    """The weights of a network are being downloaded."""

    type: Literal["fetching"] = "fetching"
    network: str
    licence: str = Field(description="Of the weights.")
    here: int = Field(description="Bytes that have come.")
    total: int = Field(description="Bytes in all.")


class Started(_Numbered):
    """The work begins."""

    type: Literal["started"] = "started"
    device: str
    network: str
    iterations: int


class Progress(_Numbered):
    """After an iteration."""

    type: Literal["progress"] = "progress"
    iteration: int
    iterations: int
    width: int = Field(description="Of the current scale, in pixels.")
    height: int
    loss: float
    fraction: float = Field(description="0 to 1: of the work, not of the iterations.")
    seconds_left: float


class Preview(_Numbered):
    """There is a new picture so far; the call “preview” gives it."""

    type: Literal["preview"] = "preview"
    serial: int


class Warned(Told):
    """Something that one should know but that does not stop the job."""

    type: Literal["warning"] = "warning"
    number: int = Field(default=0, description=_NUMBER)


class Done(_Numbered):
    """The last line of a job that has a result."""

    type: Literal["done"] = "done"
    seconds: float
    recipe: Recipe = Field(description="As carried out: with what was chosen for fields that said nothing.")


class Failed(Told):
    """The last line of what cannot be carried out."""

    type: Literal["failed"] = "failed"


class Cancelled(_Numbered):
    """The last line of a job that was cancelled."""

    type: Literal["cancelled"] = "cancelled"


class JobFailed(Failed):
    """The last line of a job that cannot be carried out."""

    number: int = Field(default=0, description=_NUMBER)


OfJob = Alive | Queued | Fetching | Started | Progress | Preview | Warned | Done | JobFailed | Cancelled


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


def server_sent(event: BaseModel) -> str:
    """An event as a stream of server-sent events has it: its number as the id, a sign of life as a comment."""
    if isinstance(event, Alive):
        return ": alive\n\n"
    told = event.model_dump(mode="json")
    return f"id: {told['number']}\ndata: {json.dumps(told)}\n\n"


def stream_of(model: type[RootModel[Any]], description: str, *kinds: str) -> dict[int | str, dict[str, Any]]:
    """A stream of such events, as a call's `responses` describe it; `kinds` are the forms it has besides lines."""
    item = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {200: {"description": description, "content": {kind: {"itemSchema": item} for kind in (MEDIA_TYPE, *kinds)}}}
