# -*- coding: utf-8 -*-
"""The user's language. `_` gives a sentence in it, where plugin/locale has a translation, and else the sentence itself.

The standard library's gettext is enough, and is the same in every Python that a GIMP brings. Strings are marked with
`_("…")` where they stand; `plugin/catalogues.py` collects them.
"""

import gettext
import os
import sys

_FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "locale")


def languages():
    """What the user reads, the preferred first. GIMP sets LANGUAGE to the one chosen in its preferences."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return os.environ[name].split(":")
    if sys.platform == "win32":
        import ctypes
        import locale

        return [locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "en")]
    return ["en"]


def translation(wanted):
    """The function that translates into the first of the languages there is a catalogue of: of English only for the
    American spelling."""
    known = []
    for language in wanted:
        name = language.split(".")[0]
        if name != "en_US" and name.split("_")[0] in ("en", "C", "POSIX"):
            break  # the sentences in the source are what is wanted
        known.append(language)
        if name == "en_US":
            break
    catalogue = gettext.translation("reverie", _FOLDER, known or ["C"], fallback=True)
    return getattr(catalogue, "ugettext", catalogue.gettext)  # ugettext: Python 2.7


_ = translation(languages())
