"""The arguments of the procedures, as scripts pass them: presets, choices, brushwork; and the layers that return."""

from __future__ import annotations

import pytest

RUN = """
image = load(); layer = image.get_layers()[0]; layer.scale(60, 40, False)

def called(name="style", layers=(layer,), **settings):
    '''[the names of the new layers, or what is said; what was asked for the newest].'''
    procedure = Gimp.get_pdb().lookup_procedure("plug-in-reverie-" + name)
    config = procedure.create_config()
    config.set_property("image", image)
    config.set_core_object_array("drawables", list(layers))
    for key, value in settings.items():
        config.set_property(key.replace("_", "-"), value)
    values = procedure.run(config)
    if values.index(0) != Gimp.PDBStatusType.SUCCESS:
        return [Gimp.get_pdb().get_last_error(), None]
    return [[each.get_name() for each in values.get_core_object_array(1)],
            json.loads(bytes(newest(image).get_parasite("reverie-origin").get_data()).decode())["asked"]]
"""


@pytest.fixture
def run(gimp, echo):
    return lambda script: gimp.run(RUN + script)["said"]


def test_new_layers_are_returned_to_python_and_to_script_fu(run):
    said = run("""
second = layer.copy(); second.set_name("second"); image.insert_layer(second, None, 0)
said = [called()[0], called(layers=[second, layer])[0], called("edit", [second])[0]]
script = Gimp.get_pdb().lookup_procedure("plug-in-script-fu-eval"); config = script.create_config()
config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
config.set_property("script", '(gimp-item-set-name (vector-ref (car (plug-in-reverie-dream #:image %d '
                    '#:drawables (vector %d))) 0) "named")' % (image.get_id(), layer.get_id()))
said.append(script.run(config).index(0) == Gimp.PDBStatusType.SUCCESS)
answer(said=[*said, [each.get_name() for each in image.get_selected_layers()]])
""")
    assert said[0] == ["Neural style: strokes"]
    assert sorted(said[1]) == ["Neural style: strokes #1", "Neural style: strokes #2"]
    assert said[2] == ["Neural style: strokes #3"]
    assert said[3:] == [True, ["named"]]


def test_a_preset_is_named_by_its_title_or_file_and_what_is_passed_beside_it_stays(run):
    bold, other, patches, dream = run("""
answer(said=[
    called(preset="bold brush")[1],
    called(preset="Bold brush", strength=0.3, style_file=file("clone/backend/reverie/demo/ink.jpg"))[1],
    called(preset="brushed-patches")[1],
    called("dream", preset="Rings and beads")[1]])
""")
    assert (bold["strength"], bold["style"][0]["scale"]) == (0.95, 2.0)
    assert (other["strength"], other["style"][0]["scale"]) == (0.3, 2.0)
    assert other["style"][0]["image"].endswith("ink.jpg")
    assert patches["method"] == "patches"
    assert dream["dream"] == [{"layer": "level5"}]


def test_what_is_none_of_a_choice_is_refused_with_the_list(run):
    said = run("""
answer(said=[called(color="foo")[0], called(detail="foo")[0], called(method="foo")[0],
             called("dream", parametrisation="foo")[0], called("dream", preset="Bold brush")[0]])
""")
    assert said[0] == "The argument “color” cannot be “foo”. It can be one of these: “style”, “luminance”, “match”."
    assert said[1].endswith("It can be one of these: “sketch”, “usual”, “fine”, “best”.")
    assert said[2].endswith("It can be one of these: “optimise”, “instant”, “patches”.")
    assert said[3].endswith("It can be one of these: “pixels”, “decorrelated”.")
    there = "“Bubbles”, “Cracked earth”, “Daydream”, “Eyes”, “Feathers”, “Rings and beads”, “Spirals”, “Vivid dream”"
    assert said[4] == f"Deep Dream has no preset “Bold brush”. There are these: {there}."


def test_in_one_pass_nothing_is_asked_that_it_has_no_use_for(run):
    alone, impasto, fast, mixed = run("""
fast = {"fast": [{"name": "udnie"}]}
mixed = json.dumps(dict(fast, style=[{"image": FOLDER + "/clone/backend/reverie/demo/ink.jpg"}]))
answer(said=[called(method="instant")[1], called(method="instant", preset="Impasto")[1],
             called(method="instant", recipe=json.dumps(fast))[1], called(method="instant", recipe=mixed)[0]])
""")
    assert alone["method"] == "instant"
    assert impasto["method"] == "instant" and "style_loss" not in impasto
    assert "method" not in fast  # a fast style has its own
    assert mixed.startswith("A fast style goes with pictures where these are painted stroke by stroke.")


def test_a_recipe_is_taken_whole_and_what_is_passed_beside_it_goes_first(run):
    whole, beside, layer, dream, with_preset = run("""
ink = FOLDER + "/clone/backend/reverie/demo/ink.jpg"
other = layer.copy(); other.set_name("sky"); image.insert_layer(other, None, 0)
recipe = {"style": [{"image": ink, "scale": 1.5}, {"image": "mosaic", "weight": 0.5, "scale": 3.0}], "strength": 0.4,
          "color": "match", "style_loss": "gram", "seed": 9, "size": 96}
answer(said=[
    called(recipe=json.dumps(recipe))[1],
    called(recipe=json.dumps(recipe), strength=0.3, style_layer=other)[1],
    called(recipe=json.dumps({"style": [{"image": "sky"}], "dream": [{"guide": "sky"}]}))[1],
    called("dream", recipe=json.dumps({"dream": [{"layer": "level4"}, {"layer": "level6"}], "octaves": 3}))[1],
    called(recipe='{"strength": 0.2}', preset="Bold brush")[1]])
""")
    assert (whole["strength"], whole["color"], whole["style_loss"], whole["seed"], whole["size"]) == (
        *(0.4, "match", "gram", 9, 96),
    )
    assert [entry["scale"] for entry in whole["style"]] == [1.5, 3.0]
    assert [entry["image"].rsplit("/")[-1] for entry in whole["style"]] == ["ink.jpg", "mosaic.jpg"]
    assert whole["style"][1]["weight"] == 0.5
    assert (beside["strength"], beside["color"]) == (0.3, "match")
    assert [entry["image"] for entry in beside["style"]] == ["sky"]
    assert [entry["image"] for entry in layer["style"]] == ["sky"] and layer["dream"] == [{"guide": "sky"}]
    assert [entry["layer"] for entry in dream["dream"]] == ["level4", "level6"] and dream["octaves"] == 3
    assert (with_preset["strength"], with_preset["style"][0]["scale"]) == (0.2, 2.0)


def test_nothing_that_a_recipe_says_is_passed_over(run):
    said = run("""
answer(said=[called(recipe=json.dumps(recipe))[0] for recipe in (
    {"stength": 0.5}, {"zoom": 1.1}, {"content_mask": "a.png"}, {"style": [{"image": "ink", "mask": "a.png"}]},
    {"strength": "much"}, {"style": 7}, {"style": [{"image": "no such layer"}]})])
""")
    assert said[0] == "The argument “recipe” has a field “stength”, which no recipe has."
    for sentence, name in zip(said[1:4], ("zoom", "content_mask", "mask"), strict=True):
        assert f"“{name}”, for which GIMP has" in sentence
    assert all(sentence.startswith("The argument “recipe” cannot be used: ") for sentence in said[4:6]), said[4:6]
    assert "no such layer" in said[6]


@pytest.mark.usefixtures("backend")
def test_the_recipe_of_a_result_as_carried_out_makes_it_again(gimp):
    said = gimp.run("""
image = load(); layer = image.get_layers()[0]; layer.scale(60, 40, False)
first = paint(image, [layer], strength=0.6, color="match", seed=4); made = newest(image)
whole = bytes(made.get_parasite("reverie-recipe").get_data()).decode()
again = call("plug-in-reverie-style", image, [layer], recipe=whole)
answer(first=first, again=again, same=digest(newest(image)) == digest(made), other=newest(image) != made,
       recipes=[recipe(made), recipe(newest(image))])
""")
    assert said["first"][0] and said["again"][0], said
    assert said["other"] and said["same"]
    assert said["recipes"][0] == said["recipes"][1]
