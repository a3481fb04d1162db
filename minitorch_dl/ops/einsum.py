"""Einstein summation, lowered to matrix products two operands at a time.

A label stands for an axis; axes with the same label are multiplied elementwise, and those not in
the output are summed.
"""

from __future__ import annotations

import functools
import math
import string
from typing import Any

import numpy as np

from ..autograd.engine_ops import alias, cast
from ..autograd.primitive import TensorBase, primitive
from ..backend.dtypes import result_type
from ..backend.precision import summed_in
from .diagonals import diagonal_p
from .matmul import product
from .reductions import sum_p
from .shape import permute, reshape_p

__all__ = ["einsum"]

_LETTERS = string.ascii_uppercase + string.ascii_lowercase  # in the order of implicit outputs
_DOTS = "0123456789"  # labels of the axes that an ellipsis stands for, the rightmost first


@primitive(complex="holomorphic", min_kind="integer")
def contract(xp: Any, a: Any, b: Any, *, of_a: str, of_b: str, of_y: str) -> Any:
    """The sum of products of two arrays whose axes are labelled; each label is in two of ``of_a``,
    ``of_b`` and ``of_y`` or in all.

    That makes it closed: the derivative for one of the three is the contraction of the other two.
    """
    if a.dtype != b.dtype:
        raise ValueError(f"expected operands of the same dtype, got {a.dtype} and {b.dtype}")
    sizes = dict(zip(of_a + of_b, a.shape + b.shape, strict=True))
    batch = [i for i in of_a if i in of_b and i in of_y]
    summed = [i for i in of_a if i not in of_y]
    left = [i for i in of_a if i not in of_b]
    right = [i for i in of_b if i not in of_a]
    a = a.transpose([of_a.index(i) for i in (*batch, *left, *summed)])
    b = b.transpose([of_b.index(i) for i in (*batch, *summed, *right)])
    shape = [sizes[i] for i in (*batch, *left, *right)]
    if summed:
        b_shape, k, n, m = (_size(sizes, group) for group in (batch, summed, left, right))
        many = (b_shape,) if batch else ()
        if (
            batch and not left and not right
        ):  # a matrix product per pair of vectors would be all overhead
            y = (a.reshape(b_shape, k) * b.reshape(b_shape, k)).sum(1, summed_in(a.dtype))
            y = y.astype(a.dtype, copy=False)
        else:
            y = product(xp, a.reshape(*many, n, k), b.reshape(*many, k, m))
    else:
        a = a.reshape([*a.shape, *[1] * len(right)])
        y = a * b.reshape([sizes[i] for i in batch] + [1] * len(left) + [sizes[i] for i in right])
    order = "".join((*batch, *left, *right))
    return y.reshape(shape).transpose([order.index(i) for i in of_y])


def sums_nothing(of_a: str, of_b: str, of_y: str) -> bool:
    """Whether all labels of two operands are the output's: a product element by element."""
    return set(of_a + of_b) == set(of_y)


def _size(sizes: dict[str, int], labels: list[str]) -> int:
    return math.prod([sizes[i] for i in labels])


contract.defvjp(
    a=lambda g, b, of_a, of_b, of_y: contract(g, b, of_a=of_y, of_b=of_b, of_y=of_a),
    b=lambda g, a, of_a, of_b, of_y: contract(a, g, of_a=of_a, of_b=of_y, of_y=of_b),
)


def einsum(equation: Any, *operands: Any) -> Any:
    """The sum of products that ``equation`` describes: ``"ij,jk->ik"`` is the matrix product.

    Letters label axes, ``...`` stands for axes that are broadcast, a letter twice in one operand
    takes the diagonal. Without ``->`` the output has the letters that occur once, in alphabetical
    order. Also callable as ``einsum(a, [0, 1], b, [1, 2], [0, 2])``. The order in which more than
    two operands are multiplied is chosen by cost, once per equation and shapes.

    >>> import minitorch_dl as torch
    >>> torch.einsum("ij,j->i", torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([1.0, 10.0]))
    tensor([21., 43.])
    """
    if isinstance(equation, TensorBase):
        equation, operands = _from_lists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = tuple(operands[0])
    if not operands:
        raise ValueError("einsum(): must provide at least one operand")
    prepare, steps, final = _plan(equation, tuple([tuple(x.shape) for x in operands]))
    parts = []
    for x, (diagonals, shape, dims) in zip(operands, prepare, strict=True):
        for first, second in diagonals:
            x = diagonal_p(x, offset=0, dim1=first, dim2=second)
        if shape is not None:
            x = reshape_p(x, shape=shape)
        parts.append(sum_p(x, dims=dims, keepdim=False) if dims else x)
    if len({x.array.dtype for x in parts}) > len({x.array.dtype for x in operands}):
        parts = [cast(x, dtype="int64") for x in parts]  # in which integers were summed
    for i, j, of_a, of_b, of_y in steps:
        b, a = parts.pop(j), parts.pop(i)
        if a.array.dtype != b.array.dtype and sums_nothing(of_a, of_b, of_y):
            common = result_type(a.array, b.array).name  # as any product
            a, b = cast(a, dtype=common), cast(b, dtype=common)
        parts.append(contract(a, b, of_a=of_a, of_b=of_b, of_y=of_y))
    (y,) = parts
    if final is not None:
        y = permute(y, final)
    return alias(y) if any(y is x for x in operands) else y


def _from_lists(given: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The equation of the form ``operand, labels, operand, labels, ..., [output labels]`` with
    numbers for labels."""

    def letters(labels: Any) -> str:
        for i in labels:
            if i is not Ellipsis and not 0 <= i < len(_LETTERS):
                raise RuntimeError(
                    f"einsum(): subscripts in the list form must be 0 to 51, got {i}"
                )
        return "".join("..." if i is Ellipsis else _LETTERS[i] for i in labels)

    count = len(given) // 2
    equation = ",".join(letters(given[2 * i + 1]) for i in range(count))
    if len(given) % 2:
        equation += "->" + letters(given[-1])
    return equation, given[0 : 2 * count : 2]


# -- planning --------------------------------------------------------------------------------------


def _labels(term: str, number: int, shape: tuple[int, ...]) -> str:
    """One label per axis of an operand."""
    head, dots, tail = term.partition("...")
    wrong = set(head + tail) - set(_LETTERS)
    if wrong:
        raise RuntimeError(
            f"einsum(): invalid subscript given for operand {number} in {term!r}: "
            f"{sorted(wrong)[0]!r}; subscripts must be in [a-zA-Z]"
        )
    hidden = len(shape) - len(head) - len(tail)
    if hidden < 0 or (hidden and not dots):
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({len(head) + len(tail)}) does "
            f"not match the number of dimensions ({len(shape)}) for operand {number}"
            + ("" if dots else " and no ellipsis was given")
        )
    if hidden > len(_DOTS):
        raise RuntimeError(
            f"einsum(): an ellipsis can stand for {len(_DOTS)} axes at most, got {hidden}"
        )
    return head + _DOTS[:hidden][::-1] + tail


def _parse(equation: str, shapes: tuple[tuple[int, ...], ...]) -> tuple[list[str], str]:
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise RuntimeError(
            f"einsum(): the equation {equation!r} needs {len(terms)} operands, but got "
            f"{len(shapes)}"
        )
    inputs = [
        _labels(term, i, shape) for i, (term, shape) in enumerate(zip(terms, shapes, strict=True))
    ]
    dots = max((i for term in inputs for i in term if i in _DOTS), default="")
    hidden = _DOTS[: _DOTS.index(dots) + 1][::-1] if dots else ""
    joined = "".join(inputs)
    if not arrow:
        return inputs, hidden + "".join(i for i in _LETTERS if joined.count(i) == 1)
    output = right.replace("...", hidden, 1)
    for i in output:
        if i not in joined:
            raise RuntimeError(
                f"einsum(): output subscript {i} does not appear in the equation for any input "
                "operand"
            )
        if output.count(i) > 1:
            raise RuntimeError(
                f"einsum(): output subscript {i} appears more than once in the output"
            )
    return inputs, output


@functools.lru_cache(maxsize=1024)
def _plan(equation: str, shapes: tuple[tuple[int, ...], ...]) -> tuple[Any, Any, Any]:
    """What to do with each operand first, which two to contract in turn, and the last
    permutation."""
    inputs, output = _parse(equation, shapes)
    sizes: dict[str, int] = {}
    for number, (term, shape) in enumerate(zip(inputs, shapes, strict=True)):
        for label, n in zip(term, shape, strict=True):
            known = sizes.setdefault(label, n)
            if known == 1:
                sizes[label] = n
            elif n not in (1, known):
                raise RuntimeError(
                    f"einsum(): subscript {label} has size {n} for operand {number} which does not "
                    f"broadcast with previously seen size {known}"
                )
    prepared = [_diagonals(*pair) for pair in zip(inputs, shapes, strict=True)]
    present = [
        "".join(
            i for i, n in zip(term, shape, strict=True) if n == sizes[i]
        )  # others are broadcast
        for _, term, shape in prepared
    ]
    prepare, terms = [], []
    for number, (kept, (diagonals, term, _)) in enumerate(zip(present, prepared, strict=True)):
        elsewhere = output + "".join(present[:number] + present[number + 1 :])
        alone = tuple([k for k, i in enumerate(kept) if i not in elsewhere])
        terms.append("".join(i for i in kept if i in elsewhere))
        prepare.append(
            (diagonals, None if kept == term else tuple([sizes[i] for i in kept]), alone)
        )
    steps = []
    for i, j in _pairs(terms, output, sizes):
        b, a = terms.pop(j), terms.pop(i)
        needed = output + "".join(terms)
        shared = "".join(k for k in a if k in b and k in needed)
        y = shared + "".join(k for k in a + b if (k in a) != (k in b))
        steps.append((i, j, a, b, y))
        terms.append(y)
    final = tuple([terms[0].index(i) for i in output])
    return prepare, steps, None if final == tuple(range(len(final))) else final


def _diagonals(
    term: str, shape: tuple[int, ...]
) -> tuple[list[tuple[int, int]], str, tuple[int, ...]]:
    """The pairs of axes of which to take the diagonal, which goes to the end, and what labels and
    sizes are left."""
    pairs = []
    sizes = list(shape)
    for label in dict.fromkeys(term):
        while term.count(label) > 1:
            i = term.index(label)
            j = term.index(label, i + 1)
            if sizes[i] != sizes[j]:
                raise RuntimeError(
                    f"einsum(): subscript {label} is repeated for one operand but the sizes "
                    f"don't match, {sizes[j]} != {sizes[i]}"
                )
            pairs.append((i, j))
            n = sizes[i]
            term = "".join(t for k, t in enumerate(term) if k not in (i, j)) + label
            sizes = [s for k, s in enumerate(sizes) if k not in (i, j)] + [n]
    return pairs, term, tuple(sizes)


def _pairs(terms: list[str], output: str, sizes: dict[str, int]) -> list[tuple[int, int]]:
    """Which two operands to contract in turn; each result goes to the end of the list."""
    if len(terms) < 3:
        return [(0, 1)] * (len(terms) - 1)
    letter = dict(zip(dict.fromkeys("".join(terms)), _LETTERS))
    equation = (
        ",".join("".join(letter[i] for i in t) for t in terms)
        + "->"
        + "".join(letter[i] for i in output)
    )
    stand_ins = [np.broadcast_to(np.float32(0), [sizes[i] for i in t]) for t in terms]
    path, _ = np.einsum_path(equation, *stand_ins, optimize="greedy")
    pairs = []
    count = len(terms)
    for group in path[1:]:
        members = sorted(group)
        while len(members) > 1:
            j, i = members.pop(), members.pop()
            pairs.append((i, j))
            count -= 1
            members.append(count - 1)
    return pairs
