"""The file that a training goes on from."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import torch

from reverie.files import replace_with


def keep(contents: Mapping[str, object], file: Path) -> None:
    """Writes it. Raises ReverieError when it cannot be written; what was there before stays."""
    buffer = io.BytesIO()
    torch.save(contents, buffer)  # into a file, it hides what the system says of a full disk behind an error of its own
    replace_with(file, lambda part: part.write_bytes(buffer.getbuffer()))
