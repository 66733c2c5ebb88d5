"""Collects what is to be translated, with Babel, and makes the catalogues: `python -m plugin.catalogues`.

Writes plugin/locale/reverie.pot (every string), brings LANGUAGE.po up to date (new strings get an empty translation, to
be filled in by hand; old ones go) and compiles LANGUAGE/LC_MESSAGES/reverie.mo, which is what the plug-in reads, and
LANGUAGE.json, which the server's page does. A new language begins as an empty file LANGUAGE.po. American English is
made of the strings themselves, whose spelling is British. Never runs in GIMP, which has no Babel.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Container, Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import IO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "plugin" / "locale"
TEMPLATE = LOCALE / "reverie.pot"
PAGE = ROOT / "backend" / "reverie" / "server" / "page"

AMERICAN = "en_US"
_SPELLED = {
    "cancelled": "canceled",
    "colour": "color",
    "favourite": "favorite",
    "grey": "gray",
    "licence": "license",
    "optimised": "optimized",
}

#: How strings are marked in the plug-in, and how the backend speaks. What it fills in is named `{so}`.
_KEYWORDS = {"_": None, "Sentence": None, "ReverieError": None}
_SOURCES = {  # by folder: the plug-in, and those rooms of the backend whose sentences a painter in GIMP meets
    "plugin": ("gimp3/**.py", "gimp2/**.py", "shared/**.py"),
    "backend/reverie": (
        "*.py",
        "installer/console.py",
        "installer/pip.py",
        "training/perceptual.py",
        "training/style_training.py",
        "training/train_style.py",
        *(
            f"{room}/**.py"
            for room in ("engine", "fast", "losses", "networks", "optim", "pictures", "recipe", "server")
        ),
    ),
}


def marks(file: IO[bytes], keywords: Container[str], *_: object, **__: object) -> Iterator[tuple[int, str, str, list]]:
    """The marked strings of a Python file, as Babel wants it of an extractor. Its own takes the end of an f-string,
    which stays English, for a string."""
    for node in ast.walk(ast.parse(file.read())):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(string)), *_]) if name in keywords:
                yield node.lineno, name, string, []


class _Words(HTMLParser):
    """Collects the text of the elements that are marked with `data-word`."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._is_marked = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_marked = "data-word" in dict(attrs)

    def handle_endtag(self, tag: str) -> None:
        self._is_marked = False

    def handle_data(self, data: str) -> None:
        if self._is_marked:
            self.found.add(data)


def of_page() -> set[str]:
    """The strings of the server's page: in its HTML and in its scripts."""
    words = _Words()
    words.feed((PAGE / "index.html").read_text(encoding="utf-8"))
    scripts = extract_from_dir(PAGE, [("*.js", "javascript")], keywords={"_": None})
    return words.found | {each[2] for each in scripts}


def marked() -> list[str]:
    """Every string to be translated, sorted: those marked in the code, those of the page, and what is shown of the
    presets."""
    found = of_page()
    for folder, patterns in _SOURCES.items():
        methods = [(pattern, marks) for pattern in patterns]
        found |= {each[2] for each in extract_from_dir(ROOT / folder, methods, keywords=_KEYWORDS)}
    for path in (ROOT / "backend" / "reverie" / "presets").glob("*.json"):
        preset = json.loads(path.read_text(encoding="utf-8"))
        found |= {preset["title"], preset["description"]}
    return sorted(found)


def languages() -> list[str]:
    return sorted(path.stem for path in LOCALE.glob("*.po"))


def read(language: str) -> Catalog:
    with (LOCALE / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def updated(catalog: Catalog) -> Catalog:
    """The catalogue with every string there is now, and no other."""
    template = Catalog()
    for string in marked():
        template.add(string)
    catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    catalog.project, catalog.version, catalog.charset = "Reverie", "", "UTF-8"
    catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = ""
    return catalog


def american() -> Catalog:
    """What is spelled otherwise in American English."""
    catalog = Catalog(AMERICAN)
    for string in marked():
        if spelled(string) != string:
            catalog.add(string, spelled(string))
    return catalog


def spelled(text: str) -> str:
    """A text in American spelling."""

    def other(found: re.Match[str]) -> str:
        word = _SPELLED[found[0].lower()]
        return word.capitalize() if found[0][0].isupper() else word

    return re.sub("|".join(_SPELLED), other, text, flags=re.IGNORECASE)


def written(catalog: Catalog) -> bytes:
    """The text of a .po file; without a language, that of the template."""
    text = BytesIO()
    write_po(text, catalog, width=0, no_location=True, omit_header=catalog.locale is None, sort_output=True)
    return text.getvalue()


def machine_file(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "reverie.mo"


def page_file(language: str) -> Path:
    return PAGE / f"{language}.json"


def as_json(catalog: Catalog) -> str:
    """The translations as the page reads them, by their strings."""
    words = {message.id: message.string for message in catalog if message.id}
    return json.dumps(words, ensure_ascii=False, indent=0, sort_keys=True) + "\n"


def placeholders(text: str) -> list[str]:
    """What will be filled in: by `%` in its order, or by `{name}` in any."""
    named = sorted(re.findall(r"{\w+}", text))
    return named or re.findall(r"%(?:\(\w+\))?[-+0-9.]*[a-zA-Z]", text.replace("%%", ""))


def faults(string: str, translation: str) -> Iterator[str]:
    """What is wrong with a translation, in words."""
    if not translation:
        yield "it is missing"
        return
    if placeholders(string) != placeholders(translation):
        yield f"it has {placeholders(translation)} where the string has {placeholders(string)}"
    if mnemonics(string) != mnemonics(translation):
        yield "a letter for the keyboard is marked with _ in one of the two only"
    if string.endswith(" ") != translation.endswith(" ") or string.endswith("…") != translation.endswith("…"):
        yield "it ends otherwise"


def mnemonics(text: str) -> int:
    """How many letters are marked for the keyboard."""
    return len(re.findall(r"_(?=\w)", text)) if len(text) < 90 else 0  # a longer text is no label


def compile_for_gimp(language: str, catalog: Catalog) -> None:
    """Writes the catalogue as the plug-in reads it."""
    machine_file(language).parent.mkdir(parents=True, exist_ok=True)
    with machine_file(language).open("wb") as file:
        write_mo(file, catalog)


def main() -> None:
    TEMPLATE.write_bytes(written(updated(Catalog())))
    compile_for_gimp(AMERICAN, american())
    for language in languages():
        catalog = updated(read(language))
        (LOCALE / f"{language}.po").write_bytes(written(catalog))
        compile_for_gimp(language, catalog)
        page_file(language).write_text(as_json(catalog), encoding="utf-8")
        for message in catalog:
            for fault in faults(message.id, message.string) if message.id else ():
                print(f"{language}: “{message.id:.60}”: {fault}")


if __name__ == "__main__":
    main()
