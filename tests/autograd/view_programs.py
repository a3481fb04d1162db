"""Small programs that write in place through views. Each is run by this package and by PyTorch,
which must agree.

A program gets the library as ``torch``, a leaf ``w`` of shape (3, 4) that requires grad, and a
plain tensor ``v`` of that
shape. What it returns is weighted and summed to a loss; its values and the gradient of ``w`` are
compared, or the
exception that it, or the backward pass, raised.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PROGRAMS: dict[str, Callable[..., Any]] = {}


def program(f: Callable[..., Any]) -> Callable[..., Any]:
    PROGRAMS[f.__name__] = f
    return f


def run(torch: Any, f: Callable[..., Any]) -> Any:
    """What came of a program: ``[values, gradient]`` or the exception's type."""
    w = torch.arange(1.0, 13.0, dtype=torch.float64).reshape(3, 4) / 4
    w.requires_grad_()
    v = torch.arange(12.0, dtype=torch.float64).reshape(3, 4) - 5
    try:
        outputs = f(torch, w, v)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        if any(y.requires_grad for y in outputs):
            sum(
                (y * (torch.arange(1, y.numel() + 1).reshape(y.shape) % 7 + 1)).sum()
                for y in outputs
            ).backward()
    except (RuntimeError, IndexError) as error:
        return type(error).__name__
    values = [y.detach().tolist() for y in outputs]
    return [values, None if w.grad is None else w.grad.tolist()]


# -- one view, one write ---------------------------------------------------------------------------


@program
def row_add(torch, w, v):
    x = w * 2
    x[0].add_(v[1])
    return x


@program
def row_mul_keeps_view(torch, w, v):
    x = w * 2
    row = x[1]
    row.mul_(w[0])
    return x, row


@program
def column_assign(torch, w, v):
    x = w * 2
    x[:, 1] = w[:, 0] * w[:, 3]
    return x


@program
def transposed_mul(torch, w, v):
    x = w * 2
    x.t().mul_(3)
    return x


@program
def transposed_mul_by_leaf(torch, w, v):
    x = w * 2
    x.t().mul_(w.t())
    return x


@program
def flat_assign(torch, w, v):
    x = w * 2
    x.view(-1)[3] = w.sum()
    return x


@program
def range_assign_scalar(torch, w, v):
    x = w.exp()
    x[1:, ::2] = 0.5
    return x


@program
def diagonal_mul(torch, w, v):
    x = w * 1
    x.diagonal().mul_(w[0, :3])
    return x


@program
def permuted_add(torch, w, v):
    x = (w * 2).reshape(3, 2, 2)
    x.permute(2, 0, 1)[1].add_(w[:, :2])
    return x


@program
def unfold_disjoint(torch, w, v):
    x = w * 2
    x.unfold(1, 2, 2)[:, 0].mul_(w[:, :2])
    return x


@program
def as_strided_write(torch, w, v):
    x = w * 2
    x.as_strided((2, 2), (4, 1), 1).mul_(w[:2, :2])
    return x


@program
def select_and_narrow(torch, w, v):
    x = w * 2
    x.narrow(1, 1, 2).select(0, 2).copy_(w[0, :2])
    return x


@program
def unsqueezed_expanded_read(torch, w, v):
    x = w * 2
    wide = x.unsqueeze(0).expand(2, 3, 4)
    x.add_(w)
    return wide


@program
def squeeze_write(torch, w, v):
    x = (w * 2).unsqueeze(1)
    x.squeeze(1).mul_(w)
    return x


@program
def zero_row(torch, w, v):
    x = w * w
    x[1].zero_()
    return x


@program
def fill_column(torch, w, v):
    x = w * w
    x[:, 2].fill_(7)
    return x


@program
def augmented_item(torch, w, v):
    x = w * 2
    x[0] += w[1]
    x[1] *= 3
    x[:, 0] -= 1
    return x


@program
def mask_assign(torch, w, v):
    x = w * 2
    x[v > 0] = w[v > 0] * 3
    return x


@program
def mask_assign_scalar(torch, w, v):
    x = w * 2
    x[v > 0] = 1.5
    return x


@program
def index_assign(torch, w, v):
    x = w * 2
    x[torch.tensor([0, 2]), torch.tensor([1, 3])] = w[1, :2]
    return x


@program
def index_assign_in_view(torch, w, v):
    x = w * 2
    x[:, 1:][torch.tensor([2, 0])] = w[:2, :3] * 5
    return x


@program
def index_put_accumulate(torch, w, v):
    x = w * 2
    x.index_put_((torch.tensor([1, 1]),), w[:2], accumulate=True)
    return x


@program
def index_add_in_view(torch, w, v):
    x = w * 2
    x[1:].index_add_(0, torch.tensor([1, 1, 0]), w)
    return x


@program
def scatter_in_view(torch, w, v):
    x = w * 2
    x[:2].scatter_(1, torch.tensor([[0], [2]]), w[:2, :1])
    return x


@program
def masked_fill_in_view(torch, w, v):
    x = w * 2
    x.t().masked_fill_(v.t() > 2, 1.25)
    return x


# -- chains and siblings ---------------------------------------------------------------------------


@program
def chain_of_views(torch, w, v):
    x = w * 2
    x[1:].t()[2].view(2).mul_(w[0, :2])
    return x


@program
def chain_every_link_read(torch, w, v):
    x = w * 2
    a = x[1:]
    b = a.t()
    c = b[2]
    c.mul_(3)
    return x, a, b, c


@program
def two_writes_one_view(torch, w, v):
    x = w * 2
    row = x[0]
    row.mul_(2)
    row.add_(w[2])
    return x, row


@program
def siblings_see_the_write(torch, w, v):
    x = w * 2
    first, column = x[0], x[:, 1]
    first.mul_(w[1])
    return column, x


@program
def sibling_writes(torch, w, v):
    x = w * 2
    first, column = x[0], x[:, 1]
    first.mul_(w[1])
    column.add_(w[:, 0])
    return x, first, column


@program
def base_written_view_read(torch, w, v):
    x = w * 2
    row = x[1]
    x.mul_(w)
    return row


@program
def base_written_view_written(torch, w, v):
    x = w * 2
    row = x[1]
    x.mul_(w)
    row.add_(w[0])
    return x, row


@program
def view_used_before_write(torch, w, v):
    x = w * 2
    row = x[0]
    y = row * 3
    row.add_(1)
    return y, x


@program
def view_of_view_after_base_write(torch, w, v):
    x = w * 2
    inner = x[1:][0]
    x.add_(w)
    return inner.exp()


@program
def overlapping_views(torch, w, v):
    x = w * 2
    a, b = x[:2], x[1:]
    a.mul_(2)
    b.mul_(3)
    return a, b


@program
def write_view_into_sibling(torch, w, v):
    x = w * 2
    x[0] = x[1] * x[2]
    x[1] = x[0]
    return x


@program
def loop_of_writes(torch, w, v):
    x = torch.zeros(3, 4, dtype=torch.float64)
    state = w[0]
    for i in range(3):
        state = state * w[i]
        x[i] = state
    return x


@program
def plain_buffer_view_written(torch, w, v):
    x = v.clone()
    x.view(2, 6)[0].copy_(w.reshape(-1)[:6])
    x.mul_(2)
    return x


@program
def double_write_same_place(torch, w, v):
    x = w * 2
    x[0, 0] = w[1, 1]
    x[0, 0] = w[2, 2]
    return x


@program
def ellipsis_and_none(torch, w, v):
    x = w * 2
    x[None, ..., 0][0] = w[:, 1]
    return x


@program
def reshape_that_is_a_view(torch, w, v):
    x = w * 2
    x.reshape(4, 3)[1].mul_(w[0, :3])
    return x


@program
def reshape_that_copies(torch, w, v):
    x = w * 2
    x.t().reshape(-1)[0] = 100.0
    return x


@program
def contiguous_copy_is_apart(torch, w, v):
    x = w * 2
    x.t().contiguous().mul_(100)
    return x


@program
def clone_is_apart(torch, w, v):
    x = w * 2
    x[0].clone().mul_(100)
    return x


@program
def flatten_write(torch, w, v):
    x = w * 2
    x.flatten()[5:7] = w[0, :2]
    return x


# -- detach, data, no_grad -------------------------------------------------------------------------


@program
def detach_shares_memory(torch, w, v):
    x = w * 2
    x.detach()[0] = 9.0
    return x


@program
def detach_write_spoils_backward(torch, w, v):
    x = w * 2
    y = x * x
    x.detach().mul_(2)
    return y


@program
def data_write_is_not_counted(torch, w, v):
    x = w * 2
    y = x * x
    x.data.mul_(2)
    return y


@program
def data_view_write_is_not_counted(torch, w, v):
    x = w * 2
    y = x * x
    x.data[0] = 0.0
    return y


@program
def leaf_data_write(torch, w, v):
    w.data[0] = 5.0
    return w * w


@program
def no_grad_leaf_write(torch, w, v):
    with torch.no_grad():
        w[0] = 2.0
        w.mul_(2)
    return w * w


@program
def no_grad_write_of_intermediate(torch, w, v):
    x = w * 2
    with torch.no_grad():
        x[0] = 1.0
    return x


@program
def no_grad_view_of_leaf_written_outside(torch, w, v):
    with torch.no_grad():
        row = w[0]
    row.mul_(2)
    return w * 2


@program
def no_grad_view_written_with_grad(torch, w, v):
    x = w * 2
    with torch.no_grad():
        row = x[0]
    row.mul_(w[1])
    return x


@program
def no_grad_view_of_intermediate_written(torch, w, v):
    x = w * 2
    with torch.no_grad():
        row = x[0]
    row.mul_(2)
    return x


@program
def view_written_under_no_grad(torch, w, v):
    x = w * 2
    row = x[0]
    with torch.no_grad():
        row.mul_(10)
    return x, row


@program
def leaf_that_is_a_view_written_through_a_view(torch, w, v):
    x = v.clone().view(4, 3)
    x.requires_grad_()
    x[0].mul_(2)
    return x


@program
def no_grad_view_of_plain_tensor(torch, w, v):
    x = v.clone()
    with torch.no_grad():
        row = x[0]
    row.mul_(2)
    return x * w


@program
def no_grad_view_of_plain_tensor_given_history(torch, w, v):
    x = v.clone()
    with torch.no_grad():
        row = x[0]
    row.mul_(w[0])
    return x * w


@program
def data_view_given_history(torch, w, v):
    x = v.clone()
    x.data[0] = 3.0
    return x * w


@program
def dtype_view_reads(torch, w, v):
    x = v.clone()
    x.view(torch.int64)[0] = 0
    return x * w


@program
def unfold_overlapping_reads(torch, w, v):
    return (w * 2).unfold(1, 3, 1) * 2


@program
def as_strided_overlapping_reads(torch, w, v):
    return (w * 2).as_strided((3, 3), (1, 2), 2)


@program
def as_strided_of_transposed(torch, w, v):
    return (w * 2).t().as_strided((2, 3), (1, 4), 1)


# -- what is refused -------------------------------------------------------------------------------


@program
def leaf_write(torch, w, v):
    w.mul_(2)
    return w


@program
def leaf_item_write(torch, w, v):
    w[0] = 1.0
    return w


@program
def leaf_view_write(torch, w, v):
    w.t().add_(1)
    return w


@program
def leaf_mask_write(torch, w, v):
    w[v > 0] = 1.0
    return w


@program
def split_output_write(torch, w, v):
    x = w * 2
    a, _ = x.split(2, 1)
    a.mul_(2)
    return x


@program
def unbind_output_write(torch, w, v):
    x = w * 2
    for row in x.unbind(0):
        row.mul_(2)
    return x


@program
def chunk_output_write_without_grad(torch, w, v):
    x = v.clone()
    x.chunk(2, 1)[0].mul_(2)
    return x * w


@program
def chunk_output_write_with_grad(torch, w, v):
    x = v.clone()
    x.chunk(2, 1)[0].mul_(w[:, :2])
    return x


@program
def view_of_split_output_write(torch, w, v):
    x = w * 2
    x.split(2, 1)[0][0].mul_(2)
    return x


@program
def split_outputs_read_after_base_write(torch, w, v):
    x = w * 2
    a, b = x.split(2, 1)
    x.mul_(2)
    return a + b


@program
def expanded_write(torch, w, v):
    x = (w[0] * 2).expand(3, 4)
    x.mul_(2)
    return x


@program
def expanded_without_repeats_write(torch, w, v):
    x = w * 2
    x.expand(1, 3, 4)[0].mul_(w)
    return x


@program
def saved_value_overwritten(torch, w, v):
    x = w * 2
    y = x * x
    x[0].add_(1)
    return y


@program
def saved_view_overwritten(torch, w, v):
    x = w * 2
    y = x[0].exp() * x[1]
    x[2] = 0.0
    x[1] = 0.0
    return y


@program
def saved_output_overwritten(torch, w, v):
    y = w.exp()
    y[0].add_(1)
    return y


@program
def saved_index_overwritten(torch, w, v):
    i = torch.tensor([0, 2])
    y = w[i]
    i.zero_()
    return y


@program
def unsaved_value_overwritten(torch, w, v):
    x = w * 2
    y = x + 1
    x[0] = 0.0
    return y, x


@program
def write_of_wrong_shape(torch, w, v):
    x = w * 2
    x[0] = w[:, 0]
    return x


@program
def view_of_incompatible_strides(torch, w, v):
    return (w * 2).t().view(-1)


@program
def grown_by_broadcasting(torch, w, v):
    x = w[0] * 2
    x.add_(w)
    return x


# -- the tensor itself changes ---------------------------------------------------------------------


@program
def transpose_in_place(torch, w, v):
    x = w * 2
    x.t_()
    x[0].mul_(w[:, 0])
    return x


@program
def unsqueeze_view_in_place(torch, w, v):
    x = w * 2
    row = x[1]
    row.unsqueeze_(0)
    row.mul_(3)
    return x, row


@program
def squeeze_in_place(torch, w, v):
    x = (w * 2).unsqueeze(0)
    x.squeeze_(0)
    return x * w


@program
def unsqueeze_leaf_in_place(torch, w, v):
    w.unsqueeze_(0)
    return w * 2


@program
def copy_into_view(torch, w, v):
    x = torch.zeros(3, 4, dtype=torch.float64)
    x[1:].copy_(w[0])
    return x


@program
def requires_grad_after_view(torch, w, v):
    x = v.clone()
    row = x[0]
    x.requires_grad_()
    return row * w[0]


@program
def swap_rows(torch, w, v):
    x = w * 2
    x[[0, 1]] = x[[1, 0]]
    return x


@program
def retained_view_gradient(torch, w, v):
    x = w * 2
    row = x[0]
    row.mul_(w[1])
    (g,) = torch.autograd.grad((x * v).sum(), row, retain_graph=True, allow_unused=True)
    return x * (1.0 if g is None else 2.0)


@program
def second_derivative_through_write(torch, w, v):
    x = w * w
    x[0] = w[1] ** 3
    x.t()[0].mul_(w[:, 1])
    (g,) = torch.autograd.grad((x * x).sum(), w, create_graph=True)
    return g


@program
def second_derivative_through_index(torch, w, v):
    x = w**3
    x[torch.tensor([0, 0, 1])] = w[:, [3, 2, 1, 0]] ** 2 * torch.tensor(
        [[1.0], [1.0], [1.0]], dtype=torch.float64
    )
    y = x[torch.tensor([2, 2, 1])] * x.gather(1, torch.tensor([[0], [0], [3]]))
    (g,) = torch.autograd.grad(y.sum(), w, create_graph=True)
    return g


# -- gradients watched while the memory is written -------------------------------------------------


@program
def hook_on_a_view_written_afterwards(torch, w, v):
    x = w * 2
    row = x[0]
    y = row * 3
    row.register_hook(lambda g: g * 10)
    row.add_(w[1])
    return x, y


@program
def hook_on_a_view_whose_view_is_written(torch, w, v):
    x = w * 2
    rows = x[1:]
    rows.register_hook(lambda g: g * 10)
    rows[0] = w[0]
    return rows


@program
def hook_on_the_base_of_a_written_view(torch, w, v):
    x = w * 2
    x.register_hook(lambda g: g * 10)
    x[0].mul_(w[1])
    return x


@program
def hook_on_a_view_after_the_write(torch, w, v):
    x = w * 2
    row = x[0]
    row.mul_(w[1])
    row.register_hook(lambda g: g * 10)
    return row, x


@program
def infinite_gradient_of_an_overwritten_value(torch, w, v):
    x = w * 2
    x[0] = 0.0
    return x.sqrt()
