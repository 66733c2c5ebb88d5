# -*- coding: utf-8 -*-
# ruff: noqa: UP004, UP009, UP010, RUF100
"""Python-Fu's registration, as far as the plug-in uses it: what is registered can be called through `pdb`."""

import gimp
from gimp import pdb  # noqa: F401

PF_STRING, PF_IMAGE, PF_DRAWABLE = 4, 13, 16
PF_TOGGLE, PF_SLIDER, PF_SPINNER, PF_FILENAME, PF_OPTION = 1000, 1001, 1002, 1011, 1013


def register(
    name, blurb, help, author, copyright, date, label, types, params, results, function, menu=None, on_run=None
):
    for parameter in params:
        assert len(parameter) >= 4, "a parameter has a type, a name, a description and a default"
    gimp.registered[name.replace("-", "_")] = {"function": function, "params": params, "on_run": on_run, "menu": menu}


def main():
    pass


def fail(message):
    gimp.message(message)
    raise RuntimeError(message)
