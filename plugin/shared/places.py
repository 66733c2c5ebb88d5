# -*- coding: utf-8 -*-
"""Where the plug-in, the backend and the installer find each other.

They meet in one folder beside GIMP's own configuration. XDG variables are not heeded on purpose: a sandboxed GIMP
(flatpak, snap) redirects them, and would then look elsewhere than the backend outside of it.
"""

import os
import sys


def gimp_configurations():
    """The folder that holds GIMP's configuration folders, one a version (`3.0`, `3.2`, `2.10`)."""
    if sys.platform == "win32":
        return os.path.join(os.environ.get("APPDATA", os.path.expanduser("~")), "GIMP")
    home = os.environ.get("SNAP_REAL_HOME") or os.path.expanduser("~")
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Application Support", "GIMP")
    return os.path.join(home, ".config", "GIMP")


def state_folder():
    """Reverie's own folder; it may not exist yet. The environment variable REVERIE_HOME names another one."""
    return os.environ.get("REVERIE_HOME") or os.path.join(gimp_configurations(), "reverie")


def ready_file():
    """JSON, written by a backend when it accepts connections and removed when it ends: host, port, token, pid."""
    return os.path.join(state_folder(), "ready.json")


def install_record():
    """JSON, written by the installer: the Python and the folder that start a backend."""
    return os.path.join(state_folder(), "install.json")


def settings_file():
    """JSON, written by the user who has a backend elsewhere: its host, port and token."""
    return os.path.join(state_folder(), "settings.json")


def lock_file():
    """Held by whoever is starting a backend."""
    return os.path.join(state_folder(), "start.lock")


def log_file():
    """What the backend prints."""
    return os.path.join(state_folder(), "backend.log")


def plugin_log_file():
    """The plug-in's own failures, in full."""
    return os.path.join(state_folder(), "plugin.log")
