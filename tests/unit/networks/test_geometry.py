"""What a unit sees, and that a part of a picture gives the same units as the whole: what exact tiling rests on."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reverie.networks import registry
from reverie.networks.network import Network
from reverie.networks.receptive_field import ReceptiveField
from skeleton import skeleton, spatial_layers

from tests.random_networks import MODULES, random_network

SKELETONS = {name: skeleton(name) for name in MODULES}


def test_every_network_is_here():
    assert set(MODULES) == set(registry.NETWORKS)


@pytest.mark.parametrize("name", MODULES)
def test_a_unit_sees_its_receptive_field_and_nothing_else(name: str):
    network = skeleton(name, averages=True)
    for layer in spatial_layers(network):
        reach = network.receptive_field(layer)
        unit = -(-reach.padding // reach.stride)  # the first whose field begins inside the picture
        first = unit * reach.stride - reach.padding
        side = first + reach.size + 1 + unit % 2 + 2 * reach.stride
        x = torch.rand(1, 3, side, side, dtype=torch.float64, requires_grad=True)
        found = _run(network, layer, x)
        (gradient,) = torch.autograd.grad(found[0, :, unit, unit].sum(), x)
        for axes in ((0, 1, 2), (0, 1, 3)):
            seen = gradient.abs().sum(axes).nonzero().flatten().tolist()
            assert (seen[0], seen[-1]) == (first, first + reach.size - 1), layer


@pytest.mark.parametrize("name", MODULES)
def test_the_unit_at_a_place_sees_as_far_on_either_side_of_it(name: str):
    network = skeleton(name, averages=True)
    for layer in spatial_layers(network):
        reach = network.receptive_field(layer)
        place = reach.size + reach.stride * 0.3
        side = round(2 * place) + 2 * reach.stride
        x = torch.rand(1, 3, side, side, dtype=torch.float64, requires_grad=True)
        unit = reach.unit_at(place)
        (gradient,) = torch.autograd.grad(_run(network, layer, x)[0, :, unit, unit].sum(), x)
        for axes in ((0, 1, 2), (0, 1, 3)):
            seen = gradient.abs().sum(axes).nonzero().flatten().tolist()
            assert abs((seen[0] + seen[-1] + 1) / 2 - place) <= reach.stride / 2, layer


def _run(network: Network, layer: str, x: torch.Tensor) -> torch.Tensor:
    for _, stage in network.stages[: network.layers.index(layer) + 1]:
        x = stage(x)
    return x


def _inside(reach: ReceptiveField, start: int, end: int, length: int) -> slice:
    """The units of pixels start to end that see nothing beyond these, but where the picture itself ends."""
    first = 0 if start == 0 else -(-reach.padding // reach.stride)
    if end == length:
        return slice(first, None)
    return slice(first, max(first, (end - start + reach.padding - reach.size) // reach.stride + 1))


@pytest.mark.parametrize("name", MODULES)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_part_that_begins_at_a_multiple_of_the_stride_gives_the_units_of_the_whole(name: str, data: st.DataObject):
    network = SKELETONS[name]
    layer = data.draw(st.sampled_from(spatial_layers(network)))
    reach, least = network.receptive_field(layer), network.least_size(layer)
    lengths, places, ends = [], [], []
    for axis in ("height", "width"):
        length = data.draw(st.integers(least, least + reach.size + 5 * reach.stride), axis)
        start = data.draw(st.integers(0, (length - least) // reach.stride), "start") * reach.stride
        end = data.draw(st.one_of(st.just(length), st.integers(start + least, length)), "end")
        lengths.append(length)
        places.append(slice(start, end))
        ends.append(_inside(reach, start, end, length))
    picture = torch.rand(1, 3, *lengths, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    whole = _run(network, layer, picture)
    part = _run(network, layer, picture[:, :, places[0], places[1]])
    for axis in (0, 1):
        size, stop = part.shape[2 + axis], ends[axis].stop
        if stop is None:
            assert size + places[axis].start // reach.stride == whole.shape[2 + axis]
        else:
            assert stop <= max(size, ends[axis].start), "a unit that sees only the part is missing"
    offsets = [place.start // reach.stride for place in places]
    part = part[:, :, ends[0], ends[1]]
    rows = slice(offsets[0] + ends[0].start, offsets[0] + ends[0].start + part.shape[2])
    columns = slice(offsets[1] + ends[1].start, offsets[1] + ends[1].start + part.shape[3])
    torch.testing.assert_close(part, whole[:, :, rows, columns], rtol=1e-11, atol=0)


@pytest.mark.parametrize("name", MODULES)
def test_so_does_the_network_itself(name: str):
    """In full width and single precision, where rounding is all that may differ."""
    network = random_network(name)
    layer = [each for each in spatial_layers(network) if network.receptive_field(each).size <= 75][-1]
    reach = network.receptive_field(layer)
    length, start = 151, 32 // reach.stride * reach.stride
    picture = torch.rand(1, 3, length, length - 4)
    whole = network.features(picture, [layer])[layer]
    part = network.features(picture[:, :, start:, :147], [layer])[layer]
    inside = _inside(reach, start, length, length)
    expected = whole[:, :, start // reach.stride + inside.start :]
    assert expected.std() > 0
    torch.testing.assert_close(part[:, :, inside], expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))


def test_the_published_size_of_vgg19s_conv5_1():
    assert SKELETONS["vgg19"].receptive_field("relu5_1") == ReceptiveField(size=156, stride=16, padding=70)
