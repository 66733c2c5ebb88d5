# -*- coding: utf-8 -*-
"""How other programs are started from within GIMP."""

from __future__ import unicode_literals

import os
import sys

#: What GIMP sets for its own Python and libraries, and what would break another Python.
_FOREIGN = ("PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "GI_TYPELIB_PATH", "DYLD_LIBRARY_PATH")


def is_sandboxed():
    """Is this GIMP a flatpak or a snap, which may not start programs?"""
    # SNAP alone may come from another program: from a terminal in an editor that is a snap, and GIMP started there.
    return os.path.exists("/.flatpak-info") or os.environ.get("SNAP_NAME") == "gimp"


def environment():
    """The variables for a program that is none of GIMP's."""
    return dict((name, value) for name, value in os.environ.items() if name not in _FOREIGN)


def apart():
    """What Popen is told for a process that does not end with GIMP."""
    if sys.platform == "win32":
        # No console window, its own group. DETACHED_PROCESS would have the real Python, which a virtual environment's
        # python.exe starts, open a window. And Python 2.7 closes no handles there while it redirects others.
        return {"creationflags": 0x08000000 | 0x00000200}
    if sys.version_info[0] >= 3:
        return {"close_fds": True, "start_new_session": True}  # GIMP kills the plug-in's process group, not this one
    return {"close_fds": True, "preexec_fn": os.setsid}
