"""The application: the calls of the HTTP interface, version 1, put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from reverie import __version__
from reverie.server import errors
from reverie.server.openapi import Described, operation_id
from reverie.server.routes import atlas, backend, choices, estimate, jobs, lessons, page, pictures, results
from reverie.server.security import Guard, TokenCheck
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
    origins: Sequence[str] = (),
    with_page: bool = False,
    lifespan: Lifespan | None = None,
    shut_down: Callable[[], None] = lambda: None,
) -> FastAPI:
    """The application. `origins` are those of the web pages that it answers besides its own, which there is
    `with_page`; `shut_down` is called when a client asks the backend to end."""
    app = Described(
        title="Reverie",
        version=__version__,
        lifespan=lifespan,
        generate_unique_id_function=operation_id,
        docs_url=None,  # FastAPI's pages load their scripts from other hosts
        redoc_url=None,
    )
    # The last one comes first: who must not ask at all is refused before it is said to a page what it may ask, which a
    # browser wants to know before it shows the token.
    app.add_middleware(TokenCheck, token=token, open_paths=page.PATHS if with_page else ())
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Last-Event-ID"],
            allow_private_network=True,  # a page from elsewhere asks for this machine
            expose_headers=["Location", "Retry-After"],
        )
    app.add_middleware(Guard, host=host, origins=origins, own_page=with_page)
    errors.add_handlers(app)
    for router in (
        backend.router(worker, device, token, shut_down),
        choices.router(worker, store),
        atlas.router(worker, device),
        pictures.router(worker, store),
        estimate.router(worker, device),
        jobs.router(worker, store, device),
        results.router(worker),
        lessons.router(worker, store),
    ):
        app.include_router(router, prefix="/v1", responses=errors.refusals(401, 403, 500, 507))
    if with_page:
        app.include_router(page.router())
    return app
