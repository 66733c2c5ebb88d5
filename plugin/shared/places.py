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
    """JSON, written by the installer: "python", which starts a backend with `-m reverie serve`; "package", the folder
    of the package reverie; "version"; and, for older readers, "folder", the clone or what the package lies in. A
    plug-in that has its backend beside itself has its own record."""
    return own_record() if os.path.exists(own_record()) else os.path.join(state_folder(), "install.json")


def own_record():
    """The record of a backend within the plug-in's own folder, which a sandboxed GIMP may start; there if whoever
    packaged the plug-in has put both there."""
    return os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "install.json")


def settings_file():
    """JSON, written by the user who has a backend elsewhere: its host, port and token."""
    return os.path.join(state_folder(), "settings.json")


def lock_file(ready_file):
    """Locked by the backend that has the ready file, or will have it, as long as its process lives."""
    return ready_file + ".lock"


def log_file():
    """What the backend prints."""
    return os.path.join(state_folder(), "backend.log")


def plugin_log_file():
    """The plug-in's own failures, in full."""
    return os.path.join(state_folder(), "plugin.log")
