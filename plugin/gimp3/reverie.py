#!/usr/bin/env python3
"""Reverie for GIMP 3: Filters ▸ Artistic ▸ Neural Style…, Deep Dream… and Edit Neural Style…

GIMP starts this file. What it does is in the package `reverie_gimp` beside it; it all runs in GIMP's own Python, which
has nothing but the standard library: the pictures are computed by the backend, another process (see `shared/`).
"""

from __future__ import annotations

import os
import sys

import gi

gi.require_version("GdkPixbuf", "2.0")
gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gegl, Gimp  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from reverie_gimp import run  # noqa: E402
from reverie_gimp.gimp import procedures  # noqa: E402


class Reverie(Gimp.PlugIn):  # type: ignore[misc]  # gi tells no types
    def do_query_procedures(self) -> list[str]:
        return [*procedures.FILTERS, *procedures.OF_RESULTS]

    def do_set_i18n(self, name: str) -> bool:
        return False

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        Gegl.init(None)
        actions = {procedures.EDIT: run.edit, procedures.ANOTHER: run.another}
        action = actions.get(name, run.animate if name in procedures.ANIMATIONS else run.paint)
        return procedures.create(self, name, action)


if __name__ == "__main__":
    Gimp.main(Reverie.__gtype__, sys.argv)
