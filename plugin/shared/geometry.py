# -*- coding: utf-8 -*-
"""Which part of a layer is worked on. Rectangles are (x, y, width, height) in pixels."""


def intersection(a, b):
    """What two rectangles share, or None."""
    left, top = max(a[0], b[0]), max(a[1], b[1])
    right, bottom = min(a[0] + a[2], b[0] + b[2]), min(a[1] + a[3], b[1] + b[3])
    if right <= left or bottom <= top:
        return None
    return left, top, right - left, bottom - top


def grown(rectangle, margin, limits):
    """The rectangle, larger by `margin` on every side, as far as it lies within `limits`."""
    x, y, width, height = rectangle
    return intersection((x - margin, y - margin, width + 2 * margin, height + 2 * margin), limits)


def work_area(selected, layer_width, layer_height):
    """The part of a layer to send: what is selected, with some of its surroundings for context.

    `selected` is relative to the layer and lies within it. The context, an eighth of the longer side but at least 32
    pixels, lets strokes run across the selection's border instead of ending there.
    """
    margin = max(32, max(selected[2], selected[3]) // 8)
    return grown(selected, margin, (0, 0, layer_width, layer_height))
