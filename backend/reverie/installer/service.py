"""A backend that the system keeps running, for a GIMP that may not start programs itself (flatpak, snap).

One file says it to the system, each time the user logs in: a systemd user unit (Linux), a launchd agent (macOS) or a
scheduled task (Windows). The file is in the installer's account, so that it is taken back like all else.
"""

from __future__ import annotations

import os
import plistlib
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from reverie.installer.plugin import Account, manifest_file
from reverie.plugin.shared import TAKEN, places

UNIT, AGENT, TASK = "reverie.service", "org.reverie.backend", "Reverie"


def path() -> Path:
    """The file of this system; it exists when there is a service."""
    if sys.platform == "win32":
        return Path(places.state_folder()) / "service.xml"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "LaunchAgents" / f"{AGENT}.plist"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user" / UNIT


def content(python: Path) -> bytes:
    """What the file says."""
    folder = places.state_folder()  # where nothing can be taken for the package reverie
    # It stays when nobody uses it, which costs memory (the network's is freed); the plug-in could not start another.
    words = ["-m", "reverie", "serve", "--idle-exit", "inf", "--ready-file", places.ready_file()]
    if sys.platform == "win32":
        return _task(python.with_name("pythonw.exe"), words, folder).encode("utf-16")
    if sys.platform == "darwin":
        agent = {
            "Label": AGENT,
            "ProgramArguments": [str(python), *words],
            "WorkingDirectory": folder,
            "RunAtLoad": True,
            "KeepAlive": {"Crashed": True},  # and not when it says why it ends: its place is taken, its port is
            "StandardErrorPath": places.log_file(),
        }
        return plistlib.dumps(agent)
    command = " ".join(_quoted(word) for word in [str(python), *words])
    return (
        "[Unit]\nDescription=Reverie's backend, ready for a GIMP that may not start programs\n\n"
        f"[Service]\nWorkingDirectory={folder.replace('%', '%%')}\nExecStart={command}\n"
        # Not where another one has its place: each start would find that again.
        f"Restart=on-failure\nRestartSec=10\nRestartPreventExitStatus={TAKEN}\n\n"
        "[Install]\nWantedBy=default.target\n"
    ).encode()


def _quoted(word: str) -> str:
    """A word of a command as systemd.service(5), “Command lines”, has it."""
    if re.fullmatch(r"[\w./:=-]+", word):
        return word
    for special, written in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        word = word.replace(special, written)
    return f'"{word}"'


def _task(python: Path, words: Sequence[str], folder: str) -> str:
    """Task Scheduler's XML (schema version 1.2): at logon, without a window, without a limit of time."""
    return f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <Triggers><LogonTrigger><UserId>{escape(_windows_user())}</UserId></LogonTrigger></Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>3</Count></RestartOnFailure>
  </Settings>
  <Actions>
    <Exec>
      <Command>{escape(str(python))}</Command>
      <Arguments>{escape(subprocess.list2cmdline(words))}</Arguments>
      <WorkingDirectory>{escape(folder)}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""


def _windows_user() -> str:
    return "\\".join(os.environ[name] for name in ("USERDOMAIN", "USERNAME") if os.environ.get(name))


def install(python: Path) -> str:
    """Writes the file and has the system start the backend; returns what to do where the system did not, else ""."""
    account, file = Account(manifest_file()), path()
    account.make_folder(file.parent)
    account.note(file)
    file.write_bytes(content(python))
    if sys.platform == "win32":
        return _told(["schtasks", "/Create", "/F", "/TN", TASK, "/XML", str(file)], ["schtasks", "/Run", "/TN", TASK])
    if sys.platform == "darwin":
        _told(["launchctl", "bootout", f"gui/{os.getuid()}/{AGENT}"])  # an older one, if there is any
        return _told(["launchctl", "bootstrap", f"gui/{os.getuid()}", str(file)])
    user = ["systemctl", "--user"]
    return _told([*user, "daemon-reload"], [*user, "enable", UNIT], [*user, "restart", UNIT])


def remove() -> bool:
    """Ends the service and deletes its file, and nothing else; False when there was none."""
    file = path()
    if not file.exists():
        return False
    if sys.platform == "win32":
        _told(["schtasks", "/End", "/TN", TASK])
        _told(["schtasks", "/Delete", "/F", "/TN", TASK])
    elif sys.platform == "darwin":
        _told(["launchctl", "bootout", f"gui/{os.getuid()}/{AGENT}"])
    else:
        _told(["systemctl", "--user", "disable", "--now", UNIT])
    Account(manifest_file()).take_back(file)
    if sys.platform == "linux":
        _told(["systemctl", "--user", "daemon-reload"])
    return True


def active() -> bool | None:
    """Does the service run? None where only its file can be seen."""
    if sys.platform != "linux":
        return None
    try:
        done = subprocess.run(["systemctl", "--user", "is-active", UNIT], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"active": True, "activating": True, "inactive": False, "failed": False}.get(done.stdout.strip())


def _told(*commands: Sequence[str]) -> str:
    """Runs commands up to the first that fails; returns how to do the rest by hand, "" when all worked."""
    for index, command in enumerate(commands):
        try:
            done = subprocess.run(command, capture_output=True, timeout=60, encoding="utf-8", errors="replace")
            said = (done.stderr or done.stdout).strip() if done.returncode else ""
            failed = done.returncode != 0
        except (OSError, subprocess.TimeoutExpired) as error:
            said, failed = str(error), True
        if failed:
            rest = " && ".join(subprocess.list2cmdline(words) for words in commands[index:])
            return f"The system did not take it ({said or 'it does not say why'}). When you are logged in, run: {rest}"
    return ""
