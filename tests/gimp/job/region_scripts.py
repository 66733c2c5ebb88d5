"""Scripts that paint regions in GIMP, for tests."""

from __future__ import annotations

MAP = """
def grey(width=96, height=64):
    image = Gimp.Image.new(width, height, Gimp.ImageBaseType.RGB)
    layer = Gimp.Layer.new(image, "photo", width, height, Gimp.ImageType.RGBA_IMAGE, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    layer.get_buffer().set_color(Gegl.Rectangle.new(0, 0, width, height), Gegl.Color.new("gray"))
    return image, layer

def add(image, name, color, place, parent=None):
    x, y, width, height = place
    layer = Gimp.Layer.new(image, name, width, height, Gimp.ImageType.RGBA_IMAGE, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, parent, 0)
    layer.get_buffer().set_color(Gegl.Rectangle.new(0, 0, width, height), Gegl.Color.new(color))
    layer.set_offsets(x, y)
    return layer

def group(image):
    made = Gimp.GroupLayer.new(image, "map"); image.insert_layer(made, None, 0)
    made.set_visible(False)
    return made

def mean(layer, place):
    '''Of red, green, blue and alpha, 0 to 255.'''
    data = samples(layer, area=place)
    return [round(sum(data[c::4]) / (len(data) // 4)) for c in range(4)]

def mask(layer, places):
    if layer.get_mask() is None:
        return [Gimp.get_pdb().get_last_error()]
    return [layer.get_mask().get_buffer().get(Gegl.Rectangle.new(x, y, 1, 1), 1.0, "Y u8", Gegl.AbyssPolicy.NONE)[0]
            for x, y in places]

def stripes(image, name, color):
    layer = add(image, name, "black", (0, 0, 48, 48))
    for y in range(0, 48, 12):
        layer.get_buffer().set_color(Gegl.Rectangle.new(0, y, 48, 8), Gegl.Color.new(color))
    layer.set_visible(False)
    return layer

STRONG = {"size": 96, "iterations": 16, "strength": 1.0, "recipe": '{"style_loss": "nearest"}'}
"""
