"""Every open image painted with the same settings."""

from __future__ import annotations


def test_what_is_selected_in_each_open_image_is_painted_there(gimp, backend):
    said = gimp.run("""
first, second = load(), load()
for image in (first, second):
    image.scale(96, 72)
extra = second.get_layers()[0].copy(); second.insert_layer(extra, None, 0); extra.set_name("extra")
second.set_selected_layers(second.get_layers())
Gimp.context_push(); Gimp.context_set_feather(False)
first.select_rectangle(Gimp.ChannelOps.REPLACE, 20, 10, 40, 40)
Gimp.context_pop()
before = {each.get_name(): digest(each) for each in second.get_layers()}
procedure = Gimp.get_pdb().lookup_procedure("plug-in-reverie-style-images")
config = procedure.create_config()
config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
config.set_property("image", second)
config.set_core_object_array("drawables", [extra])
for name, value in dict(QUICK, style_file=file(STYLE), seed=5).items():
    config.set_property(name.replace("_", "-"), value)
status = procedure.run(config).index(0) == Gimp.PDBStatusType.SUCCESS
painted = lambda image: [each for each in image.get_layers() if each.get_parasite("reverie-recipe")]
chosen = lambda image: sorted(each.get_name() for each in image.get_selected_layers())
answer(status=[status, Gimp.get_pdb().get_last_error()], names=[names(first), names(second)],
       masks=[each.get_mask() is not None for each in painted(first) + painted(second)],
       seeds=[recipe(each)["seed"] for each in painted(first) + painted(second)],
       selected=[chosen(first), chosen(second)],
       same={each.get_name(): digest(each) for each in second.get_layers() if each not in painted(second)} == before)
""")
    assert said["status"][0], said
    assert said["names"] == [
        ["Neural style: strokes", "landscape"],
        ["Neural style: strokes #1", "extra", "Neural style: strokes", "landscape"],
    ] or said["names"][1] == ["Neural style: strokes", "extra", "Neural style: strokes #1", "landscape"], said["names"]
    assert said["masks"] == [True, False, False]
    assert said["seeds"] == [5] * 3
    assert said["selected"] == [["Neural style: strokes"], ["Neural style: strokes", "Neural style: strokes #1"]]
    assert said["same"]


def test_an_image_that_cannot_be_used_is_named_before_anything_is_painted(gimp, module_echo):
    said = gimp.run("""
first, second = load(), load()
second.remove_layer(second.get_layers()[0])
answer(status=call("plug-in-reverie-dream-images", first, first.get_layers()), names=[names(first), names(second)],
       second=second.get_name())
""")
    assert said["status"][0] is False
    assert f"In the image “{said['second']}”: No layer is selected." in said["status"][1]
    assert said["names"] == [["landscape"], []]
