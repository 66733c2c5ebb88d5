"""The style pictures that come with Reverie."""

import json
import os

from shared import places


def bundled_styles():
    """Their paths in the folder where Reverie is installed; none if that cannot be seen from here."""
    try:
        with open(places.install_record(), encoding="utf-8") as file:
            folder = os.path.join(json.load(file)["folder"], "backend", "demo")
        names = sorted(os.listdir(folder))
    except (OSError, ValueError, KeyError):
        return []
    return [os.path.join(folder, name) for name in names if name.endswith(".jpg") and name != "landscape.jpg"]
