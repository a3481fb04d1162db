"""The ways to break a formula, and how a broken one is put in the place of the right one."""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from minitorch_dl.autograd.primitive import PRIMITIVES, Primitive


@dataclass(frozen=True)
class Mutant:
    """One broken formula.

    Attributes:
        primitive: whose.
        formula: the input whose derivative it is, "joint" or "backward".
        change: what was changed, as ``kind: before -> after``.
        broken: the function.
    """

    primitive: str
    formula: str
    change: str
    broken: Callable[..., Any]

    def __str__(self) -> str:
        return f"{self.primitive} [{self.formula}] {self.change}"


def formulas(p: Primitive) -> dict[str, Callable[..., Any]]:
    """The primitive's formulas by the name that their plans know them by."""
    if p.backward is not None:
        return {"backward": p.backward}
    if p.joint is not None:
        return {"joint": p.joint}
    return dict(p.formulas)


def mutants(p: Primitive) -> Iterator[Mutant]:
    """Every broken version of every formula of the primitive."""
    for name, formula in formulas(p).items():
        if _is_zero(formula):
            continue
        for change, broken in _results_changed(formula):
            yield Mutant(p.name, name, change, broken)
        for change, broken in _source_changed(formula):
            yield Mutant(p.name, name, change, broken)


def _is_zero(formula: Callable[..., Any]) -> bool:
    """Whether the derivative is zero everywhere: that of a piecewise constant function."""
    names = formula.__code__.co_names
    return formula.__name__ == "<lambda>" and names == ("zero",)


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """Run with the broken formula in place of the right one."""
    p = PRIMITIVES[mutant.primitive]
    right = formulas(p)[mutant.formula]
    _use(p, mutant.formula, mutant.broken)
    try:
        yield
    finally:
        _use(p, mutant.formula, right)


def _use(p: Primitive, name: str, formula: Callable[..., Any]) -> None:
    if name in ("joint", "backward"):
        setattr(p, name, formula)
        key = name
    else:
        p.formulas[name] = formula
        key = f"d_{name}"
    for plan in p._plans.values():  # the quick calls keep plans, so these are changed as they stand
        if key in plan.rule.__globals__:
            plan.rule.__globals__[key] = formula


# -- by changing results ---------------------------------------------------------------------------


def _results_changed(formula: Callable[..., Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    def broken(change: Callable[[Any], Any]) -> Callable[..., Any]:
        @functools.wraps(formula)
        def call(*args: Any) -> Any:
            found = formula(*args)
            if isinstance(found, (tuple, list)):
                return tuple(None if g is None else change(g) for g in found)
            return None if found is None else change(found)

        return call

    yield "sign: result -> -result", broken(lambda g: -g)
    yield "factor: result -> 1.5 * result", broken(lambda g: g * 1.5)
    yield "wrong axis: result -> its elements in another order", broken(_turned)


def _turned(g: Any) -> Any:
    """The last dim of more than one element from the back."""
    for dim in reversed(range(len(g.shape))):
        if g.shape[dim] > 1:
            if hasattr(g, "array"):
                return g.flip(dim)
            return g[tuple(slice(None, None, -1 if d == dim else 1) for d in range(g.ndim))] * 1
    return g * -1.5


# -- by changing the source ------------------------------------------------------------------------


@functools.cache
def _tree(path: str) -> ast.Module:
    with open(path, encoding="utf-8") as file:
        return ast.parse(file.read())


def _node_of(formula: Callable[..., Any]) -> ast.AST | None:
    """The lambda or function definition that made this function."""
    code = formula.__code__
    found = []
    for node in ast.walk(_tree(code.co_filename)):
        if isinstance(node, ast.Lambda) and formula.__name__ == "<lambda>":
            if (
                node.lineno == code.co_firstlineno
                and _arguments(node) == code.co_varnames[: code.co_argcount]
            ):
                found.append(node)
        elif isinstance(node, ast.FunctionDef) and node.name == formula.__name__:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first == code.co_firstlineno:
                found.append(node)
    if len(found) > 1:  # several on one line
        found = [
            node for node in found if _compiled(node, formula).__code__.co_names == code.co_names
        ]
    return found[0] if found else None


def _arguments(node: ast.Lambda) -> tuple[str, ...]:
    return tuple(a.arg for a in (*node.args.posonlyargs, *node.args.args))


def _compiled(node: Any, formula: Callable[..., Any]) -> Callable[..., Any]:
    """A function of this syntax in the place of ``formula``: same globals, same free variables."""
    node = copy.deepcopy(node)
    if isinstance(node, ast.FunctionDef):
        node.decorator_list, node.name = [], "broken"
        node.args.defaults = node.args.kw_defaults = []
        node.returns = None
        body: list[ast.stmt] = [node]
    else:
        body = [ast.Assign(targets=[ast.Name("broken", ast.Store())], value=node)]
    free = formula.__code__.co_freevars
    outer = ast.FunctionDef(
        name="make",
        args=ast.arguments([], [ast.arg(name) for name in free], None, [], [], None, []),
        body=[*body, ast.Return(ast.Name("broken", ast.Load()))],
        decorator_list=[],
        type_params=[],
    )
    module = ast.fix_missing_locations(ast.Module([outer], []))
    flags = 0
    code = compile(module, formula.__code__.co_filename, "exec", flags, dont_inherit=True)
    scope: dict[str, Any] = {}
    exec(code, formula.__globals__, scope)
    cells = formula.__closure__ or ()
    made = scope["make"](*(cell.cell_contents for cell in cells))
    return types.FunctionType(
        made.__code__, formula.__globals__, formula.__name__, formula.__defaults__, made.__closure__
    )


def _source_changed(formula: Callable[..., Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    formula = inspect.unwrap(formula)
    if not isinstance(formula, types.FunctionType):
        return
    node = _node_of(formula)
    if node is None:
        return
    body = node.body if isinstance(node, ast.FunctionDef) else [node.body]  # type: ignore[attr-defined]
    spots = [inner for statement in body for inner in ast.walk(statement)]
    for position, spot in enumerate(spots):
        for kind, after in _changes(spot):
            changed = copy.deepcopy(node)
            inner = changed.body if isinstance(changed, ast.FunctionDef) else [changed.body]  # type: ignore[attr-defined]
            target = [n for statement in inner for n in ast.walk(statement)][position]
            _replace(changed, target, after)
            text = f"{kind}: {ast.unparse(spot)} -> {ast.unparse(after)}"
            yield text, _compiled(changed, formula)


def _replace(root: ast.AST, target: ast.AST, after: ast.AST) -> None:
    for parent in ast.walk(root):
        for name, value in ast.iter_fields(parent):
            if value is target:
                setattr(parent, name, after)
            elif isinstance(value, list):
                value[:] = [after if item is target else item for item in value]


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """What else could stand in this place."""
    if isinstance(node, ast.BinOp):
        a, b = node.left, node.right
        if isinstance(node.op, (ast.Add, ast.Sub)):
            other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            yield "sign", ast.BinOp(a, other, b)
            yield "missing term", a
            yield "missing term", b
        elif isinstance(node.op, ast.Mult):
            yield "missing factor", a
            yield "missing factor", b
        elif isinstance(node.op, ast.Div):
            yield "factor", ast.BinOp(a, ast.Mult(), b)
            yield "missing factor", a
        elif isinstance(node.op, ast.MatMult):
            yield "swapped inputs", ast.BinOp(b, node.op, a)
        for constant, other in ((a, b), (b, a)):
            if isinstance(constant, ast.Constant) and type(constant.value) in (int, float):
                changed = ast.Constant(constant.value * 2 + 1)
                pair = (changed, other) if constant is a else (other, changed)
                yield "factor", ast.BinOp(pair[0], node.op, pair[1])
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", node.operand
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        opposite = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt}
        made = opposite.get(type(node.ops[0]))
        if made is not None:
            yield "wrong side", ast.Compare(node.left, [made()], node.comparators)
    elif isinstance(node, ast.Call) and len(node.args) == 2 and not node.keywords:
        symmetric = ast.unparse(node.func) == "keep"  # a product with a mask
        if not symmetric and not any(isinstance(a, (ast.Constant, ast.Starred)) for a in node.args):
            yield "swapped inputs", ast.Call(node.func, node.args[::-1], [])
