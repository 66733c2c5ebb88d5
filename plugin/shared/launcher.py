# -*- coding: utf-8 -*-
"""Finds the running backend, or starts one; with settings that name a backend elsewhere, takes that one."""

from __future__ import unicode_literals

import ctypes
import errno
import io
import json
import os
import subprocess
import sys
import time
import uuid

from . import PROTOCOL, places
from .client import BackendError, Client, as_text
from .words import _

PATIENCE = 90.0  # seconds for a backend to start: torch takes long from a cold disk
_NEAR, _FAR = 2.0, 10.0  # seconds to answer for a backend on this machine, and for one that is busy or on another
_LOG_LINES = 12
_HOLDER = b"%010d "  # how a lock begins: the process that holds it, of one length, to be changed on a full disk, too

#: What GIMP sets for its own Python and libraries, and what would break another Python.
_FOREIGN = ("PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "GI_TYPELIB_PATH", "DYLD_LIBRARY_PATH")


class _Loading(object):
    """A backend that this process has started, and that has neither answered nor ended as yet. Its lock stays as long,
    also when nobody waits any more: else the next one who wants a backend would start a second."""

    def __init__(self, process, lock):
        self.process, self.lock, self.since = process, lock, time.time()


_loading = None


def connect(waiting=lambda seconds: None):
    """A Client of a backend that answers; starts one when there is none.

    `waiting` is called a few times a second while a backend starts, with the seconds since then; what it raises ends
    the wait, and the start goes on for the next one. Raises BackendError when there is none to be had.
    """
    if os.path.exists(places.settings_file()):
        return _elsewhere()
    begun, seconds = time.time(), _NEAR
    while True:
        client, lives = find(places.ready_file(), seconds)
        if client is not None:
            _settle()
            return client
        if lives:
            seconds = _FAR  # it is busy: a second one would only make it slower
        elif _loading is None:
            _begin()
        _check_loading()
        if time.time() - begun > PATIENCE:
            raise _late(lives)
        waiting(time.time() - begun)
        time.sleep(0.2)


def _begin():
    """Starts a backend if that is ours to do."""
    global _loading
    lock = _lock()
    if lock is None:
        return
    try:
        # Looked for after the lock is ours: whoever held it may just have started one.
        if find(places.ready_file(), _NEAR) == (None, False):
            _loading = _Loading(_start(), lock)
            _hand_over(_loading.process.pid)
    finally:
        if _loading is None:
            _unlock(lock)


def _check_loading():
    """Raises BackendError when the backend that was started here has ended, or takes too long and is ended."""
    loading = _loading
    if loading is None:
        return
    if loading.process.poll() is not None:
        _settle()
        if find(places.ready_file(), _NEAR) == (None, False):  # else it has made way for that one
            raise BackendError(_("Reverie's backend could not start. The end of its log:\n\n") + log_tail())
    elif time.time() - loading.since > PATIENCE:
        loading.process.terminate()
        _settle()
        raise _late(False)


def _settle():
    """The backend that was started here has answered or ended: the next one who finds none may start one."""
    global _loading
    loading, _loading = _loading, None
    if loading is not None:
        _unlock(loading.lock)


def _late(lives):
    if lives:
        return BackendError(_("The backend does not answer. Your image is as it was. Try again in a moment."))
    return BackendError(_("Reverie's backend did not start in time. The end of its log:\n\n") + log_tail())


def _elsewhere():
    """A Client of the backend that the settings name, which is never started from here."""
    path, settings = as_text(places.settings_file()), _read(places.settings_file())
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
        client.classes()  # takes the token, which the health does not
    except BackendError as error:
        raise _unusable(error, where, path)
    except (TypeError, KeyError):
        raise BackendError(_("What answers on %s, which “%s” names, is not Reverie's backend.") % (where, path))
    if not fits:
        raise BackendError(
            _(
                "The backend on %s has version %s, which does not fit this plug-in. Bring both to the same version: "
                "“python3 install.py upgrade” on both machines, then start that backend and GIMP again."
            )
            % (where, health.get("version", "?"))
        )
    return client


def _unusable(error, where, path):
    """The sentence for a backend elsewhere that cannot be used."""
    if error.status == 401:
        return BackendError(
            _("The backend on %s refuses the token in “%s”. Write there the one that it was started with.")
            % (where, path),
            401,
        )
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


def log_tail():
    """The last lines of the backend's log."""
    try:
        with io.open(places.log_file(), encoding="utf-8", errors="replace") as log:
            lines = log.read().splitlines()[-_LOG_LINES:]
    except (IOError, OSError):
        lines = []
    return "\n".join(lines) or _("(the log %s is empty)") % as_text(places.log_file())


def find(ready_file, seconds):
    """Looks for the backend that a ready file names: a Client of it and True; None and whether it lives, though it does
    not answer within that time. Raises BackendError when it is of another version."""
    ready = _read(ready_file)
    try:
        client = Client(ready["host"], ready["port"], ready["token"])
        health = client.health(timeout=seconds)
        protocol = health["protocol"]
    except BackendError as error:
        # One that died without removing its file is refused, unless another program has its port by now.
        return None, error.timed_out and _lives(ready.get("pid"))
    except (TypeError, KeyError):
        return None, False
    if protocol != PROTOCOL:
        raise BackendError(
            _(
                "The running backend (version %s) does not fit this plug-in. Run “python3 install.py” in Reverie's "
                "folder, then start GIMP again."
            )
            % health.get("version", "unknown")
        )
    return client, True


def _lives(pid):
    """Is there a process of that number?"""
    if not isinstance(pid, int) or pid <= 0:
        return False
    if _sandboxed():
        return True  # processes outside are not seen from here
    if sys.platform == "win32":  # where os.kill ends it
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(0x00100000, False, pid)  # the right to wait for its end
        if not handle:
            return False
        waited = kernel.WaitForSingleObject(handle, 0)
        kernel.CloseHandle(handle)
        return waited == 0x102  # it has not ended
    try:
        os.kill(pid, 0)
    except OSError as error:
        return error.errno == errno.EPERM  # another user's
    return True


def _read(path):
    try:
        with io.open(path, encoding="utf-8") as file:
            return json.load(file)
    except (IOError, OSError, ValueError, RuntimeError):  # the last, when it is nested without end
        return None


def _start():
    """Starts a backend that outlives this process. Returns it as a Popen."""
    record = _read(places.install_record())
    if not record:
        raise BackendError(
            _(
                "Reverie's backend is not installed for this GIMP: there is no “%s”. Run “python3 install.py” in "
                "Reverie's folder."
            )
            % as_text(places.install_record())
        )
    if _sandboxed():
        raise BackendError(
            _(
                "This GIMP is sandboxed (flatpak or snap) and may not start other programs. In a terminal, “python3 "
                "install.py --service” in Reverie's folder keeps the backend ready from now on; this starts it once: "
                'cd "%s" && "%s" -m backend serve'
            )
            % (record["folder"], record["python"])
        )
    if not os.path.exists(record["python"]):
        raise BackendError(
            _(
                "Reverie's backend cannot be started: “%s” is gone. If you moved Reverie's folder, run "
                "“python3 install.py” in it again."
            )
            % record["python"]
        )
    environment = dict((name, value) for name, value in os.environ.items() if name not in _FOREIGN)
    environment[str("REVERIE_HOME")] = places.state_folder()
    with open(os.devnull, "rb") as nothing, _new_log() as log:
        options = {"cwd": record["folder"], "env": environment, "stdin": nothing, "stdout": log, "stderr": log}
        if sys.platform == "win32":
            options["creationflags"] = 0x00000008 | 0x00000200 | 0x08000000  # detached, own group, no console window
        elif sys.version_info[0] >= 3:
            options["start_new_session"] = True  # GIMP kills the plug-in's process group, not this one
        else:
            options["preexec_fn"] = os.setsid
        try:
            return subprocess.Popen([record["python"], "-m", "reverie", "serve"], close_fds=True, **options)
        except OSError as error:
            raise BackendError(_("Reverie's backend could not be started: %s.") % as_text(error.strerror))


def _new_log():
    try:
        return open(places.log_file(), "wb")
    except (IOError, OSError) as error:
        raise _unwritable(error)


def _sandboxed():
    # SNAP alone may come from another program: from a terminal in an editor that is a snap, and GIMP started there.
    return os.path.exists("/.flatpak-info") or os.environ.get("SNAP_NAME") == "gimp"


def _lock():
    """What proves that it is ours to start the backend, or None: two GIMPs must not start two."""
    path, proof = places.lock_file(), uuid.uuid4().hex
    try:
        _make_state_folder()
        lock = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        _write_proof(lock, path, proof)
        return proof
    except OSError as error:
        if error.errno != errno.EEXIST or not os.path.exists(path):
            raise _unwritable(error)
    try:
        if _is_stale(path):  # left behind by a plug-in that was killed
            _take_away(path, proof)
    except OSError:
        pass  # removed by its owner in this very moment
    return None


def _is_stale(path):
    """Is a lock too old, or the process gone by which it is held?"""
    if time.time() - os.path.getmtime(path) > PATIENCE:
        return True
    with io.open(path, encoding="ascii", errors="replace") as lock:
        holder = lock.read().split(" ")[0]
    return holder.isdigit() and not _lives(int(holder))  # without a number, it is just being written


def _hand_over(pid):
    """Our lock is held by the backend that was started, which loads on when this process is killed."""
    try:
        with io.open(places.lock_file(), "r+b") as lock:
            lock.write(_HOLDER % pid)
    except (IOError, OSError):
        pass  # it stays this process's


def _take_away(path, proof):
    """Removes a stale lock; not the new one that another process, which found it stale, too, has just put there."""
    aside = "%s.%s" % (path, proof)
    os.rename(path, aside)
    if _is_stale(aside):
        os.remove(aside)
    else:
        os.rename(aside, path)


def _write_proof(lock, path, proof):
    """Fills the lock that was just made. On a full disk it does not stay: nobody could tell whose it is."""
    try:
        try:
            os.write(lock, _HOLDER % os.getpid() + proof.encode("ascii"))
        finally:
            os.close(lock)
    except OSError:
        os.remove(path)
        raise


def _make_state_folder():
    try:
        os.makedirs(places.state_folder())
    except OSError:
        if not os.path.isdir(places.state_folder()):
            raise


def _unlock(proof):
    """Removes the lock, unless another process has found it too old and holds one of its own by now."""
    try:
        with io.open(places.lock_file(), encoding="ascii") as lock:
            ours = lock.read().endswith(" " + proof)
        if ours:
            os.remove(places.lock_file())
    except (IOError, OSError):
        pass  # it is gone already


def _unwritable(error):
    folder = as_text(places.state_folder())
    return BackendError(
        _(
            "Reverie's folder “%s” cannot be written: %s. Give yourself the right to write there, or make room on the "
            "disk, then try again."
        )
        % (folder, as_text(error.strerror))
    )
