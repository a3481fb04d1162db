"""Methods of layers that subclasses in public repositories call or replace."""

from __future__ import annotations

import pytest

import minitorch_dl as torch
from minitorch_dl import nn

F = nn.functional


@pytest.mark.parametrize(
    ("conv", "shape"),
    [(nn.Conv1d, (2, 3, 9)), (nn.Conv2d, (2, 3, 9, 8)), (nn.Conv3d, (2, 3, 5, 6, 7))],
)
@pytest.mark.parametrize("padding_mode", ["zeros", "reflect"])
def test_a_convolution_with_a_weight_of_its_own(conv, shape, padding_mode: str) -> None:
    class Standardized(conv):
        def forward(self, x):
            axes = tuple(range(1, self.weight.dim()))
            weight = self.weight - self.weight.mean(axes, keepdim=True)
            return self._conv_forward(x, weight, None)

    class Doubled(conv):
        def _conv_forward(self, input, weight, bias):
            return super()._conv_forward(input, 2 * weight, bias)

    x = torch.randn(*shape)
    for cls, change in (
        (Standardized, lambda w: w - w.flatten(1).mean(1).reshape(-1, *[1] * (w.dim() - 1))),
        (Doubled, lambda w: 2 * w),
    ):
        layer = cls(3, 4, 3, padding=1, padding_mode=padding_mode, bias=cls is Doubled)
        plain = conv(3, 4, 3, padding=1, padding_mode=padding_mode, bias=cls is Doubled)
        plain.load_state_dict(layer.state_dict())
        with torch.no_grad():
            plain.weight.copy_(change(layer.weight))
        torch.testing.assert_close(layer(x), plain(x))


def test_the_padding_mode_of_a_made_convolution_can_be_changed() -> None:
    layer = nn.Conv2d(2, 3, (3, 5), padding=(1, 2))
    assert layer._reversed_padding_repeated_twice == [2, 2, 1, 1]
    layer.padding_mode = "circular"
    x = torch.randn(1, 2, 6, 6)
    expected = F.conv2d(F.pad(x, [2, 2, 1, 1], mode="circular"), layer.weight, layer.bias)
    torch.testing.assert_close(layer(x), expected)


def test_the_output_padding_for_a_size() -> None:
    layer = nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1)
    x = torch.randn(1, 2, 5, 5)
    given = (layer.stride, layer.padding, layer.kernel_size, 2, layer.dilation)
    assert layer._output_padding(x, (10, 9), *given) == (1, 0)
    assert layer._output_padding(x, None, *given) == (0, 0)


@pytest.mark.parametrize("norm_first", [False, True])
def test_blocks_of_transformer_layers_can_be_replaced(norm_first: bool) -> None:
    calls = []

    class Encoder(nn.TransformerEncoderLayer):
        def _sa_block(self, x, attn_mask, key_padding_mask, is_causal=False):
            y, weights = self.self_attn(x, x, x, attn_mask=attn_mask, need_weights=True)
            calls.append(weights.shape)
            return self.dropout1(y)

        def _ff_block(self, x):
            calls.append("ff")
            return super()._ff_block(x)

    class Decoder(nn.TransformerDecoderLayer):
        def _mha_block(self, x, mem, attn_mask, key_padding_mask, is_causal=False):
            calls.append(mem.shape)
            return super()._mha_block(x, mem, attn_mask, key_padding_mask, is_causal)

    options = {"dim_feedforward": 16, "dropout": 0.0, "norm_first": norm_first}
    x, memory = torch.randn(5, 2, 8), torch.randn(4, 2, 8)
    for mine, plain, inputs in (
        (Encoder, nn.TransformerEncoderLayer, (x,)),
        (Decoder, nn.TransformerDecoderLayer, (x, memory)),
    ):
        layer, other = mine(8, 2, **options), plain(8, 2, **options)
        other.load_state_dict(layer.state_dict())
        torch.testing.assert_close(layer(*inputs), other(*inputs))
    assert calls == [(2, 5, 5), "ff", (4, 2, 8)]


def test_a_module_is_called_by_its_other_names() -> None:
    layer = nn.Linear(2, 3)
    seen = []
    layer.register_forward_hook(lambda *args: seen.append(1))
    x = torch.ones(1, 2)
    assert torch.equal(layer._call_impl(x), layer(x))
    assert len(seen) == 2
    assert layer.share_memory() is layer


def test_an_embedding_is_drawn_anew_but_for_its_padding() -> None:
    layer = nn.Embedding(4, 3, padding_idx=1)
    nn.init.normal_(layer.weight)
    assert layer.weight[1].abs().sum() > 0
    layer._fill_padding_idx_with_zero()
    assert layer.weight[1].tolist() == [0, 0, 0]
    assert layer.weight[2].abs().sum() > 0
