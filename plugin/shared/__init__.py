# -*- coding: utf-8 -*-
"""What the plug-in and the backend agree on. Standard library only; runs on Python 2.7 and 3."""

PROTOCOL = 2

#: The exit status of a backend that finds another one in its place, which it leaves to that one (EX_TEMPFAIL of
#: sysexits.h).
TAKEN = 75
