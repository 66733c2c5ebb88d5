"""Choosing a look in a real dialog of a real GIMP: pictures of the painter's own layer, searched, kept and mixed; and
what annoys in dialogs, and is not here."""

from __future__ import annotations

import pytest

from tests.gimp import windows

SCRIPT = """
from reverie_gimp.job import recent_styles
from reverie_gimp.ui import estimate as estimate_ui
stand_in(); looks_ui._AT_ONCE = 2
recent_styles.listed = lambda: []  # those of other tests: a copy of a picture looks as that does
small = [{"message": "", "template": "The style picture “{picture}” is small.", "values": {"picture": "/at/ink.jpg"}}]
def estimated(self, recipe, width, height, pictures, wait=True):
    while wait and not measured:
        time.sleep(0.02)
    known = wait and measured.pop(0)  # the first to wait is told that the backend is busy, and asks again
    measured.extend([True] * bool(known))
    return {"seconds": 12.0 if known else None, "reason": None if known else "busy", "width": composed[0],
            "height": composed[1], "download_bytes": None, "warnings": list(small)}
estimate_ui._LATER, composed = 200, [640, 480]
measured, client.Client.estimate, heard = [], estimated, {}
made, config = opened()
pump(made._estimate.get_text, 20); pump(lambda: made._estimate.get_text() != "…", 20)
said_beside_ok = lambda: [made._estimate.get_text(), made._estimate._warning.get_text()]
heard["at once"] = said_beside_ok(); measured.extend([False, True])
pump(lambda: made._estimate.get_text()[-1] != "…", 20)
heard["measured"] = said_beside_ok(); small.clear()
composed[:] = [960, 720]; measured.append(True)
config.set_property("detail", "fine"); pump(lambda: "960" in made._estimate.get_text(), 20)
heard["larger"] = made._estimate.get_text(); config.set_property("detail", "usual")
reduced = npy.unpack(made._gallery._small(styles.read(config)[0]))
heard["style"] = [list(reduced[1:4]), len(set(bytes(reduced[0][:3000]))) > 100]
grid, scrolled = made._gallery._grid, made._gallery._grid._scrolled
heard["ok"] = [made._window.get_widget_for_response(Gtk.ResponseType.OK).translate_coordinates(made._window, 0, 0)]
in_sight = lambda: [tile.title for tile in grid.in_sight()]

def cut():
    '''The tiles that are seen in part alone.'''
    top, page = scrolled.get_vadjustment().get_value(), scrolled.get_allocated_height()
    boxes = {tile.title: tile.widget.get_allocation() for tile in grid.in_sight()}
    return [name for name, box in boxes.items() if box.y < top - 4 or box.y + box.height > top + page + 4]

# Pictures of the layer itself
all_painted = lambda: grid.in_sight() and all(
    tile.is_painted or tile.kind == "layer" for tile in grid.in_sight())  # the one layer is the one that is painted
heard["painted"] = pump(all_painted, 30)
shown = [tile for tile in grid.in_sight() if tile.kind != "layer"]
size = lambda picture: (picture.get_width(), picture.get_height())
heard["sizes"] = sorted({(tile.kind == "fast", *size(tile.picture.pixbuf)) for tile in shown})
digests = [hashlib.sha256(tile.picture.pixbuf.get_pixels()).hexdigest() for tile in shown]
heard["alike"] = [tile.title for tile, digest in zip(shown, digests) if digests.count(digest) > 1]
heard["opened at"], heard["cut"] = in_sight(), cut()
heard["methods"] = sorted({recipe.get("method") or "fast" for _, recipe in looks})
count = len(looks)
scrolled.get_vadjustment().set_value(0); pump(seconds=0.3)
pump(all_painted, 30)
heard["first"] = [in_sight()[0], len(looks) > count]
def scroll_to(value):
    scrolled.get_vadjustment().set_value(value); pump(seconds=0.3)
    pump(lambda: all_painted() and not made._gallery.looks.busy, 30)
scroll_to(400); again = len(looks); scroll_to(0); scroll_to(400)
heard["asked again"] = len(looks) - again
shot("looks")

# Searching
named_so = lambda: {"ink", "Ink drawing"} <= set(in_sight()) and all("ink" in name.lower() for name in in_sight())
grid._entry.set_text("ink"); pump(named_so, 20); heard["found"] = in_sight()
grid._entry.set_text("no such look"); pump(grid._nothing.get_mapped, 20)
heard["nothing"] = [grid._nothing.get_mapped(), grid._nothing.get_text()]
grid._entry.set_text(""); grid._kinds.set_active_id("fast"); pump(lambda: "udnie" in in_sight()[:2], 20)
heard["fast"] = in_sight()
grid._kinds.set_active_id("")

# Favourites and mixing, by keys on a tile
tile = next(each for each in made._gallery._tiles.values() if each.title == "mosaic")
made._gallery._pressed(tile, "asterisk"); pump(seconds=0.3)
scrolled.get_vadjustment().set_value(0); pump(lambda: in_sight()[:1] == ["mosaic"], 20)
heard["favourite"] = in_sight()[0]
from reverie_gimp.job import favourites
heard["kept"] = favourites.listed()
made._gallery._pressed(tile, "plus")
chosen = lambda: [styles.title(each) for each in styles.read(config)]
heard["mixed"] = [chosen()]
toggle = named(made, "+ Mix in a style"); toggle.set_active(True)
style(made, "ink"); heard["mixed"].append(chosen())
named(made, "Leave out mosaic").clicked(); pump(lambda: len(chosen()) == 2, 20); heard["mixed"].append(chosen())
toggle.set_active(False)
style(made, "ink"); heard["mixed"].append(chosen())
preset = next(each for each in made._gallery._tiles.values() if each.title == "Bold brush")
made._gallery._activated(preset); pump(seconds=0.3)
marked = lambda: [each.title for each in made._gallery._tiles.values()
                  if each.widget.get_style_context().has_class("reverie-chosen")]
heard["by a preset"] = [chosen(), config.get_property("style-scale"), marked()]
style(made, "ink"); heard["left"] = marked()
made._gallery._pressed(tile, "asterisk")

# The wheel, what is folded away, and what is aligned
expander = next(each for each in below(made._window) if isinstance(each, Gtk.Expander))
panel = expander.get_ancestor(Gtk.ScrolledWindow)
bar = panel.get_vadjustment()
def unfolded():
    top = expander.translate_coordinates(panel, 0, 0)[1]
    return [top, expander.get_allocated_height(), panel.get_allocated_height()]
def all_seen():
    top, height, page = unfolded()
    return height > 100 and top >= 0 and top + min(height, page) <= page + 1
expander.set_expanded(True); pump(all_seen, 20)
heard["unfolded"] = unfolded()
values = lambda: [each.get_value() for each in below(made._window) if isinstance(each, (Gtk.Scale, Gtk.SpinButton))]
values_before, heard["wheel"] = values(), []
entry = made._window.get_scale_entry("strength", 100.0)
lists = [each for each in below(made._window) if isinstance(each, Gtk.ComboBoxText) and each.get_active_id() == "style"]
def turn_wheel(widget, down):
    place, origin = widget.translate_coordinates(made._window, 0, 0), made._window.get_window().get_origin()
    x, y = (a + b + side // 2 for a, b, side in zip(
        place, origin[1:], (widget.get_allocated_width(), widget.get_allocated_height())))
    os.system("xdotool mousemove %d %d sleep 0.1 click %d" % (x, y, 5 if down else 4))
for widget in (entry.get_range(), entry.get_spin_button(), lists[0]):
    bar.set_value(bar.get_upper()); pump(seconds=0.2)
    bar.set_value(0 if widget.translate_coordinates(panel, 0, 0)[1] < 0 else bar.get_value()); pump(seconds=0.2)
    was = bar.get_value()
    turn_wheel(widget, down=was == 0)
    pump(lambda: bar.get_value() != was, 10)
    heard["wheel"].append(bar.get_value() != was)
named_sets = made._presets._chooser
was = named_sets.get_active()
turn_wheel(named_sets, down=True); pump(seconds=0.5)
heard["preset"] = [was, named_sets.get_active()]
os.system("xdotool mousemove 1299 999")
heard["unmoved"] = [values() == values_before, lists[0].get_active_id()]
width = lambda widget: [widget.translate_coordinates(made._window, 0, 0)[0], widget.get_allocated_width()]
sliders = [made._window.get_scale_entry(name, factor) for name, factor in (("strength", 100.0), ("style-scale", 1.0))]
combos = [each for each in below(made._controls[2]) if isinstance(each, Gtk.ComboBoxText)]
heard["aligned"] = [[width(each.get_range()) for each in sliders], [width(each.get_spin_button()) for each in sliders],
                    [width(each) for each in combos]]

# What was wrong, and is mended
config.set_property("style-file", None)
GLib.timeout_add(50, lambda: made._window.response(Gtk.ResponseType.OK) or False)
def mend():
    if not made._refused:
        return True
    heard["wrong"] = [made._notice.get_text()]
    config.set_property("strength", 0.5); heard["wrong"].append(made._notice.get_text())
    style(made, "ink"); heard["wrong"].append(made._notice.get_text())
    made._window.response(Gtk.ResponseType.CANCEL)
    return False
GLib.timeout_add(150, mend)
heard["gave up"] = painted(made) is None
made.close()

# A map of regions, one of which is nearly named as a style
image = load(); layer = image.get_layers()[0]
group = Gimp.GroupLayer.new(image, "map"); image.insert_layer(group, None, 0)
for name, area in (("watercolor", (0, 0, 768, 250)), ("ink", (0, 250, 400, 326)), ("here", (400, 250, 368, 326))):
    part = Gimp.Layer.new(image, name, 768, 576, Gimp.ImageType.RGBA_IMAGE, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(part, group, 0)
    part.get_buffer().set_color(Gegl.Rectangle.new(*area), Gegl.Color.new("red")); part.get_buffer().flush()
config = Gimp.get_pdb().lookup_procedure(filters.STYLE).create_config()
config.set_property("regions", group)
image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 768, 576)
made = dialog.Dialog("", filters.STYLE, config.get_procedure(), config, selected_sources(image, [layer]))
made._preview.pause()
made._window.show()
pump(lambda: any(isinstance(each, Gtk.Button) and "meant" in (each.get_label() or "") and each.get_mapped()
                 for each in below(made._window)), 20)
ok = made._window.get_widget_for_response(Gtk.ResponseType.OK)
heard["ok"].append(ok.translate_coordinates(made._window, 0, 0))
scrolls = lambda: made._notice._scrolled.get_vadjustment().get_upper() > made._notice._scrolled.get_allocated_height()
heard["scrolls"] = [scrolls(), made._notice._scrolled.get_can_focus()]
for busy in (False, True):
    made._notice.set_busy(busy)
    pump(lambda: made._say("A long story. " * 40) or scrolls(), 5); pump(seconds=0.2)  # others may say something, too
    heard["ok"].append(ok.translate_coordinates(made._window, 0, 0))
    heard["scrolls"] += [scrolls(), made._notice._scrolled.get_can_focus()]
    shot("notice")
made._notice.set_busy(False); made._say("")
words = lambda: [each.get_text() for each in below(made._window) if isinstance(each, Gtk.Label) and each.get_mapped()]
heard["map"] = [each for each in words() if "“" in each]
button = next(each for each in below(made._window)
              if isinstance(each, Gtk.Button) and "meant" in (each.get_label() or ""))
bar = button.get_ancestor(Gtk.ScrolledWindow).get_vadjustment(); bar.set_value(bar.get_upper()); shot("map")
button.clicked(); pump(lambda: not any("meant" in each for each in words()), 20)
heard["renamed"] = [[each.get_name() for each in group.get_children()], [each for each in words() if "“" in each]]

# One that names a picture which this painter has not used
import shutil
from reverie_gimp.job import regions
theirs, read, reads = FOLDER + "/of-a-region.jpg", [], regions.picture_of_file
regions.picture_of_file = lambda place: read.append(place) or reads(place)
shutil.copy(FOLDER + "/clone/backend/reverie/demo/ink.jpg", theirs)
group.get_children()[0].set_name(theirs); config.notify("regions")
opener = lambda: next((each for each in below(made._window) if isinstance(each, Gtk.Button) and each.get_mapped()
                       and each.get_label() == "Open the picture"), None)
pump(opener, 20)
made._preview.resume(); pump(lambda: "not used before" in made._preview._note.get_text(), 20)
heard["theirs"] = [opener().get_tooltip_text(), made._preview._note.get_text(), [theirs in each for each in read]]
opener().clicked(); pump(lambda: theirs in read, 20); pump(lambda: opener() is None, 20)
heard["opened"] = [theirs in read, opener() is None, theirs in recent_styles.remembered(), settled(made)]
made.close()
answer(**heard)
"""


@pytest.fixture(scope="module")
def said(gimp, module_echo):
    return windows.run(gimp, "choosing", SCRIPT)


def test_looks_are_pictures_of_the_layer_itself_painted_once(said):
    assert said["painted"]
    assert said["sizes"] == [[False, 160, 120], [True, 320, 240]]  # strokes of fast styles have a size in pixels
    assert said["alike"] == []
    assert said["style"] == [[512, 410, 3], True]  # less is sent of a style, and read, than the whole picture
    assert said["methods"] == ["fast", "instant"]
    assert said["asked again"] == 0


def test_the_gallery_opens_at_what_is_chosen_with_no_row_cut(said):
    assert "strokes" in said["opened at"]
    assert len(said["opened at"]) % 4 == 0 and said["cut"] == []
    assert said["first"] == ["A hint of paint", True]


def test_sizes_and_what_is_too_small_are_said_at_once_and_the_time_once_it_is_measured(said):
    sizes, warning = "Composed at 640 × 480 pixels, and finished at 768 × 576; ", "The style picture “ink” is small."
    assert said["at once"] == [sizes + "…", warning]
    assert said["measured"] == [sizes + "takes about 12 seconds.", warning]
    assert said["larger"].startswith("Composed at 960 × 720 pixels, and reduced to 768 × 576; ")


def test_looks_are_searched_by_name_and_kind(said):
    assert {"ink", "Ink drawing"} <= set(said["found"])
    assert all("ink" in name.lower() for name in said["found"])
    assert said["nothing"] == [True, "There is no look with “no such look” in its name here."]
    assert said["fast"] == ["great wave", "udnie"]


def test_favourites_come_first_and_are_kept(said):
    assert said["favourite"] == "mosaic"
    assert said["kept"] == [["file", "mosaic"]]


def test_styles_are_mixed_in_and_left_out_where_that_is_to_be_seen(said):
    assert said["mixed"] == [["strokes", "mosaic"], ["strokes", "mosaic", "ink"], ["strokes", "ink"], ["ink"]]
    assert said["by a preset"] == [["strokes"], 2.0, ["Bold brush", "strokes"]]
    assert said["left"] == ["ink"]


def test_the_wheel_scrolls_and_changes_nothing_and_what_is_unfolded_is_seen(said):
    assert said["wheel"] == [True, True, True]
    assert said["unmoved"] == [True, "style"]
    assert said["preset"] == [0, 0]
    top, height, page = said["unfolded"]
    assert top >= 0 and top + min(height, page) <= page + 1


def test_what_is_below_each_other_is_aligned(said):
    for column in said["aligned"]:
        assert len(column) > 1 and all(each == column[0] for each in column), said["aligned"]


def test_what_was_wrong_is_said_until_it_is_mended(said):
    wrong, still, mended = said["wrong"]
    assert wrong == still and wrong.startswith("Choose a style first")
    assert mended == "A new layer will lie above yours, which stays untouched."
    assert said["gave up"]


def test_ok_is_where_it_was(said):
    assert said["ok"] == [said["ok"][0]] * 4
    assert said["scrolls"] == [False, False, True, True, True, True], "what is longer than there is room for"


def test_a_map_shows_the_styles_of_regions_and_a_name_nearly_a_styles_is_offered(said):
    shown = {"“here”: the style above", "“ink”: its own style", "“watercolor”: the style above"}
    assert set(said["map"]) == shown | {"Is “watercolour” meant?"}
    named, shown = said["renamed"]
    assert named == ["here", "ink", "watercolour"]
    assert set(shown) == {"“here”: the style above", "“ink”: its own style", "“watercolour”: its own style"}


def test_a_picture_that_a_region_names_is_opened_only_where_the_painter_says_so(said):
    tip, note, read = said["theirs"]
    assert "You have not used it before" in tip and tip.endswith("/of-a-region.jpg")
    assert "/of-a-region.jpg” names a picture that you have not used before." in note
    assert not any(read)
    assert said["opened"] == [True] * 4
