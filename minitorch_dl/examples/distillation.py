"""A small network taught by a large one's answers beats one that sees only labels.

Shows: a frozen teacher, softened probabilities with a temperature, KLDivLoss, a fair comparison
with one seed.

Source: Hinton, Vinyals and Dean, 2015.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import minitorch_dl as torch
import minitorch_dl.nn.functional as F
from minitorch_dl import nn
from minitorch_dl.cli.parser import integer, positive
from minitorch_dl.utils.data import DataLoader, Subset
from minitorch_dl.vision import Digits


def make_teacher() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(512, 10),
    )


def make_student() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def fit(
    model: nn.Module,
    loader: DataLoader,
    epochs: int,
    lr: float,
    teacher: nn.Module | None = None,
    temperature: float = 4.0,
    share: float = 0.7,
) -> None:
    """Train on the labels; with a teacher, by ``share`` of the loss on its probabilities."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    soften = nn.KLDivLoss(reduction="batchmean")
    for _ in range(epochs):
        model.train()
        for images, targets in loader:
            scores = model(images)
            loss = F.cross_entropy(scores, targets)
            if teacher is not None:
                with torch.no_grad():
                    wanted = F.softmax(teacher(images) / temperature, dim=1)
                soft = soften(F.log_softmax(scores / temperature, dim=1), wanted)
                loss = share * temperature**2 * soft + (1 - share) * loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def accuracy_of(model: nn.Module) -> float:
    model.eval()
    images, targets = next(iter(DataLoader(Digits(train=False), batch_size=360)))
    return (model(images).argmax(dim=1) == targets).float().mean().item()


def main(argv: Sequence[str] | None = None) -> tuple[float, float, float]:
    """Returns the accuracies of the teacher, of the student alone and of the taught student."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--teacher-epochs",
        type=integer(0),
        default=6,
        help="passes over the data for the large network",
    )
    parser.add_argument(
        "--epochs", type=integer(0), default=40, help="passes over the training data"
    )
    parser.add_argument(
        "--images", type=integer(1, 1437), default=300, help="digits that the students see"
    )
    parser.add_argument(
        "--temperature", type=positive, default=4.0, help="softens the large network's answers"
    )
    parser.add_argument("--lr", type=positive, default=3e-3, help="learning rate")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers")
    args = parser.parse_args(argv)

    torch.manual_seed(args.seed)
    teacher = make_teacher()
    fit(teacher, DataLoader(Digits(), 32, shuffle=True), args.teacher_epochs, args.lr)
    teacher.eval().requires_grad_(False)
    print(f"teacher          {parameters(teacher):6,} parameters  {accuracy_of(teacher):.2%}")

    few = Subset(Digits(), range(args.images))
    results = []
    for name, guide in (("student alone", None), ("student, taught", teacher)):
        torch.manual_seed(args.seed + 1)
        student = make_student()
        fit(
            student,
            DataLoader(few, 16, shuffle=True),
            args.epochs,
            args.lr,
            guide,
            args.temperature,
        )
        results.append(accuracy_of(student))
        print(f"{name:16} {parameters(student):6,} parameters  {results[-1]:.2%}")
    return accuracy_of(teacher), results[0], results[1]


if __name__ == "__main__":
    main()
