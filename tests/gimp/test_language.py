"""The plug-in in German, in a real GIMP: what is registered in the menus, and what a refusal says."""

from __future__ import annotations

import json

import pytest

from tests.gimp.clicks import drive

SAID = """
image = load(); layer = image.get_layers()[0]
procedure = Gimp.get_pdb().lookup_procedure("plug-in-reverie-style")
refused = call("plug-in-reverie-style", image, [], **QUICK)
answer(label=procedure.get_menu_label(), blurb=procedure.get_blurb(),
       argument=procedure.find_argument("strength").nick, refused=refused)
"""


@pytest.fixture
def german(gimp):
    gimp.language = "de"
    yield gimp
    gimp.language = "en"


def test_menus_arguments_and_sentences_follow_gimps_language(german):
    english = {"label": "Neural _Style…", "argument": "Streng_th"}
    german.language = "en"
    said = german.run(SAID)
    assert {name: said[name] for name in english} == english
    german.language = "de"  # GIMP notices that the language has changed, and asks the plug-in again
    said = german.run(SAID)
    assert said["label"] == "Neuronaler _Stil…"
    assert said["blurb"] == "Die Ebene im Stil eines anderen Bildes malen"
    assert said["argument"] == "Stär_ke"
    assert said["refused"][0] is False
    assert "Es ist keine Ebene ausgewählt." in said["refused"][1]


BACKEND = """
image = load()
answer(refused=dream(image, image.get_layers(), dream_class="golden retreiver")[1],
       small=dream(image, image.get_layers(), network="reverie", dream_layer="level8", size=16)[1])
"""


def test_what_the_backend_refuses_is_said_in_gimps_language(german, backend):
    said = german.run(BACKEND)
    assert "Kein Netz kennt „golden retreiver“. Meinten Sie golden retriever" in said["refused"]
    assert said["small"].startswith("Das Bild ist zu klein: Es wird mit 16×12 Pixeln gerechnet")


SAVED = """
shot dialog
dialog=$window; keys alt+p                  # Speichern unter…
wait_for 20 is_open 'Die Einstellungen behalten'
write "Mein Stil"; shot naming; keys Return
wait_for 20 is_closed 'Die Einstellungen behalten'
window=$dialog; wait_for 10 still; shot saved
press_ok
"""


def test_the_dialog_is_german_and_keeps_a_preset(german, backend):
    said = drive(german, "german", "Neuronaler Stil", "plug-in-reverie-style", SAVED)
    assert said["status"] == "success"
    assert said["after"] == ["Neuronaler Stil: Pinselstriche", "landscape.jpg"]
    preset = json.loads((german.folder / "home" / "presets" / "mein-stil.json").read_text())
    assert (preset["title"], preset["filter"]) == ("Mein Stil", "style")
    assert preset["recipe"]["style"] == [{"image": "strokes", "scale": 1.0}]
    (german.folder / "home" / "presets" / "mein-stil.json").unlink()
