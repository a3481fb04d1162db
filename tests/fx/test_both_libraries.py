"""What tracing gives, and passes over it: the same here and in PyTorch."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import io
import math
import operator
import pickle
from math import sqrt
from typing import Any

import pytest


def part(torch: Any, name: str) -> Any:
    return importlib.import_module(f"{torch.__name__}.fx.{name}")


def test_shapes_are_noted_on_the_nodes(torch: Any) -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())
    traced = torch.fx.symbolic_trace(net)
    y = part(torch, "passes.shape_prop").ShapeProp(traced).propagate(torch.ones(2, 3))
    metas = [n.meta["tensor_meta"] for n in traced.graph.nodes]
    assert [tuple(m.shape) for m in metas] == [(2, 3), (2, 4), (2, 4), (2, 4)]
    assert [m.requires_grad for m in metas] == [False, True, True, True]
    assert metas[0].stride == (3, 1)
    assert metas[0].dtype is torch.float32
    assert metas[0].memory_format is torch.contiguous_format
    assert all(n.meta["type"] is torch.Tensor for n in traced.graph.nodes)
    assert y.shape == (2, 4)


def test_a_graph_of_layers_names_no_kinds(torch: Any) -> None:
    graph = torch.fx.symbolic_trace(torch.nn.Sequential(torch.nn.ReLU())).graph
    assert [node.type for node in graph.nodes] == [None] * 3


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # PyTorch's import of it
def test_convolutions_take_over_what_normalises_them(torch: Any) -> None:
    nn, optimization = torch.nn, part(torch, "experimental.optimization")
    torch.manual_seed(0)
    twice = nn.Conv2d(2, 2, 1)
    net = nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)), nn.ReLU(),
        nn.Dropout(), twice, nn.BatchNorm2d(2, track_running_stats=False), nn.BatchNorm2d(2),
    )  # fmt: skip
    x = torch.randn(4, 1, 5, 5)
    net(x)  # so that there are means and variances
    net.eval()
    fused = optimization.fuse(net)
    kinds = [type(m).__name__ for m in fused.modules() if not list(m.children())]
    assert kinds == ["Conv2d", "ReLU", "Dropout", "Conv2d", "BatchNorm2d", "BatchNorm2d"]
    assert torch.allclose(fused(x), net(x), atol=1e-5)
    assert isinstance(net[0][1], nn.BatchNorm2d)
    without = optimization.remove_dropout(net)
    assert "dropout" not in without.code.lower()
    assert [node.target for node in without.graph.nodes if node.op == "call_module"] == [
        "0.0", "0.1", "1", "3", "4", "5",
    ]  # fmt: skip
    again = optimization.fuse(torch.fx.symbolic_trace(net), inplace=True, no_trace=True)
    assert torch.equal(again(x), fused(x))


def test_shapes_of_several_results(torch: Any) -> None:
    traced = torch.fx.symbolic_trace(lambda x: x.chunk(2))
    part(torch, "passes.shape_prop").ShapeProp(traced).propagate(torch.ones(4))
    chunk = list(traced.graph.nodes)[1]
    assert [tuple(m.shape) for m in chunk.meta["tensor_meta"]] == [(2,), (2,)]


def test_arguments_behind_stars(torch: Any) -> None:
    def program(x: Any, *args: Any, scale: float = 2.0, **kwargs: Any) -> Any:
        return (x + args[0]) * kwargs["k"]

    traced = torch.fx.symbolic_trace(program)
    x = torch.ones(1)
    assert traced(x, 2.0, x * 2, k=x * 4).item() == 12.0


def test_calls_are_recorded_as_they_are_written(torch: Any) -> None:
    def program(x: Any) -> Any:
        x = torch.reshape(torch.sum(x, dim=1), (-1,))
        x = torch.cat([x, torch.clamp(x, min=0)], dim=0)
        return torch.max(x, 0) if torch.is_tensor(x) else torch.topk(x, 3, dim=-1)

    nodes = [n for n in torch.fx.symbolic_trace(program).graph.nodes if n.op == "call_function"]
    assert [(n.target.__name__, n.args[1:], n.kwargs) for n in nodes] == [
        ("sum", (), {"dim": 1}),
        ("reshape", ((-1,),), {}),
        ("clamp", (), {"min": 0}),
        ("cat", (), {"dim": 0}),
        ("topk", (3,), {"dim": -1}),
    ]


def test_arguments_decided_beforehand_are_checked(torch: Any) -> None:
    def program(x: Any, flag: bool, more: Any = None) -> Any:
        return x * 2 if flag and more is None else x

    traced = torch.fx.symbolic_trace(program, concrete_args={"flag": True, "more": None})
    inputs = [n.target for n in traced.graph.nodes if n.op == "placeholder"]
    assert inputs == ["x", "flag_1", "more_1"]
    assert traced(torch.ones(1), True).item() == 2.0
    assert "eq = _assert = None" in traced.code  # nothing uses them
    with pytest.raises(AssertionError, match="flag has been specialized to have value True"):
        traced(torch.ones(1), False)
    with pytest.raises(AssertionError, match="more has been specialized to have value None"):
        traced(torch.ones(1), True, 3)


def test_functions_of_math_are_traced_by_any_name(torch: Any) -> None:
    traced = torch.fx.symbolic_trace(lambda x: x + sqrt(x.size(0)) + math.sqrt(2 * x.size(0)))
    assert traced(torch.zeros(8))[0].item() == pytest.approx(math.sqrt(8) + 4)
    assert sqrt is math.sqrt


@dataclasses.dataclass
class Parts:
    a: Any
    b: Any


def test_dataclasses_are_made_by_the_graph(torch: Any) -> None:
    traced = torch.fx.symbolic_trace(lambda x: Parts(x + 1, b=[x, 2]))
    y = traced(torch.ones(1))
    assert (type(y), y.a.item(), y.b[0].item(), y.b[1]) == (Parts, 2.0, 1.0, 2)


def test_a_name_that_the_module_lacks_is_warned_of(torch: Any) -> None:
    graph = torch.fx.symbolic_trace(torch.nn.Sequential(torch.nn.Linear(2, 2))).graph
    with pytest.warns(UserWarning, match="get_attr Node with no underlying reference"):
        graph.get_attr("0.nothing")
    graph.get_attr("0.weight")


def test_files_hold_graphs(torch: Any) -> None:
    traced = torch.fx.symbolic_trace(torch.nn.Sequential(torch.nn.Linear(2, 2)))
    file = io.BytesIO()
    torch.save(traced, file)
    file.seek(0)
    x = torch.ones(1, 2)
    torch.testing.assert_close(torch.load(file, weights_only=False)(x), traced(x))


def test_a_tensor_times_a_symbol(torch: Any) -> None:
    weight = torch.tensor([1.0, 2.0])
    traced = torch.fx.symbolic_trace(lambda x: weight @ x + x @ weight)
    assert traced(weight).item() == 10.0


def test_another_method_is_traced(torch: Any) -> None:
    class Both(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return x

        def minus(self, x: Any) -> Any:
            return -x

    tracer, module = torch.fx.Tracer(), Both()
    tracer.traced_func_name = "minus"
    traced = torch.fx.GraphModule(module, tracer.trace(module))
    assert traced(torch.ones(1)).item() == -1.0
    assert traced.meta == {}
    tracer.traced_func_name = "plus"
    with pytest.raises(AssertionError, match="plus doesn't exist in Both"):
        tracer.trace(module)


def test_names_of_nodes_are_in_lower_case(torch: Any) -> None:
    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.acts = torch.nn.ModuleDict({"PascalCase": torch.nn.ReLU()})
            self.myReLU = torch.nn.ReLU()

        def forward(self, x: Any) -> Any:
            return self.myReLU(self.acts["PascalCase"](x))

    names = [n.name for n in torch.fx.symbolic_trace(Net()).graph.nodes]
    assert names == ["x", "acts_pascal_case", "my_re_lu", "output"]


def test_what_a_node_calls_must_fit_its_kind(torch: Any) -> None:
    for op, target in (("call_function", "relu"), ("call_method", torch.relu)):
        with pytest.raises(ValueError, match="is expected"):
            torch.fx.Node(torch.fx.Graph(), "n", op, target, (), {})


def test_symbols_can_be_unpacked(torch: Any) -> None:
    def program(x: Any) -> Any:
        a, b = x.chunk(2)
        (n,) = x.shape
        return a * b + n

    traced = torch.fx.symbolic_trace(program)
    assert traced(torch.tensor([1.0, 2.0, 3.0, 4.0])).tolist() == [7.0, 12.0]


def test_assertions_are_traced_and_kept(torch: Any) -> None:
    def program(x: Any) -> Any:
        torch._assert(x.sum() > 0, "positive")
        return x * 2

    traced = torch.fx.symbolic_trace(program)
    traced.graph.eliminate_dead_code()
    traced.recompile()
    assert [n.target for n in traced.graph.nodes].count(torch._assert) == 1
    assert traced(torch.ones(1)).tolist() == [2.0]


def test_a_pattern_of_two_results(torch: Any) -> None:
    traced = torch.fx.symbolic_trace(lambda x, y: torch.relu(x - y) + torch.sigmoid(x - y + 1))

    def pattern(a: Any, b: Any) -> Any:
        d = a - b
        return d, torch.relu(d)

    def replacement(a: Any, b: Any) -> Any:
        return b, torch.tanh(a)

    rewriter = part(torch, "subgraph_rewriter")
    matches = rewriter.replace_pattern(traced, pattern, replacement)
    x, y = torch.tensor([1.0]), torch.tensor([2.0])
    assert len(matches) == 1
    torch.testing.assert_close(traced(x, y), torch.tanh(x) + torch.sigmoid(x - y + 1))


def test_a_filter_and_a_callback_decide_on_replacements(torch: Any) -> None:
    rewriter = part(torch, "subgraph_rewriter")
    program = torch.fx.symbolic_trace(lambda x: torch.neg(x + 1) + torch.neg(x + 2))

    def pattern(a: Any) -> Any:
        return torch.neg(a + 1)

    def by_two(match: Any, graph: Any, wanted: Any) -> bool:
        return any(2 in n.args for n in match.nodes_map.values())

    options = {"match_filters": [by_two], "ignore_literals": True}
    found = rewriter.replace_pattern_with_filters(
        program,
        pattern,
        replacement_callback=lambda *_: torch.fx.symbolic_trace(lambda a: torch.exp(a)).graph,
        **options,
    )
    assert [n.target for place in found for n in place.replacements] == [torch.exp]
    x = torch.tensor([1.0])
    torch.testing.assert_close(program(x), torch.neg(x + 1) + torch.exp(x))


def test_a_replacement_brings_its_modules(torch: Any) -> None:
    class Squash(torch.nn.Module):
        def __init__(self, kind: Any) -> None:
            super().__init__()
            setattr(self, kind.__name__.lower(), kind())

        def forward(self, x: Any) -> Any:
            return next(iter(self.children()))(x)

    traced = torch.fx.symbolic_trace(Squash(torch.nn.Sigmoid))
    torch.fx.replace_pattern(traced, Squash(torch.nn.Sigmoid), Squash(torch.nn.Tanh))
    assert [name for name, _ in traced.named_children()] == ["tanh"]
    assert traced(torch.zeros(1)).item() == 0.0


def small_graph(torch: Any) -> Any:
    graph = torch.fx.Graph()
    x = graph.placeholder("x")
    a = graph.call_function(torch.add, (x, 1))
    b = graph.call_function(torch.mul, (a, 2))
    graph.output(b)
    return graph, x, a, b


def test_points_of_insertion(torch: Any) -> None:
    def insert(graph: Any, name: str) -> None:
        graph.call_function(torch.neg, (), name=name)

    graph, x, a, b = small_graph(torch)
    with graph.inserting_before(b):
        insert(graph, "p")
        with graph.inserting_before(a):
            insert(graph, "r")
        insert(graph, "q")
    assert [n.name for n in graph.nodes] == ["x", "r", "add", "p", "q", "mul", "output"]
    graph, x, a, b = small_graph(torch)
    graph.inserting_after(a)
    for name in "pq":
        insert(graph, name)
    assert [n.name for n in graph.nodes] == ["x", "add", "q", "p", "mul", "output"]
    with graph.inserting_before(), graph.inserting_after():
        insert(graph, "last")
    with graph.inserting_before():
        insert(graph, "first")
    assert [n.name for n in graph.nodes][::7] == ["first", "last"]
    b.prepend(x)
    b.append(a)
    assert [n.name for n in graph.nodes][3:6] == ["x", "mul", "add"]
    assert (a.prev, b.next) == (b, a)


def test_a_graph_that_changes_while_one_goes_through_it(torch: Any) -> None:
    graph, _, a, b = small_graph(torch)
    met = []
    for node in graph.nodes:
        met.append(node.name)
        if node is a:
            with graph.inserting_after(a):
                new = graph.call_function(torch.neg, (a,))
            b.replace_all_uses_with(new)
            graph.erase_node(b)
    assert met == ["x", "add", "neg", "output"]
    assert len(graph.nodes) == 4
    with pytest.raises(TypeError):
        graph.nodes[0]


def test_texts_of_arguments(torch: Any) -> None:
    traced = torch.fx.symbolic_trace(
        lambda x, kind=torch.float64, top=math.inf: (
            x.to(kind)[..., None].clamp(-top, 2.0) + x.shape[0]
        )
    )
    assert "(self, x, kind = torch.float64, top = inf)" in traced.code
    assert "getitem = to[(Ellipsis, None)]" in traced.code
    assert "[target=builtins.getattr](args = (%x, shape), kwargs = {})" in str(traced.graph)
    assert traced(torch.ones(1)).tolist() == [[2.0]]


def test_nodes_leave_the_names_of_numbers_alone(torch: Any) -> None:
    graph = torch.fx.Graph()
    x = graph.placeholder("x")
    x = graph.create_node("call_function", operator.neg, (x,), {}, name="torch")
    b = graph.create_node("call_function", operator.add, (x, math.inf), {}, name="inf")
    c = graph.create_node("call_method", "to", (b, torch.float64))
    graph.output((b, c))
    y, z = torch.fx.GraphModule(torch.nn.Module(), graph)(torch.ones(1))
    assert (y.item(), z.item(), str(z.dtype)) == (math.inf, math.inf, "torch.float64")


def test_names_are_made_unique(torch: Any) -> None:
    graph = torch.fx.Graph()
    asked = "a a_1 a a_5 a len class torch inf 1x relu_0 relu_0".split()
    names = [graph.placeholder(name).name for name in asked]
    assert names == "a a_1 a_2 a_5 a_6 len_1 class_1 torch_1 inf_1 _1x relu_0 relu_1".split()


def split(torch: Any, part_of: Any, **options: Any) -> tuple[Any, Any, Any]:
    """A module, its parts, and what it gives."""

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
            self.bias = torch.nn.Parameter(torch.ones(2))

        def forward(self, x, scale=2.0):  # annotations would be traced
            h = self.inner(x) + self.bias
            return {"sum": h.exp() * scale + h, "h": h}

    torch.manual_seed(0)
    net = Net()
    traced = torch.fx.symbolic_trace(net)
    parts = part(torch, "passes.split_module").split_module(traced, net, part_of, **options)
    x = torch.tensor([[1.0, -2.0]])
    for name, value in net(x).items():
        assert torch.equal(parts(x)[name], value)
    return net, parts, parts(x)["h"].detach()


PARTS = {"inner_0": 0, "inner_1": 0, "add": 1, "exp": 1, "mul": 2, "add_1": 2}


def test_a_graph_is_split_into_modules(torch: Any) -> None:
    paths: dict[str, str] = {}
    net, parts, _ = split(torch, lambda node: PARTS[node.name], qualname_map=paths)
    assert paths == {"submod_0.inner_0": "inner.0", "submod_0.inner_1": "inner.1"}
    assert parts.submod_0.inner_0 is net.inner[0]
    assert parts.bias is net.bias
    assert parts.code.strip().splitlines() == [
        "def forward(self, x, scale = 2.0):",
        "    bias = self.bias",
        "    submod_0 = self.submod_0(x);  x = None",
        "    submod_1 = self.submod_1(submod_0, bias);  submod_0 = bias = None",
        "    getitem = submod_1[0]",
        "    getitem_1 = submod_1[1];  submod_1 = None",
        "    submod_2 = self.submod_2(getitem, scale, getitem_1);  getitem = scale = None",
        "    return {'sum': submod_2, 'h': getitem_1}",
    ]
    assert parts.submod_2.code.strip().splitlines() == [
        "def forward(self, exp, scale, add):",
        "    mul = exp * scale;  exp = scale = None",
        "    add_1 = mul + add;  mul = add = None",
        "    return add_1",
    ]


def test_names_in_a_split_graph(torch: Any) -> None:
    _, parts, _ = split(
        torch, lambda node: PARTS[node.name], keep_original_input_name=False,
        keep_original_node_name=True, partition_affix="p", tuple_return=True,
    )  # fmt: skip
    assert parts.submod_p_2.code.strip().splitlines() == [
        "def forward(self, arg_0, arg_1, arg_2):",
        "    mul = arg_0 * arg_1;  arg_0 = arg_1 = None",
        "    add_1 = mul + arg_2;  mul = arg_2 = None",
        "    return (add_1,)",
    ]


def test_parts_that_need_each_other_are_refused(torch: Any) -> None:
    with pytest.raises(RuntimeError, match="cycle exists between partitions"):
        split(torch, lambda node: int(node.name in ("add", "mul")))


def test_code_may_be_written_otherwise(torch: Any) -> None:
    class OfOneList(torch.fx.graph.CodeGen):
        def gen_fn_def(self, free_vars: Any, maybe_return_annotation: str) -> str:
            return f"def forward(self, given: List):\n    {', '.join(free_vars)} = given"

        def additional_globals(self) -> Any:
            return [("List", list)]

        def process_inputs(self, *inputs: Any) -> Any:
            return inputs[0]

        def process_outputs(self, outputs: Any) -> Any:
            return outputs + 1

    traced = torch.fx.symbolic_trace(lambda x, y: x - y)
    traced.graph.set_codegen(OfOneList())
    traced.recompile()
    given = [torch.tensor(3), torch.tensor(1)]
    assert traced(given).item() == 2
    assert copy.deepcopy(traced)(given).item() == 2
    assert traced.graph.process_outputs(traced(given)).item() == 3
    assert torch.fx.Interpreter(traced).run(given).item() == 3
    plain = torch.fx.Interpreter(traced).run(*given, enable_io_processing=False)
    assert plain.item() == 2


def test_a_node_has_the_stack_trace_that_its_meta_says(torch: Any) -> None:
    node = next(iter(torch.fx.symbolic_trace(lambda x: x).graph.nodes))
    assert node.stack_trace is None
    node.meta["stack_trace"] = "here"
    assert node.stack_trace == "here"


def test_graph_modules_have_classes_of_their_own(torch: Any) -> None:
    first, second = (torch.fx.symbolic_trace(torch.nn.ReLU()) for _ in range(2))
    assert type(first) is not type(second)
    assert type(first).__name__ == "ReLU"
    assert "GraphModuleImpl" in str(type(first))  # by which libraries know them
    first.graph.output_node().replace_input_with(
        first.graph.find_nodes(op="call_function", target=torch.nn.functional.relu)[0],
        next(iter(first.graph.nodes)),
    )
    first.recompile()
    assert first(torch.tensor(-1.0)) == -1
    assert second(torch.tensor(-1.0)) == 0


def test_annotations_stay_in_the_code(torch: Any) -> None:
    def program(x: torch.Tensor, n: int) -> torch.Tensor:
        return x + n

    program.__annotations__ = {"x": torch.Tensor, "n": int, "return": torch.Tensor}
    traced = torch.fx.symbolic_trace(program)
    assert "def forward(self, x : torch.Tensor, n : int) -> torch.Tensor:" in traced.code
    assert torch.fx.symbolic_trace(traced).code == traced.code


def test_wrapped_functions_stay_so_when_the_module_is_traced(torch: Any) -> None:
    scope: dict[str, Any] = {"torch": torch, "__name__": "program"}
    exec(
        "def square(x):\n    return x * x\n\n"
        "torch.fx.wrap('square')\n\n"
        "def program(x):\n    return square(x) + 1\n",
        scope,
    )
    traced = torch.fx.symbolic_trace(scope["program"])
    again = torch.fx.symbolic_trace(traced)
    for module in (traced, again):
        assert [n.name for n in module.graph.nodes] == ["x", "square", "add", "output"]
        assert module(torch.tensor(3.0)).item() == 10.0


def test_matches_tell_the_pattern_they_are_of(torch: Any) -> None:
    def program(x: Any) -> Any:
        return torch.cat([x, torch.neg(x)]).sum() + torch.cat([x, x]).sum()

    traced = torch.fx.symbolic_trace(program)
    (match,) = torch.fx.replace_pattern(
        traced, lambda a, b: torch.cat([a, b]).sum(), lambda a, b: torch.max(a, b)
    )
    assert match.anchor not in traced.graph.nodes
    assert [str(n) for n in match.nodes_map] == ["sum_1", "cat", "a", "b"]
    assert match.nodes_map[match.anchor].target == "sum"


def test_tracers_note_where_a_program_makes_a_node(torch: Any) -> None:
    class Net(torch.nn.Module):
        def forward(self, x):
            return torch.exp(x)

    tracer = torch.fx.Tracer()
    tracer.record_stack_traces = True
    (node,) = tracer.trace(Net()).find_nodes(op="call_function", target=torch.exp)
    assert __file__ in node.stack_trace
    assert "return torch.exp(x)" in node.stack_trace


def test_arguments_of_nodes_are_assigned_not_changed(torch: Any) -> None:
    traced = torch.fx.symbolic_trace(lambda x, y: torch.cat([x, y], dim=0))
    x, y, cat, _ = traced.graph.nodes
    for change in (
        lambda: cat.args[0].append(x),
        lambda: operator.setitem(cat.args[0], 0, y),
        lambda: cat.kwargs.update(dim=1),
        lambda: operator.delitem(cat.kwargs, "dim"),
    ):
        with pytest.raises(TypeError, match="does not support mutation"):
            change()
    cat.args = ([y, y],)
    assert (list(x.users), list(y.users)) == ([], [cat])
    traced.recompile()
    for graph in (traced, copy.deepcopy(traced), pickle.loads(pickle.dumps(traced))):
        assert graph(torch.zeros(1), torch.ones(1)).tolist() == [1.0, 1.0]
        assert torch.fx.Interpreter(graph).run(torch.zeros(1), torch.ones(1)).tolist() == [1.0, 1.0]
    args = list(traced.graph.nodes)[2].args[0]
    assert hash(args) == hash((y, y))
    pytree = importlib.import_module(f"{torch.__name__}.utils._pytree")
    assert type(pytree.tree_map(lambda n: n, args)).__name__ == "immutable_list"


def test_a_tracer_may_take_arguments_of_further_kinds(torch: Any) -> None:
    class Ranges(torch.fx.Tracer):
        def create_arg(self, a: Any) -> Any:
            return list(a) if isinstance(a, range) else super().create_arg(a)

    graph = Ranges().trace(lambda x: x.sum(dim=range(2)).index([range(1), {"a": range(1)}]))
    _, total, index, _ = graph.nodes
    assert total.kwargs == {"dim": [0, 1]}
    assert index.args[1] == [[0], {"a": [0]}]


def test_a_pattern_of_nothing_is_refused(torch: Any) -> None:
    traced = torch.fx.symbolic_trace(lambda x: x + 1)
    with pytest.raises(AssertionError):
        torch.fx.replace_pattern(traced, lambda p: p, lambda p: p)


def test_what_a_graph_names_must_be_there(torch: Any) -> None:
    graph = torch.fx.Graph()
    graph.output(graph.get_attr("weight"))
    with pytest.raises(AttributeError, match="weight"):
        torch.fx.GraphModule(torch.nn.Module(), graph)
    with pytest.raises(TypeError, match="'Proxy' object cannot be interpreted as an integer"):
        torch.fx.symbolic_trace(lambda x: range(x))


def test_options_of_functionals_are_recorded_by_name(torch: Any) -> None:
    functional = torch.nn.functional

    def program(x: Any, w: Any) -> Any:
        x = functional.leaky_relu(functional.conv2d(x, w, padding=1), 0.2)
        return functional.interpolate(functional.pad(x, (1, 1)), scale_factor=2)

    calls = [n for n in torch.fx.symbolic_trace(program).graph.nodes if n.op == "call_function"]
    assert [(n.args[1:], n.kwargs) for n in calls[1:]] == [
        ((), {"negative_slope": 0.2, "inplace": False}),
        (((1, 1),), {"mode": "constant", "value": None}),
        ((), {"size": None, "scale_factor": 2, "mode": "nearest", "align_corners": None,
              "recompute_scale_factor": None, "antialias": False}),
    ]  # fmt: skip
    assert calls[0].kwargs == {"padding": 1}


def test_functions_with_options_are_written_as_those_of_nn_functional(torch: Any) -> None:
    F = torch.nn.functional
    traced = torch.fx.symbolic_trace(lambda x: F.dropout(F.relu(x), 0.1) + torch.relu(x))
    assert "torch.nn.functional.relu(x, inplace = False)" in traced.code
    assert "torch.nn.functional.dropout(relu, p = 0.1, training = True" in traced.code
    assert "= torch.relu(x)" in traced.code
    assert "target=torch.nn.functional.relu]" in str(traced.graph)


def test_arguments_by_the_names_of_the_parameters(torch: Any) -> None:
    functional = torch.nn.functional

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = torch.nn.Linear(2, 2)

        def forward(self, x: Any) -> Any:
            return functional.leaky_relu(self.inner(x), 0.5)

    traced = torch.fx.symbolic_trace(Net())
    inner, activated = list(traced.graph.nodes)[1:3]
    args, kwargs = activated.normalized_arguments(traced, normalize_to_only_use_kwargs=True)
    assert args == ()
    assert kwargs == {"input": inner, "negative_slope": 0.5, "inplace": False}
    pair = inner.normalized_arguments(traced, normalize_to_only_use_kwargs=True)
    assert list(pair.kwargs) == ["input"]
    normalize = part(torch, "operator_schemas").normalize_function
    assert normalize(functional.leaky_relu, (inner,)) == (
        (inner,), {"negative_slope": 0.01, "inplace": False},
    )  # fmt: skip
    assert normalize(lambda *x: x, (inner,)) is None
    assert part(torch, "immutable_collections").immutable_list([1]) == [1]


def test_an_interpreter_says_where_an_error_came_up(torch: Any) -> None:
    traced = torch.fx.symbolic_trace(lambda x: (x + 1).view(7))
    interpreter = torch.fx.Interpreter(traced)
    with pytest.raises(RuntimeError, match=r"(?s).*While executing %view : .*target=view"):
        interpreter.run(torch.ones(3))
    inputs = [torch.ones(7)]
    assert interpreter.boxed_run(inputs).tolist() == [2] * 7
    assert inputs == []
