"""The terms of a recipe at one scale: what its pictures look like to the network there."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from backend.engine import tiling
from backend.engine.inputs import Inputs, Look
from backend.engine.moments import Moments
from backend.engine.region import Region
from backend.engine.resize import fit, resize
from backend.engine.terms import Term
from backend.engine.terms.content import Content
from backend.engine.terms.dream import Dream
from backend.engine.terms.guided_dream import GuidedDream
from backend.engine.terms.style import Style
from backend.engine.terms.total_variation import TotalVariation
from backend.networks.network import Network
from backend.recipe import Recipe

CONTENT_WEIGHT = 0.4
"""Weight of the content at strength ½, against 1 for the style; found by looking at many pictures."""


def content_weight(strength: float) -> float:
    """(1 − s)/s: content and style trade places smoothly, and s = 1 leaves the style alone."""
    return CONTENT_WEIGHT * (1 - strength) / max(strength, 1e-6)


def dream_share(strength: float) -> float:
    """d/(1 − d): at strength ½ the dream has as much influence as the style."""
    return strength / max(1 - strength, 0.05)


def content_term(recipe: Recipe, inputs: Inputs, content: Tensor, network: Network, tile: int | None) -> Content:
    """The content term for the source at one scale, 1×3×H×W."""
    assert recipe.content_layers
    region = Region(_sized(inputs.content_mask, content)) if inputs.content_mask is not None else None
    maps = tiling.maps(network, content, recipe.content_layers, tile)
    return Content(maps, content_weight(recipe.strength), region)


def style_terms(
    recipe: Recipe,
    inputs: Inputs,
    content: Tensor,
    network: Network,
    tile: int | None,
    check_stop: Callable[[], None] = lambda: None,
) -> list[Term]:
    """A style term for each region. A region's weight is its share of the picture: so a pixel is under the same
    influence in a small region as in a large one."""
    assert recipe.style_layers
    longest = max(content.shape[2:])
    terms: list[Term] = []
    for mask, looks in inputs.regions:
        statistics = []
        for look in looks:
            check_stop()
            statistics.append((_statistics(look, longest, network, recipe.style_layers, tile), look.weight))
        region = Region(_sized(mask, content)) if mask is not None else None
        share = region.share if region is not None else 1.0
        terms.append(Style(statistics, share, "gram" if recipe.style_loss == "gram" else "covariance", region))
    return terms


def _statistics(look: Look, longest: int, network: Network, layers: list[str], tile: int | None) -> dict[str, Moments]:
    height, width = look.picture.shape[2:]
    size = fit(width, height, max(16, round(longest * look.scale)))
    opaque = resize(look.opaque, *size).clamp(0, 1) if look.opaque is not None else None
    return tiling.statistics(network, resize(look.picture, *size).clamp(0, 1), layers, tile, opaque)


def dream_terms(recipe: Recipe, inputs: Inputs, content: Tensor, network: Network) -> list[Term]:
    """A term for each dream, their weights in the ratios of the recipe's."""
    terms: list[Term] = []
    for dream in recipe.dream:
        if dream.class_name is not None:
            terms.append(Dream("logits", dream.weight, network.class_names.index(dream.class_name)))
            continue
        assert dream.layer is not None  # filled in by resolve
        if dream.guide is None:
            terms.append(Dream(dream.layer, dream.weight, dream.channel, dream.at))
            continue
        guide = inputs.guides[dream.guide]
        size = fit(guide.shape[3], guide.shape[2], max(content.shape[2:]))
        with torch.no_grad():
            maps = network.features(resize(guide, *size).clamp(0, 1), [dream.layer])
        terms.append(GuidedDream(dream.layer, maps[dream.layer], dream.weight))
    return terms


def total_variation_term(recipe: Recipe, content: Tensor) -> TotalVariation:
    return TotalVariation(content.shape[2], content.shape[3], recipe.total_variation)


def _sized(mask: Tensor, content: Tensor) -> Tensor:
    return resize(mask, content.shape[3], content.shape[2]).clamp(0, 1)
