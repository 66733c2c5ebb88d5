"""The call for an atlas: what the channels of a layer like to see, picture by picture as they are made."""

from __future__ import annotations

import asyncio
import base64
import functools
import logging
from collections.abc import AsyncIterator
from concurrent.futures import Future
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from reverie.engine.loaded import network_for
from reverie.errors import ReverieError
from reverie.events import Cancelled
from reverie.networks import registry
from reverie.networks.spec import Spec
from reverie.networks.weights import catalogue
from reverie.pictures import images
from reverie.server import events
from reverie.server.errors import refusals, unexpected
from reverie.server.worker import Worker
from reverie.tools import atlas

_log = logging.getLogger("reverie")


def router(worker: Worker, device: str) -> APIRouter:
    """The calls of this file."""
    calls = APIRouter(tags=["choices"])

    @calls.get(
        "/networks/{name}/layers/{layer}/atlas",
        summary="What each channel of a layer likes to see, picture by picture",
        response_class=StreamingResponse,
        responses={**events.stream_of(events.AtlasEvent, "Lines of JSON, each an event."), **refusals(422)},
    )
    def show_atlas(
        name: str, layer: str, first: Annotated[int, Query(ge=0)] = 0, count: Annotated[int, Query(ge=1)] = 4096
    ) -> StreamingResponse:
        """“auto” is the network, and the layer, that a dream takes when it is told none."""
        spec = registry.spec(registry.default() if name == "auto" else name)
        layer = spec.defaults.dream[0] if layer == "auto" else layer
        registry.check_layers(spec.name, [layer], "layer")
        if catalogue.find(spec.name) is None:
            raise ReverieError(
                "The weights of {network} are not on this machine yet. Dream with it once, and they are fetched; then "
                "its patterns can be shown.",
                "network",
                network=spec.name,
            )
        lines = _lines(worker, spec, layer, device, slice(first, first + count))
        return StreamingResponse(lines, media_type=events.MEDIA_TYPE)

    return calls


async def _lines(worker: Worker, spec: Spec, layer: str, device: str, part: slice) -> AsyncIterator[str]:
    """The tiles as lines of JSON. When nobody reads any more the work ends; a job interrupts it."""
    gone = False

    def make(batch: list[int]) -> dict[int, bytes]:
        def stop() -> bool:
            return gone or worker.is_held_up

        try:
            tiles = atlas.atlas(network_for(spec.name, device), layer, batch, effort=atlas.QUICK, stop=stop)
        except Cancelled:
            return {}
        return {channel: images.encode_png(tile) for channel, tile in tiles.items()}

    try:
        total = spec.channels(layer)
        yield events.line(events.AtlasLayer(network=spec.name, layer=layer, channels=total))
        wanted = list(range(total))[part]
        while wanted:
            tiles = worker.errand(functools.partial(make, wanted[: atlas.BATCH]))
            async for sign in _signs_of_life(tiles):
                yield sign
            for channel, png in tiles.result().items():  # none when a job came in between: they are asked for again
                yield events.line(events.AtlasTile(channel=channel, png=base64.b64encode(png).decode()))
            wanted = wanted[len(tiles.result()) :]
        yield events.line(events.AtlasDone())
    except ReverieError as error:
        yield events.line(events.Failed.of(error.sentence))
    except Exception as error:  # the reader must learn that nothing more comes
        _log.exception("the atlas of %s, %s failed", spec.name, layer)
        yield events.line(events.Failed.of(unexpected(error)))
    finally:
        gone = True


async def _signs_of_life(outcome: Future[Any]) -> AsyncIterator[str]:
    """A line now and then, until the outcome is there."""
    waiting = asyncio.wrap_future(outcome)
    while not (await asyncio.wait([waiting], timeout=events.ALIVE_AFTER))[0]:
        yield events.line(events.Alive())
    waiting.exception()  # is raised where the outcome is asked for; asyncio logs one that nobody looked at here
