"""The description of the interface from which others make clients: `/openapi.json`."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from reverie.server.events import AtlasEvent, JobEvent
from reverie.server.routes.estimate import Estimated
from reverie.server.routes.jobs import NewJob, Wish
from reverie.server.routes.lessons import NewLesson

_TOKEN = "token"
_DESCRIPTION = """\
Neural style transfer and deep dream. Send pictures, submit a job (a recipe and the picture that it is carried out on),
read its events, fetch the result; docs/http.md shows a client of twenty lines.

The backend writes port and token of each start to `ready.json` in Reverie's state folder. It answers programs, and no
web pages but those that it was started with: requests with another `Origin`, or for another `Host`, are refused (403).
"""
_TAGS = {
    "backend": "What it is, and its end.",
    "choices": "What a recipe may name.",
    "pictures": "Pictures, which recipes name by their ids.",
    "jobs": "From a recipe to a result.",
    "lessons": "Fast styles that are learnt from a picture, in the time that jobs leave.",
}
# What FastAPI does not find by itself: bodies that are read with a limit, and the lines of streams.
_DOCUMENTS: list[tuple[type[BaseModel], JsonSchemaMode]] = [
    (NewJob, "validation"),
    (NewLesson, "validation"),
    (Wish, "validation"),
    (Estimated, "validation"),
    (JobEvent, "serialization"),
    (AtlasEvent, "serialization"),
]


class Described(FastAPI):
    """An application that describes itself."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = _document(self)
        return self.openapi_schema


def operation_id(route: APIRoute) -> str:
    """What a generated client calls the call: the name of the function that carries it out."""
    return route.name


def _document(app: FastAPI) -> dict[str, Any]:
    tags = [{"name": name, "description": description} for name, description in _TAGS.items()]
    document = get_openapi(title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes, tags=tags)
    _, definitions = models_json_schema(_DOCUMENTS, ref_template="#/components/schemas/{model}")
    components = document["components"]
    components["schemas"] = dict(sorted({**components["schemas"], **definitions["$defs"]}.items()))
    components["securitySchemes"] = {
        _TOKEN: {"type": "http", "scheme": "bearer", "description": "The token in ready.json."}
    }
    document["security"] = [{_TOKEN: []}]
    _leave_out_what_never_comes(document)
    _say_what_answers_are(document)
    return document


def _leave_out_what_never_comes(document: dict[str, Any]) -> None:
    """FastAPI describes a 422 in a form of its own for each call with a parameter, also where any text will do; and
    what needs no token is never refused for it."""
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    for path in document["paths"].values():
        for operation in path.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
            if operation.get("security") == []:
                del operation["responses"]["401"]


def _say_what_answers_are(document: dict[str, Any]) -> None:
    """In the words of their models; FastAPI calls all of them successful responses."""
    for path in document["paths"].values():
        for operation in path.values():
            for answer in operation["responses"].values():
                model = (
                    answer["content"].get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
                )
                if model and answer["description"] == "Successful Response":
                    answer["description"] = document["components"]["schemas"][model]["description"]
