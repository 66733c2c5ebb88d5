"""Convolutions that several networks share."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_Size = int | tuple[int, int]


class OfPicture(nn.Conv2d):
    """A network's first convolution, with a stride, square, padded with the border's own pixels.

    It is computed with stride 1 on blocks of stride×stride pixels, which become channels (Shi et al. 2016, “Real-Time
    Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network”, section 3.2).
    The sums are the same; but with only three channels to bring it to, the gradient of a convolution with a stride
    takes two to four times as long.
    """

    def __init__(self, width: int, kernel: int, stride: int, padding: int, bias: bool = True) -> None:
        super().__init__(3, width, kernel, stride, padding, bias=bias, padding_mode="replicate")

    def forward(self, x: Tensor) -> Tensor:
        (kernel, stride, padding), size = (self.kernel_size[0], self.stride[0], int(self.padding[0])), x.shape[2:]
        excess = -kernel % stride  # zeros that make whole blocks of the kernel
        behind = [
            (length + 2 * padding - kernel) // stride * stride + kernel + excess - length - padding for length in size
        ]
        x = functional.pad(x, (padding, behind[1], padding, behind[0]), "replicate")
        weight = functional.pixel_unshuffle(functional.pad(self.weight, (0, excess, 0, excess)), stride)
        return functional.conv2d(functional.pixel_unshuffle(x, stride), weight, self.bias)


class Convolution(nn.Module):
    """Convolution without bias, batch normalisation, ReLU, of GoogLeNet and Inception v3."""

    def __init__(
        self,
        channels: int,
        width: int,
        kernel: _Size,
        stride: int = 1,
        padding: _Size = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(width, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.bn(self.conv(x)))
