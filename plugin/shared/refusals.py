# -*- coding: utf-8 -*-
"""Why a job cannot be done."""

from __future__ import unicode_literals


class Refusal(Exception):
    """The job cannot be done; `args[0]` (`str()` of it too in Python 3) is a sentence that says why and what to do."""
