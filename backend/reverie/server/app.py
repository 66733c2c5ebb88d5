"""The application: the calls of the HTTP interface, version 1, put together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI

from reverie import __version__
from reverie.server import errors
from reverie.server.openapi import Described, operation_id
from reverie.server.routes import atlas, backend, choices, estimate, jobs, pictures, results
from reverie.server.security import Guard
from reverie.server.store import Store
from reverie.server.worker import Worker

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    worker: Worker,
    store: Store,
    *,
    token: str,
    device: str = "auto",
    host: str = "127.0.0.1",
    lifespan: Lifespan | None = None,
    shut_down: Callable[[], None] = lambda: None,
) -> FastAPI:
    """The application. `shut_down` is called when a client asks the backend to end."""
    app = Described(
        title="Reverie",
        version=__version__,
        lifespan=lifespan,
        generate_unique_id_function=operation_id,
        docs_url=None,  # FastAPI's pages load their scripts from other hosts
        redoc_url=None,
    )
    app.add_middleware(Guard, token=token, host=host)
    errors.add_handlers(app)
    for router in (
        backend.router(worker, device, token, shut_down),
        choices.router(worker, store),
        atlas.router(worker, device),
        pictures.router(worker, store),
        estimate.router(worker, device),
        jobs.router(worker, store, device),
        results.router(worker),
    ):
        app.include_router(router, prefix="/v1", responses=errors.refusals(401, 403, 500, 507))
    return app
