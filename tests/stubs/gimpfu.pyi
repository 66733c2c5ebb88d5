"""Python-Fu's registration of plug-ins, as far as plugin/gimp2 uses it. Text is UTF-8 in bytes, Python 2's `str`."""

from collections.abc import Callable, Sequence
from typing import NoReturn

from gimp import pdb as pdb

PF_DRAWABLE: int
PF_FILENAME: int
PF_IMAGE: int
PF_OPTION: int
PF_SLIDER: int
PF_SPINNER: int
PF_STRING: int
PF_TOGGLE: int

def register(
    proc_name: bytes,
    blurb: bytes,
    help: bytes,
    author: bytes,
    copyright: bytes,
    date: bytes,
    label: bytes,
    imagetypes: bytes,
    params: Sequence[tuple[object, ...]],
    results: Sequence[tuple[object, ...]],
    function: Callable[..., object],
    menu: bytes | None = None,
    domain: object = None,
    on_query: Callable[[], object] | None = None,
    on_run: Callable[[], object] | None = None,
) -> None: ...
def main() -> None: ...
def fail(msg: bytes) -> NoReturn: ...
