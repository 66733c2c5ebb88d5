"""Variations: what is offered beside what is set, and a result that is painted once more, a little differently."""

from __future__ import annotations

import pytest


def test_what_is_offered_is_never_what_is_set(gimp):
    said = gimp.run("""
from reverie_gimp.job import variations
from shared import filters

def offered(name, **settings):
    config = Gimp.get_pdb().lookup_procedure(name).create_config()
    for key, value in settings.items():
        config.set_property(key.replace("_", "-"), value)
    return [[each.title, each.changes] for each in variations.of(name, config)]

answer(usual=offered(filters.STYLE), fast=offered(filters.STYLE, recipe='{"styles": [{"fast": "udnie"}]}'),
       ends=offered(filters.STYLE, style_scale=4.0, strength=1.0, color="match"),
       other_ends=offered(filters.STYLE, style_scale=0.25, strength=0.2),
       dream=offered(filters.DREAM, seed=2**31 - 1),
       dream_ends=offered(filters.DREAM, octaves=8, dream_strength=0.1, parametrisation="decorrelated"))
""")
    colours = [["Keep mine", {"color": "luminance"}], ["Style in my colours", {"color": "match"}]]
    strengths = [["Stronger", {"strength": 1.0}], ["Gentler", {"strength": 0.55}]]
    strokes = [["Larger strokes", {"style-scale": 1.6}], ["Finer strokes", {"style-scale": 0.625}]]
    assert said["usual"] == strokes + strengths + colours
    assert said["fast"] == strengths + colours
    assert said["ends"] == [
        ["Finer strokes", {"style-scale": 2.5}],
        ["Gentler", {"strength": 0.7}],
        ["From the style", {"color": "style"}],
        ["Keep mine", {"color": "luminance"}],
    ]
    assert [title for title, _ in said["other_ends"]] == ["Larger strokes", "Stronger"] + [name for name, _ in colours]
    assert said["dream"] == [
        ["Large shapes", {"octaves": 8}],
        ["Fine detail", {"octaves": 2}],
        ["Stronger", {"dream-strength": 0.65}],
        ["Gentler", {"dream-strength": 0.2}],
        ["As in photos", {"parametrisation": "decorrelated"}],
        ["Another start", {"seed": 0}],
    ]
    assert [title for title, _ in said["dream_ends"]] == ["Fine detail", "Stronger", "Of the dream", "Another start"]


@pytest.mark.usefixtures("backend")
def test_another_is_painted_beside_the_last_with_the_next_seed_and_other_strokes(gimp):
    said = gimp.run("""
image = load(); layer = image.get_layers()[0]
statuses = [paint(image, [layer], seed=7, style_scale=1.5)]
made = [newest(image)]
for selected in (layer, None, None):    # on the source as on its newest result
    statuses.append(call("plug-in-reverie-another", image, [selected or made[-1]]))
    made.append(newest(image))
dreamt = [dream(image, [layer], seed=3), call("plug-in-reverie-another", image, [newest(image)])]
again = recipe(newest(image))
settings = [[recipe(each)["seed"], recipe(each)["style"][0]["scale"], recipe(each)["strength"]] for each in made]
answer(statuses=statuses + dreamt, settings=settings, dream=again["seed"],
       differ=len({digest(each) for each in made}), seen=[each.get_visible() for each in made],
       order=[image.get_item_position(each) for each in made])
""")
    assert all(status[0] for status in said["statuses"]), said
    assert said["settings"] == [[7, 1.5, 0.85], [8, 1.151, 0.85], [9, 0.883, 0.85], [10, 1.355, 0.85]]
    assert said["dream"] == 4
    assert said["differ"] == 4
    assert said["order"] == sorted(said["order"], reverse=True)
    assert said["seen"] == [False] * 4  # the dream of the same layer is what is seen


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize(
    ("count", "settings"),
    [
        (2, {"method": "optimise", "seed": -1}),
        (4, {"method": "instant"}),  # which hardly looks at the seed
        (2, {"method": "patches"}),
        (1, {"recipe": '{"styles": [{"fast": "udnie"}]}'}),
        (2, {"name": "dream"}),
    ],
    ids=lambda value: str(value.get("method") or value.get("name", "fast")) if isinstance(value, dict) else "",
)
def test_variations_differ_and_each_is_made_again_from_its_layer(gimp, count, settings):
    """A fast style has no other; it is edited like the others."""
    said = gimp.run(
        f"""
settings = {settings!r}
image = load(); image.scale(256, 192); layer = image.get_layers()[0]
make = dream if settings.pop("name", "") == "dream" else paint
if "fast" in settings.get("recipe", ""):
    settings["style"] = None
statuses, made, again = [make(image, [layer], **settings)], [newest(image)], []
while len(made) < {count}:
    statuses.append(call("plug-in-reverie-another", image, [made[-1]]))
    made.append(newest(image))
for each in made:
    statuses.append(call("plug-in-reverie-edit", image, [each]))
    again.append(newest(image))
answer(statuses=statuses, seeds=[recipe(each)["seed"] for each in made],
       recipes=[recipe(each) for each in made], recipes_again=[recipe(each) for each in again],
       differ=len({{digest(each) for each in made}}), alike=[worst(*each) for each in zip(made, again)])
""",
        seconds=300,
    )
    assert all(status[0] for status in said["statuses"]), said
    assert said["differ"] == count
    assert len(set(said["seeds"])) == count and min(said["seeds"]) >= 0
    assert said["recipes"] == said["recipes_again"]
    assert said["alike"] == [0] * count


def test_of_what_has_no_other_it_is_said(gimp, module_echo):
    said = gimp.run("""
from reverie_gimp.job import variations
from shared import filters
from shared.refusals import Refusal

config = Gimp.get_pdb().lookup_procedure(filters.STYLE).create_config()
ends = []
for scale in (0.25, 4.0):
    config.set_property("style-scale", scale)
    for _ in range(8):
        variations.another(filters.STYLE, config)
        ends.append(config.get_property("style-scale"))
config.set_property("recipe", '{"styles": [{"fast": "udnie"}]}')
try:
    variations.another(filters.STYLE, config)
    fast = None
except Refusal as why:
    fast = str(why)
image = load()
answer(ends=ends, fast=fast, unpainted=call("plug-in-reverie-another", image, image.get_layers()),
       none=call("plug-in-reverie-another", image, []), names=names(image))
""")
    assert len(set(said["ends"])) == 16 and min(said["ends"]) >= 0.25 and max(said["ends"]) <= 4.0
    assert "A fast style always paints the same picture" in said["fast"]
    assert said["unpainted"][0] is False and "Paint it first" in said["unpainted"][1]
    assert said["none"][0] is False and "Select the one layer" in said["none"][1]
    assert said["names"] == ["landscape"]
