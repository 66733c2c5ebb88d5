"""A picture within a place of a size of its own, at the screen's full resolution.

Where a point of the screen has several pixels, GTK enlarges a Gtk.Image's pixbuf; an icon it draws in all its pixels,
and a pixbuf may be one. But an icon's place is square, so it lies on a Gtk.Layout, which has a size of its own.
"""

from __future__ import annotations

from gi.repository import GdkPixbuf, Gtk


class Picture:
    """`widget` is the place, of that width and height."""

    def __init__(self, width: int, height: int) -> None:
        self.size = width, height
        self._image = Gtk.Image(xalign=0.0, yalign=0.0)
        self.widget = Gtk.Layout(width=width, height=height, halign=Gtk.Align.CENTER, valign=Gtk.Align.CENTER)
        self.widget.set_size_request(width, height)
        self.widget.put(self._image, 0, 0)
        self.pixbuf: GdkPixbuf.Pixbuf | None = None  # what it shows

    def resize(self, width: int, height: int) -> None:
        """Makes the place larger or smaller, and what it shows."""
        self.size = width, height
        self.widget.set_size(width, height)
        self.widget.set_size_request(width, height)
        if self.pixbuf is not None:
            self.show(self.pixbuf)

    def show(self, pixbuf: GdkPixbuf.Pixbuf | None) -> None:
        """Shows a picture, as large as it fits; the sign of a missing one for None."""
        self.pixbuf, (width, height) = pixbuf, self.size
        if pixbuf is None:
            self._image.set_from_icon_name("image-missing", Gtk.IconSize.DIALOG)
            across = down = min(self.size)
        else:
            factor = min(width / pixbuf.get_width(), height / pixbuf.get_height())
            across, down = (max(1, round(factor * side)) for side in (pixbuf.get_width(), pixbuf.get_height()))
            self._image.set_from_gicon(pixbuf, Gtk.IconSize.BUTTON)
        self._image.set_pixel_size(max(across, down))
        self.widget.move(self._image, (width - across) // 2, (height - down) // 2)
