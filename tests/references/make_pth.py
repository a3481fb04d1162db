"""Write files of PyTorch's own ``torch.save``: state_dict.pth, values.pth, model.pth, and values in
the format of before 1.6, legacy.pth.

Run from the repository's root with PyTorch installed: ``python -m tests.references.make_pth``.
"""

from pathlib import Path

import torch

PATH = Path(__file__).with_name("pth")


def main() -> None:
    PATH.mkdir(exist_ok=True)
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 2), torch.nn.BatchNorm2d(3))
    torch.save(net.state_dict(), PATH / "state_dict.pth")
    base = torch.arange(12.0).reshape(3, 4)
    values = {
        "base": base,
        "column": base[:, 1],
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "leaf": torch.ones(2, requires_grad=True),
        "dtypes": [torch.float16, torch.int64],
        "tensors": [
            torch.tensor([0, 1, 100]).to(d)
            for d in (torch.float64, torch.float16, torch.bfloat16, torch.bool, torch.uint8,
                      torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16)
        ],
        "device": torch.device("cpu"),
        "size": torch.Size([1, 2]),
        "bytes": b"\x00\xff",
        "set": {1},
        "empty": torch.empty(0, 3),
        "scalar": torch.tensor(2.5),
    }  # fmt: skip
    torch.save(values, PATH / "values.pth")
    torch.save(values, PATH / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(torch.nn.Linear(2, 1), PATH / "model.pth")


if __name__ == "__main__":
    main()
