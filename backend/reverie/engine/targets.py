"""The terms of a recipe at one scale: what its pictures look like to the network there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from reverie.engine import sampling, sizes, style_statistics, tiling
from reverie.engine.calibration import Units
from reverie.engine.inputs import Inputs, Look
from reverie.losses import Term
from reverie.losses.activation import Activation
from reverie.losses.class_logit import ClassLogit
from reverie.losses.content import Content
from reverie.losses.guide import Guide
from reverie.losses.nearest_neighbour import NearestNeighbour
from reverie.losses.region import Region
from reverie.losses.style import Style
from reverie.losses.total_variation import TotalVariation
from reverie.losses.value_range import ValueRange
from reverie.losses.wasserstein import Wasserstein
from reverie.networks.network import Network
from reverie.pictures import color
from reverie.pictures.canvas import Canvas
from reverie.pictures.resize import resize
from reverie.recipe import Recipe

CONTENT_SHARE, SMOOTHNESS_SHARE = 1.25, 0.07
"""Influence of the content at strength ½, and of a total variation of 1, against 1 for the style. The content's is such
that a strength of ½ moves the picture about half as far as a strength of 1; the default, 0.85, was found by looking at
many pictures."""

WASSERSTEIN_WEIGHT = 1.6
NEAREST_WEIGHT, NEAREST_COVARIANCE = 1.2, 0.7
"""Weights of the other style losses at which a strength means about the same as with the covariance. The nearest
neighbours come with the covariance: by themselves they settle on the few, often flat, places of a style that most of a
photo is near to. All were found by looking. On each network `calibration` measures the content against the covariance,
for every style loss. To measure with each loss instead would only change these numbers: with them, a loss's gradient is
about the same part of the covariance's on different networks (of the Gram matrix 0.55 with reverie and 0.63 with
SqueezeNet 1.0, of Wasserstein 0.37 and 0.39, of the nearest neighbours 0.75 and 0.76)."""

_RANGE_WEIGHT = 10.0
_WHOLLY = 0.85  # the default strength, at which the colours are the style's


def content_weight(strength: float, units: Units) -> float:
    """(1 − s)/s: how far the picture moves is then about proportional to s, and s = 1 leaves the style alone."""
    return CONTENT_SHARE * units.content * (1 - strength) / max(strength, 1e-6)


def dream_share(strength: float) -> float:
    """What a dream's strength d, 0 to 1, makes its gradient, as a multiple of the style's pull: 2d/(1 − d). Found by
    looking: with ½ both can be seen."""
    return 2 * strength / max(1 - strength, 0.05)


def content_term(
    recipe: Recipe, inputs: Inputs, canvas: Canvas, network: Network, tile: int | None, units: Units
) -> Content:
    """The content term for the source at one scale."""
    assert recipe.content_layers
    region = Region(_laid(inputs.content_mask, canvas), network) if inputs.content_mask is not None else None
    maps = tiling.maps(network, canvas.content, recipe.content_layers, tile)
    return Content(maps, content_weight(recipe.strength, units), region)


def style_terms(
    recipe: Recipe,
    inputs: Inputs,
    canvas: Canvas,
    network: Network,
    tile: int | None,
    check_stop: Callable[[], None] = lambda: None,
) -> list[Term]:
    """A style term for each region. A region's weight is its share of the picture: so a pixel is under the same
    influence in a small region as in a large one."""
    terms: list[Term] = []
    for mask, looks in inputs.regions:
        region = Region(_laid(mask, canvas), network) if mask is not None else None
        sized = [_sized_look(look, canvas.longest) for look in looks]
        terms += _terms_of_region(recipe, sized, region, network, tile, check_stop)
    return terms


def _terms_of_region(
    recipe: Recipe,
    looks: list[Look],
    region: Region | None,
    network: Network,
    tile: int | None,
    check_stop: Callable[[], None],
) -> list[Term]:
    assert recipe.style_layers
    share = region.share if region is not None else 1.0
    statistics = []
    for look in looks:
        check_stop()
        statistics.append((style_statistics.of(network, look, recipe.style_layers, tile), look.weight))
    if recipe.style_loss == "wasserstein":
        return [Wasserstein(statistics, WASSERSTEIN_WEIGHT * share, region)]
    if recipe.style_loss == "nearest":
        drawn = sampling.of_styles(network, looks, recipe.style_layers, tile, recipe.seed)
        return [
            NearestNeighbour(drawn, NEAREST_WEIGHT * share, region),
            Style(statistics, NEAREST_COVARIANCE * share, "covariance", region),
        ]
    return [Style(statistics, share, recipe.style_loss, region)]


def _sized_look(look: Look, longest: int) -> Look:
    """The style picture at the size that it is to have beside a picture of that longest side."""
    size = sizes.of_style(look.picture, look.scale, longest)
    opaque = resize(look.opaque, *size).clamp(0, 1) if look.opaque is not None else None
    return replace(look, picture=resize(look.picture, *size).clamp(0, 1), opaque=opaque)


def recolored(canvas: Canvas, inputs: Inputs, strength: float) -> Tensor:
    """The source, as it is on the canvas, with the colours of the styles, in each region those of its own; of less than
    the usual strength, only part of the way there."""
    content = result = canvas.content
    for mask, looks in inputs.regions:
        total = sum(look.weight for look in looks)
        colors = [
            color.match_colors(content, look.picture, None, look.opaque) * (look.weight / total) for look in looks
        ]
        blend = torch.stack(colors).sum(0)
        result = blend if mask is None else torch.lerp(result, blend, _laid(mask, canvas))
    return torch.lerp(content, result, min(1.0, strength / _WHOLLY))


def dream_terms(recipe: Recipe, inputs: Inputs, canvas: Canvas, network: Network, tile: int | None) -> list[Term]:
    """A term for each dream, their weights in the ratios of the recipe's."""
    terms: list[Term] = []
    for dream in recipe.dream:
        if dream.class_name is not None:
            number = network.class_names.index(dream.class_name)
            terms.append(ClassLogit(network.classifier, dream.weight, number))
            continue
        assert dream.layer is not None  # filled in by resolve
        if dream.layer == "logits":
            terms.append(ClassLogit(network.classifier, dream.weight, dream.channel))
            continue
        if dream.guide is None:
            unit = None
            if dream.at is not None:  # the neuron that looks there: units are not spread over the picture by proportion
                reach = network.receptive_field(dream.layer)
                y, x = canvas.rows + dream.at[1] * canvas.height, canvas.columns + dream.at[0] * canvas.width
                unit = reach.unit_at(y), reach.unit_at(x)
            terms.append(Activation(dream.layer, dream.weight, dream.channel, unit))
            continue
        guide = inputs.guides[dream.guide]
        size = sizes.of_guide(guide, canvas.longest)
        features = sampling.of_guide(network, resize(guide, *size).clamp(0, 1), dream.layer, tile)
        terms.append(Guide(dream.layer, features, dream.weight))
    return terms


def reinjected(strength: float) -> float:
    """How much of the source, recoloured, the nearest neighbours are to start from anew at each scale (α of Kolkin et
    al. 2022, section 3.2): what is lost in the match at a coarse scale would otherwise never come back."""
    return min(0.8, 1.3 * (1 - strength))


def value_range_term(canvas: Canvas) -> ValueRange:
    return ValueRange(*canvas.size, _RANGE_WEIGHT)


def total_variation_term(recipe: Recipe, canvas: Canvas, units: Units) -> TotalVariation:
    weight = SMOOTHNESS_SHARE * units.total_variation * recipe.total_variation
    return TotalVariation(*canvas.size, weight)


def _laid(mask: Tensor, canvas: Canvas) -> Tensor:
    return canvas.lay(mask).clamp(0, 1)
