"""`reverie gimp`: the plug-in into every GIMP, with the environment that this runs in as the backend's."""

from __future__ import annotations

import argparse

from reverie.errors import ReverieError
from reverie.installer import doctor, steps, way
from reverie.installer.console import refusal, say


def run(options: argparse.Namespace) -> int:
    """Carries out what `options.gimp` names; returns the exit status. Raises ReverieError."""
    try:
        if options.gimp == "install":
            steps.install(way.as_package(), options.service)
        elif options.gimp == "doctor":
            return doctor.report(way.as_package(), as_json=options.json)
        else:
            steps.uninstall()
            steps.remove_models(options.models)
            say("Reverie itself stays in its environment; “pip uninstall reverie” removes it there.")
    except OSError as error:
        raise ReverieError(refusal(error)) from error
    return 0
