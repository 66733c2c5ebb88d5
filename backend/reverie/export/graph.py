"""An ONNX graph, put together operator by operator.

PyTorch's own exporter traces a module, and takes a minute for one scale of a painting, whose sizes are sums and
quotients of the photo's; written down, the same graph is there at once, and no package beyond `onnx-ir` is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from torch import Tensor

OPSET = 20  # of the operators: the first whose GridSample looks up tables of three dimensions

Value = ir.Value
Input = Value | Tensor | np.ndarray | float | int | Sequence[int] | None
"""What an operator is given: what another has made, a constant, or nothing. A float is one of 32 bits; a whole number,
or a list of them, has 64."""


class Graph:
    """Operators in their order, and the constants that they need. Called with the name of an operator, its inputs and
    its attributes (see the ONNX specification), it adds one and returns what that makes."""

    def __init__(self) -> None:
        self._nodes: list[ir.Node] = []
        self._constants: list[Value] = []
        self._known: dict[int, tuple[Tensor, Value]] = {}  # what networks hold is used more than once
        self._count = 0

    def __call__(self, operator: str, *inputs: Input, **attributes: Any) -> Value:
        return self._add(operator, inputs, attributes, 1)[0]

    def all_of(self, operator: str, count: int, *inputs: Input, **attributes: Any) -> Sequence[Value]:
        """Adds an operator that makes `count` values."""
        return self._add(operator, inputs, attributes, count)

    def scan(
        self,
        step: Callable[[Sequence[Value], Sequence[Value]], tuple[Sequence[Value], Sequence[Value]]],
        states: Sequence[Input],
        sequences: Sequence[Input],
    ) -> Sequence[Value]:
        """What a loop over the first axis of `sequences` leaves: its states, and then what it makes at each step, one
        behind the other. `step` is given states and a part of each sequence, and returns states and what it makes."""
        begin, over = [self.constant(each) for each in states], [self.constant(each) for each in sequences]
        outside, self._nodes = self._nodes, []
        inputs = [self._value(each.type) for each in (*begin, *over)]
        after, made = step(inputs[: len(begin)], inputs[len(begin) :])
        # An output has to be made in the loop itself, and once.
        outputs = [self("Identity", each) for each in (*after, *made)]
        body = ir.Graph(inputs, outputs, nodes=self._nodes, name=f"step{self._count}")
        self._nodes = outside
        return self._add("Scan", [*begin, *over], {"body": body, "num_scan_inputs": len(over)}, len(outputs))

    def repeat(self, times: int, step: Callable[..., Sequence[Value]], *states: Input) -> Sequence[Value]:
        """What is left of `states` after so many steps, each of which makes new ones of them."""
        return self.scan(lambda now, _: (step(*now), ()), states, [np.zeros(times, np.float32)])

    def constant(self, given: Input) -> Value:
        """A value that does not change, or what is one already."""
        if isinstance(given, Value):
            return given
        if isinstance(given, Tensor):
            if id(given) not in self._known:
                self._known[id(given)] = given, self._constant(given.detach().cpu().contiguous().numpy())
            return self._known[id(given)][1]
        if type(given) is float:  # NumPy's numbers of 64 bits are floats, too
            return self._constant(np.array(given, np.float32))
        return self._constant(np.asarray(given))

    def input(self, name: str, shape: Sequence[int | str]) -> Value:
        """What the whole is given, float32; sides with a name are as long as they like."""
        return Value(name=name, shape=ir.Shape(shape), type=ir.TensorType(ir.DataType.FLOAT))

    def output(self, name: str, shape: Sequence[int | str], made: Value) -> Value:
        """What the whole makes, float32, under a name."""
        result = self("Identity", made)
        result.name, result.shape, result.type = name, ir.Shape(shape), ir.TensorType(ir.DataType.FLOAT)
        return result

    def model(self, given: Value, made: Value, about: Mapping[str, str], version: str) -> ir.Model:
        """The whole, from its one input to its one output, with what is to be known about it."""
        graph = ir.Graph(
            [given],
            [made],
            nodes=self._nodes,
            initializers=self._constants,
            name="painting",
            opset_imports={"": OPSET},
        )
        return ir.Model(
            graph, ir_version=10, producer_name="Reverie", producer_version=version, metadata_props=dict(about)
        )

    def _constant(self, array: np.ndarray) -> Value:
        value = self._value(ir.TensorType(ir.DataType.from_numpy(array.dtype)))
        value.shape = ir.Shape(array.shape)
        value.const_value = ir.tensor(array, name=value.name)
        self._constants.append(value)
        return value

    def _add(
        self, operator: str, inputs: Sequence[Input], attributes: Mapping[str, Any], count: int
    ) -> Sequence[Value]:
        given = [None if each is None else self.constant(each) for each in inputs]
        made = [self._value(None) for _ in range(count)]
        described = [self._attribute(name, value) for name, value in attributes.items()]
        self._nodes.append(ir.Node("", operator, given, described, outputs=made, name=f"{operator}{self._count}"))
        return made

    def _attribute(self, name: str, value: Any) -> ir.Attr:
        return (
            ir.AttrGraph(name, value) if isinstance(value, ir.Graph) else ir.convenience.convert_attribute(name, value)
        )

    def _value(self, kind: ir.TypeProtocol | None) -> Value:
        self._count += 1
        return Value(name=f"v{self._count}", type=kind)
