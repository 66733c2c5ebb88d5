"""Dream of a class: the picture becomes what a network takes for one."""

from __future__ import annotations

import torch
from torch import Tensor

from reverie.losses.loss import Features
from reverie.networks.classifier import Classifier
from reverie.networks.network import BEFORE_LOGITS


class ClassLogit:
    """Minus the logit of a class (Simonyan, Vedaldi & Zisserman 2014, “Deep Inside Convolutional Networks”, section 2).

    What is measured is the average that the classifier looks at, a sum over positions as every other term's; the fully
    connected layers behind it are part of the loss. So a class can be dreamt of in tiles.
    """

    layers = (BEFORE_LOGITS,)

    def __init__(self, classifier: Classifier, weight: float, channel: int | None = None) -> None:
        """`channel` is the number of the class; None stands for all, whose mean square then grows."""
        self.weight = weight
        self._classifier, self._channel = classifier, channel
        self._shares: dict[tuple[int, torch.device], Tensor] = {}

    def measure(self, features: Features) -> tuple[Tensor, ...]:
        rows, columns = features.at[BEFORE_LOGITS]
        height, width = features.sizes[BEFORE_LOGITS]
        fmap = features.maps[BEFORE_LOGITS][0].float()
        down = self._shares_of(height, fmap.device)[:, rows]
        across = self._shares_of(width, fmap.device)[:, columns]
        return (torch.einsum("ih,chw,jw->cij", down, fmap, across),)

    def value(self, sums: tuple[Tensor, ...]) -> Tensor:
        weights = next(self._classifier.layers.parameters(), None)
        average = sums[0][None] if weights is None else sums[0][None].to(weights.dtype)
        logits = self._classifier.of_average(average)[0, :, 0, 0].float()
        return -logits.square().mean() if self._channel is None else -logits[self._channel]

    def _shares_of(self, length: int, device: torch.device) -> Tensor:
        """side×length: the part of each of `length` positions in each average, as adaptive pooling has them: the k-th
        of n is over the positions from ⌊k·length/n⌋ to ⌈(k + 1)·length/n⌉."""
        if (length, device) not in self._shares:
            side = self._classifier.side
            shares = torch.zeros(side, length)
            for k in range(side):
                begin, end = k * length // side, -(-(k + 1) * length // side)
                shares[k, begin:end] = 1 / (end - begin)
            self._shares[length, device] = shares.to(device)
        return self._shares[length, device]
