"""Files for TensorBoard's projector: points, their labels and pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["add_points"]


def add_points(
    directory: str,
    folder: str,
    name: str,
    points: np.ndarray,
    metadata: Sequence[Any] | None,
    header: Sequence[str] | None,
    pictures: np.ndarray | None,
) -> None:
    """Write ``points``, ``(N, D)``, to ``folder`` in ``directory``, and tell the projector of it.

    Args:
        name: what the projector calls them.
        metadata, header: a label per point; with ``header`` a list of them, one per column.
        pictures: a picture per point, ``(N, C, H, W)``, of bytes or of floats in [0, 1].
    """
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    if points.ndim != 2:
        raise AssertionError(
            "mat should be 2D, where mat.size(0) is the number of data points, "
            f"got shape {points.shape}"
        )
    for what, given in (("metadata", metadata), ("label_img", pictures)):
        if given is not None and len(given) != len(points):
            raise AssertionError(
                f"{what}: expected one per point, got {len(given)} of {len(points)}"
            )
    place = Path(directory, folder)
    place.mkdir(parents=True, exist_ok=True)
    config = ProjectorConfig()
    embedding = config.embeddings.add(tensor_name=name, tensor_path=f"{folder}/tensors.tsv")
    _write_table(place / "tensors.tsv", points.tolist())
    if metadata is not None:
        rows = [[label] for label in metadata] if header is None else [header, *metadata]
        _write_table(place / "metadata.tsv", rows)
        embedding.metadata_path = f"{folder}/metadata.tsv"
    if pictures is not None:
        _write_sprite(place / "sprite.png", pictures)
        embedding.sprite.image_path = f"{folder}/sprite.png"
        embedding.sprite.single_image_dim.extend([pictures.shape[3], pictures.shape[2]])
    with Path(directory, "projector_config.pbtxt").open("a", encoding="utf-8") as file:
        file.write(text_format.MessageToString(config))


def _write_table(path: Path, rows: Sequence[Sequence[Any]]) -> None:
    lines = ["\t".join(str(value).replace("\n", " ") for value in row) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _write_sprite(path: Path, pictures: np.ndarray) -> None:
    """All pictures in one square, row by row."""
    from PIL import Image

    n, _, height, width = pictures.shape
    if pictures.dtype != np.uint8:
        pictures = (pictures * 255).clip(0, 255).astype(np.uint8)
    side = math.ceil(math.sqrt(n))
    tiles = np.zeros((side * side, height, width, 3), np.uint8)
    tiles[:n] = pictures.transpose(0, 2, 3, 1)  # one channel serves as three
    rows = tiles.reshape(side, side, height, width, 3).transpose(0, 2, 1, 3, 4)
    Image.fromarray(rows.reshape(side * height, side * width, 3)).save(path)
