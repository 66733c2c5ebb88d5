"""Scripts for the filters of GIMP 2.10."""

from __future__ import annotations

from reverie.plugin.shared import npy


def content(server, job=-1):
    return npy.unpack(server.pictures[server.jobs[job]["content"]])
