"""What a recipe may name: networks, classes, fast styles; presets; and its own schema."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from reverie import presets
from reverie.errors import ReverieError, Sentence
from reverie.fast import styles, thumbnails
from reverie.networks import classes, registry
from reverie.recipe import Recipe
from reverie.server.bodies import BINARY
from reverie.server.errors import refusal, refusals
from reverie.server.store import Store
from reverie.server.worker import Worker

_log = logging.getLogger("reverie")


class Network(BaseModel):
    """A network whose features can be compared and dreamt of."""

    name: str
    title: str
    layers: list[str] = Field(description="From the first to the last.")
    dream_layer: str = Field(description="The one that a dream takes when it is told none.")
    licence: str = Field(description="Of the weights.")
    download_bytes: int
    available: bool = Field(description="Whether the weights are on this machine.")
    default: bool = Field(description="Whether it is what “auto” stands for.")
    bundled: bool = Field(description="Whether the weights come with Reverie.")


class Networks(BaseModel):
    """All networks."""

    networks: list[Network]


class Classes(BaseModel):
    """The things that networks know by name."""

    classes: list[str] = Field(description="In the order of the networks' outputs.")


class FastStyle(BaseModel):
    """A style that is painted in one pass."""

    name: str
    title: str
    bundled: bool = Field(description="Whether it comes with Reverie.")


class FastStyles(BaseModel):
    """All fast styles."""

    styles: list[FastStyle]


class Preset(BaseModel):
    """A recipe with a name, which can be submitted as it is."""

    name: str
    title: str
    filter: Literal["style", "dream"]
    description: str
    recipe: dict[str, Any] = Field(description="Its pictures are among those sent. A style may be without one: add it.")


class Presets(BaseModel):
    """All presets."""

    presets: list[Preset]


def router(worker: Worker, store: Store) -> APIRouter:
    """The calls of this file."""
    calls = APIRouter(tags=["choices"])

    @calls.get("/networks", summary="The networks, with their layers")
    def networks() -> Networks:
        return Networks.model_validate({"networks": registry.describe()})

    @calls.get("/classes", summary="The 1000 things that a dream can be of, by name")
    def class_names() -> Classes:
        return Classes(classes=list(classes.names()))

    @calls.get("/styles", summary="The fast styles")
    def fast_styles() -> FastStyles:
        return FastStyles.model_validate({"styles": styles.listed()})

    @calls.get(
        "/styles/{name}/thumbnail",
        summary="A landscape in a fast style, 160 pixels wide",
        response_class=Response,
        responses={**refusals(404), 200: {"description": "A PNG.", "content": {"image/png": BINARY}}},
    )
    def style_thumbnail(name: str) -> Response:
        if name not in styles.names():
            raise HTTPException(404, "there is no such fast style")
        return Response(thumbnails.thumbnail(name), media_type="image/png")

    @calls.delete(
        "/styles/{name}",
        summary="Removes a fast style that did not come with Reverie",
        response_model=FastStyles,
        responses=refusals(404, 409, 422),
    )
    def remove_style(name: str) -> FastStyles | Response:
        if name in styles.bundled() or name not in styles.names():
            raise HTTPException(404, "there is no such fast style, or it came with Reverie")
        lesson = worker.lessons.under_way
        if lesson is not None and lesson.name == name:
            return refusal(409, Sentence("“{name}” is being learnt. Stop that first, or wait.", {"name": name}))
        styles.remove(name)
        return fast_styles()

    @calls.get("/presets", summary="The presets")
    def list_presets() -> Presets:
        worker.touch()
        offered = []
        for preset in presets.listed():
            try:
                offered.append(_offered(preset, store))
            except (ReverieError, OSError) as exception:
                _log.warning("the preset “%s” is left out: %s", preset["title"], exception)
        return Presets(presets=offered)

    @calls.get(
        "/recipe/schema",
        summary="The JSON schema of a recipe",
        response_class=JSONResponse,
        responses={
            200: {
                "description": "A JSON schema, draft 2020-12.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        },
    )
    def recipe_schema() -> Response:
        return JSONResponse(Recipe.model_json_schema())

    return calls


def _offered(preset: dict[str, Any], store: Store) -> Preset:
    """A preset whose recipe can be submitted as it is: its pictures are among those sent. Raises ReverieError or
    OSError when one of them is broken."""
    recipe = presets.recipe(preset)
    for style in recipe.get("style", []):
        path = Path(style.pop("image", ""))
        if path.is_file():
            style["image"] = store.add(path.read_bytes()).id
    return Preset(**{**preset, "recipe": recipe})
