"""``__torch_function__``: subclasses of Tensor, other classes and modes take functions over."""

import copy

import pytest

import minitorch_dl as torch
from minitorch_dl.overrides import (
    BaseTorchFunctionMode,
    TorchFunctionMode,
    handle_torch_function,
    has_torch_function,
    is_tensor_like,
    wrap_torch_function,
)


class Plain(torch.Tensor):
    pass


class Logged(torch.Tensor):
    calls: list = []

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.calls.append(func.__name__)
        return super().__torch_function__(func, types, args, kwargs)


class Diagonal:
    """A matrix with one number on its diagonal: a class that is no Tensor."""

    handled: dict = {}

    def __init__(self, n, value):
        self.n, self.value = n, value

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func not in cls.handled:
            return NotImplemented
        return cls.handled[func](*args, **(kwargs or {}))


Diagonal.handled = {
    torch.mean: lambda m: m.value / m.n,
    torch.matmul: lambda m, other: other * m.value,
    torch.cat: lambda parts, dim=0: [m.value for m in parts],
    torch.nn.functional.linear: lambda x, m: x * m.value,
}


@pytest.fixture
def calls():
    Logged.calls.clear()
    return Logged.calls


RESULTS = {
    "an operator": lambda x: x + 1,
    "a reflected operator": lambda x: 1 - x,
    "a plain tensor first": lambda x: torch.ones(2, 2) * x,
    "a function": torch.sin,
    "a function of several results": lambda x: torch.max(x, 0).values,
    "a function of a list": lambda x: torch.stack([torch.ones(2, 2), x]),
    "a method": lambda x: x.sum(),
    "an index": lambda x: x[0],
    "an index tensor": lambda x: x[torch.tensor([1])],
    "a part": lambda x: x.split(1)[0],
    "a property": lambda x: x.T,
    "a conversion": lambda x: x.double(),
    "detach": lambda x: x.detach(),
    "a new tensor": lambda x: x.new_zeros(2),
    "a tensor alike": torch.zeros_like,
    "a layer's function": lambda x: torch.nn.functional.linear(x, torch.ones(3, 2)),
    "a layer": lambda x: torch.nn.Linear(2, 3)(x),
    "parameters of any name": lambda x: x.index_put((torch.tensor([0]),), values=torch.ones(2)),
    "in place": lambda x: x.mul_(2),
    "a copy": copy.deepcopy,
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_have_the_class_of_the_argument(name):
    assert type(RESULTS[name](Plain([[1.0, 2.0], [3.0, 4.0]]))) is Plain


def test_constructors_take_the_class():
    class Named(torch.Tensor):
        def __new__(cls, data, name=""):
            return super().__new__(cls, data)

        def __init__(self, data, name=""):
            self.name = name

    x = Named([1.0, 2.0], name="x")
    assert type(x) is Named
    assert x.name == "x"
    assert type(torch.ones(2).as_subclass(Named)) is Named
    assert type(torch.Tensor._make_subclass(Named, torch.ones(2))) is Named
    assert repr(Plain([1.0])) == "Plain([1.])"
    with pytest.raises(TypeError, match="must be a subclass of Tensor"):
        torch.ones(2).as_subclass(int)


def test_a_subclass_of_parameter_is_one():
    class Tagged(torch.nn.Parameter):
        def __new__(cls, data, tag, requires_grad=True):
            made = super().__new__(cls, data, requires_grad)
            made.tag = tag
            return made

    layer = torch.nn.Module()
    layer.weight = Tagged(torch.ones(2), tag="t")
    assert [(name, p.tag) for name, p in layer.named_parameters()] == [("weight", "t")]
    assert type(layer.weight * 2) is torch.Tensor


def test_gradients_flow_through_subclasses():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x.as_subclass(Plain)
    assert not y.is_leaf
    (y * y).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]
    leaf = Plain([3.0]).requires_grad_()
    (leaf * leaf).sum().backward()
    assert leaf.grad.tolist() == [6.0]


def test_a_class_is_told_the_function_that_was_called(calls):
    x = torch.ones(2).as_subclass(Logged)
    torch.nn.functional.softmax(x, dim=0)
    x.mean()
    x += 1
    x[0] = 2.0
    x[:1]
    torch.cat([x, torch.ones(1)])
    assert calls == ["softmax", "mean", "add_", "__setitem__", "__getitem__", "cat"]


def test_a_class_is_told_methods_as_they_are_called(calls):
    """Under their names, and with the arguments as they came."""
    seen = []

    class Seen(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            seen.append((func, args[1:], kwargs))
            return super().__torch_function__(func, types, args, kwargs)

    x = torch.ones(4).as_subclass(Seen)
    x.view(2, 2), x.reshape((2, 2)), x.sum(dim=0), x.bool(), x.shape, 1 - x, bool(x[0]), x.data
    tensor = torch.Tensor
    assert seen == [
        (tensor.view, (2, 2), None),
        (tensor.reshape, ((2, 2),), None),
        (tensor.sum, (), {"dim": 0}),
        (tensor.bool, (), None),
        (tensor.shape.__get__, (), None),
        (tensor.__rsub__, (1,), None),
        (tensor.__getitem__, (0,), None),
        (tensor.__bool__, (), None),
        (tensor.data.__get__, (), None),
    ]
    x.requires_grad = True
    assert seen[-1] == (tensor.requires_grad.__set__, (True,), None)
    x.sum().backward()
    assert type(x.grad) is tensor
    assert x.grad is x.grad


def test_defaults_are_not_handed_over():
    seen = []

    class Seen(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            seen.append((func, types, len(args), kwargs))
            return super().__torch_function__(func, types, args, kwargs)

    x = torch.ones(2).as_subclass(Seen)
    torch.nn.functional.gelu(x)
    torch.nn.functional.gelu(x, approximate="tanh")
    assert seen[0] == (torch.nn.functional.gelu, (Seen,), 1, None)
    assert seen[1][2:] == (2, None)


def test_a_class_that_is_no_tensor():
    m = Diagonal(4, 2.0)
    assert torch.mean(m) == 0.5
    assert torch.matmul(m, torch.ones(2)).tolist() == [2.0, 2.0]
    assert torch.nn.functional.linear(torch.ones(2), m).tolist() == [2.0, 2.0]
    assert torch.cat([m, Diagonal(2, 3.0)]) == [2.0, 3.0]
    with pytest.raises(TypeError, match=r"'exp'.*returned NotImplemented: Diagonal"):
        torch.exp(m)


def test_operators_and_questions_about_the_kind():
    """``tensor @ other`` is ``matmul``, and whether something is a tensor no class decides."""
    matrix = Diagonal(3, 2.0)
    handled = {torch.Tensor.matmul: lambda x, m: x * m.value}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Diagonal, "handled", handled)
        assert (torch.ones(2, 3) @ matrix).tolist() == [[2.0] * 3] * 2
    handled[torch.Tensor.matmul] = lambda x, m: (x * m.value).requires_grad_() * 1
    matrix.ndim = 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Diagonal, "handled", handled)
        assert (torch.ones(2, 3) @ matrix).requires_grad
    handled[torch.permute] = lambda m, dims: dims
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Diagonal, "handled", handled)
        assert torch.permute(matrix, (1, 0)) == (1, 0)
    assert not torch.is_tensor(matrix)
    assert not torch.is_storage(matrix)


def test_subclasses_are_asked_before_their_bases():
    asked = []

    class Base:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            asked.append(cls)
            return NotImplemented

    class Derived(Base):
        pass

    with pytest.raises(TypeError, match="NotImplemented"):
        torch.add(Base(), Derived())
    assert asked == [Derived, Base]


def test_errors_of_an_override_are_its_own():
    class Broken:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine$"):
        torch.sin(Broken())


def test_disabled_overrides(calls):
    x = torch.ones(2).as_subclass(Logged)
    calls.clear()
    with torch.DisableTorchFunctionSubclass():
        y = torch.sin(x)
        assert not has_torch_function((x,))
    assert type(y) is torch.Tensor
    assert calls == []
    assert has_torch_function((x,))


def test_modes_nest_and_end():
    names = []

    class Mode(TorchFunctionMode):
        def __init__(self, label):
            self.label = label

        def __torch_function__(self, func, types, args=(), kwargs=None):
            names.append(f"{self.label}:{func.__name__}")
            return func(*args, **(kwargs or {}))

    with Mode("outer"), BaseTorchFunctionMode(), Mode("inner"):
        x = torch.zeros(2)
        y = x + 1
    torch.exp(y)
    assert names == ["inner:zeros", "outer:zeros", "inner:add", "outer:add"]
    with pytest.raises(ZeroDivisionError), Mode("outer"):
        raise ZeroDivisionError
    torch.exp(y)
    assert len(names) == 4


def test_functions_of_others_are_overridden_too(calls):
    @wrap_torch_function(lambda a, b: (a, b))
    def distance(a, b):
        return (a - b).abs().sum()

    def twice(a):
        if has_torch_function((a,)):
            return handle_torch_function(twice, (a,), a)
        return a * 2

    x = torch.ones(2).as_subclass(Logged)
    calls.clear()
    assert type(distance(x, torch.zeros(2))) is Logged
    assert type(twice(x)) is Logged
    assert calls == ["distance", "twice"]
    assert is_tensor_like(Diagonal(1, 1.0))
    assert not is_tensor_like(3)


def test_plain_tensors_take_the_short_call():
    x, calls = torch.ones(2), []
    primitive = torch.sin.primitive
    original = type(primitive).__call__
    type(primitive).__call__ = lambda self, *a, **k: (
        calls.append(self.name) or original(self, *a, **k)
    )
    try:
        torch.sin(x), torch.nn.Parameter(x) + 1
        assert calls == []
        torch.sin(x.as_subclass(Plain))
        assert "sin" in calls
    finally:
        type(primitive).__call__ = original


def test_functions_of_several_primitives_are_told_by_their_public_names() -> None:
    told = []

    class Duck:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            told.append(func)

    torch.add(torch.ones(1), Duck())
    torch.mean(Duck())
    torch.ones(1) + Duck()
    assert told == [torch.add, torch.mean, torch.add]


def test_names_of_functions() -> None:
    overrides = torch.overrides
    assert overrides.resolve_name(torch.nn.functional.gelu) == "torch.nn.functional.gelu"
    assert overrides.resolve_name(torch.Tensor.backward) == "torch.Tensor.backward"
    assert overrides.resolve_name(len) is None
    assert overrides.is_tensor_method_or_property(torch.Tensor.backward)
    assert not overrides.is_tensor_method_or_property(torch.mean)
    assert torch.mean in overrides.get_overridable_functions()[torch]
    assert torch.manual_seed not in overrides.get_ignored_functions()
    assert torch.mean not in overrides.get_ignored_functions()
    dummy = overrides.get_testing_overrides()[torch.mean]
    assert dummy(torch.ones(1)) == -1
    with pytest.raises(TypeError):
        dummy(1, 2, 3, 4, 5, 6)


def test_data_is_of_the_class() -> None:
    x = torch.ones(2).as_subclass(Logged)
    assert type(x.data) is Logged
    x.data.mul_(2)
    assert x.tolist() == [2.0, 2.0]
    assert type(torch.nn.Parameter(torch.ones(2)).data) is torch.Tensor


def test_a_class_keeps_the_memory_as_its_array() -> None:
    with pytest.warns(UserWarning, match=r"Image\.array is left out"):

        class Image(torch.Tensor):
            @property
            def array(self):
                return "pixels"

    image = torch.ones(2).as_subclass(Image)
    assert (image + 1).array.tolist() == [2, 2]


def test_a_subclass_can_be_taken_off() -> None:
    class Image(torch.Tensor):
        pass

    class Photo(Image):
        pass

    image = torch.ones(2).as_subclass(Image)
    assert type(image.as_subclass(torch.Tensor)) is torch.Tensor
    assert type(image.as_subclass(Photo)) is Photo
    assert type(image + 1) is Image


def test_modes_are_told_public_functions_of_plain_tensors() -> None:
    x, told = torch.arange(6.0).reshape(2, 3), []

    class Names(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            told.append((torch.overrides.resolve_name(func), *args[1:], kwargs))
            return func(*args, **(kwargs or {}))

    with Names():
        x.view(3, 2), x.reshape((3, 2)), x.expand(1, 2, 3), x.permute(1, 0), x.T
        x[0, 1:], x.to(torch.float64), x.double(), x.cpu(), x > 1
        x[0] = 5.0
    assert told == [
        ("torch.Tensor.view", 3, 2, None),
        ("torch.reshape", (3, 2), None),
        ("torch.Tensor.expand", 1, 2, 3, None),
        ("torch.permute", 1, 0, None),
        ("torch.permute", {"dims": (1, 0)}),
        ("torch.Tensor.__getitem__", (0, slice(1, None)), None),
        ("torch.Tensor.to", torch.float64, None),
        ("torch.Tensor.double", None),
        ("torch.Tensor.cpu", None),
        ("torch.gt", 1, None),
        ("torch.Tensor.__setitem__", 0, 5.0, None),
    ]


@pytest.mark.parametrize("layer", ["BatchNorm1d", "SyncBatchNorm"])
def test_layers_call_the_functions_that_are_overridden(layer):
    called = []

    class Told(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            called.append(func.__name__)
            return super().__torch_function__(func, types, args, kwargs or {})

    getattr(torch.nn, layer)(3)(torch.randn(4, 3).as_subclass(Told))
    assert "batch_norm" in called
