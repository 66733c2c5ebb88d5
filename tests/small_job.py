"""A job small enough for a test: the project's landscape, 160 pixels wide, in strokes."""

from __future__ import annotations

from collections.abc import Callable

from reverie.engine import render as engine
from reverie.events import Event, Progress
from reverie.recipe import Recipe
from reverie.run import Adjustment

SETTINGS = {"style": "strokes", "size": 160, "smallest": 64, "iterations": 40, "precision": "float32"}


def render(photo, pictures, adjust: Callable[[], Adjustment | None] = lambda: None, **recipe):
    events: list[Event] = []
    document = Recipe.parse({**SETTINGS, **({"iterations": None} if "budget" in recipe else {}), **recipe})
    return engine.render(document, photo, pictures, device="cpu", report=events.append, adjust=adjust), events


def progress(events: list[Event]) -> list[Progress]:
    return [event for event in events if isinstance(event, Progress)]
