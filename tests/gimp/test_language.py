"""The plug-in in German, in a real GIMP: what is registered in the menus, and what a refusal says."""

from __future__ import annotations

import pytest

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
