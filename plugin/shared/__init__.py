# -*- coding: utf-8 -*-
"""What the plug-in and the backend agree on. Standard library only; runs on Python 2.7 and 3."""

PROTOCOL = 1
