"""Which modules are at work."""

from __future__ import annotations

import importlib


def test_modules_are_known_forward_and_backward(torch) -> None:
    tracking = importlib.import_module(f"{torch.__name__}.utils.module_tracker")
    tracker, seen = tracking.ModuleTracker(), []

    class Square(torch.nn.Module):
        def forward(self, x):
            y = x * x
            seen.append((sorted(tracker.parents), tracker.is_bw))
            y.register_hook(lambda _: seen.append((sorted(tracker.parents), tracker.is_bw)))
            return y * 2

    model = torch.nn.Sequential(Square(), Square())
    with tracker:
        model(torch.ones(2, requires_grad=True)).sum().backward()
        assert tracker.parents == {"Global"}
        assert not tracker.is_bw
    names = [["Global", "Sequential", f"Sequential.{i}"] for i in (0, 1, 1, 0)]
    assert seen == list(zip(names, (False, False, True, True)))
