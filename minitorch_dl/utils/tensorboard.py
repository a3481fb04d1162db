"""Writing what a training run does to files that TensorBoard shows: ``SummaryWriter``.

It needs the package tensorboard, without which the name can't be imported.
"""

from __future__ import annotations

import io
import os
import socket
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..tensor import Tensor

__all__ = ["SummaryWriter"]  # noqa: F822  (found by __getattr__)


def _protos() -> Any:
    """The package's messages."""
    try:
        from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2
    except ImportError as error:
        raise ImportError(
            "torch.utils.tensorboard needs the package tensorboard, which is not installed: "
            "pip install tensorboard"
        ) from error
    return event_pb2, summary_pb2, tensor_pb2


def __getattr__(name: str) -> Any:
    if name != "SummaryWriter":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    _protos()
    return _SummaryWriter


class _SummaryWriter:
    """Writes events to a file in ``log_dir``.

    Args:
        log_dir: default ``runs/<date>_<host><comment>``.
        comment: the end of the default directory's name.
        purge_step: events from this step on, of an earlier run in the directory, are not shown.
        max_queue, flush_secs: how many events wait, and how long, before they are written.
        filename_suffix: the end of the file's name.

    ``writer.add_scalar("loss", loss, step)``; then ``tensorboard --logdir runs`` shows it.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:
        if not log_dir:
            now = time.strftime("%b%d_%H-%M-%S")
            log_dir = os.path.join("runs", f"{now}_{socket.gethostname()}{comment}")
        self.log_dir = os.fspath(log_dir)
        self._options = max_queue, flush_secs, filename_suffix
        self._events, self._summaries, self._tensors = _protos()
        self._files: dict[str, Any] = {}
        if purge_step is not None:
            start = self._events.SessionLog(status=self._events.SessionLog.START)
            event = self._events.Event(
                wall_time=time.time(), step=purge_step, file_version="brain.Event:2"
            )
            self._file().add_event(event)
            event = self._events.Event(wall_time=time.time(), step=purge_step, session_log=start)
            self._file().add_event(event)

    def _file(self, directory: str | None = None) -> Any:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        path = self.log_dir if directory is None else os.path.join(self.log_dir, directory)
        if path not in self._files:
            self._files[path] = EventFileWriter(path, *self._options)
        return self._files[path]

    def _add(
        self,
        tag: str,
        step: int | None,
        walltime: float | None,
        directory: Any = None,
        **value: Any,
    ) -> None:
        summary = self._summaries.Summary(value=[self._summaries.Summary.Value(tag=tag, **value)])
        event = self._events.Event(
            wall_time=time.time() if walltime is None else walltime,
            step=None if step is None else int(step),
            summary=summary,
        )
        self._file(directory).add_event(event)

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """A number at a step."""
        self._add(tag, global_step, walltime, simple_value=_number(scalar_value))

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Several numbers for one chart, each in a directory of its own."""
        for tag, value in tag_scalar_dict.items():
            directory = f"{main_tag.replace('/', '_')}_{tag}"
            self._add(main_tag, global_step, walltime, directory, simple_value=_number(value))

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: int | None = None,
        bins: Any = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """How values are distributed; ``bins`` as of ``numpy.histogram``, or ``"tensorflow"`` for
        such that grow by a tenth from 1e-12 on."""
        flat = _array(values).astype(np.float64).reshape(-1)
        if not flat.size:
            raise ValueError("The input has no element.")
        counts, edges = np.histogram(flat, _TENSORFLOW_BINS if bins == "tensorflow" else bins)
        if max_bins is not None and len(counts) > max_bins:
            counts, edges = np.histogram(flat, max_bins)
        held = np.flatnonzero(counts)
        first, last = (held[0], held[-1] + 1) if held.size else (0, len(counts))
        histogram = self._summaries.HistogramProto(
            min=flat.min(), max=flat.max(), num=flat.size, sum=flat.sum(),
            sum_squares=float(flat @ flat),
            bucket_limit=edges[first : last + 1].tolist(),
            bucket=[0, *counts[first:last].tolist()],
        )  # fmt: skip
        self._add(tag, global_step, walltime, histo=histogram)

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """A picture, of bytes or of floats in [0, 1]; ``dataformats``: the order of the dims."""
        try:
            from PIL import Image
        except ImportError as error:
            raise ImportError(
                "SummaryWriter.add_image needs Pillow, which is not installed: pip install pillow"
            ) from error

        array = _array(img_tensor)
        if array.dtype != np.uint8:
            array = (array.astype(np.float32) * 255).clip(0, 255).astype(np.uint8)
        given = dataformats.upper()
        if len(given) != array.ndim or set(given) - set("NCHW"):
            raise ValueError(
                f"add_image: expected an image of dims {dataformats}, got shape {array.shape}"
            )
        if "N" in given:  # side by side
            array = np.concatenate(np.moveaxis(array, given.index("N"), 0), given.index("W") - 1)
            given = given.replace("N", "")
        if "C" in given:
            array = array.transpose([given.index(d) for d in "HWC"])
            array = np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array
        else:
            array = np.repeat(array.transpose([given.index(d) for d in "HW"])[..., None], 3, axis=2)
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(array)).save(file, format="PNG")
        height, width, channels = array.shape
        image = self._summaries.Summary.Image(
            height=height, width=width, colorspace=channels, encoded_image_string=file.getvalue()
        )
        self._add(tag, global_step, walltime, image=image)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Several pictures, side by side."""
        self.add_image(tag, img_tensor, global_step, walltime, dataformats)

    def add_figure(
        self,
        tag: str,
        figure: Any,
        global_step: int | None = None,
        close: bool = True,
        walltime: float | None = None,
    ) -> None:
        """A figure of matplotlib, or a list of them, side by side."""
        from matplotlib import pyplot

        pictures = []
        for one in figure if isinstance(figure, (list, tuple)) else [figure]:
            one.canvas.draw()
            pictures.append(np.asarray(one.canvas.buffer_rgba())[..., :3])
            if close:
                pyplot.close(one)
        self.add_image(tag, np.concatenate(pictures, 1), global_step, walltime, "HWC")

    def add_text(
        self,
        tag: str,
        text_string: str,
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """A text, in Markdown."""
        plugin = self._summaries.SummaryMetadata.PluginData(plugin_name="text")
        tensor = self._tensors.TensorProto(
            dtype="DT_STRING",
            string_val=[text_string.encode()],
            tensor_shape={"dim": [{"size": 1}]},
        )
        metadata = self._summaries.SummaryMetadata(plugin_data=plugin)
        name = f"{tag}/text_summary"
        self._add(name, global_step, walltime, metadata=metadata, tensor=tensor)

    def add_hparams(
        self,
        hparam_dict: Mapping[str, Any],
        metric_dict: Mapping[str, Any],
        hparam_domain_discrete: Mapping[str, Any] | None = None,
        run_name: str | None = None,
        global_step: int | None = None,
    ) -> None:
        """The settings of a run and what it reached, in a directory ``run_name`` of their own."""
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb

        directory = run_name or str(time.time())
        summary = hparams_pb(dict(hparam_dict))
        event = self._events.Event(wall_time=time.time(), summary=summary)
        self._file(directory).add_event(event)
        for tag, value in metric_dict.items():
            self._add(tag, global_step, None, directory, simple_value=_number(value))

    def add_graph(self, *args: Any, **kwargs: Any) -> None:
        """Refused: models are not traced for TensorBoard."""
        raise NotImplementedError(
            "add_graph: graphs are not written for TensorBoard; draw one with "
            "torch.autograd.show_graph(output)"
        )

    def get_logdir(self) -> str:
        """The directory."""
        return self.log_dir

    def flush(self) -> None:
        """Write what waits."""
        for file in self._files.values():
            file.flush()

    def close(self) -> None:
        """Write what waits, and close the files; the next event opens others."""
        for file in self._files.values():
            file.close()
        self._files = {}

    def __enter__(self) -> _SummaryWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


_SummaryWriter.__name__ = _SummaryWriter.__qualname__ = "SummaryWriter"

_growing = 1e-12 * 1.1 ** np.arange(774)  # up to 1e20
_TENSORFLOW_BINS = np.concatenate([-_growing[::-1], [0.0], _growing])


def _array(values: Any) -> np.ndarray:
    return values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)


def _number(value: Any) -> float:
    array = _array(value)
    if array.size != 1:
        raise AssertionError(f"scalar should be 0D, got an array of shape {array.shape}")
    return float(array.reshape(()))
