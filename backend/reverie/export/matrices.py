"""Functions of symmetric matrices, float64, made of products alone: ONNX knows no eigenvalues.

Newton and Schulz's iterations (Higham 2008, “Functions of Matrices”, sections 5.3 and 6.7). An eigenvalue that is a
small part of the largest grows 1.5-fold at each step (that of a root as its square), until it is near 1; so many steps
are enough for parts of 1e-11 in a root, and of 1e-7 in a sign.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from reverie.export.graph import Graph, Input, Value

_STEPS = 45


def transport(op: Graph, own: Value, root: Tensor) -> Value:
    """The symmetric matrix that takes a Gaussian of one covariance to one of another, of which the root is given: see
    losses/transport.py. With T = R (R C R)^−½ R no root of what the photo shows is needed but one."""
    inverse = _inverse_root(op, _product(op, root, own, root))
    return _product(op, root, inverse, root)


def at_most(op: Graph, matrix: Value, most: float, size: int) -> Value:
    """The matrix with its eigenvalues cut off at the most: min(x, m) is (x + m − |x − m|) / 2, and |x| is x sign(x)."""
    bound = most * np.eye(size)
    above = op("Sub", matrix, bound)
    absolute = op("MatMul", above, _sign(op, above))
    return op("Mul", op("Sub", op("Add", matrix, bound), absolute), np.float64(0.5))


def root(matrix: Tensor) -> Tensor:
    """The symmetric root of a constant, positive matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    result: Tensor = (vectors * values.sqrt()) @ vectors.T
    return result


def _inverse_root(op: Graph, matrix: Value) -> Value:
    identity = op("EyeLike", matrix)
    largest = _norm(op, matrix)

    def step(near: Value, inverse: Value) -> tuple[Value, Value]:
        rest = _three_minus(op, op("MatMul", inverse, near), identity)
        return op("MatMul", near, rest), op("MatMul", rest, inverse)

    _, found = op.repeat(_STEPS, step, op("Div", matrix, largest), identity)
    return op("Div", found, op("Sqrt", largest))


def _sign(op: Graph, matrix: Value) -> Value:
    identity = op("EyeLike", matrix)

    def step(near: Value) -> tuple[Value]:
        return (op("MatMul", near, _three_minus(op, op("MatMul", near, near), identity)),)

    return op.repeat(_STEPS, step, op("Div", matrix, _norm(op, matrix)))[0]


def _three_minus(op: Graph, matrix: Value, identity: Value) -> Value:
    """Of a matrix M: (3 − M) / 2."""
    return op("Sub", op("Mul", identity, np.float64(1.5)), op("Mul", matrix, np.float64(0.5)))


def _norm(op: Graph, matrix: Value) -> Value:
    """Frobenius': no eigenvalue is larger."""
    return op("ReduceL2", matrix, keepdims=0)


def _product(op: Graph, *matrices: Input) -> Value:
    first, *others = matrices
    made = op.constant(first)
    for each in others:
        made = op("MatMul", made, each)
    return made
