# -*- coding: utf-8 -*-
"""What comes with the plug-in where it came alone, in a zip: an installer of the backend, in the folder `setup`."""

from __future__ import unicode_literals

import os
import sys

from .client import as_text


def folder():
    """The folder; None where the plug-in came without."""
    path = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "setup")
    return as_text(path) if os.path.exists(os.path.join(path, "install.py")) else None


def version():
    """The version of its backend: of the newest wheel, where a newer zip was unpacked over an older one."""
    wheels = [os.path.join(folder(), name) for name in os.listdir(folder()) if name.startswith("reverie-")]
    return os.path.basename(max(wheels, key=os.path.getmtime)).split("-")[1]


def command(*words):
    """What a person gives in a terminal to set the backend up."""
    python = "py" if sys.platform == "win32" else "python3"
    return '%s "%s"' % (python, os.path.join(folder(), "install.py")) + "".join(" " + word for word in words)
