"""Files that are complete or not there."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError

from reverie.errors import ReverieError

_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def address(reference: str) -> str | None:
    """The address on the network that this is; None for a file's name. Of two slashes, a path has but one left."""
    found = re.fullmatch(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.*)", reference)
    return f"{found[1]}://{found[2]}" if found else None


def named(reference: str, folder: Path = Path()) -> Path:
    """The file that a recipe names, from its folder on: `~` is the home of whoever runs it, and backslashes separate
    folders on any system, unless a file has such a name."""
    if (folder / reference).exists():
        return folder / reference
    with contextlib.suppress(RuntimeError):  # nobody's home
        if (home := Path(reference).expanduser()) != Path(reference):
            return home
    other = folder / reference.replace("\\", "/")
    return other if other.exists() else folder / reference


def check_writable(path: Path) -> None:
    """Raises ReverieError for a file that is there and must not be written."""
    with contextlib.suppress(OSError, ValueError):
        if not path.stat().st_mode & _WRITABLE:
            raise ReverieError(f"“{path}” is write-protected. Choose another name, or allow writing to it.", "output")


def replace_with(path: Path, write: Callable[[Path], object]) -> None:
    """Has `write` make a file beside `path` and puts it in its place; what was there stays until then. Of a link, it is
    the file that the link leads to; and the new one has the mode and, where this is allowed, the owner of the old.

    Raises ReverieError when it cannot be written, or is write-protected.
    """
    check_writable(path)
    with contextlib.suppress(OSError, RuntimeError, ValueError):  # links in a circle; no file's name has a zero byte
        path = path.resolve() if path.is_symlink() else path
    part = path.with_name(f".{path.name[:40]}.{os.getpid()}.part")  # a name may be as long as the system takes already
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        _belong_alike(part, path)
        part.replace(path)
    except (OSError, RuntimeError, ValueError, SafetensorError) as error:  # torch and others wrap the system's errors
        raise ReverieError(f"“{path}” cannot be written: {_reason(error)}. What was there before is kept.") from error
    finally:
        with contextlib.suppress(OSError, ValueError):  # has just been told, if it matters
            part.unlink(missing_ok=True)


def _belong_alike(part: Path, path: Path) -> None:
    """Gives a new file the mode and the owner of the one that it will replace, if there is one."""
    try:
        old = path.stat()
    except OSError:
        return
    new = part.stat()
    if hasattr(os, "chown") and (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        with contextlib.suppress(OSError):  # only root may give files away
            os.chown(part, old.st_uid, old.st_gid)
    part.chmod(stat.S_IMODE(old.st_mode))


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error).splitlines()[0]
