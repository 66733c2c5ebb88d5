"""The losses, one a file, under the name of what they compare; and the table of those that stand for a style.

The table alone is read by the recipe, the command line and the dialogs, so nothing here may load PyTorch.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reverie.losses.loss import Loss
    from reverie.losses.style_target import StyleTarget


@dataclass(frozen=True)
class StyleLoss:
    """A loss that stands for a style: the module here whose function `losses` makes it from a StyleTarget, and what it
    compares, in words."""

    module: str
    compares: str


STYLE_LOSSES = {
    "nearest": StyleLoss("nearest_neighbour", "each place and the style's that is most like it"),
    "covariance": StyleLoss("mean_covariance", "mean and covariance of the features"),
    "gram": StyleLoss("gram", "the features' Gram matrix"),
    "wasserstein": StyleLoss("wasserstein", "the Wasserstein distance of their distributions"),
}
"""By the name that a recipe gives them; the first is the default."""


def style_losses(name: str, target: StyleTarget) -> list[Loss]:
    """The losses that the style loss of that name, one of STYLE_LOSSES, consists of."""
    made: Callable[[StyleTarget], list[Loss]] = importlib.import_module(
        f"{__name__}.{STYLE_LOSSES[name].module}"
    ).losses
    return made(target)
