"""Files that are complete or not there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError

from reverie.errors import ReverieError


def replace_with(path: Path, write: Callable[[Path], object]) -> None:
    """Has `write` make a file beside `path` and puts it in its place; what was there stays until then.

    Raises ReverieError when it cannot be written.
    """
    part = path.with_name(f".{path.name[:40]}.{os.getpid()}.part")  # a name may be as long as the system takes already
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        part.replace(path)
    except (OSError, RuntimeError, ValueError, SafetensorError) as error:  # torch and others wrap the system's errors
        raise ReverieError(f"“{path}” cannot be written: {_reason(error)}. What was there before is kept.") from error
    finally:
        with contextlib.suppress(OSError, ValueError):  # has just been told, if it matters
            part.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error).splitlines()[0]
