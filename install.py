#!/usr/bin/env python3
"""Installs Reverie: `python3 install.py [install|demo|test|doctor|upgrade|uninstall] [--service]`.

The rest is in backend/reverie/installer/. This file runs on any Python: one that is too old is told so in a sentence.
"""

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
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "backend"))
    from reverie.installer.commands import main

    sys.exit(main())
