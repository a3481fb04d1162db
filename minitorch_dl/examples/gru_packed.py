"""A GRU over packed sequences of characters that tells which way a line of text runs.

Shows: sequences of different lengths, a collate function, pack_padded_sequence, a bidirectional
GRU, BCE with logits.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pydoc_data.topics import topics

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.cli.parser import integer, positive
from minitorch_dl.nn.utils.rnn import pack_padded_sequence, pad_sequence
from minitorch_dl.utils.data import DataLoader

CODES = 128  # ASCII; anything else counts as code 0, the padding's


def read_lines(count: int, rng: random.Random) -> list[tuple[str, int]]:
    """``count`` lines of Python's documentation: half as they are (0), half backwards (1)."""
    lines = {line.strip() for text in topics.values() for line in text.splitlines()}
    chosen = rng.sample(sorted(line for line in lines if 8 <= len(line) <= 72), count)
    return [(line[::-1], 1) if i % 2 else (line, 0) for i, line in enumerate(chosen)]


def collate(
    batch: list[tuple[str, int]],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Padded codes (N, T), lengths (N,) and labels (N,)."""
    codes = [torch.tensor([ord(c) if ord(c) < CODES else 0 for c in line]) for line, _ in batch]
    lengths = torch.tensor([len(line) for line in codes])
    labels = torch.tensor([label for _, label in batch], dtype=torch.float)
    return pad_sequence(codes, batch_first=True), lengths, labels


class LineClassifier(nn.Module):
    def __init__(self, embedding: int, hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(CODES, embedding, padding_idx=0)
        self.gru = nn.GRU(embedding, hidden, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * hidden, 1)

    def forward(self, codes: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        packed = pack_padded_sequence(
            self.embedding(codes), lengths, batch_first=True, enforce_sorted=False
        )
        _, h = self.gru(packed)  # (2, N, hidden): each direction after its own last step
        return self.head(torch.cat([h[0], h[1]], dim=1)).squeeze(1)


@torch.no_grad()
def accuracy_of(model: LineClassifier, loader: DataLoader) -> float:
    model.eval()
    right = total = 0
    for codes, lengths, labels in loader:
        right += ((model(codes, lengths) > 0) == (labels > 0)).sum().item()
        total += len(labels)
    return right / total


def main(argv: Sequence[str] | None = None) -> float:
    """Returns the accuracy on lines not seen in training."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--lines", type=integer(100, 6000), default=2000, help="lines of text to learn from"
    )
    parser.add_argument(
        "--epochs", type=integer(0), default=4, help="passes over the training data"
    )
    parser.add_argument("--hidden", type=integer(1), default=32, help="size of the hidden layers")
    parser.add_argument("--lr", type=positive, default=5e-3, help="learning rate")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers")
    args = parser.parse_args(argv)

    torch.manual_seed(args.seed)
    samples = read_lines(args.lines, random.Random(args.seed))
    held_out = len(samples) // 5
    train_loader = DataLoader(samples[held_out:], 32, shuffle=True, collate_fn=collate)
    test_loader = DataLoader(samples[:held_out], 256, collate_fn=collate)
    model = LineClassifier(16, args.hidden)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr)
    accuracy = 0.0
    for epoch in range(1, args.epochs + 1):
        model.train()
        total = 0.0
        for codes, lengths, labels in train_loader:
            loss = criterion(model(codes, lengths), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        accuracy = accuracy_of(model, test_loader)
        print(f"epoch {epoch}  loss {total / len(train_loader):.4f}  accuracy {accuracy:.2%}")
    with torch.no_grad():
        for line, _ in samples[:6]:
            p = torch.sigmoid(model(*collate([(line, 0)])[:2])).item()
            print(f"  P(backwards) = {p:.3f}  {line}")
    return accuracy


if __name__ == "__main__":
    main()
