"""The first convolution, computed in blocks, against the one that PyTorch has."""

from __future__ import annotations

import pytest
import torch
from reverie.networks.convolution import OfPicture
from torch import nn


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(7, 2, 3), (3, 2, 1), (11, 4, 2)])
@pytest.mark.parametrize(("height", "width"), [(32, 41), (33, 50), (34, 39), (11, 8)])
def test_features_and_gradient_are_those_of_the_convolution_as_written(kernel, stride, padding, height, width):
    torch.manual_seed(0)
    convolution = OfPicture(8, kernel, stride, padding).double()
    picture = torch.rand(1, 3, height, width, dtype=torch.float64, requires_grad=True)
    found, expected = convolution(picture), nn.Conv2d.forward(convolution, picture)
    torch.testing.assert_close(found, expected)
    upstream = torch.randn_like(expected)
    torch.testing.assert_close(*(torch.autograd.grad(each, picture, upstream)[0] for each in (found, expected)))
