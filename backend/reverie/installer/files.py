"""Files that are complete or as they were before."""

from __future__ import annotations

from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Puts a new file in the place of one; on a full disk the old one stays. Raises OSError."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def size(folder: Path) -> int:
    """Of all files in it, in bytes; 0 where there is no such folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
