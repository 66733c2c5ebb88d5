"""What both ways to install have in common: the plug-in into every GIMP, the service, and all of it away again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from reverie.installer import CLONE, Failure, backend, gimp, plugin, service, user_folders
from reverie.installer.console import say, waiting
from reverie.installer.way import Way
from reverie.plugin.shared import places


def install(way: Way, keep: bool | None) -> None:
    """The plug-in in every GIMP configuration of this user, and the service if it is wanted (`keep`) or there already,
    unless it is wanted no longer (False). Raises Failure and OSError."""
    with waiting("Looking for GIMP"):
        programs = gimp.programs()
    folders = _configurations(programs)
    _make_room(keep)
    with waiting("Putting the plug-in into GIMP"):
        targets = plugin.install(folders, way.python, way.folder, older=gimp.older_configurations())
    for target in targets:
        say(f"✓ Plug-in in {target}")
    if keep or service.path().exists():
        keep_ready(way)
    elif any(program.packaging in ("flatpak", "snap") for program in programs):
        say(
            f"One of your GIMPs is sandboxed and may not start the backend. “{way.install} --service” keeps one ready "
            "for it."
        )
    if targets:
        say(f"Start GIMP (again): Filters ▸ Artistic ▸ Neural Style…   Nothing there? {way.program} doctor")
    else:
        say(
            "The backend is ready, but no GIMP 3 was found to put the plug-in into. Install GIMP 3 "
            "(https://www.gimp.org/downloads), start it once, and run this command again."
        )


def install_backend(way: Way, keep: bool | None) -> None:
    """The backend alone, for a plug-in that somebody has put into GIMP by hand; `keep` as for `install`. Raises Failure
    and OSError."""
    _make_room(keep)
    plugin.install([], way.python, CLONE, package=way.package)
    say(f"✓ The plug-in finds the backend through {places.install_record()}")
    if keep or service.path().exists():
        keep_ready(way)


def _make_room(keep: bool | None) -> None:
    """Ends what runs of an earlier version, and the service that is wanted no longer."""
    if keep is False and _service_removed():
        say("✓ The service is gone; GIMP starts the backend again")
    backend.stop()  # so that the next picture is not painted by an older version


def _configurations(programs: list[gimp.Program]) -> list[Path]:
    """The configuration folders of GIMP 3; a GIMP that was never started makes its own now."""
    folders = gimp.configurations()
    known = {folder.name for folder in folders}
    new = [program for program in programs if program.series not in known]
    if not new or os.environ.get("GIMP3_DIRECTORY"):
        return folders
    for program in new:
        say(f"{program} has not been started yet; it makes its folders now.")
        with waiting(f"Starting {program}"):
            started = gimp.start_once(program)
        if not started:
            say("It did not. Start GIMP once, close it, and run this command again.")
    return gimp.configurations()


def keep_ready(way: Way) -> None:
    """The service, written anew and started. Raises Failure when it cannot be written."""
    try:
        with waiting("Setting up the service"):
            todo = service.install(way.python)
    except OSError as error:
        raise Failure(
            f"The service's file “{error.filename}” cannot be written: {error.strerror}. Give yourself the right to "
            "write there, then run the same command again."
        ) from error
    say(todo or f"✓ The system keeps a backend ready ({service.path()}); “{way.install} --no-service” ends that")


def _service_removed() -> bool:
    with waiting("Ending the service"):
        return service.remove()


def uninstall() -> None:
    """Takes the plug-in, the service and what they left away again, and ends a running backend."""
    if _service_removed():
        say("✓ The service is gone")
    if backend.stop():
        say("✓ The running backend has ended")
    with waiting("Taking the plug-in out of GIMP"):
        left = plugin.uninstall()
    for folder in left:
        if folder == Path(places.state_folder()):
            say(f"Your presets and settings stay in {folder}.")
        elif folder.name == plugin.NAME:
            say(f"{folder} stays: it holds files that Reverie did not put there.")


def remove_models(wanted: bool) -> None:
    """Deletes the downloaded networks if that is wanted, and else says where they are."""
    models = user_folders.cache()
    if wanted and models.is_dir():
        with waiting("Deleting the downloaded networks"):
            shutil.rmtree(models)
        say(f"✓ The downloaded networks in {models} are deleted")
    elif models.is_dir():
        say(f"The downloaded networks stay in {models}; “uninstall --models” deletes them.")
