"""The page, for those without GIMP: the files in server/page. What they show they ask for, with the token."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException

_FOLDER = Path(__file__).resolve().parents[1] / "page"
_FILES = {f"/page/{path.name}": path for path in _FOLDER.iterdir()} | {"/": _FOLDER / "index.html"}
PATHS = frozenset(_FILES)
"""Where the page's files are; they tell nothing that is anybody's own."""

_TYPES = {  # Windows' registry may say otherwise
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    # Nothing from another host and nothing that stands in the page itself is run; no other page shows this one.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",  # a newer Reverie has a newer page at the same address
}


def router() -> APIRouter:
    """The page's files; no calls of the interface, whose description they are left out of."""
    calls = APIRouter(include_in_schema=False)

    @calls.get("/")
    def page() -> FileResponse:
        return _file("/")

    @calls.get("/page/{name}")
    def part(name: str) -> FileResponse:
        return _file(f"/page/{name}")

    return calls


def _file(address: str) -> FileResponse:
    if address not in _FILES:
        raise HTTPException(404, "there is no such file")
    path = _FILES[address]
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=_HEADERS)
