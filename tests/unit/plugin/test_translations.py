"""Every sentence of the plug-in has its translations, and the plug-in finds them."""

from __future__ import annotations

import ast
import gettext
import json
import os
import subprocess
import sys
from io import BytesIO

import pytest
from babel.messages.pofile import read_po
from reverie.errors import ReverieError
from reverie.plugin.shared import client, words
from reverie.recipe import Recipe

from plugin import catalogues

AGAIN = "run `python -m plugin.catalogues`, fill in plugin/locale/*.po, and run it again"
FOLDERS = ("gimp2", "gimp3", "shared")
SOURCES = sorted(path for folder in FOLDERS for path in (catalogues.ROOT / "plugin" / folder).rglob("*.py"))


def test_the_template_has_every_marked_string():
    template = read_po(BytesIO(catalogues.TEMPLATE.read_bytes()))
    assert [message.id for message in template if message.id] == catalogues.marked(), AGAIN


def test_the_plugin_the_backend_and_the_presets_are_collected():
    marked = catalogues.marked()
    for string in (
        "Neural _Style…",  # of the plug-in
        "The job was cancelled. Your layer is as it was.",  # of what both plug-ins share
        "A dream of a channel needs the layer that it belongs to; name it, too.",  # of the backend: a Sentence
        "There is no field “{field}”. `reverie schema` lists those of a recipe.",  # a ReverieError
        "Bold brush",  # of a preset
        "Drop a photo here",  # of the page's HTML
        "It takes {time}.",  # of its scripts
    ):
        assert string in marked
    assert not [string for string in marked if string.startswith("where it was published")]  # the end of an f-string


def test_there_are_two_languages_beside_english():
    assert {"de", "fr"} <= set(catalogues.languages())


@pytest.mark.parametrize("language", catalogues.languages())
def test_a_catalogue_is_complete_and_fits_the_strings(language):
    translations = {message.id: message.string for message in catalogues.read(language) if message.id}
    assert sorted(translations) == catalogues.marked(), AGAIN
    wrong = {string: list(catalogues.faults(string, translations[string])) for string in translations}
    assert {string: said for string, said in wrong.items() if said} == {}
    with catalogues.machine_file(language).open("rb") as file:  # as the plug-in reads it
        compiled = gettext.GNUTranslations(file).gettext
    assert {string: compiled(string) for string in translations} == translations, AGAIN
    page = json.loads(catalogues.page_file(language).read_text(encoding="utf-8"))  # as the server's page reads it
    assert page == translations, AGAIN


def test_the_page_knows_which_languages_there_are():
    script = (catalogues.PAGE / "words.js").read_text(encoding="utf-8")
    assert f"const LANGUAGES = {json.dumps(catalogues.languages())};" in script


@pytest.mark.parametrize(
    ("string", "translation", "fault"),
    [
        ("%s of %d", "%d von %s", "where the string has"),
        ("%s left", "übrig", "where the string has"),
        ("Streng_th", "Stärke", "marked with _"),
        ("Style…", "Stil", "ends otherwise"),
        ("Style", "", "missing"),
    ],
)
def test_faults_of_a_translation_are_found(string, translation, fault):
    assert fault in next(catalogues.faults(string, translation))
    assert list(catalogues.faults("Streng_th: %d %%", "Stär_ke: %d %%")) == []


def is_mark(node: ast.AST) -> bool:
    """Is this the call `_("…")` of one string that stands there in full?"""
    match node:
        case ast.Call(func=ast.Name(id="_"), args=[ast.Constant(value=str())], keywords=[]):
            return True
    return False


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_marks_are_what_the_collector_can_see(path):
    """`_` is called with one whole string, and never where a parameter or variable of that name hides it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id == "_":
            assert is_mark(call), f"line {call.lineno}: not a whole string"
    for scope in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)):
        named = {node.arg for node in ast.walk(scope.args) if isinstance(node, ast.arg)}
        named |= {n.id for n in ast.walk(scope) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        marks = [node for node in ast.walk(scope) if is_mark(node)]
        assert not (marks and "_" in named), f"line {scope.lineno}: `_` has another meaning in here"


def test_the_users_language_is_found(monkeypatch):
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert words.languages() == ["en"]
    monkeypatch.setenv("LANG", "fr_CA.UTF-8")
    assert words.languages() == ["fr_CA.UTF-8"]
    monkeypatch.setenv("LANGUAGE", "nl:de")
    assert words.languages() == ["nl", "de"]


@pytest.mark.parametrize(
    ("languages", "said"),
    [
        (["de_AT.UTF-8"], "Stär_ke"),
        (["nl", "fr"], "_Force"),
        (["en_GB", "de"], "Streng_th"),
        (["C"], "Streng_th"),
        (["nl"], "Streng_th"),
    ],
)
def test_the_first_language_that_there_is_a_catalogue_of_is_taken(languages, said):
    assert words.translation(languages)("Streng_th") == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en_US.UTF-8", ["Pen and color", "watercolor", "Strength"]),
        ("en_GB", ["Pen and colour", "watercolour", "Strength"]),
        ("en", ["Pen and colour", "watercolour", "Strength"]),
    ],
)
def test_english_is_spelled_as_the_users_locale_does(language, said):
    translated = words.translation([language, "de"])
    assert [translated(each) for each in ("Pen and colour", "watercolour", "Strength")] == said


def test_the_american_catalogue_is_up_to_date_and_spells_alone():
    with catalogues.machine_file(catalogues.AMERICAN).open("rb") as file:
        known = gettext.GNUTranslations(file)
    for string in catalogues.marked():
        said = known.gettext(string)
        assert said == catalogues.spelled(string), AGAIN
        assert list(catalogues.faults(string, said)) == []
    assert known.gettext("Colours and shapes are kept nearer to those of photos.").startswith("Colors and shapes")


@pytest.mark.parametrize(
    ("document", "german", "french"),
    [
        ({"strength": 1.5}, "darf höchstens 1 sein und ist 1.5.", "doit valoir au plus 1, et vaut 1.5."),
        ({"strength": -1}, "muss mindestens 0 sein und ist -1.", "doit valoir au moins 0, et vaut -1."),
        ({"size": "big"}, 'muss eine ganze Zahl sein und ist "big".', 'un nombre entier, et c\'est "big".'),
        ({"strenght": 1}, "Es gibt kein Feld „strenght“.", "Il n'y a pas de champ « strenght »."),
        ({"color": "red"}, "muss eines von style, luminance, match sein", "l'un de style, luminance, match, et"),
        ({"budget": 9, "iterations": 9}, "ist „iterations“ ohne Nutzen", "« iterations » ne sert à rien"),
        ({"dream": {"channel": 1}}, "braucht die Schicht, zu der er gehört", "la couche à laquelle il appartient"),
    ],
)
def test_what_is_wrong_with_a_recipe_is_said_in_the_users_language(monkeypatch, document, german, french):
    with pytest.raises(ReverieError) as caught:
        Recipe.parse({"style": "a.jpg", **document})
    told = json.loads(json.dumps(caught.value.sentence.as_json()))  # as it comes over HTTP
    for language, says in (("de", german), ("fr", french)):
        monkeypatch.setattr(words, "_", words.translation([language]))
        assert says in client.spoken(told)
        assert "{" not in client.spoken(told)
    monkeypatch.setattr(words, "_", words.translation(["en"]))
    assert client.spoken(told) == caught.value.message


def test_a_sentence_of_the_launcher_in_german(tmp_path):
    code = (
        "from reverie.plugin.shared import client, launcher\n"
        "try:\n    launcher.connect()\nexcept client.BackendError as error:\n    print(ascii(str(error)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, cwd=catalogues.ROOT,
        env={**os.environ, "LANGUAGE": "de", "REVERIE_HOME": str(tmp_path)},
    )  # fmt: skip
    said = ast.literal_eval(done.stdout.strip())
    assert said.startswith("Reveries Hintergrundprogramm ist für dieses GIMP nicht installiert")
    assert str(tmp_path / "install.json") in said
