"""The derivatives of ops as readable text, taken from their source code."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import textwrap
from collections.abc import Callable
from typing import Any


def derivative_texts(primitive: Any) -> dict[str, str]:
    """Per input of a primitive the formula of its gradient, such as
    ``{"a": "g * b", "b": "g * a"}``.
    """
    if primitive.backward is not None:
        return {"all inputs": f"{_signature(primitive.backward)}, on arrays"}
    if primitive.joint is not None:
        return {"all inputs": _signature(primitive.joint)}
    return {name: _text(name, formula) for name, formula in primitive.formulas.items()}


def _text(name: str, formula: Callable[..., Any]) -> str:
    body = _lambda_bodies(formula).get(name) if formula.__name__ == "<lambda>" else None
    return _signature(formula) if body is None else body


def _signature(function: Callable[..., Any]) -> str:
    return f"{function.__name__}({', '.join(inspect.signature(function).parameters)})"


@functools.cache
def _source_of(file: str) -> ast.Module | None:
    lines = linecache.getlines(file)  # those of a notebook's cell, too
    try:
        return ast.parse("".join(lines)) if lines else None
    except SyntaxError:
        return None


def _lambda_bodies(formula: Callable[..., Any]) -> dict[str, str]:
    """The lambdas given as keywords in the call that ``formula`` was written in, by keyword."""
    code = inspect.unwrap(formula).__code__
    tree = _source_of(code.co_filename)
    for call in ast.walk(tree) if tree is not None else ():
        if isinstance(call, ast.Call):
            found = {
                k.arg: k.value for k in call.keywords if k.arg and isinstance(k.value, ast.Lambda)
            }
            if any(one.lineno == code.co_firstlineno for one in found.values()):
                return {name: ast.unparse(one.body) for name, one in found.items()}
    return {}


def describe(node: Any) -> str:
    """The derivative of a node, one line per input that wants a gradient."""
    if node.primitive is None:
        return textwrap.dedent(node.explanation)
    lines = [
        f"d/d{name} = {text}" if name.isidentifier() else text
        for name, text in derivative_texts(node.primitive).items()
        if _is_wanted(node, name)
    ]
    return "\n".join(lines)


def describe_in_full(node: Any) -> str:
    """The derivative of a node, with the source of what is longer than a line."""
    functions = node.primitive.formulas.items() if node.primitive is not None else ()
    wanted = {inspect.unwrap(f): None for name, f in functions if _is_wanted(node, name)}
    return "\n\n".join([describe(node), *filter(None, map(_source_of_function, wanted))])


def _source_of_function(function: Callable[..., Any]) -> str:
    if function.__name__ == "<lambda>":  # which the line shows
        return ""
    try:
        return textwrap.dedent(inspect.getsource(function)).rstrip()
    except OSError:  # typed in
        return ""


def _is_wanted(node: Any, name: str) -> bool:
    names = node.primitive.inputs
    return (
        name not in names
        or len(names) != len(node.edges)
        or node.edges[names.index(name)] is not None
    )
