"""A small GPT that learns Python's documentation character by character and continues a prompt.

Shows: causal self-attention with scaled_dot_product_attention, tied embeddings, AdamW with
parameter groups, a cosine schedule with warm-up, top-k sampling.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pydoc_data.topics import topics

import minitorch_dl as torch
import minitorch_dl.nn.functional as F
from minitorch_dl import nn
from minitorch_dl.cli.parser import integer, positive, probability
from minitorch_dl.optim.lr_scheduler import LambdaLR


@dataclass
class Config:
    vocabulary: int
    context: int
    layers: int
    heads: int
    width: int
    dropout: float


class SelfAttention(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.heads, self.dropout = config.heads, config.dropout
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.proj = nn.Linear(config.width, config.width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        N, T, C = x.shape
        q, k, v = self.qkv(x).view(N, T, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        p = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=p, is_causal=True)
        return self.proj(y.transpose(1, 2).reshape(N, T, C))


class Block(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
        self.attention = SelfAttention(config)
        self.mlp = nn.Sequential(
            nn.Linear(config.width, 4 * config.width),
            nn.GELU(),
            nn.Linear(4 * config.width, config.width),
            nn.Dropout(config.dropout),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Embedding(config.context, config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.ln = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, config.vocabulary, bias=False)
        self.head.weight = self.tokens.weight
        self.apply(self._init)

    @staticmethod
    def _init(module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, T) tokens -> (N, T, vocabulary) scores of the next ones."""
        h = self.tokens(x) + self.positions(torch.arange(x.shape[1], device=x.device))
        for block in self.blocks:
            h = block(h)
        return self.head(self.ln(h))

    @torch.no_grad()
    def generate(
        self, x: torch.Tensor, count: int, temperature: float = 1.0, top_k: int | None = None
    ) -> torch.Tensor:
        """Continue ``x`` (N, T) by ``count`` tokens, each drawn from the ``top_k`` likeliest."""
        self.eval()
        for _ in range(count):
            scores = self(x[:, -self.config.context :])[:, -1] / temperature
            if top_k is not None:
                lowest = scores.topk(min(top_k, scores.shape[-1])).values[:, -1:]
                scores = scores.masked_fill(scores < lowest, float("-inf"))
            nxt = torch.multinomial(F.softmax(scores, dim=-1), num_samples=1)
            x = torch.cat([x, nxt], dim=1)
        return x


def make_optimizer(model: GPT, lr: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW that decays matrices and leaves biases and norms alone."""
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.95))


def main(argv: Sequence[str] | None = None) -> tuple[float, str]:
    """Returns the loss on unseen text, in nats per character, and what the model wrote."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--steps", type=integer(1), default=300, help="training steps")
    parser.add_argument(
        "--batch-size", type=integer(1), default=16, help="samples per training step"
    )
    parser.add_argument("--context", type=integer(1), default=32, help="characters seen at once")
    parser.add_argument("--layers", type=integer(1), default=2, help="number of layers")
    parser.add_argument("--heads", type=integer(1), default=4, help="attention heads per layer")
    parser.add_argument("--width", type=integer(1), default=64, help="size of the hidden vectors")
    parser.add_argument("--dropout", type=probability, default=0.0, help="probability of dropout")
    parser.add_argument("--lr", type=positive, default=5e-3, help="learning rate")
    parser.add_argument("--prompt", default="The ", help="the text to continue")
    parser.add_argument("--write", type=integer(0), default=200, help="characters to write")
    parser.add_argument(
        "--temperature",
        type=positive,
        default=0.8,
        help="below 1 the text is surer, above 1 wilder",
    )
    parser.add_argument(
        "--top-k", type=integer(1), default=10, help="draw from this many likeliest characters"
    )
    parser.add_argument("--seed", type=int, default=1337, help="seed of the random numbers")
    args = parser.parse_args(argv)
    text = "\n".join(topics[name] for name in sorted(topics))
    alphabet = sorted(set(text))
    if args.width % args.heads:
        parser.error(f"--width {args.width} is no multiple of --heads {args.heads}")
    if unknown := set(args.prompt).difference(alphabet):
        parser.error(f"--prompt: the text that it learns from has no {''.join(sorted(unknown))!r}")
    if not args.prompt:
        parser.error("--prompt: expected at least one character")

    torch.manual_seed(args.seed)
    code = {c: i for i, c in enumerate(alphabet)}
    data = torch.tensor([code[c] for c in text])
    cut = len(data) * 9 // 10
    if args.context >= len(data) - cut:
        parser.error(f"--context {args.context}: expected less than {len(data) - cut}")

    def batch(part: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        starts = torch.randint(len(part) - args.context, (count,))
        windows = torch.stack([part[i : i + args.context + 1] for i in starts])
        return windows[:, :-1], windows[:, 1:]

    config = Config(len(alphabet), args.context, args.layers, args.heads, args.width, args.dropout)
    model = GPT(config)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(text):,} characters")
    optimizer = make_optimizer(model, args.lr, weight_decay=0.1)
    warmup = max(1, args.steps // 10)
    scheduler = LambdaLR(
        optimizer,
        lambda step: min((step + 1) / warmup, 0.55 + 0.45 * math.cos(math.pi * step / args.steps)),
    )
    x_test, y_test = batch(data[cut:], 64)

    def loss_of(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        scores = model(x)
        return F.cross_entropy(scores.view(-1, scores.shape[-1]), y.reshape(-1))

    @torch.no_grad()
    def test_loss() -> float:
        model.eval()
        return loss_of(x_test, y_test).item()

    for step in range(1, args.steps + 1):
        model.train()
        loss = loss_of(*batch(data[:cut], args.batch_size))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        if step % 50 == 0 or step == args.steps:
            print(
                f"step {step:4d}  loss {loss.item():.4f}  gradient {norm.item():.2f}  "
                f"test loss {test_loss():.4f}"
            )
    prompt = torch.tensor([[code[c] for c in args.prompt]])
    written = model.generate(prompt, args.write, args.temperature, args.top_k)
    text = "".join(alphabet[i] for i in written[0].tolist())
    print(text)
    return test_loss(), text


if __name__ == "__main__":
    main()
