"""From a filter's arguments, and a layer, to a job for the backend."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from shared import filters, jobs, refusals
from shared.refusals import Refusal
from shared.words import _

from reverie_gimp.data import Source
from reverie_gimp.gimp import layers, pixels, sources
from reverie_gimp.job import frames, regions, styles
from reverie_gimp.job.pictures import Pictures
from reverie_gimp.job.recipes import names_of_layers, recipe_of

if TYPE_CHECKING:
    from gi.repository import Gimp


def prepare(
    filter_name: str,
    config: Gimp.ProcedureConfig,
    source: Source,
    pictures: Pictures,
    reduced: bytes | None = None,
) -> tuple[jobs.Job, str]:
    """(The job, the name of the result's layer). `pictures` are those read before; for a preview, `reduced` is sent in
    the place of the source's own picture, and the source is placed already. Raises Refusal when something is missing,
    or BackendError for a file."""
    if not source.layer.is_valid():
        raise Refusal(_("The image or its layer was closed meanwhile. Open it again, then start anew."))
    if pixels.is_indexed(source.image) and not config.get_property("convert-indexed"):
        raise Refusal(refusals.INDEXED)
    if reduced is None:
        sources.select_again(source)
        regions.place(source, config)
    recipe, sent = _with_pictures(filter_name, config, source, pictures)
    recipe.setdefault("seed", random.randrange(2**31))
    made = jobs.Job(sources.picture(source) if reduced is None else reduced, sent, recipe)
    if source.frame is not None:
        frames.go_on(made, source, source.frame, config)
    return made, filters.title(filter_name, recipe, styles.called)


def _with_pictures(
    filter_name: str, config: Gimp.ProcedureConfig, source: Source, pictures: Pictures
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(The recipe in a filter's arguments, for this source; the pictures that it refers to)."""
    recipe, names = recipe_of(filter_name, config), names_of_layers(filter_name, config)
    sent = {}
    if filter_name == filters.STYLE:
        for each in styles.read(config):
            if each.kind != "fast":
                sent[styles.reference(each, names)] = pictures.of(each)
        if source.regions:
            recipe, sent = _in_regions(recipe, sent, source)
        recipe, sent = regions.guided(recipe, sent, source)
    guide = layers.named_by(config, "dream-guide")
    if guide is not None:
        sent[names[guide.get_id()]] = pictures.of_layer(guide)
    for name in jobs.references(recipe):
        if name not in sent:
            sent[name] = pictures.named(name, source.image)
    return recipe, sent


def _in_regions(recipe: dict[str, Any], sent: dict[str, Any], source: Source) -> tuple[dict[str, Any], dict[str, Any]]:
    if not recipe.get("style"):
        raise Refusal(
            _("A fast style paints the whole picture at once. For regions, choose at least one style picture, too.")
        )
    return regions.styled(recipe, sent, source)
