"""The row of a dialog that keeps its settings by name: choose a preset, save, share, delete.

It stands where GIMP's own dialogs have “Load Saved Settings” and “Save Settings”, and replaces them: those keep one
nameless set, and two ways to save would only make people wonder where their settings went. GIMP's Reset stays.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gi.repository import Gtk
from shared import bundled, jobs, presets, words
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.job import foreign, known_presets, recipes
from reverie_gimp.ui.agreement import agreed
from reverie_gimp.ui.wheel import leave_wheel

if TYPE_CHECKING:
    from gi.repository import Gimp, GimpUi


def _hide_gimps_own(window: GimpUi.ProcedureDialog) -> None:
    for child in window.get_content_area().get_children():
        if isinstance(child, Gtk.ButtonBox):
            child.set_no_show_all(True)
            child.hide()


class PresetRow:
    """`widget` is the row, for a dialog of a filter; `presets` are those that there are; `say` gets sentences."""

    def __init__(
        self, window: GimpUi.ProcedureDialog, filter_name: str, config: Gimp.ProcedureConfig, say: Callable[[str], None]
    ) -> None:
        _hide_gimps_own(window)
        self._window, self._filter, self._config, self._say = window, filter_name, config, say
        self.presets: list[dict[str, Any]] = []
        self._followers: list[Callable[[], None]] = []
        self._chooser = Gtk.ComboBoxText(
            tooltip_text=_("Settings that go well together. Choosing some sets the dialog")
        )
        self._chooser.connect("changed", self._chosen)
        label = Gtk.Label(label=_("Pre_set"), use_underline=True, mnemonic_widget=self._chooser)
        save = Gtk.Button(label=_("Sa_ve as…"), use_underline=True, tooltip_text=_("Keep these settings by a name"))
        save.connect("clicked", self._save_as)
        self._delete = Gtk.Button(label=_("Delete"), tooltip_text=_("Delete this preset of yours"), sensitive=False)
        self._delete.connect("clicked", self._delete_chosen)
        share = Gtk.MenuButton(popup=self._share_menu(), tooltip_text=_("To a file, or from one"))
        inside = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        inside.pack_start(Gtk.Label(label=_("Share")), False, False, 0)
        inside.pack_start(Gtk.Image.new_from_icon_name("pan-down-symbolic", Gtk.IconSize.BUTTON), False, False, 0)
        share.add(inside)
        self._further = Gtk.Label()
        self.widget = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6, margin_top=6)
        for widget in (label, self._chooser, save, self._delete, share, self._further):
            self.widget.pack_start(widget, False, False, 0)
        leave_wheel(self.widget)  # a notch over the list would set the whole dialog to another preset
        config.connect("notify::recipe", self._tell_further)
        self._fill()
        self.widget.show_all()
        self._tell_further()

    @property
    def chosen(self) -> str | None:
        """The path of the preset that is chosen."""
        preset = self._selected()
        return None if preset is None else preset["path"]

    def choose(self, path: str) -> None:
        """Sets the dialog to a preset, also to one that was chosen before, and changed since."""
        self._chooser.set_active(-1)
        self._chooser.set_active(1 + [each["path"] for each in self.presets].index(path))

    def leave(self) -> None:
        """What is set is not that of a preset any more."""
        self._chooser.set_active(0)

    def follow(self, follower: Callable[[], None]) -> None:
        """Has it called when another preset is chosen, or there are others."""
        self._followers.append(follower)

    def _tell_further(self, *unused: object) -> None:
        """Says what of the recipe no control shows."""
        fields = recipes.further(self._config)
        self._further.set_text(_("+ further settings"))
        listed = ", ".join("%s: %s" % pair for pair in sorted(fields.items()))
        self._further.set_tooltip_text(
            _("Set by a preset, or by the layer that is edited; Reset clears them") + "\n" + listed
        )
        self._further.set_visible(bool(fields))

    def _fill(self, chosen: str | None = None) -> None:
        """Shows the presets of this filter, and marks one, by its path."""
        self.presets, faults = known_presets.listed(self._filter)
        self._chooser.handler_block_by_func(self._chosen)
        self._chooser.remove_all()
        self._chooser.append_text(_("none"))
        for each in self.presets:
            self._chooser.append_text(title_of(each))
        paths = [each["path"] for each in self.presets]
        self._chooser.set_active(paths.index(chosen) + 1 if chosen in paths else 0)
        self._chooser.handler_unblock_by_func(self._chosen)
        self._mark()
        if faults:
            self._say(faults[0])

    def _selected(self) -> dict[str, Any] | None:
        index = self._chooser.get_active()
        return self.presets[index - 1] if index > 0 else None

    def _mark(self) -> None:
        chosen = self._selected()
        self._delete.set_sensitive(chosen is not None and os.path.dirname(chosen["path"]) == presets.folder())
        for follower in self._followers:
            follower()

    def _chosen(self, *unused: object) -> None:
        self._mark()
        preset = self._selected()
        if preset is not None:
            self._apply(preset)

    def _apply(self, preset: dict[str, Any]) -> None:
        try:
            recipes.show(known_presets.with_paths(preset["recipe"]), self._filter, self._config)
        except (TypeError, ValueError, AttributeError, KeyError) as error:  # a file that somebody wrote by hand
            self._say(_("The preset “%s” cannot be used: %s.") % (title_of(preset), error))
            return
        self._say(words.translation(words.languages())(preset["description"]) if preset["description"] else "")

    def _save_as(self, *unused: object) -> None:
        title = self._ask_title()
        if not title:
            return
        try:
            path = presets.own_path(title)
            replaced = os.path.exists(path)
            recipe, left = self._recipe()
            presets.write(path, title, recipes.KINDS[self._filter], "", recipe)
        except (presets.PresetError, Refusal) as error:
            self._say(error.args[0])
            return
        self._fill(path)
        sentence = _("Your preset “%s” was replaced.") if replaced else _("Your preset “%s” is kept.")
        self._say(" ".join([sentence % title, left]).strip())

    def _recipe(self) -> tuple[dict[str, Any], str]:
        """(The recipe as it is set, for a preset; a sentence about what could not go into it, or "".)"""
        recipe = presets.general(recipes.recipe_of(self._filter, self._config))
        names = {path: jobs.short_name(path) for path in bundled.styles()}
        of_layers, left = recipes.names_of_layers(self._filter, self._config).values(), ""
        for field, reference in (("style", "image"), ("dream", "guide")):
            if not recipe.get(field):
                continue
            recipe[field] = [dict(entry) for entry in recipe[field]]
            for entry in recipe[field]:
                if entry.get(reference) in of_layers:
                    del entry[reference]
                    left = _("The layer is not part of it: choose one whenever you use the preset.")
                elif entry.get(reference) in names:
                    entry[reference] = names[entry[reference]]
        return recipe, left

    def _delete_chosen(self, *unused: object) -> None:
        preset = self._selected()
        if preset is None:
            return
        try:
            os.remove(preset["path"])
        except OSError as error:
            self._say(_("The preset “%s” cannot be deleted: %s.") % (title_of(preset), error.strerror))
            return
        self._fill()
        self._say(_("The preset “%s” is deleted; the settings stay as they are.") % title_of(preset))

    def _share_menu(self) -> Gtk.Menu:
        menu = Gtk.Menu()
        for title, action in ((_("_Export to a file…"), self._export), (_("_Import from a file…"), self._import)):
            item = Gtk.MenuItem(label=title, use_underline=True)
            item.connect("activate", action)
            menu.append(item)
        menu.show_all()
        return menu

    def _export(self, *unused: object) -> None:
        preset = self._selected()
        title = title_of(preset) if preset else _("My settings")
        path = self._ask_file(_("Export the settings"), Gtk.FileChooserAction.SAVE, title + ".json")
        if path is None:
            return
        try:
            recipe, left = self._recipe()
            shared = presets.portable(recipe)
            presets.write(path, jobs.short_name(path), recipes.KINDS[self._filter], "", shared)
        except (presets.PresetError, Refusal) as error:
            self._say(error.args[0])
            return
        if shared != recipe:
            left = _("The style picture is not in it: send it along, or let others choose theirs.")
        self._say(" ".join([_("The settings are in “%s”.") % path, left]).strip())

    def _import(self, *unused: object) -> None:
        path = self._ask_file(_("Import settings"), Gtk.FileChooserAction.OPEN)
        if path is None:
            return
        try:
            preset = presets.read(path)
            if preset["filter"] != recipes.KINDS[self._filter]:
                self._say(_("“%s” is a preset of the other filter: import it there.") % preset["title"])
                return
            recipe = preset["recipe"]
            places = foreign.named(recipe, [])
            if places and not agreed(places, self._window):
                recipe = foreign.without(recipe, places)
            target, title, number = presets.own_path(preset["title"]), preset["title"], 2
            while os.path.exists(target):  # what the user already has stays
                title = "%s (%d)" % (preset["title"], number)
                target, number = presets.own_path(title), number + 1
            presets.write(target, title, preset["filter"], preset["description"], recipe)
        except presets.PresetError as error:
            self._say(error.args[0])
            return
        except (TypeError, ValueError, AttributeError) as error:  # a recipe that somebody wrote by hand
            self._say(_("The preset “%s” cannot be used: %s.") % (preset["title"], error))
            return
        self._fill(target)
        self._chosen()

    def _ask_title(self) -> str:
        """What the user calls a preset; "" when that is given up."""
        dialog = Gtk.Dialog(title=_("Keep the settings"), transient_for=self._window, modal=True)
        dialog.add_buttons(_("_Cancel"), Gtk.ResponseType.CANCEL, _("_Save"), Gtk.ResponseType.OK)
        dialog.set_default_response(Gtk.ResponseType.OK)
        chosen = self._selected()
        entry = Gtk.Entry(
            activates_default=True, text=chosen["title"] if chosen and self._delete.get_sensitive() else ""
        )
        label = Gtk.Label(label=_("_Name of the preset"), use_underline=True, mnemonic_widget=entry, xalign=0.0)
        area = dialog.get_content_area()
        area.set_border_width(12)
        area.set_spacing(6)
        area.pack_start(label, False, False, 0)
        area.pack_start(entry, False, False, 0)
        area.show_all()
        title = entry.get_text().strip() if dialog.run() == Gtk.ResponseType.OK else ""
        dialog.destroy()
        return title

    def _ask_file(self, title: str, action: Gtk.FileChooserAction, name: str | None = None) -> str | None:
        """The path of a file; None when that is given up."""
        accept = _("_Save") if action == Gtk.FileChooserAction.SAVE else _("_Open")
        dialog = Gtk.FileChooserNative.new(title, self._window, action, accept, _("_Cancel"))
        dialog.set_modal(True)
        dialog.set_do_overwrite_confirmation(True)
        kinds = Gtk.FileFilter()
        kinds.set_name("JSON")
        kinds.add_pattern("*.json")
        dialog.add_filter(kinds)
        if name:
            dialog.set_current_name(name.replace("/", "-"))
        path = dialog.get_filename() if dialog.run() == Gtk.ResponseType.ACCEPT else None
        dialog.destroy()
        return path


def title_of(preset: dict[str, Any]) -> str:
    """What a preset is called, in the user's language."""
    return words.translation(words.languages())(preset["title"])
