"""What comes with Reverie: style pictures and presets."""

import json
import os

from shared import places, presets


def bundled_styles():
    """The paths of the style pictures where Reverie is installed; none if that cannot be seen from here."""
    folder = _folder("demo")
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names if name.endswith(".jpg") and name != "landscape.jpg"]


def bundled_presets():
    """The presets, as `presets.read` gives them; none if the folder cannot be seen from here."""
    return presets.listed(_folder("presets"))[0]


def _folder(name):
    """A folder of the backend that is installed; one that does not exist, if none is."""
    try:
        with open(places.install_record(), encoding="utf-8") as file:
            return os.path.join(json.load(file)["folder"], "backend", name)
    except (OSError, ValueError, KeyError):
        return os.path.join(places.state_folder(), name, "missing")
