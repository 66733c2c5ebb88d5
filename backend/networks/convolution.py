"""The convolution of GoogLeNet and Inception v3."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

_Size = int | tuple[int, int]


class Convolution(nn.Module):
    """Convolution without bias, batch normalisation, ReLU."""

    def __init__(
        self,
        channels: int,
        width: int,
        kernel: _Size,
        stride: int = 1,
        padding: _Size = 0,
        mode: Literal["zeros", "replicate"] = "zeros",
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, kernel, stride, padding, bias=False, padding_mode=mode)
        self.bn = nn.BatchNorm2d(width, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.bn(self.conv(x)))
