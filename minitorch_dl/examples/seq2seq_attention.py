"""An encoder-decoder with attention that rewrites dates: "Mar 12, 1998" into 1998-03-12.

Shows: a bidirectional GRU encoder, additive attention (Bahdanau et al., 2015) with a mask,
teacher forcing, greedy decoding.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from datetime import date

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.cli.parser import integer, positive
from minitorch_dl.nn.utils.rnn import pad_sequence

FORMATS = ("%d %B %Y", "%b %d, %Y", "%A, %d %B %Y", "%d/%m/%Y", "%B %d %Y")
CHARACTERS = "\0" + " ,-/0123456789" + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
PAD, START = 0, CHARACTERS.index(" ")
ANSWER = len("1998-03-12")


def encode(text: str) -> torch.Tensor:
    return torch.tensor([CHARACTERS.index(c) for c in text])


def some_dates(count: int, rng: random.Random) -> tuple[torch.Tensor, torch.Tensor]:
    """Questions (count, T), padded with 0, and answers (count, 10)."""
    days = [date.fromordinal(rng.randrange(693_596, 766_645)) for _ in range(count)]  # 1900-2099
    questions = [encode(day.strftime(rng.choice(FORMATS))) for day in days]
    return pad_sequence(questions, batch_first=True), torch.stack(
        [encode(day.isoformat()) for day in days]
    )


class Attention(nn.Module):
    """``softmax(v . tanh(W q + U k))`` over the encoder's steps."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.W, self.U = nn.Linear(hidden, hidden), nn.Linear(2 * hidden, hidden, bias=False)
        self.v = nn.Linear(hidden, 1, bias=False)

    def forward(
        self, query: torch.Tensor, keys: torch.Tensor, padding: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        scores = self.v(torch.tanh(self.W(query).unsqueeze(1) + self.U(keys))).squeeze(-1)
        weights = torch.softmax(scores.masked_fill(padding, float("-inf")), dim=-1)  # (N, T)
        context = torch.bmm(weights.unsqueeze(1), keys).squeeze(1)  # (N, 2 hidden)
        return context, weights


class Translator(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        n = len(CHARACTERS)
        self.source = nn.Embedding(n, hidden, padding_idx=PAD)
        self.target = nn.Embedding(n, hidden)
        self.encoder = nn.GRU(hidden, hidden, batch_first=True, bidirectional=True)
        self.start = nn.Linear(2 * hidden, hidden)
        self.attention = Attention(hidden)
        self.decoder = nn.GRUCell(3 * hidden, hidden)
        self.head = nn.Linear(3 * hidden, n)

    def forward(
        self, questions: torch.Tensor, answers: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores (N, 10, characters) and attention (N, 10, T).

        With answers, each step sees the true character before it, else its own guess.
        """
        padding = questions == PAD
        keys, last = self.encoder(self.source(questions))
        h = torch.tanh(self.start(torch.cat([last[0], last[1]], dim=1)))
        previous = torch.full((len(questions),), START)
        scores, weights = [], []
        for step in range(ANSWER):
            context, w = self.attention(h, keys, padding)
            h = self.decoder(torch.cat([self.target(previous), context], dim=1), h)
            scores.append(self.head(torch.cat([h, context], dim=1)))
            weights.append(w)
            previous = scores[-1].argmax(dim=1) if answers is None else answers[:, step]
        return torch.stack(scores, dim=1), torch.stack(weights, dim=1)


def decode(codes: torch.Tensor) -> str:
    return "".join(CHARACTERS[i] for i in codes.tolist() if i != PAD)


def main(argv: Sequence[str] | None = None) -> tuple[float, float]:
    """Returns the shares of right characters and of right dates among unseen ones."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--steps", type=integer(1), default=150, help="training steps")
    parser.add_argument(
        "--batch-size", type=integer(1), default=64, help="samples per training step"
    )
    parser.add_argument("--hidden", type=integer(1), default=64, help="size of the hidden layers")
    parser.add_argument("--lr", type=positive, default=5e-3, help="learning rate")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers")
    args = parser.parse_args(argv)

    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    questions, answers = some_dates(200, rng)
    model = Translator(args.hidden)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

    @torch.no_grad()
    def test() -> tuple[float, float]:
        model.eval()
        right = model(questions)[0].argmax(dim=-1) == answers  # (N, 10)
        return right.float().mean().item(), right.all(dim=1).float().mean().item()

    for step in range(1, args.steps + 1):
        model.train()
        x, y = some_dates(args.batch_size, rng)
        scores, _ = model(x, y)
        loss = criterion(scores.flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0:
            characters, dates = test()
            print(
                f"step {step:4d}  loss {loss.item():.4f}  "
                f"characters {characters:.1%}  dates {dates:.1%}"
            )
    with torch.no_grad():
        scores, weights = model(questions[:5])
    for question, answer, w in zip(questions, scores.argmax(dim=-1), weights):
        looked_at = "".join(decode(question)[i] for i in w.argmax(dim=-1).tolist())
        print(f"{decode(question):28} -> {decode(answer)}, looking at {looked_at}")
    return test()


if __name__ == "__main__":
    main()
