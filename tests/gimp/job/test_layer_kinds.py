"""Layers of every kind that GIMP has, as what is painted and as a style: as they are seen."""

from __future__ import annotations

SCRIPT = """
image = load(); base = image.get_layers()[0]
image.scale(192, 144)
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file("linked.png"), None)

def put(layer, parent=None):
    image.insert_layer(layer, parent, 0)
    return layer

def filled(name, colour, parent=None, area=(20, 30, 90, 60)):
    layer = put(Gimp.Layer.new(image, name, 192, 144, Gimp.ImageType.RGBA_IMAGE, 100.0, Gimp.LayerMode.NORMAL), parent)
    buffer = layer.get_buffer(); buffer.set_color(Gegl.Rectangle.new(*area), Gegl.Color.new(colour)); buffer.flush()
    layer.update(0, 0, 192, 144)
    return layer

made = {"usual": base}
group = put(Gimp.GroupLayer.new(image, "group")); made["group"] = group
filled("below", "red", group)
upper = filled("upper", "blue", group, (60, 50, 100, 80)); upper.set_opacity(50.0)
blurred = filled("filtered", "green"); made["filters"] = blurred
effect = Gimp.DrawableFilter.new(blurred, "gegl:gaussian-blur", "blur")
effect.get_config().set_property("std-dev-x", 9.0); effect.get_config().set_property("std-dev-y", 9.0); effect.update()
blurred.append_filter(effect)
made["text"] = put(Gimp.TextLayer.new(image, "Reverie", Gimp.context_get_font(), 40.0, Gimp.Unit.pixel()))
if hasattr(Gimp, "LinkLayer"):
    made["link"] = put(Gimp.LinkLayer.new(image, file("linked.png")))
if hasattr(Gimp, "VectorLayer"):
    path = Gimp.Path.new(image, "path"); image.insert_path(path, None, 0)
    stroke = path.stroke_new_from_points(Gimp.PathStrokeType.BEZIER, [10, 10] * 3 + [150, 20] * 3 + [80, 120] * 3, True)
    made["vector"] = put(Gimp.VectorLayer.new(image, path)); made["vector"].refresh()

from reverie_gimp.job.pictures import Pictures
from shared import npy

def as_seen(layer):
    '''The samples of a layer where it lies, as GIMP shows it alone.'''
    for each in image.get_layers():
        each.set_visible(each == layer)
    whole = Gimp.Layer.new_from_visible(image, image, "seen"); image.insert_layer(whole, None, 0)
    (x, y), width, height = offsets(layer), layer.get_width(), layer.get_height()
    seen = samples(whole, area=(x, y, width, height))
    image.remove_layer(whole)
    return bytes(seen)

def differ(one, other):
    '''How many of the samples differ by more than rounding; what is under a wholly transparent pixel does not count.'''
    assert len(one) == len(other), (len(one), len(other))
    pixels = [(one[at : at + 4], other[at : at + 4]) for at in range(0, len(one), 4)]
    return sum(a[3] != b[3] or (a[3] > 9 and max(abs(a[c] - b[c]) for c in range(3)) > 6) for a, b in pixels)

heard = {}
for name, layer in made.items():
    seen = as_seen(layer)
    before = names(image)
    status = paint(image, [layer], strength=0.0)
    new = newest(image)
    result = bytes(samples(new)); image.remove_layer(new)
    style, width, height, channels, depth = npy.unpack(Pictures(image).of_layer(layer))
    status_of_style = paint(image, [base], style=None, style_layer=layer)
    painted = status_of_style if not status_of_style[0] else bool(image.remove_layer(newest(image)))
    heard[name] = [status, [width, height, channels, depth] == [layer.get_width(), layer.get_height(), 4, "u1"],
                   differ(seen, result), differ(seen, bytes(style)), len(seen) // 4, painted, len(set(seen[3::4])),
                   names(image) == before, type(layer).__name__]
answer(**heard)
"""


def test_layers_of_every_kind_are_what_is_seen_of_them(gimp, running_backend):
    running_backend()
    said = gimp.run(SCRIPT, fonts=True, seconds=180)
    assert {"usual", "group", "filters", "text"} <= set(said)
    if gimp.version >= "3.2":
        assert {"link", "vector"} <= set(said)
    for name, (status, fits, of_source, of_style, count, painted, alphas, same, kind) in said.items():
        assert status[0], (name, status)
        assert fits, name
        assert of_source <= 0.002 * count, name
        assert of_style <= 0.002 * count, name
        if name == "text":  # of one colour, here
            assert "has one colour only" in painted[1], (name, painted)
        else:
            assert painted is True, (name, painted)
        assert same, name
        assert kind == {"usual": "Layer", "filters": "Layer"}.get(name, f"{name.title()}Layer")
        assert alphas > 1 or name in ("usual", "link"), name  # something of it is transparent, and something not
