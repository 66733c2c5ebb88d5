# -*- coding: utf-8 -*-
"""Finds the running backend, or starts one; with settings that name a backend elsewhere, takes that one."""

from __future__ import unicode_literals

import collections
import errno
import io
import json
import os
import subprocess
import sys
import threading
import time

from . import PROTOCOL, TAKEN, places, programs, zipped
from .client import BackendError, Client, as_text
from .words import _

PATIENCE = 90.0  # seconds for a backend to start: torch takes long from a cold disk
_NEAR, _FAR = 2.0, 10.0  # seconds to answer for a backend on this machine, and for one that is busy or on another
_AGAIN = 5.0  # seconds until another backend is started, when one was in its place and then does not answer
_LOG_LINES, _LOG_BYTES = 12, 1000000

#: A backend that this process has started, where its words begin in the log, and when that was.
_Started = collections.namedtuple("_Started", "process log_begin since")
_started = None  # until it has answered or ended: also when nobody waits for it any more
_starting = threading.Lock()  # several previews may look for a backend at once: one of them starts it


def connect(waiting=lambda seconds: None):
    """A Client of a backend that answers; starts one when there is none.

    Whether one is there already, or is just starting, is not decided here but by the backends: each holds a lock as
    long as it lives, and one that finds it held leaves at once.

    `waiting` is called a few times a second while a backend starts, with the seconds since then; what it raises ends
    the wait, and the start goes on for the next one. Raises BackendError when there is none to be had.
    """
    global _started
    if os.path.exists(places.settings_file()):
        return _elsewhere()
    begun, seconds, awaited = time.time(), _NEAR, None
    while True:
        ended = awaited and awaited.process.poll()
        client, silent = find(places.ready_file(), seconds)
        if client is not None:
            _started = None
            return client
        if awaited is not None:
            awaited = _looked_after(awaited, ended)
        elif not (silent and programs.is_sandboxed()):
            with _starting:
                awaited = _started = _started or _start()
        if ended in (0, TAKEN):
            seconds = _FAR  # another one loads, or is busy
        if time.time() - begun > PATIENCE:
            if silent:
                raise BackendError(_("The backend does not answer. Your layer is as it was. Try again in a moment."))
            raise _late(0)
        waiting(time.time() - begun)
        time.sleep(0.2)


def _looked_after(started, ended):
    """Judges a backend that was started here by its exit status, None while it loads: returns it, or None where another
    one is to be started. Raises BackendError, for each that waits for it, when it has failed, or takes too long and is
    ended."""
    seconds = time.time() - started.since
    if ended in (0, TAKEN):  # it was told to end, or has found another one in its place
        if seconds > _AGAIN:  # if that one has died meanwhile, the next has its place
            _forget(started)
            return None
    elif ended is not None:
        _forget(started)
        raise BackendError(
            _("Reverie's backend could not start. The end of its log:\n\n") + log_tail(started.log_begin)
        )
    elif seconds > PATIENCE:
        started.process.terminate()
        _forget(started)
        raise _late(started.log_begin)
    return started


def _forget(started):
    """The next one that looks for a backend is to start another."""
    global _started
    with _starting:
        if _started is started:
            _started = None


def _late(log_begin):
    return BackendError(_("Reverie's backend did not start in time. The end of its log:\n\n") + log_tail(log_begin))


def _elsewhere():
    """A Client of the backend that the settings name, which is never started from here."""
    path, settings = as_text(places.settings_file()), _read_private(places.settings_file())
    try:
        host, port, token = str(settings["host"]), int(settings["port"]), str(settings["token"])
        token.encode("ascii")  # what a header can carry
        client = Client(host, port, token)
    except (TypeError, KeyError, ValueError):
        raise BackendError(
            _(
                'The settings “%s” do not name a backend; they look like {"host": "192.168.1.5", "port": 7870, '
                '"token": "…"}. Mend them, or delete the file to have the backend on this machine.'
            )
            % path
        )
    where = _("%s, port %d") % (host, port)
    try:
        health = client.health(timeout=_FAR)
        fits = health["protocol"] == PROTOCOL
    except BackendError as error:
        raise _unusable(error, where, path)
    except (TypeError, KeyError):
        raise BackendError(_("What answers on %s, which “%s” names, is not Reverie's backend.") % (where, path))
    if not fits:
        raise BackendError(
            _(
                "The backend on %s has version %s, which does not fit this plug-in. Install the same version of "
                "Reverie on both machines, then start that backend and GIMP again."
            )
            % (where, health.get("version", "?"))
        )
    if not health["proved"]:
        raise BackendError(
            _(
                "What answers on %s does not know the token in “%s”, so it was shown nothing. Write there the one that "
                "your backend was started with; if it is the same, another program answers in its place."
            )
            % (where, path)
        )
    return client


def _unusable(error, where, path):
    """The sentence for a backend elsewhere that cannot be used."""
    if error.reason is None:  # it answered; a refusal says why
        return BackendError(_("The backend on %s, which “%s” names: %s") % (where, path, error.args[0]), error.status)
    return BackendError(
        _(
            "The backend on %s, which “%s” names, cannot be reached (%s). Start it there, and see that no firewall is "
            "between; or delete the file to have the backend on this machine."
        )
        % (where, path, error.reason),
        reason=error.reason,
    )


def log_tail(begin=0):
    """The last lines of the backend's log, from that byte on."""
    try:
        with io.open(places.log_file(), "rb") as log:
            log.seek(begin)
            lines = log.read().decode("utf-8", "replace").splitlines()[-_LOG_LINES:]
    except (IOError, OSError):
        lines = []
    return "\n".join(lines) or _("(the log %s is empty)") % as_text(places.log_file())


def find(ready_file, seconds):
    """Looks for the backend that a ready file names: a Client of it, or None; and whether there is silence where it
    should answer within that time. Raises BackendError when it is of another version, and when others may read the
    file."""
    ready = _read_private(ready_file)
    try:
        client = Client(ready["host"], ready["port"], ready["token"])
        health = client.health(timeout=seconds)
    except BackendError as error:
        # One that died without removing its file is refused, unless another program has its port by now.
        return None, error.timed_out
    except (TypeError, KeyError, AttributeError):
        return None, False
    if ready.get("protocol", PROTOCOL) != PROTOCOL:  # as the file says: what answers may be anybody
        raise BackendError(
            _(
                "The running backend (version %s) does not fit this plug-in. In a terminal, run “%s gimp install”, "
                "then start GIMP again."
            )
            % (ready.get("version", "unknown"), _command())
        )
    return (client if health["proved"] else None), False


def _read_private(path):
    """As `_read`, of a file with a token. Raises BackendError when others than the user may read or change it."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    # On Windows the user's folders are the user's alone.
    if sys.platform != "win32" and (found.st_mode & 0o077 or found.st_uid != os.geteuid()):
        raise BackendError(
            _(
                "“%s” holds the backend's token, and others than you may read or change it. In a terminal, make it "
                'yours alone (chmod 600 "%s"); then try again.'
            )
            % (as_text(path), as_text(path))
        )
    return _read(path)


def _read(path):
    try:
        with io.open(path, encoding="utf-8") as file:
            return json.load(file)
    except (IOError, OSError, ValueError, RuntimeError):  # the last, when it is nested without end
        return None


def record():
    """What the installer wrote down, by which a backend is started; None where there is none."""
    return _read(places.install_record())


def _command():
    """The words that start Reverie's command line in a terminal, whichever way it was installed."""
    return '"%s" -m reverie' % (record() or {}).get("python", "python3")


def _start():
    """Starts a backend that outlives this process."""
    if os.path.exists(places.state_folder()) and not os.path.isdir(places.state_folder()):
        raise _unwritable(os.strerror(errno.EEXIST))
    recorded = record()
    if not recorded:
        if zipped.folder():
            raise BackendError(
                _(
                    "Reverie's backend is not set up yet. Open “Filters ▸ Artistic ▸ Neural Style…”, which offers to "
                    "do it; or give this command in a terminal: %s"
                )
                % zipped.command(*["--service"] if programs.is_sandboxed() else [])
            )
        raise BackendError(
            _(
                "Reverie's backend is not installed for this GIMP: there is no “%s”. In a terminal, run “reverie gimp "
                "install”; or, in a clone of Reverie, “python3 install.py”."
            )
            % as_text(places.install_record())
        )
    if programs.is_sandboxed() and not os.path.exists(places.own_record()):
        raise BackendError(
            _(
                "This GIMP is sandboxed (flatpak or snap) and may not start other programs. In a terminal, “%s gimp "
                "install --service” keeps the backend ready from now on; this starts it once: %s serve"
            )
            % (_command(), _command())
        )
    if not os.path.exists(recorded["python"]):
        raise BackendError(
            _(
                "Reverie's backend cannot be started: “%s” is gone. Was it moved or removed? Run “reverie gimp "
                "install” again, or, in a clone of Reverie, “python3 install.py”."
            )
            % recorded["python"]
        )
    environment = programs.environment()
    environment[str("REVERIE_HOME")] = places.state_folder()
    with open(os.devnull, "rb") as nothing, _open_log() as log:
        # In the state folder, where nothing can be taken for the package reverie.
        options = {"cwd": places.state_folder(), "env": environment, "stdin": nothing, "stdout": log, "stderr": log}
        options.update(programs.apart())
        begin = os.path.getsize(places.log_file())
        try:
            process = subprocess.Popen([recorded["python"], "-m", "reverie", "serve"], **options)
        except OSError as error:
            raise BackendError(_("Reverie's backend could not be started: %s.") % as_text(error.strerror))
    return _Started(process, begin, time.time())


def _open_log():
    """The log to be written on: another backend that lives may write there, too. A long one begins anew."""
    try:
        if os.path.exists(places.log_file()) and os.path.getsize(places.log_file()) > _LOG_BYTES:
            open(places.log_file(), "wb").close()
        log = open(places.log_file(), "ab")  # noqa: SIM115 - the caller closes it
        log.write(time.strftime("%Y-%m-%d %H:%M:%S: GIMP starts the backend\n").encode("ascii"))
        log.flush()  # which a full disk refuses
        return log
    except (IOError, OSError) as error:
        raise _unwritable(error.strerror)


def _unwritable(reason):
    return BackendError(
        _(
            "Reverie's folder “%s” cannot be written: %s. Give yourself the right to write there, or make room on the "
            "disk, then try again."
        )
        % (as_text(places.state_folder()), as_text(reason))
    )
