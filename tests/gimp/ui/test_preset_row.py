"""The row of presets in a real dialog of a real GIMP: what each preset sets, and what goes to files and comes back.

Its buttons' actions are called from inside; only the file chooser, which is GTK's own, gives way to a path.
"""

from __future__ import annotations

from tests.gimp import windows

SCRIPT = """
from reverie_gimp.ui import preset_row
from shared import presets

def row(filter_name):
    said = []
    procedure = Gimp.get_pdb().lookup_procedure(filter_name)
    config = procedure.create_config()
    window = GimpUi.ProcedureDialog.new(procedure, config, "Presets")
    return window, config, preset_row.PresetRow(window, filter_name, config, said.append), said

def titles(row):
    return [each[0] for each in row._chooser.get_model()]

def choose(row, title):
    row._chooser.set_active(titles(row).index(title))

def asking(row, name):
    row._ask_file = lambda *unused: FOLDER + "/" + name

image = load()
window, config, style, said = row(filters.STYLE)
hidden = [child.get_visible() for child in window.get_content_area().get_children()
          if isinstance(child, Gtk.ButtonBox)]
shown = {}
for title in titles(style)[1:]:
    choose(style, title)
    label = style._further
    further = label.get_visible() and label.get_tooltip_text().splitlines()[-1]
    shown[title] = [recipes.recipe_of(filters.STYLE, config), further]
choose(style, "Impasto")
config.set_property("style-file", file("clone/backend/reverie/demo/landscape.jpg"))  # a picture of the user's own
asking(style, "shared.json"); style._export()
exported, about = json.load(open(FOLDER + "/shared.json")), said[-1]
choose(style, "Mosaic")
asking(style, "shared.json"); style._import(); style._import()
imported = [titles(style)[-2:], recipes.recipe_of(filters.STYLE, config), style._delete.get_sensitive()]
style._delete_chosen()
deleted = [titles(style)[-1], sorted(os.listdir(presets.folder())), style._delete.get_sensitive()]
choose(style, "shared"); style._delete_chosen()
config.set_property("style-layer", image.get_layers()[0])
style._ask_title = lambda: "Of a layer"; style._save_as()
of_layer, left = json.load(open(presets.folder() + "/of-a-layer.json"))["recipe"]["style"], said[-1]
open(presets.folder() + "/odd.json", "w").write(
    '{"title": "Odd", "filter": "style", "recipe": {"strength": "much"}}')
style._fill(); choose(style, "Odd")
odd = said[-1]
open(FOLDER + "/theirs.json", "w").write(json.dumps({"title": "Theirs", "filter": "style", "recipe": {
    "style": [{"image": "//elsewhere/share/a.jpg"}, {"image": "ink", "weight": 0.5}]}}))
asking(style, "theirs.json"); named = []
for wanted in (False, True):
    preset_row.agreed = lambda places, window: named.append(places) or wanted
    style._import()
from reverie_gimp.job import foreign, recent_styles
recent_styles.remember(["//elsewhere/share/known.jpg"])
known = foreign.named({"style": [{"image": "//elsewhere/share/known.jpg"}, {"image": "/a/layer"}]}, ["/a/layer"])
open(FOLDER + "/broken.json", "w").write('{"title": "Broken", "filter": "style", "recipe": {"style": ["ink"]}}')
asking(style, "broken.json"); style._import(); broken = said[-1]
theirs = [[each["image"] for each in json.load(open(presets.folder() + "/" + name))["recipe"]["style"]]
          for name in ("theirs.json", "theirs-2.json")]
for name in os.listdir(presets.folder()):
    os.remove(presets.folder() + "/" + name)
_, config, dream, said = row(filters.DREAM)
choose(dream, "Rings and beads")
rings = recipes.recipe_of(filters.DREAM, config)
asking(dream, "shared.json"); dream._import()
answer(hidden=hidden, shown=shown, exported=exported, about=about, imported=imported, deleted=deleted,
       named=named, known=known, broken=broken, theirs=theirs, of_layer=of_layer, left=left, odd=odd,
       rings=rings, other=said[-1], dreams=titles(dream))
"""


def test_every_preset_sets_the_dialog_and_files_go_and_come(gimp):
    said = windows.run(gimp, "presets", SCRIPT)
    assert said["hidden"] == [False]  # GIMP's own “Load Saved Settings” and “Save Settings”

    demo = gimp.inside(gimp.folder) + "/clone/backend/reverie/demo/"
    strokes = {"image": demo + "strokes.jpg", "scale": 1.0}
    shown = said["shown"]
    assert len(shown) == 17
    assert holds(shown["Oil painting"][0], strength=0.85, color="style", network="auto", seed=0)
    assert holds(shown["Oil painting"][0]["style"][0], **strokes)
    assert shown["Oil painting"][1] is False
    assert holds(shown["Mosaic"][0], strength=0.95, color="match")
    assert holds(shown["Mosaic"][0]["style"][0], image=demo + "mosaic.jpg", scale=1.0)
    assert holds(shown["Impasto"][0], style_loss="wasserstein", strength=0.9)
    assert shown["Impasto"][1] == "style_loss: wasserstein"
    assert holds(shown["Bold brush"][0]["style"][0], scale=2.0)

    exported = said["exported"]
    assert holds(exported, title="shared", filter="style", description="")
    assert holds(exported["recipe"], style_loss="wasserstein", strength=0.9)
    assert "image" not in exported["recipe"]["style"][0]
    assert said["about"].endswith("The style picture is not in it: send it along, or let others choose theirs.")
    titles, recipe, deletable = said["imported"]
    assert (titles, deletable) == (["shared", "shared (2)"], True)
    assert holds(recipe, style_loss="wasserstein", strength=0.9)
    assert holds(recipe["style"][0], image=demo + "mosaic.jpg")  # it stays where the preset has none
    assert said["deleted"] == ["shared", ["shared.json"], False]
    assert "image" not in said["of_layer"][0]
    assert said["left"].endswith("The layer is not part of it: choose one whenever you use the preset.")
    assert "“Odd” cannot be used" in said["odd"]
    elsewhere = "//elsewhere/share/a.jpg"
    assert said["named"] == [[elsewhere]] * 2
    assert said["known"] == []  # what was a style before, and layers
    assert "“Broken” cannot be used" in said["broken"]
    assert said["theirs"] == [["ink"], [elsewhere, "ink"]]  # unless the painter agrees, it is left out
    assert said["dreams"][:4] == ["none", "Bubbles", "Cracked earth", "Daydream"]
    assert said["rings"]["dream"] == [{"layer": "level5"}]
    assert (said["rings"]["network"], said["rings"]["dream_strength"]) == ("reverie", 0.35)
    assert said["other"].endswith("is a preset of the other filter: import it there.")


def holds(document: dict, **expected) -> bool:
    """Does it say what is expected, whatever else it says?"""
    return {**document, **expected} == document
