# -*- coding: utf-8 -*-
"""A fault of Reverie's own, in the plug-in: what is said of it, and where it is written down in full."""

from __future__ import unicode_literals

import io
import traceback

from . import places
from .client import as_text
from .words import _


def told(error):
    """The sentence about an unforeseen exception that is being handled, which is written to the log."""
    return _("Reverie met an error of its own (%s). Your layer is as it was. More is in “%s”.") % (
        as_text(traceback.format_exception_only(type(error), error)[-1]).strip(),
        _log(),
    )


def _log():
    """Writes the exception to the log; returns where. A full disk must not hide the failure."""
    path = as_text(places.plugin_log_file())
    try:
        with io.open(places.plugin_log_file(), "a", encoding="utf-8") as log:
            log.write(as_text(traceback.format_exc()) + "\n")
    except (IOError, OSError) as error:
        return _("%s (which cannot be written: %s)") % (path, as_text(error.strerror))
    return path
