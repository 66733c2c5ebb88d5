#!/usr/bin/env python3
"""Installs Reverie: `python3 install.py [install|demo|test|doctor|upgrade|uninstall] [--service]`.

The rest is in installer/. This file runs on any Python, so that one that is too old is told so in a sentence.
"""

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
    from installer.commands import main

    sys.exit(main())
