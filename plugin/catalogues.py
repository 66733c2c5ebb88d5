"""Collects the strings marked with `_("…")` and makes the catalogues: `python -m plugin.catalogues`.

Writes plugin/locale/reverie.pot (every string), brings LANGUAGE.po up to date (new strings get an empty translation, to
be filled in by hand; old ones go) and compiles LANGUAGE/LC_MESSAGES/reverie.mo, which is what the plug-in reads. A new
language begins as an empty file LANGUAGE.po. Needs Python 3 and nothing else; never runs in GIMP.
"""

from __future__ import annotations

import ast
import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path

PLUGIN = Path(__file__).resolve().parent
LOCALE = PLUGIN / "locale"
TEMPLATE = LOCALE / "reverie.pot"
_FOLDERS = ("engine", "networks", "fast", "server")  # of the backend


def marked() -> list[str]:
    """Every string to be translated, sorted: those marked in the code, and what dialogs show of the presets."""
    found = set()
    for folder in ("gimp3", "gimp2", "shared"):
        for path in sorted((PLUGIN / folder).glob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found |= {node.args[0].value for node in ast.walk(tree) if is_mark(node)}
    for path in _spoken_by_the_backend():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {node.args[0].value for node in ast.walk(tree) if is_mark(node, ("ReverieError", "Sentence"))}
    for path in (PLUGIN.parent / "backend" / "presets").glob("*.json"):
        preset = json.loads(path.read_text(encoding="utf-8"))
        found |= {preset["title"], preset["description"]}
    return sorted(found)


def _spoken_by_the_backend() -> list[Path]:
    """The modules whose sentences a painter in GIMP can meet; what they fill in is named `{so}`."""
    backend = PLUGIN.parent / "backend"
    own = (backend / name for name in ("images.py", "recipe.py", "validation.py"))
    return [*own, *(path for name in _FOLDERS for path in sorted((backend / name).glob("*.py")))]


def is_mark(node: ast.AST, names: tuple[str, ...] = ("_",)) -> bool:
    """Is this the call `_("…")` of a string that stands there in full?"""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in names
        and (len(node.args) == 1 or node.func.id != "_")
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    )


def languages() -> list[str]:
    return sorted(path.stem for path in LOCALE.glob("*.po"))


def read(path: Path) -> dict[str, str]:
    """The translations in a .po file such as `written` makes, by their strings; the header is left out."""
    text = path.read_text(encoding="utf-8")
    pairs = re.findall(r'^msgid (".*")\nmsgstr (".*")$', text, re.MULTILINE)
    return {json.loads(string): json.loads(translation) for string, translation in pairs if string != '""'}


def written(strings: list[str], translations: dict[str, str], language: str) -> str:
    """The text of a .po file; without translations, that of the template. Strings of gettext are escaped as in JSON."""
    lines = ['msgid ""', f"msgstr {_quoted(_header(language))}"]
    for string in strings:
        format_flag = ["#, python-format"] if placeholders(string) else []
        translation = _quoted(translations.get(string, ""))
        lines += ["", *format_flag, f"msgid {_quoted(string)}", f"msgstr {translation}"]
    return "\n".join(lines) + "\n"


def _header(language: str) -> str:
    return (
        f"Project-Id-Version: reverie\nLanguage: {language}\nMIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


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


def compiled(translations: dict[str, str], language: str) -> bytes:
    """The .mo file: two tables of (length, offset), sorted by string, before the texts (GNU gettext manual, “The Format
    of GNU MO Files”)."""
    texts = {"": _header(language), **{string: text for string, text in translations.items() if text}}
    pairs = sorted((string.encode(), text.encode()) for string, text in texts.items())
    start = 28 + 16 * len(pairs)
    tables, data = b"", b""
    for column in (0, 1):
        for pair in pairs:
            tables += struct.pack("<II", len(pair[column]), start + len(data))
            data += pair[column] + b"\0"
    return struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, start) + tables + data


def machine_file(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "reverie.mo"


def main() -> None:
    strings = marked()
    TEMPLATE.write_text(written(strings, {}, ""), encoding="utf-8")
    for language in languages():
        path = LOCALE / f"{language}.po"
        translations = {string: text for string, text in read(path).items() if string in strings}
        path.write_text(written(strings, translations, language), encoding="utf-8")
        machine_file(language).parent.mkdir(parents=True, exist_ok=True)
        machine_file(language).write_bytes(compiled(translations, language))
        for string in strings:
            for fault in faults(string, translations.get(string, "")):
                print(f"{language}: “{string:.60}”: {fault}")


if __name__ == "__main__":
    main()
