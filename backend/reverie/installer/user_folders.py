"""The user's folders, as platformdirs has them, of which the installer, which may run before anything is installed,
knows nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def data() -> Path:
    """platformdirs.user_data_path("reverie", appauthor=False): the user's own fast styles, and the environment that the
    zip of the plug-in makes."""
    if sys.platform == "win32":
        return _local() / "reverie"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "reverie"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "reverie"


def cache() -> Path:
    """platformdirs.user_cache_path("reverie", appauthor=False): what the backend fetches."""
    if sys.platform == "win32":
        return _local() / "reverie" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "reverie"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reverie"


def _local() -> Path:
    return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
