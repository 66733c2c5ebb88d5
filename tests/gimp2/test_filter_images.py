"""The filters of GIMP 2.10 on every kind of image."""

from __future__ import annotations

import pytest
from reverie.plugin.shared import npy


def test_every_kind_of_image_in_its_own_precision(gimp2, backend):
    """Python-Fu's pixel regions carry every precision, and so does the result, to rounding."""
    if not gimp2.is_real:
        pytest.skip("the stand-in knows 8 bits only")
    found, said = gimp2.run("""
import struct
from gimpenums import *
values = [index * 919 % 65536 for index in range(200 * 3)]
results = {}
for name, precision, code, scale in [("u16", PRECISION_U16_GAMMA, "H", 1), ("u32", PRECISION_U32_GAMMA, "I", 65537),
                                     ("float", PRECISION_FLOAT_GAMMA, "f", 1 / 65535.0),
                                     ("linear", PRECISION_FLOAT_LINEAR, "f", 1 / 65535.0)]:
    image = new_image()
    pdb.gimp_image_convert_precision(image, precision)
    samples = struct.pack("<600" + code, *[value * scale for value in values])
    layer = new_layer(image, "photo", 20, 10, samples=samples)
    done = style(image, layer)
    back = struct.unpack("<800" + code, read(image.layers[0]))
    del_alpha = [back[4 * pixel + channel] for pixel in range(200) for channel in range(3)]
    worst = max(abs(a - value * scale) / float(scale) for a, value in zip(del_alpha, values))
    results[name] = (done, worst)
answer(**results)
""")
    assert all(done for done, _ in found.values()), said
    assert [npy.unpack(backend.pictures[job["content"]])[4] for job in backend.jobs] == ["u2", "f4", "f4", "f4"]
    assert found["u16"][1] == 0
    assert found["u32"][1] <= 0.5  # of a sixteen-bit step
    assert found["float"][1] <= 0.01
    assert found["linear"][1] <= 0.5


def test_colours_of_a_wider_profile_are_kept(gimp2, backend):
    """The most vivid colours of Adobe RGB lie outside of sRGB, where 8 bits would clip them."""
    if not gimp2.is_real:
        pytest.skip("the stand-in knows no profiles")
    found, said = gimp2.run("""
profile = open("/usr/share/color/icc/ghostscript/a98.icc", "rb").read()
results = []
for wide in (False, True):
    image = new_image()
    if wide:
        pdb.gimp_image_set_color_profile(image, len(profile), tuple(bytearray(profile)))
    layer = new_layer(image, "photo", 20, 10, samples="\\x00\\xff\\x00\\xff\\x00\\x00" * 100)
    done = style(image, layer)
    results.append((done, [list(bytearray(read(image.layers[0]))[index:index + 3]) for index in (0, 4)]))
answer(results=results)
""")
    assert [done for done, _ in found["results"]] == [True, True], said
    assert [npy.unpack(backend.pictures[job["content"]])[4] for job in backend.jobs] == ["u1", "f4"]
    for _, (green, red) in found["results"]:
        assert max(abs(a - b) for a, b in zip(green + red, [0, 255, 0, 255, 0, 0], strict=True)) <= 1


def test_groups_indexed_images_and_masks(gimp2, backend):
    if not gimp2.is_real:
        pytest.skip("the stand-in has neither groups nor palettes")
    found, said = gimp2.run("""
from gimpenums import *
image = new_image()
group = pdb.gimp_layer_group_new(image)
pdb.gimp_image_insert_layer(image, group, None, 0)
inner = gimp.Layer(image, "inner", 20, 10, RGBA_IMAGE, 100.0, LAYER_MODE_NORMAL)
pdb.gimp_image_insert_layer(image, inner, group, 0)
write(inner, pattern(800))
inner.set_offsets(4, 3)
group.opacity = 50.0
shown = read(group)
done = [style(image, group), style(image, inner)]
above = image.layers[0]
in_group = [child.name for child in group.children]

mask = pdb.gimp_layer_create_mask(inner, ADD_WHITE_MASK)
pdb.gimp_layer_add_mask(inner, mask)
done.append(style(image, mask))

channel = pdb.gimp_channel_new(image, 40, 30, "a channel", 50.0, (0, 0, 0))
pdb.gimp_image_insert_channel(image, channel, None, 0)
of_channel = style(image, channel)
select(image, 4, 3, 5, 5)
pdb.gimp_edit_copy(inner)
pdb.gimp_edit_paste(inner, False)
floating = style(image, inner)

indexed = new_image()
layer = new_layer(indexed, "photo", 8, 8)
pdb.gimp_image_convert_indexed(indexed, 0, 0, 16, False, False, "")
refused = style(indexed, layer)
kinds = [indexed.base_type]
done.append(style(indexed, layer, convert_indexed=1))
answer(done=done, same=read(above) == shown, offsets=above.offsets, opacity=above.opacity, in_group=in_group,
       refused=[refused, of_channel, floating], kinds=kinds + [indexed.base_type], names=names(indexed),
       indexed=read(indexed.layers[0])[:3] == read(layer)[:3])
""")
    assert found["done"] == [True] * 4, said
    assert found["same"]
    assert found["offsets"] == [4, 3]
    assert found["opacity"] == 100.0
    assert found["in_group"] == ["Neural style: style #1", "inner"]
    assert found["refused"] == [False] * 3
    for sentence in (
        "An indexed image has too few colours",
        "A channel is selected. Select a layer instead",
        "There is a floating selection.",
    ):
        assert sentence in said
    assert found["kinds"] == [2, 0]
    assert found["names"] == ["Neural style: style", "photo"]
    assert found["indexed"]


def test_it_speaks_german_where_gimp_does(gimp2, backend):
    gimp2.language = "de"
    try:
        found, said = gimp2.run("""
image = new_image()
layer = new_layer(image, "photo", 20, 10)
done = style(image, layer, style_file='')
painted = style(image, layer)
answer(done=done, painted=painted, names=names(image))
""")
    finally:
        gimp2.language = "en"
    assert not found["done"]
    assert "Wählen Sie zuerst einen Stil: eine Bilddatei oder eine andere offene Ebene." in said
    assert found["names"] == ["Neuronaler Stil: style", "photo"]
