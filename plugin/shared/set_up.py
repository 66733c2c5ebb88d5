# -*- coding: utf-8 -*-
"""Sets the backend up where the plug-in came alone, in a zip: runs the installer that lies in it, in `setup/`."""

from __future__ import unicode_literals

import collections
import io
import json
import os
import shutil
import signal
import subprocess
import sys

from . import jobs, launcher, places, programs, zipped
from .words import _

PYTHONS = (3, 10), (3, 14)  # the oldest and the newest that there are packages for
_SECONDS = 2.0  # for a backend that runs to answer
_TELLING = 8 * 10**6  # bytes: those that are looked up are fewer, and tell nothing of how fast the rest comes

#: Asks a Python whether it can make an environment that torch can be installed into; prints what it is and what it
#: lacks, the graver first. The Python of GIMP on Windows is of a kind (MinGW) that nobody makes such packages for.
_PROBE = (
    """
import json, sys, sysconfig
from importlib.util import find_spec
lacks = [word for word, fault in (
    ("age", not (%r <= sys.version_info[:2] <= %r)),
    ("platform", sysconfig.get_platform().startswith("mingw")),
    ("venv", find_spec("venv") is None),
) if fault]
print(json.dumps([sys.executable, list(sys.version_info[:2]), lacks[:1]]))
"""
    % PYTHONS
)


class Obstacle(Exception):
    """The set-up cannot be done from here. `args[0]` is a sentence that says why; `command` is what to do in a
    terminal."""

    def __init__(self, why, command):
        super(Obstacle, self).__init__(why)
        self.command = command


def is_wanted():
    """Is the zip's backend to be set up? Not where another one is named, runs, or can be started."""
    if zipped.folder() is None or os.path.exists(places.settings_file()):
        return False
    if is_update():
        return True
    record = launcher.record()
    if record and (programs.is_sandboxed() or os.path.exists(record.get("python", ""))):
        return False
    return launcher.find(places.ready_file(), _SECONDS)[0] is None


def is_update():
    """Is the backend there that the zip has set up, in another version?"""
    record = launcher.record() or {}
    return record.get("folder") == zipped.folder() and record.get("version") != zipped.version()


def interpreter():
    """The Python to set it up with: the one that GIMP brings, or else one of the system's. Raises Obstacle."""
    if programs.is_sandboxed():
        why = _(
            "This GIMP is sandboxed (flatpak or snap) and may not start other programs, so that the backend has to be "
            "kept ready from outside."
        )
        raise Obstacle(why, zipped.command("--service"))
    lacks = None
    for candidate in _candidates():
        found = _probed(candidate)
        if found and not found[2]:
            return found[0]
        lacks = lacks or found
    raise _obstacle(lacks)


def _candidates():
    mounted = os.environ.get("APPDIR")  # an AppImage's own Python is gone when GIMP ends
    if not (mounted and sys.executable.startswith(mounted)):
        yield sys.executable
    names = ["py"] if sys.platform == "win32" else ["python3"]
    names += ["python3.%d" % minor for minor in range(PYTHONS[1][1], PYTHONS[0][1] - 1, -1)]
    for name in names:
        path = shutil.which(name)
        if path:
            yield path


def _probed(python):
    """[Its path, its version, what it lacks]; None when it does not run."""
    try:
        process = subprocess.Popen([python, "-c", _PROBE], env=programs.environment(), stdout=subprocess.PIPE)
        return json.loads(process.communicate()[0].decode("utf-8"))
    except (OSError, ValueError):
        return None


def _obstacle(lacks):
    oldest, newest = ("%d.%d" % each for each in PYTHONS)
    if lacks and lacks[2] == ["venv"]:
        why = _("The Python on this computer cannot make environments: its part “venv” is not installed.")
        return Obstacle(why, "sudo apt install python%d.%d-venv" % tuple(lacks[1]))
    why = _(
        "The Python that GIMP brings cannot run the backend, and no other was found that can. Install Python %s to %s "
        "(https://www.python.org/downloads), then try again, or give this command."
    ) % (oldest, newest)
    return Obstacle(why, zipped.command())


class Fetching(object):
    """How far it is, in words. `total` bytes are to be fetched, of which `kept` are here from an earlier try."""

    def __init__(self, total):
        self.total, self.kept = total, 0
        self._fetched = self._base = 0  # by now, and before what is fetched now
        self._begun = None  # in seconds

    def told(self, fetched, now):
        """The share that is here, and a line that says so."""
        if self._begun is None or fetched < self._fetched:  # what pip looked up counts by itself
            self._begun, self._base = now, max(fetched, self.kept)
        self._fetched, came = fetched, fetched - self._base
        total = max(self.total, fetched)  # which was known roughly
        said = _("%d of about %d MB") % (fetched / 1e6, total / 1e6)
        if self.kept >= 1e6:
            said = _("%s, of which %d MB were fetched before") % (said, self.kept / 1e6)
        if came > _TELLING:
            left = (now - self._begun) * (total - fetched) / float(came)
            said = "%s, %s" % (said, jobs.time_left(left))
        return fetched / float(total), said


class Installer(object):
    """The installer, while it runs a command. `events` gives what it tells; `cancel`, from another thread, ends it."""

    def __init__(self, python, *words):
        command = [python, os.path.join(zipped.folder(), "install.py")]
        command += words
        command.append("--json")
        options = {"env": programs.environment(), "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        options.update(programs.apart())  # a group of its own, with pip in it
        with open(os.devnull, "rb") as nothing:
            self._process = subprocess.Popen(command, stdin=nothing, **options)

    def events(self):
        """Dictionaries with a "type"; the last one is what it ended with: "done", "plan", or "failed" with a
        "message"."""
        last, said = {}, collections.deque(maxlen=12)
        for line in io.TextIOWrapper(self._process.stdout, "utf-8", "replace"):
            try:
                last = json.loads(line)
                yield last
            except ValueError:
                said.append(line.rstrip())
        if self._process.wait() and last.get("type") != "failed":
            yield {"type": "failed", "message": "\n".join(said) or _("The set-up ended without a word.")}

    def cancel(self):
        """Ends it, with what it has started; the files that are complete by then are kept for the next time."""
        try:
            if sys.platform == "win32":
                subprocess.call(["taskkill", "/F", "/T", "/PID", str(self._process.pid)])
            else:
                os.killpg(self._process.pid, signal.SIGKILL)
        except OSError:
            pass  # it has ended by itself
