"""Where a dialog shows the layer, and what it becomes: all of it, or a part pixel by pixel, and both side by side.

Pictures are put together in GdkPixbufs and not drawn: the Python that comes with some GIMPs cannot draw with cairo.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gi.repository import Gdk, GdkPixbuf, GLib, Gtk

from reverie_gimp.data import Rectangle

_GRIP = 12  # pixels beside the line between both at which it can be taken
_STEP = 0.1  # of the canvas, by which an arrow key moves what is seen
_LINE = 2  # pixels
_WHITE = 0xFFFFFFFF
_KEYS = {"Left": (-1, 0), "Right": (1, 0), "Up": (0, -1), "Down": (0, 1)}


class Placed(NamedTuple):
    """A picture, and which part of the layer it is of, in the layer's pixels."""

    picture: GdkPixbuf.Pixbuf
    area: Rectangle


class Canvas:
    """`widget` shows it; `size` is the layer's, and `moved` is called when another part of it is to be seen."""

    def __init__(self, size: tuple[int, int], moved: Callable[[], None]) -> None:
        self._size, self._moved = size, moved
        self._before: list[Placed] = []  # the later ones lie over the earlier ones
        self._after: list[Placed] = []
        self._actual = False  # whether a pixel of the layer is one of the screen
        self._centre = size[0] / 2, size[1] / 2  # in the layer's pixels
        self._split: float | None = None  # where the line between both is, 0 to 1
        self._held: tuple[float, float] | None = None  # where the mouse was pressed, or was since
        self._on_line = False
        self._drawing = False
        self._room = 0, 0  # for which it was drawn, in pixels of the screen
        self.shown: GdkPixbuf.Pixbuf | None = None
        self._image = Gtk.Image(xalign=0.0, yalign=0.0)
        layout = Gtk.Layout()
        layout.put(self._image, 0, 0)
        self.widget = Gtk.EventBox(hexpand=True, vexpand=True, can_focus=True, above_child=True)
        self.widget.add(layout)
        mask = Gdk.EventMask
        self.widget.add_events(mask.BUTTON_PRESS_MASK | mask.BUTTON_RELEASE_MASK | mask.BUTTON1_MOTION_MASK)
        self.widget.connect("size-allocate", lambda *given: self._allocated())
        self.widget.connect("button-press-event", self._press)
        self.widget.connect("motion-notify-event", self._drag)
        self.widget.connect("button-release-event", lambda *given: self._release())
        self.widget.connect("key-press-event", self._key)

    def set_size(self, size: tuple[int, int]) -> None:
        """Another part of the layer is worked on, of that size."""
        if size != self._size:
            self._size, self._centre = size, (size[0] / 2, size[1] / 2)
            self._draw_soon()

    # --- what is shown -----------------------------------------------------------------------------------------------

    def show_before(self, *placed: Placed) -> None:
        self._before = list(placed)
        self._draw_soon()

    def show_after(self, *placed: Placed) -> None:
        self._after = list(placed)
        self._draw_soon()

    def show_actual(self, actual: bool) -> None:
        """Each pixel of the layer as one of the screen, or all of the layer."""
        self._actual = actual
        self._changed()

    def show_split(self, split: bool) -> None:
        """Both side by side, or only what the layer becomes."""
        self._split = 0.5 if split else None
        self._draw_soon()

    @property
    def pixels(self) -> tuple[int, int]:
        """Its width and height in pixels of the screen."""
        factor, widget = self.widget.get_scale_factor(), self.widget
        return max(1, widget.get_allocated_width() * factor), max(1, widget.get_allocated_height() * factor)

    @property
    def part(self) -> Rectangle | None:
        """The part of the layer that is seen pixel by pixel; None where all of it is seen."""
        if not self._actual:
            return None
        sides = [min(seen, whole) for seen, whole in zip(self.pixels, self._size, strict=True)]
        corner = [
            int(min(max(0, centre - side / 2), whole - side))
            for centre, side, whole in zip(self._centre, sides, self._size, strict=True)
        ]
        return corner[0], corner[1], sides[0], sides[1]

    # --- what the painter does ---------------------------------------------------------------------------------------

    def _press(self, widget: Gtk.Widget, event: Gdk.EventButton) -> bool:
        self.widget.grab_focus()
        self._held = event.x, event.y
        line = None if self._split is None else self._split * self.widget.get_allocated_width()
        self._on_line = line is not None and (not self._actual or abs(event.x - line) <= _GRIP)
        if self._on_line:
            self._move_line(event.x)
        return True

    def _drag(self, widget: Gtk.Widget, event: Gdk.EventMotion) -> bool:
        if self._held is None:
            return False
        if self._on_line:
            self._move_line(event.x)
        elif self._actual:
            factor = self.widget.get_scale_factor()
            self._pan(factor * (self._held[0] - event.x), factor * (self._held[1] - event.y))
        self._held = event.x, event.y
        return True

    def _release(self) -> bool:
        self._held = None
        return True

    def _key(self, widget: Gtk.Widget, event: Gdk.EventKey) -> bool:
        across, down = _KEYS.get(Gdk.keyval_name(event.keyval) or "", (0, 0))
        if not self._actual or (across, down) == (0, 0):
            return False
        width, height = self.pixels
        self._pan(across * _STEP * width, down * _STEP * height)
        return True

    def _move_line(self, x: float) -> None:
        self._split = min(max(0.0, x / max(1, self.widget.get_allocated_width())), 1.0)
        self._draw_soon()

    def _pan(self, across: float, down: float) -> None:
        part = self.part
        if part is None:
            return
        self._centre = part[0] + part[2] / 2 + across, part[1] + part[3] / 2 + down
        kept = self.part
        assert kept is not None
        self._centre = kept[0] + kept[2] / 2, kept[1] + kept[3] / 2  # within the layer
        self._changed()

    # --- putting it together -----------------------------------------------------------------------------------------

    def _allocated(self) -> None:
        """It has another size, perhaps. What is drawn is given its place anew, too, and is not drawn again for that."""
        if self._room != self.pixels:
            self._room = self.pixels
            self._changed()

    def _changed(self) -> None:
        self._moved()
        self._draw_soon()

    def _draw_soon(self) -> None:
        if not self._drawing:
            self._drawing = True
            GLib.idle_add(self._draw)

    def _draw(self) -> bool:
        self._drawing = False
        width, height = self.pixels
        if width < 2 or height < 2:
            return GLib.SOURCE_REMOVE
        whole = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, width, height)
        whole.fill(0)
        line = 0 if self._split is None else round(self._split * width)
        for placed in self._before:
            self._put(placed, whole, 0, width)
        for placed in self._after:
            self._put(placed, whole, line, width)
        if self._split is not None:
            left = min(max(0, line - _LINE // 2), width - _LINE)
            whole.new_subpixbuf(left, 0, _LINE, height).fill(_WHITE)
        self.shown = whole
        factor = self.widget.get_scale_factor()
        if factor == 1:
            self._image.set_from_pixbuf(whole)
        else:  # see picture.py
            self._image.set_from_gicon(whole, Gtk.IconSize.BUTTON)
            self._image.set_pixel_size(max(width, height) // factor)
        return GLib.SOURCE_REMOVE

    def _put(self, placed: Placed, whole: GdkPixbuf.Pixbuf, left: int, right: int) -> None:
        """Puts a picture where it belongs, between two columns."""
        scale, across, down = self._view()
        left_of, top_of, wide, high = placed.area
        x, y = scale * left_of + across, scale * top_of + down
        begin, end = max(left, round(x)), min(right, round(x + scale * wide))
        top, bottom = max(0, round(y)), min(whole.get_height(), round(y + scale * high))
        if begin >= end or top >= bottom:
            return
        picture = placed.picture
        factors = scale * wide / picture.get_width(), scale * high / picture.get_height()
        exact = abs(factors[0] - 1) < 1e-3 and abs(factors[1] - 1) < 1e-3
        how = GdkPixbuf.InterpType.NEAREST if exact else GdkPixbuf.InterpType.BILINEAR
        picture.composite(whole, begin, top, end - begin, bottom - top, round(x), round(y), *factors, how, 255)

    def _view(self) -> tuple[float, float, float]:
        """(Pixels of the screen for one of the layer, and where the layer's corner is on it)."""
        width, height = self.pixels
        part = self.part
        if part is None:
            scale = min(width / self._size[0], height / self._size[1])
            return scale, (width - scale * self._size[0]) / 2, (height - scale * self._size[1]) / 2
        return 1.0, (width - part[2]) / 2 - part[0], (height - part[3]) / 2 - part[1]
