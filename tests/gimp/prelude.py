"""What the tests' scripts begin with. Runs inside GIMP; FOLDER is set before."""

import hashlib
import json
import sys

from gi.repository import Gegl, Gimp, Gio

sys.path.insert(0, FOLDER + "/config/plug-ins/reverie")  # noqa: F821 - FOLDER is set by whoever runs this

QUICK = {"size": 64, "iterations": 6}


def file(name):
    return Gio.File.new_for_path(FOLDER + "/" + name)  # noqa: F821


STYLE = "clone/backend/reverie/demo/strokes.jpg"


def load():
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file("clone/backend/reverie/demo/landscape.jpg"))
    image.get_layers()[0].set_name("landscape")
    return image


def call(name, image, layers, mode=Gimp.RunMode.NONINTERACTIVE, **settings):
    """Runs a procedure without a dialog; returns [whether it succeeded, its message]."""
    procedure = Gimp.get_pdb().lookup_procedure(name)
    config = procedure.create_config()
    config.set_property("run-mode", mode)
    config.set_property("image", image)
    config.set_core_object_array("drawables", layers)
    for key, value in settings.items():
        config.set_property(key.replace("_", "-"), value)
    status = procedure.run(config).index(0)
    return [status == Gimp.PDBStatusType.SUCCESS, Gimp.get_pdb().get_last_error()]


def paint(image, layers, style=STYLE, **settings):
    settings = {**QUICK, **settings, **({"style_file": file(style)} if style else {})}
    return call("plug-in-reverie-style", image, layers, **settings)


def dream(image, layers, **settings):
    return call("plug-in-reverie-dream", image, layers, **{**QUICK, **settings})


def above(image, layer):
    """The layer that lies just above another, among its siblings."""
    siblings = layer.get_parent().get_children() if layer.get_parent() else image.get_layers()
    return siblings[image.get_item_position(layer) - 1]


def newest(image):
    """The layer that was painted last: it is selected."""
    return image.get_selected_layers()[0]


def recipe(layer):
    """What a result was made by; on what machine, and with how much room, is of each run itself."""
    record = json.loads(bytes(layer.get_parasite("reverie-recipe").get_data()).decode())
    record.pop("made_with", None)
    return record


def samples(drawable, form="R'G'B'A u8", area=None):
    area = area or (0, 0, drawable.get_width(), drawable.get_height())
    return drawable.get_buffer().get(Gegl.Rectangle.new(*area), 1.0, form, Gegl.AbyssPolicy.NONE)


def worst(one, other, area=None):
    """The largest difference of two drawables in 8 bits; what is under a wholly transparent pixel does not count."""
    a, b = samples(one, area=area), samples(other, area=area)
    if len(a) != len(b):
        return 256
    pixels = zip(a[0::4], a[1::4], a[2::4], a[3::4], b[0::4], b[1::4], b[2::4], b[3::4], strict=True)
    return max(max(abs(p[3] - p[7]), *(abs(p[i] - p[i + 4]) for i in range(3)) if p[3] else (0,)) for p in set(pixels))


def digest(drawable, form="R'G'B'A u8"):
    return hashlib.sha256(samples(drawable, form)).hexdigest()


def offsets(layer):
    return list(layer.get_offsets()[1:])


def names(image):
    return [layer.get_name() for layer in image.get_layers()]


def answer(**values):
    with open(FOLDER + "/result.json", "w") as out:  # noqa: F821
        json.dump(values, out)
