"""A character language model of Python's documentation: an LSTM learns to spell, then writes.

Shows: truncated backpropagation through time with a detached state, perplexity, sampling with a
temperature.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pydoc_data.topics import topics

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.cli.parser import integer, positive, probability

State = tuple[torch.Tensor, torch.Tensor]


class CharLSTM(nn.Module):
    def __init__(self, vocabulary: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, hidden)
        self.lstm = nn.LSTM(hidden, hidden, layers, dropout=dropout if layers > 1 else 0)
        self.head = nn.Linear(hidden, vocabulary)

    def forward(self, x: torch.Tensor, state: State | None = None) -> tuple[torch.Tensor, State]:
        """(T, N) characters -> (T, N, vocabulary) scores of the next ones, and the LSTM's state."""
        out, state = self.lstm(self.embedding(x), state)
        return self.head(out), state


@torch.no_grad()
def write(model: CharLSTM, start: torch.Tensor, length: int, temperature: float) -> list[int]:
    """Continue ``start`` (T, 1) by ``length`` characters."""
    model.eval()
    scores, state = model(start)
    out = start.flatten().tolist()
    for _ in range(length):
        p = torch.softmax(scores[-1] / temperature, dim=-1)
        nxt = torch.multinomial(p, num_samples=1)  # (1, 1)
        out.append(nxt.item())
        scores, state = model(nxt, state)
    return out


def main(argv: Sequence[str] | None = None) -> tuple[float, str]:
    """Returns the perplexity of the last tenth of the text, and a text that the model wrote."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--characters", type=integer(1000), default=60_000, help="length of the text used"
    )
    parser.add_argument(
        "--epochs", type=integer(0), default=3, help="passes over the training data"
    )
    parser.add_argument("--hidden", type=integer(1), default=96, help="size of the hidden layers")
    parser.add_argument("--layers", type=integer(1), default=1, help="number of layers")
    parser.add_argument("--dropout", type=probability, default=0.1, help="probability of dropout")
    parser.add_argument("--steps", type=integer(1), default=32, help="characters per backward pass")
    parser.add_argument(
        "--batch-size", type=integer(1), default=16, help="samples per training step"
    )
    parser.add_argument("--lr", type=positive, default=5e-3, help="learning rate")
    parser.add_argument("--write", type=integer(0), default=200, help="characters to write")
    parser.add_argument(
        "--temperature",
        type=positive,
        default=0.7,
        help="below 1 the text is surer, above 1 wilder",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers")
    args = parser.parse_args(argv)

    torch.manual_seed(args.seed)
    text = "\n".join(topics[name] for name in sorted(topics))[: args.characters]
    alphabet = sorted(set(text))
    code = {c: i for i, c in enumerate(alphabet)}
    data = torch.tensor([code[c] for c in text])
    cut = len(data) * 9 // 10
    if cut < 2 * args.batch_size:
        parser.error(f"--batch-size {args.batch_size} is too much for {cut} characters")

    def columns(part: torch.Tensor, n: int) -> torch.Tensor:
        return part[: len(part) // n * n].view(n, -1).t().contiguous()  # (length, n)

    train, valid = columns(data[:cut], args.batch_size), columns(data[cut:], 4)
    model = CharLSTM(len(alphabet), args.hidden, args.layers, args.dropout)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

    @torch.no_grad()
    def perplexity() -> float:
        model.eval()
        scores, _ = model(valid[:-1])
        return criterion(scores.flatten(0, 1), valid[1:].flatten()).exp().item()

    print(f"{len(alphabet)} characters; perplexity before: {perplexity():.2f}")
    for epoch in range(1, args.epochs + 1):
        model.train()
        state: State | None = None
        for i in range(0, len(train) - 1, args.steps):
            x, y = train[i : i + args.steps], train[i + 1 : i + 1 + args.steps]
            if state is not None:
                state = (state[0].detach(), state[1].detach())
            scores, state = model(x[: len(y)], state)
            loss = criterion(scores.flatten(0, 1), y.flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        print(f"epoch {epoch}  loss {loss.item():.4f}  perplexity {perplexity():.2f}")
    start = torch.tensor([code[c] for c in "The "]).unsqueeze(1)
    written = "".join(alphabet[i] for i in write(model, start, args.write, args.temperature))
    print(written)
    return perplexity(), written


if __name__ == "__main__":
    main()
