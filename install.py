#!/usr/bin/env python3
"""Installs Reverie: `python3 install.py [install|demo|test|doctor|upgrade|uninstall] [--service]`.

The rest is in backend/reverie/installer/. This file runs on any Python: one that is too old is told so in a sentence.
It also lies in the zip of the plug-in, in `setup/`, beside a wheel that has the rest.
"""

import glob
import os
import sys

if sys.version_info < (3, 10):  # noqa: UP036
    sys.exit(
        "Reverie needs Python 3.10 or newer, and this is Python "
        + sys.version.split()[0]
        + " ("
        + sys.executable
        + "). "
        "Install a newer one (Debian, Ubuntu: sudo apt install python3; others: https://www.python.org/downloads) "
        "and start install.py with it."
    )

if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    # Of several wheels, after a newer zip was unpacked over an older one, the newest.
    wheels = sorted(glob.glob(os.path.join(glob.escape(here), "reverie-*.whl")), key=os.path.getmtime)
    sys.path.insert(0, wheels[-1] if wheels else os.path.join(here, "backend"))
    from reverie.installer.commands import main

    sys.exit(main())
