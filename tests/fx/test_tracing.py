"""Tracing, changing and running graphs of programs."""

import copy
import operator
import pickle
from types import BuiltinFunctionType
from typing import List, Optional  # noqa: UP035

import pytest

import minitorch_dl as torch
from minitorch_dl import fx
from minitorch_dl.fx import tracer


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 3)
        self.p = torch.nn.Parameter(torch.ones(3))
        self.seq = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.ReLU())
        self.register_buffer("b", torch.ones(3))

    def forward(self, x, scale=2.0):
        y = torch.relu(self.linear(x)) * scale + self.p
        y = self.seq(y).view(y.shape[0], -1)
        y = torch.nn.functional.softmax(y, dim=-1)
        z = torch.cat([y, y], dim=1).sum(1, keepdim=True)
        y += 1
        return {"z": z - self.b.mean(), "parts": [y[:, 0], -y.size(0)], "t": (1 - y).t()}


@fx.wrap
def opaque(x, k):
    return x * k if x.sum() > 0 else x


def steps(graph):
    return [(n.op, n.name) for n in graph.nodes]


@pytest.fixture
def net():
    torch.manual_seed(0)
    return Net()


def test_the_traced_module_computes_the_same(net):
    traced, x = fx.symbolic_trace(net), torch.randn(4, 2)
    traced.graph.lint()
    for given in ((x,), (x, 3.0)):
        got, wanted = traced(*given), net(*given)
        assert torch.equal(got["z"], wanted["z"])
        assert torch.equal(got["t"], wanted["t"])
        assert got["parts"][1] == -4
    got["z"].sum().backward()
    assert net.linear.weight.grad is not None, "the traced module shares the parameters"


def test_the_graph_names_each_step(net):
    assert steps(fx.symbolic_trace(net).graph) == [
        ("placeholder", "x"),
        ("placeholder", "scale"),
        ("call_module", "linear"),
        ("call_function", "relu"),
        ("call_function", "mul"),
        ("get_attr", "p"),
        ("call_function", "add"),
        ("call_module", "seq_0"),
        ("call_module", "seq_1"),
        ("call_function", "getattr_1"),
        ("call_function", "getitem"),
        ("call_method", "view"),
        ("call_function", "softmax"),
        ("call_function", "cat"),
        ("call_method", "sum_1"),
        ("call_function", "add_1"),
        ("get_attr", "_tensor_constant0"),
        ("call_function", "sub"),
        ("call_function", "getitem_1"),
        ("call_method", "size"),
        ("call_function", "neg"),
        ("call_function", "sub_1"),
        ("call_method", "t"),
        ("output", "output"),
    ]


def test_code_is_python_that_frees_what_it_no_longer_needs():
    traced = fx.symbolic_trace(lambda x, y: torch.sigmoid(x) + y[0] * 2)
    assert traced.code.strip().splitlines() == [
        "def forward(self, x, y):",
        "    sigmoid = torch.sigmoid(x);  x = None",
        "    getitem = y[0];  y = None",
        "    mul = getitem * 2;  getitem = None",
        "    add = sigmoid + mul;  sigmoid = mul = None",
        "    return add",
    ]
    assert traced.code in str(traced)


def test_values_shared_out_among_names_are_items():
    def halves(x):
        n, d = x.shape
        return x.reshape(n * 2, d // 2)

    traced = fx.symbolic_trace(halves)
    assert [n.name for n in traced.graph.nodes][2:4] == ["getitem", "getitem_1"]
    assert traced(torch.ones(3, 4)).shape == (6, 2)
    assert traced(torch.ones(5, 2)).shape == (10, 1)


def test_branches_and_loops_over_values_are_refused():
    def branch(x):
        return x if x.sum() > 0 else -x

    with pytest.raises(fx.TraceError, match="control flow"):
        fx.symbolic_trace(branch)
    with pytest.raises(fx.TraceError, match="cannot be iterated"):
        fx.symbolic_trace(lambda x: sum(x))
    assert torch.nn.Linear(2, 3)(torch.ones(2)).shape == (3,), "nothing stays patched"


def test_values_decided_beforehand():
    traced = fx.symbolic_trace(lambda x, flag: x * 2 if flag else x, concrete_args={"flag": True})
    assert steps(traced.graph) == [
        ("placeholder", "x"),
        ("placeholder", "flag_1"),
        ("call_function", "eq"),
        ("call_function", "_assert"),
        ("call_function", "mul"),
        ("output", "output"),
    ]


def test_wrapped_functions_are_one_step():
    traced = fx.symbolic_trace(lambda x: opaque(x, 3) + 1)
    assert ("call_function", "opaque") in steps(traced.graph)
    assert traced(torch.ones(2)).tolist() == [4.0, 4.0]
    with pytest.raises(NotImplementedError, match="top level"):
        fx.wrap("opaque")


def test_functions_of_several_tensors_and_conditions_are_steps():
    def contracted(x, y):
        torch._assert(x.shape[-1] == 3, "wrong size")
        return torch.einsum("ij,jk->ik", [x, y]) + torch.tensordot(x, y, 1)

    traced = fx.symbolic_trace(contracted)
    einsum, tensordot = (
        next(n for n in traced.graph.nodes if n.target is f)
        for f in (torch.einsum, torch.tensordot)
    )
    assert [str(x) for x in einsum.args] == ["ij,jk->ik", "x", "y"]
    assert tensordot.kwargs == {"dims": 1}
    x, y = torch.rand(2, 3), torch.rand(3, 4)
    assert torch.equal(traced(x, y), contracted(x, y))
    with pytest.raises(AssertionError, match="wrong size"):
        traced(x.t(), y)


def test_leaves_can_be_chosen():
    class Everything(fx.Tracer):
        def is_leaf_module(self, m, module_qualified_name):
            return False

    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    graph = Everything().trace(model)
    traced = fx.GraphModule(model, graph)
    assert "call_module" not in {op for op, _ in steps(graph)}
    x = torch.randn(3, 2)
    assert torch.equal(traced(x), model(x))


def test_a_graph_can_be_changed():
    traced = fx.symbolic_trace(lambda x: torch.relu(x) + torch.relu(-x))
    for node in traced.graph.nodes:
        if node.target is torch.relu:
            with traced.graph.inserting_after(node):
                new = traced.graph.call_function(torch.tanh, node.args)
            node.replace_all_uses_with(new)
            traced.graph.erase_node(node)
    traced.graph.lint()
    traced.recompile()
    assert traced(torch.tensor([0.7])).item() == 0.0
    with pytest.raises(RuntimeError, match="still had 1 users"):
        traced.graph.erase_node(next(n for n in traced.graph.nodes if n.op == "call_function"))


def test_dead_steps_are_taken_out():
    def wasteful(x):
        x.exp()
        x.mul_(1)
        return x + 1

    traced = fx.symbolic_trace(wasteful)
    assert traced.graph.eliminate_dead_code()
    assert [name for _, name in steps(traced.graph)] == ["x", "mul_", "add", "output"]
    assert not traced.graph.eliminate_dead_code()


def test_a_graph_by_hand():
    linear = torch.nn.Linear(2, 3)
    graph = fx.Graph()
    x = graph.placeholder("x")
    weight = graph.get_attr("weight")
    transposed = graph.call_method("t", (weight,))
    graph.output(graph.call_function(operator.matmul, (x, transposed)))
    module = fx.GraphModule(linear, graph)
    given = torch.randn(4, 2)
    assert torch.equal(module(given), given @ linear.weight.t())
    assert [name for name, _ in module.named_parameters()] == ["weight"]
    assert "call_method" in str(graph)
    with graph.inserting_before(x):
        graph.call_function(torch.neg, (transposed,))
    with pytest.raises(RuntimeError, match="used before it has been defined"):
        graph.lint()


def test_copies_and_pickles(net):
    traced, x = fx.symbolic_trace(net), torch.randn(4, 2)
    for other in (copy.deepcopy(traced), pickle.loads(pickle.dumps(traced))):
        assert torch.equal(other(x)["z"], net(x)["z"])
        assert other.linear.weight is not net.linear.weight
        assert steps(other.graph) == steps(traced.graph)


def test_interpreters_and_transformers(net):
    seen = []

    class Watching(fx.Interpreter):
        def call_module(self, target, args, kwargs):
            seen.append(target)
            return super().call_module(target, args, kwargs)

    class Negating(fx.Transformer):
        def call_function(self, target, args, kwargs):
            target = torch.neg if target is torch.relu else target
            return super().call_function(target, args, kwargs)

    traced, x = fx.symbolic_trace(net), torch.randn(4, 2)
    assert torch.equal(Watching(traced).run(x)["z"], net(x)["z"])
    assert seen == ["linear", "seq.0", "seq.1"]
    with pytest.raises(RuntimeError, match="Expected positional argument for parameter x"):
        Watching(traced).run()
    simple = fx.symbolic_trace(lambda x: torch.relu(x) + 1)
    assert Negating(simple).transform()(torch.tensor([2.0])).tolist() == [-1.0]


def test_patterns_are_replaced():
    traced = fx.symbolic_trace(lambda x: torch.relu(x + 1) * torch.relu(x - 1))
    found = fx.replace_pattern(traced, lambda a: torch.relu(a), lambda a: torch.tanh(a) * 2)
    assert len(found) == 2
    x = torch.tensor([0.3])
    assert torch.equal(traced(x), torch.tanh(x + 1) * 2 * (torch.tanh(x - 1) * 2))
    kept = fx.symbolic_trace(lambda x: (torch.relu(x + 1), x + 1))
    assert fx.replace_pattern(kept, lambda a: torch.relu(a * 2), lambda a: a) == []


def test_graphs_print_as_tables(net, capsys):
    fx.symbolic_trace(net).graph.print_tabular()
    head, rule, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["opcode", "name", "target", "args", "kwargs"]
    assert set(rule) == {"-", " "}
    assert rows[2].split()[:3] == ["call_module", "linear", "linear"]


def test_layers_of_nn_are_one_step():
    layer = torch.nn.TransformerEncoderLayer(8, 2, 16)
    graph = fx.symbolic_trace(torch.nn.Sequential(layer)).graph
    assert steps(graph)[1] == ("call_module", "_0")


def test_annotations_of_inputs() -> None:
    def scaled(
        x: torch.Tensor,
        *rest: int,
        scale: float = 2.0,
        names: Optional[List[int]] = None,  # noqa: UP006, UP045
        z: "x" = 1,  # noqa: F821
    ) -> torch.Tensor:
        return x * scale

    traced = pickle.loads(pickle.dumps(copy.deepcopy(fx.symbolic_trace(scaled))))
    assert traced.code.strip().splitlines()[0] == (
        "def forward(self, x : torch.Tensor, scale : float = 2.0, "
        "names : typing_Union[typing_List[int],NoneType] = None, z : _x_ = 1, *rest):"
    )
    assert traced(torch.ones(1)).item() == 2
    assert [node.format_node().split(" [")[0] for node in list(traced.graph.nodes)[:4]] == [
        "%x : torch.Tensor", "%scale : float", "%names : typing.Optional[typing.List[int]]",
        "%z : 'x'",
    ]  # fmt: skip
    graph = fx.Graph()
    y = graph.call_function(torch.relu, (graph.placeholder("x", dict[str, int] | None),))
    y.type = torch.Tensor
    graph.output(y, torch.Tensor)
    assert (
        graph.python_code("self").src.split()
        == (
            "def forward(self, x : dict[str,int]|NoneType) -> torch.Tensor: "
            "relu : torch.Tensor = torch.relu(x); x = None return relu"
        ).split()
    )
    assert str(graph).splitlines()[1].strip().startswith("%x : dict[str, int] | None [")


def test_a_graph_module_of_another_ones_attributes() -> None:
    from minitorch_dl.fx.graph_module import _CodeOnlyModule, _copy_attr

    traced = torch.fx.symbolic_trace(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh()))
    copied = torch.fx.GraphModule(_CodeOnlyModule(dict(traced.__dict__)), traced.graph)
    x = torch.ones(1, 2)
    assert torch.equal(copied(x), traced(x))
    empty = torch.nn.Module()
    _copy_attr(traced, empty, "0.weight")
    assert empty.get_parameter("0.weight") is traced.get_parameter("0.weight")


@pytest.mark.parity
def test_calls_are_recorded_as_written_of_the_functions_that_pytorch_has_from_c() -> None:
    functional = pytest.importorskip("torch").nn.functional
    public = {name: value for name, value in vars(functional).items() if name[0] != "_"}
    built_in = {name for name, value in public.items() if isinstance(value, BuiltinFunctionType)}
    helpers = {name for name in built_in if name.startswith("has_torch_function")}
    assert built_in - helpers | {"sigmoid", "tanh"} == tracer._BUILT_IN
