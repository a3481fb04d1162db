"""What modules and their functions warn of: the same here and in PyTorch."""

from __future__ import annotations

from typing import Any

import pytest

from tests.refusals import evaluated

TABLE = [
    ("nn.Linear(2, 2).to(torch.complex64)", "Complex modules are a new feature"),
    ("nn.InstanceNorm1d(3)(Z(2, 4, 5))", "which is not used because affine=False"),
    ("nn.InstanceNorm1d(3)(Z(2, 4, 5))", "size at dim=1 does not match num_features"),
    ("F.affine_grid(Z(1, 2, 3), (1, 1, 2, 1), align_corners=True)", "documentation of affine_grid"),
    ("nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2), 1)", "batch_first was not True"),
    ("nn.Transformer(4, 2, 1, 1, norm_first=True)", "encoder_layer.norm_first was True"),
    ("torch.tensor(Z(2))", "rather than torch.tensor"),
    ("Z(2).new_tensor(Z(2))", "rather than tensor.new_tensor"),
    ("torch.utils.data.DataLoader([1], num_workers=1000)", "excessive worker creation"),
]


@pytest.mark.parametrize(("code", "words"), TABLE, ids=[row[0] for row in TABLE])
def test_the_call_warns(torch: Any, code: str, words: str) -> None:
    with pytest.warns(UserWarning, match=words):
        evaluated(code, torch)
