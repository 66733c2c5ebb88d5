"""Runs the procedures: finds what is to be painted, has it painted, with windows or without, and tells how it ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gi.repository import Gegl, Gimp, GimpUi, GLib, GObject
from shared import faults
from shared.client import BackendError
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Source
from reverie_gimp.gimp import procedures, sources
from reverie_gimp.gimp.animation import Animation
from reverie_gimp.gimp.progress import ProgressBar
from reverie_gimp.gimp.results import NewLayers, can_be_replaced
from reverie_gimp.job import foreign, frames, given, last_values, painting, records, variations
from reverie_gimp.job.painting import Cancelled, Unfinished


def paint(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    data: object,
) -> Gimp.ValueArray:
    """Neural Style and Deep Dream, on one image or on all that are open."""
    filter_name, results = procedures.FILTERS[procedure.get_name()], NewLayers(run_mode)

    def action() -> None:
        given.take(filter_name, config, image, scripted=run_mode == Gimp.RunMode.NONINTERACTIVE)
        every = procedure.get_name() in procedures.IMAGES
        selected = sources.open_sources(image) if every else sources.selected_sources(image, drawables)
        for source in selected:
            source.scripted = run_mode == Gimp.RunMode.NONINTERACTIVE
        with_last_layers(
            config,
            run_mode,
            image,
            lambda: work(procedure, filter_name, procedure, config, selected, run_mode, results),
        )

    return with_layers(guarded(procedure, action), results)


def edit(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    data: object,
) -> Gimp.ValueArray:
    """Edit Neural Style: the filter that made a layer, with the settings that it was made with."""
    results = NewLayers(run_mode)

    def action() -> None:
        source, maker, settings = recorded(procedure, run_mode, image, drawables)
        source.replaces = config.get_property("replace")
        asked = run_mode == Gimp.RunMode.INTERACTIVE  # in the dialog, whose button cannot be pressed then
        version = source.version
        if source.replaces and not asked and version is not None and not can_be_replaced(version):
            raise Refusal(
                _("The layer “%s” is locked, so it cannot be replaced. Unlock it, or let the new version lie above it.")
                % version.get_name()
            )
        work(procedure, maker.get_name(), maker, settings, [source], run_mode, results)
        config.set_property("replace", source.replaces)  # what was chosen in the dialog is kept for the next time

    return with_layers(guarded(procedure, action), results)


def another(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    data: object,
) -> Gimp.ValueArray:
    """Another Variation: a layer once more, a little differently, without a question."""
    results = NewLayers(run_mode)

    def action() -> None:
        source, maker, settings = recorded(procedure, run_mode, image, drawables)
        variations.another(maker.get_name(), settings)
        work(procedure, maker.get_name(), maker, settings, [source], Gimp.RunMode.NONINTERACTIVE, results)

    return with_layers(guarded(procedure, action), results)


def recorded(
    procedure: Gimp.Procedure, run_mode: Gimp.RunMode, image: Gimp.Image, drawables: list[Gimp.Drawable]
) -> tuple[Source, Gimp.Procedure, Gimp.ProcedureConfig]:
    """(What the selected result was made of, the filter that made it, the settings that it was made with). Raises
    Refusal."""
    selected = sources.selected_layers(image, drawables) if drawables else []
    if len(selected) != 1:
        raise Refusal(_("Select the one layer that is to be made anew, then try again."))
    source, recipe, origin = sources.recorded_source(image, sources.result_of(image, selected[0]))
    source.scripted = run_mode == Gimp.RunMode.NONINTERACTIVE
    maker = procedure.get_plug_in().do_create_procedure(origin["filter"])
    settings = maker.create_config()
    if run_mode != Gimp.RunMode.NONINTERACTIVE:
        recipe, origin = known_to_the_painter(origin["filter"], recipe, origin)
    records.restore(recipe, origin, settings, image)
    return source, maker, settings


def known_to_the_painter(
    filter_name: str, recipe: dict[str, Any], origin: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A record without the pictures that somebody else's image names, unless the painter wants them opened."""
    asked = origin.get("asked") or recipe
    places = foreign.named(asked, list(origin.get("layers", {})))
    if not places:
        return recipe, origin
    from reverie_gimp.ui import agreement

    GimpUi.init(filter_name)
    if agreement.agreed(places):
        return recipe, origin
    return foreign.without(recipe, places), dict(origin, asked=foreign.without(asked, places))


def animate(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    data: object,
) -> Gimp.ValueArray:
    """All layers as frames, and Dream Zoom: the result is a new image, which is returned."""
    filter_name, animation = procedures.FILTERS[procedure.get_name()], Animation(run_mode)

    def action() -> None:
        given.take(filter_name, config, image, scripted=run_mode == Gimp.RunMode.NONINTERACTIVE)
        if procedure.get_name() == procedures.ZOOM:
            unpainted = frames.of_zoom(sources.selected_layers(image, drawables)[0])
        else:
            unpainted = frames.of_layers(image)
        try:
            with_last_layers(
                config,
                run_mode,
                image,
                lambda: work(procedure, filter_name, procedure, config, unpainted, run_mode, animation),
            )
        finally:
            unpainted[0].image.delete()

    values = guarded(procedure, action)
    if values.index(0) == Gimp.PDBStatusType.SUCCESS:
        values.remove(1)
        values.insert(1, GObject.Value(Gimp.Image, animation.image))
    return values


def with_layers(values: Gimp.ValueArray, results: NewLayers) -> Gimp.ValueArray:
    """A procedure's values, with its new layers where it succeeded. Python can make no array of layers; but GIMP gives
    one of those that are selected, and the new ones are."""
    if values.index(0) != Gimp.PDBStatusType.SUCCESS or not results.layers:
        return values
    asked = Gimp.get_pdb().lookup_procedure("gimp-image-get-selected-layers")
    config = asked.create_config()
    config.set_property("image", results.layers[0].get_image())
    return asked.run(config)


def with_last_layers(
    config: Gimp.ProcedureConfig, run_mode: Gimp.RunMode, image: Gimp.Image, action: Callable[[], None]
) -> None:
    """Does something with the layers used last, and writes down those used now. Raises Refusal where one is gone and
    nobody is asked."""
    gone = [] if run_mode == Gimp.RunMode.NONINTERACTIVE else last_values.recall(config, image)
    if gone and run_mode == Gimp.RunMode.WITH_LAST_VALS:
        raise Refusal(
            _("The layer “%s”, which was used the last time, is not open any more. Choose another in the dialog.")
            % gone[0]
        )
    action()
    last_values.keep(config)


def work(
    called: Gimp.Procedure,
    filter_name: str,
    procedure: Gimp.Procedure,
    config: Gimp.ProcedureConfig,
    unpainted: list[Source],
    run_mode: Gimp.RunMode,
    results: NewLayers | Animation,
) -> None:
    """Paints the sources, with windows, whose title is that of the menu's entry, or without. However that ends, what is
    painted by then is kept in `results`."""
    title = called.get_menu_label().replace("_", "").rstrip("….")
    try:
        if run_mode == Gimp.RunMode.INTERACTIVE:
            from reverie_gimp.ui import dialog, set_up_dialog  # GTK is not wanted without windows

            GimpUi.init(filter_name)
            set_up_dialog.ensure()
            warnings = dialog.ask_and_paint(title, filter_name, procedure, config, unpainted, results.add)
        else:
            with ProgressBar(title) as bar:
                painting.paint(filter_name, config, unpainted, bar, results.add)
            warnings = bar.warnings
    finally:
        results.finish()
    if warnings:
        Gimp.message("\n".join(warnings))


def guarded(procedure: Gimp.Procedure, action: Callable[[], None]) -> Gimp.ValueArray:
    """Runs a procedure. Every failure becomes a sentence in GIMP's error message."""
    Gegl.init(None)
    try:
        action()
    except Cancelled:
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
    except Unfinished as rest:
        if isinstance(rest.why, Cancelled):
            Gimp.message(str(rest))
            return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
        return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, GLib.Error(str(rest)))
    except (Refusal, BackendError) as error:
        return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, GLib.Error(str(error)))
    except Exception as error:
        return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, GLib.Error(faults.told(error)))
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)
