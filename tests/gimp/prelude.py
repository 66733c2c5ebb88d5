"""What the tests' scripts begin with. Runs inside GIMP; FOLDER is set before."""

import hashlib
import json

from gi.repository import Gegl, Gimp, Gio

QUICK = {"size": 64, "iterations": 6}


def file(name):
    return Gio.File.new_for_path(FOLDER + "/" + name)  # noqa: F821 - set by whoever runs this


STYLE = "clone/backend/demo/strokes.jpg"


def load():
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file("clone/backend/demo/landscape.jpg"))
    image.get_layers()[0].set_name("landscape")
    return image


def paint(image, layers, style=STYLE, **settings):
    """Runs the procedure; returns [whether it succeeded, its message]."""
    procedure = Gimp.get_pdb().lookup_procedure("plug-in-reverie-style")
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", image)
    config.set_core_object_array("drawables", layers)
    if style:
        config.set_property("style-file", file(style))
    for name, value in {**QUICK, **settings}.items():
        config.set_property(name.replace("_", "-"), value)
    status = procedure.run(config).index(0)
    return [status == Gimp.PDBStatusType.SUCCESS, Gimp.get_pdb().get_last_error()]


def samples(drawable, form="R'G'B'A u8", area=None):
    area = area or (0, 0, drawable.get_width(), drawable.get_height())
    return drawable.get_buffer().get(Gegl.Rectangle.new(*area), 1.0, form, Gegl.AbyssPolicy.NONE)


def digest(drawable, form="R'G'B'A u8"):
    return hashlib.sha256(samples(drawable, form)).hexdigest()


def offsets(layer):
    return list(layer.get_offsets()[1:])


def names(image):
    return [layer.get_name() for layer in image.get_layers()]


def answer(**values):
    with open(FOLDER + "/result.json", "w") as out:  # noqa: F821
        json.dump(values, out)
