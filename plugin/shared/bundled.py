# -*- coding: utf-8 -*-
"""What comes with Reverie, style pictures and presets, where it is installed."""

import io
import json
import os
import re

from . import places

#: How the path of a bundled picture ends, wherever Reverie is or was installed.
_BUNDLED = re.compile(r"[\\/](?:backend|reverie)[\\/]demo[\\/]([^\\/]+\.jpg)$")


def folder(name):
    """The folder `demo` or `presets`; one that does not exist where the installation cannot be seen from here."""
    try:
        with io.open(places.install_record(), encoding="utf-8") as file:
            record = json.load(file)
        if "package" in record:
            return os.path.join(record["package"], name)
        # Written by an earlier version, which named the clone.
        package = os.path.join(record["folder"], "backend", "reverie")
        return os.path.join(package if os.path.isdir(package) else os.path.dirname(package), name)
    except (IOError, OSError, ValueError, KeyError, TypeError):
        return os.path.join(places.state_folder(), name, "missing")


def styles():
    """The paths of the style pictures; none if they cannot be seen from here."""
    demo = folder("demo")
    try:
        names = sorted(os.listdir(demo))
    except (IOError, OSError):
        return []
    return [os.path.join(demo, name) for name in names if name.endswith(".jpg") and name != "landscape.jpg"]


def style(name):
    """The path of the style picture of that name; None if it cannot be seen from here."""
    return next((path for path in styles() if os.path.basename(path) == name + ".jpg"), None)


def present(path):
    """The path of a picture, as it is now: where Reverie was moved or upgraded, a bundled one lies elsewhere than it
    did when its path was recorded. Whether there still is one is not looked at: a path in somebody's document may lead
    anywhere."""
    found = _BUNDLED.search(path)
    if found is None:
        return path
    here = os.path.join(folder("demo"), found.group(1))
    return here if os.path.exists(here) else path
