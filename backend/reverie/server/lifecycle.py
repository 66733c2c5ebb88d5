"""From start to end of the backend: binding, telling GIMP where it is, leaving when nobody needs it."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import os
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from filelock import FileLock, Timeout

from reverie import __version__
from reverie.errors import ReverieError
from reverie.plugin.shared import PROTOCOL, TAKEN, places

if TYPE_CHECKING:
    from fastapi import FastAPI

    from reverie.server.store import Store
    from reverie.server.worker import Worker

_LONG = 20  # characters of a token that cannot be guessed
_REST_AFTER, _FORGET_AFTER = 60.0, 300.0  # seconds without a job: networks and working memory; pictures and results
_UNHEARD = 60.0  # seconds without a client's word of its job
_OWN_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # “all addresses” is none that one can connect to everywhere
_log = logging.getLogger("reverie")
_places: list[FileLock] = []  # never let go


class RunsAlready(ReverieError):
    """Another backend has the ready file."""

    exit_code = TAKEN


def serve(
    *,
    host: str,
    port: int,
    ready_file: Path | None,
    idle_exit: float,
    device: str,
    origins: Sequence[str] = (),
    with_page: bool = False,
) -> None:
    """Serves until told to stop, or until there was nothing to do for `idle_exit` seconds.

    Port 0 takes a free one; `ready_file` is where port and token are written (the place where the plug-in looks, unless
    given). The token is random, or that of the environment variable REVERIE_TOKEN, without which only loopback is
    served. `origins` are those of web pages that may ask, too; `with_page`, there is one here, and its address is
    printed. Raises RunsAlready when another backend has the ready file, or is about to write it: two would each believe
    that GIMP finds it. Raises ReverieError when the address cannot be had or the file not be written.
    """
    if sys.stderr is None:  # under pythonw, which has no window: as a service on Windows
        sys.stdout = sys.stderr = open(places.log_file(), "a", encoding="utf-8", buffering=1)  # noqa: SIM115
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    token = _token(host)
    if not idle_exit > 0:  # nor is NaN
        raise ReverieError(f"--idle-exit takes a number of seconds above 0 (inf never leaves), and not {idle_exit:g}.")
    for origin in origins:
        _check_origin(origin)
    ready = ready_file or Path(places.ready_file())
    _make_folder(ready.parent)
    _take_place(ready)
    with _bind(host, port) as listening:
        _serve(listening, host, ready, token, idle_exit, device, origins, with_page)


def _token(host: str) -> str:
    """The user's own token, or a random one. Raises ReverieError for one that can be guessed: the backend proves to
    anybody that it knows it, who may then try all words until one gives the same proof."""
    token = os.environ.get("REVERIE_TOKEN", "")
    if not token and _is_loopback(host):
        return secrets.token_urlsafe(32)
    if len(token) < _LONG or not (token.isascii() and token.isprintable()):
        why = "" if _is_loopback(host) else f"Serving on {host} lets other machines in. "
        raise ReverieError(
            f"{why}Set the environment variable REVERIE_TOKEN to a secret of {_LONG} characters or more first, letters "
            "and digits at random; docs/elsewhere.md says how to make one."
        )
    return token


def _take_place(ready: Path) -> None:
    """Locks the file beside a ready file for as long as this process lives: whoever waits for its end waits for the
    lock, which the system takes away from a process that dies. What a killed backend left there goes. Raises
    RunsAlready."""
    lock = FileLock(places.lock_file(str(ready)))
    try:
        lock.acquire(blocking=False)
        _places.append(lock)
        ready.unlink(missing_ok=True)  # it leads to a port that is anybody's by now
    except Timeout as error:
        raise RunsAlready(
            f"A backend runs already, or is just starting; “{ready}” says where. To have another one beside it, name "
            "another file with --ready-file."
        ) from error
    except OSError as error:
        raise _unwritable(ready, error) from error


def _check_origin(origin: str) -> None:
    """Raises ReverieError for what no browser sends as an Origin."""
    try:
        parts = urlsplit(origin)
        plain = f"{parts.scheme}://{parts.netloc}"
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in origin and parts.port != 0
    except ValueError:  # no port is like that
        is_one = False
    if not is_one or origin != plain.lower():
        raise ReverieError(
            "--allow-origin takes the origin of a web page, such as https://example.org or http://localhost:8000, in "
            f"small letters and with nothing behind it, and not “{origin}”."
        )


def _page_address(host: str, port: int, token: str) -> str:
    """Where the page is. What stands behind the # is not sent to the server, nor to any that a page leads to."""
    named = socket.gethostname() if host in _OWN_ADDRESS else host
    return f"http://{f'[{named}]' if ':' in named else named}:{port}/#token={quote(token, safe='')}"


def _serve(
    listening: socket.socket,
    host: str,
    ready: Path,
    token: str,
    idle_exit: float,
    device: str,
    origins: Sequence[str],
    with_page: bool,
) -> None:
    # Loaded only now, which takes seconds: a backend that finds another one in its place has left by then.
    import uvicorn

    from reverie.engine.render import render
    from reverie.server.app import create_app
    from reverie.server.store import Store
    from reverie.server.worker import Worker

    worker, store = Worker(render, device), Store()
    server: uvicorn.Server | None = None

    def shut_down() -> None:
        assert server is not None
        server.should_exit = True

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        port = listening.getsockname()[1]
        _log.info("ready on port %d", port)
        if with_page and sys.__stdout__ is not None:  # without one, what is printed goes to the log
            print(f"Reverie's page: {_page_address(host, port, token)}", file=sys.__stdout__, flush=True)
        watch = asyncio.create_task(_watch(worker, store, idle_exit, shut_down))
        try:
            yield
        finally:
            watch.cancel()
            _remove_ready(ready)
            worker.close()

    app = create_app(
        worker,
        store,
        token=token,
        device=device,
        host=host,
        origins=origins,
        with_page=with_page,
        lifespan=lifespan,
        shut_down=shut_down,
    )
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    _write_ready(ready, host, listening.getsockname()[1], token)  # who connects from now on is answered in a moment
    server.run(sockets=[listening])


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bind(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
        # Connections inherit it. asyncio does not set it on those of such a socket, and then each answer's body waits
        # 40 ms for the client to acknowledge its head.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except (OSError, OverflowError) as error:  # the latter for a port above 65535
        reason = getattr(error, "strerror", None) or error
        raise ReverieError(
            f"The backend cannot listen on {host}, port {port}: {reason}. Use another port (0 takes a "
            "free one), or stop the program that has it."
        ) from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReverieError(
            f"The folder “{folder}”, through which GIMP finds the backend, cannot be made: {error.strerror or error}."
        ) from error


def _write_ready(path: Path, host: str, port: int, token: str) -> None:
    document = {
        "protocol": PROTOCOL,
        "version": __version__,
        "host": _OWN_ADDRESS.get(host, host),
        "port": port,
        "token": token,
        "pid": os.getpid(),
    }
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        part.unlink(missing_ok=True)
        # Created with its final mode: the token must at no time be readable by others.
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(document, file)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):  # a disk that takes no file lets none be removed either
            part.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _unwritable(ready: Path, error: OSError) -> ReverieError:
    return ReverieError(
        f"“{ready}”, by which GIMP finds the backend, cannot be written: {error.strerror or error}. Make room on the "
        "disk, or name another place with --ready-file."
    )


def _remove_ready(path: Path) -> None:
    """Removes the file unless a later backend has written its own there."""
    try:
        named = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(named, dict) and named.get("pid") == os.getpid():
            path.unlink()
    except (FileNotFoundError, ValueError):
        pass  # it is gone, or another's
    except OSError as error:
        _log.warning("“%s” cannot be removed: %s", path, error.strerror or error)


async def _watch(worker: Worker, store: Store, idle_exit: float, shut_down: Callable[[], None]) -> None:
    from reverie.engine.loaded import forget_network

    before = 0.0
    while True:
        await asyncio.sleep(min(1.0, idle_exit / 4))
        worker.cancel_unheard(_UNHEARD)
        if worker.lessons.under_way is not None:
            worker.touch()  # whoever waits for its end asks after it, too
        idle = 0.0 if worker.busy or worker.waiting else time.monotonic() - worker.last_used
        if idle > idle_exit:
            _log.info("nothing to do for %.0f s: leaving", idle)
            shut_down()
            return
        if before <= _FORGET_AFTER < idle:
            worker.forget_finished()
            store.clear()
        if before <= _REST_AFTER < idle or before <= _FORGET_AFTER < idle:
            forget_network()
        before = idle
