"""`reverie gimp`: the plug-in into every GIMP, with the environment that this runs in as the backend's."""

from __future__ import annotations

import argparse
import sys

from reverie.errors import ReverieError
from reverie.installer import doctor, steps, way
from reverie.installer.console import refusal, say


def gimp(options: argparse.Namespace) -> None:
    """Carries out what `options.gimp` names; the doctor's findings decide the exit status. Raises ReverieError."""
    try:
        if options.gimp == "install":
            steps.install(way.as_package(), options.service)
        elif options.gimp == "doctor":
            sys.exit(doctor.report(way.as_package(), as_json=options.json))
        else:
            steps.uninstall()
            say("✓ The plug-in is out of GIMP")
            steps.remove_models(options.models)
            say("Reverie itself stays in its environment; “pip uninstall reverie” removes it there.")
    except OSError as error:
        raise ReverieError(refusal(error)) from error
