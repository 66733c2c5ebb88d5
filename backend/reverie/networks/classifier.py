"""The end of a network that classifies: averaged over positions, then fully connected."""

from __future__ import annotations

from torch import Tensor, nn


class Classifier(nn.Module):
    """Logits as 1×1000×1×1, from features of any size averaged to `side`×`side`."""

    def __init__(self, side: int, *layers: nn.Module) -> None:
        super().__init__()
        self.side = side
        self.average = nn.AdaptiveAvgPool2d(side)
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.of_average(self.average(x))

    def of_average(self, average: Tensor) -> Tensor:
        """The logits, given the features' 1×C×side×side average."""
        logits: Tensor = self.layers(average.flatten(1))
        return logits[:, :, None, None]
