# -*- coding: utf-8 -*-
"""Why a job cannot be done, as every GIMP says it."""

from __future__ import unicode_literals

from .words import _


class Refusal(Exception):
    """The job cannot be done; `args[0]` (`str()` of it too in Python 3) is a sentence that says why and what to do."""


CHANNEL = _("A channel is selected. Select a layer instead, then try again.")
FLOATING = _("There is a floating selection. Anchor it or make it a new layer, then try again.")
INDEXED = _(
    "An indexed image has too few colours for this. Let it be converted to RGB, or do so with Image ▸ Mode ▸ RGB, "
    "then try again."
)

# Of a layer, by its name.
NOT_SELECTED = _("The selection does not touch the layer “%s”. Select a part of the layer, or nothing.")
TRANSPARENT = _("There is nothing to paint: the layer “%s” is empty (wholly transparent) here.")

UNREADABLE = _("The style picture “%s” cannot be read: %s.")  # a path, and what the system says
