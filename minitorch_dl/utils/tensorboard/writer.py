"""``SummaryWriter``: numbers, pictures, texts, graphs and more in files for TensorBoard."""

from __future__ import annotations

import io
import os
import socket
import time
import urllib.parse
import wave
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2

from ...tensor import Tensor

__all__ = ["SummaryWriter"]


class SummaryWriter:
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
        self._files: dict[str, Any] = {}
        if purge_step is not None:
            start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
            event = event_pb2.Event(
                wall_time=time.time(), step=purge_step, file_version="brain.Event:2"
            )
            self._file().add_event(event)
            event = event_pb2.Event(wall_time=time.time(), step=purge_step, session_log=start)
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
        summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, **value)])
        event = event_pb2.Event(
            wall_time=time.time() if walltime is None else walltime,
            step=None if step is None else int(step),
            summary=summary,
        )
        self._file(directory).add_event(event)

    def _add_for(
        self,
        plugin: str,
        tag: str,
        step: int | None,
        walltime: float | None,
        tensor: Any,
        content: bytes = b"",
    ) -> None:
        """Add a tensor that a plugin of TensorBoard shows."""
        data = summary_pb2.SummaryMetadata.PluginData(plugin_name=plugin, content=content)
        metadata = summary_pb2.SummaryMetadata(plugin_data=data)
        self._add(tag, step, walltime, metadata=metadata, tensor=tensor)

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
        histogram = summary_pb2.HistogramProto(
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
        image = summary_pb2.Summary.Image(
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
        tensor = tensor_pb2.TensorProto(
            dtype="DT_STRING",
            string_val=[text_string.encode()],
            tensor_shape={"dim": [{"size": 1}]},
        )
        self._add_for("text", f"{tag}/text_summary", global_step, walltime, tensor)

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
        event = event_pb2.Event(wall_time=time.time(), summary=summary)
        self._file(directory).add_event(event)
        for tag, value in metric_dict.items():
            self._add(tag, global_step, None, directory, simple_value=_number(value))

    def add_graph(
        self,
        model: Any,
        input_to_model: Any = None,
        verbose: bool = False,
        use_strict_trace: bool = True,
    ) -> None:
        """The ops that ``model`` runs on ``input_to_model``, a tensor or a tuple of them."""
        from .graph import graph_of

        graph = graph_of(model, () if input_to_model is None else input_to_model)
        if verbose:
            print(graph)
        event = event_pb2.Event(wall_time=time.time(), graph_def=graph.SerializeToString())
        self._file().add_event(event)

    def add_pr_curve(
        self,
        tag: str,
        labels: Any,
        predictions: Any,
        global_step: int | None = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Precision and recall at thresholds evenly spaced in [0, 1].

        Args:
            labels: 0 or 1, or False or True.
            predictions: the probabilities that they are 1.
            weights: how much each counts; default 1.
        """
        positive = _array(labels).reshape(-1).astype(np.float64)
        found = _array(predictions).reshape(-1)
        counts = np.ones(found.shape) if weights is None else _array(weights).reshape(-1)
        bins = np.floor(found * (num_thresholds - 1)).astype(np.int64)

        def above(weights: Any) -> Any:  # of each threshold
            return np.bincount(bins, weights, num_thresholds)[::-1].cumsum()[::-1]

        tp, fp = above(positive * counts), above((1 - positive) * counts)
        self.add_pr_curve_raw(
            tag, tp, fp, fp[0] - fp, tp[0] - tp,
            tp / np.maximum(_TINY, tp + fp), tp / np.maximum(_TINY, tp[0]),
            global_step, num_thresholds, walltime=walltime,
        )  # fmt: skip

    def add_pr_curve_raw(
        self,
        tag: str,
        true_positive_counts: Any,
        false_positive_counts: Any,
        true_negative_counts: Any,
        false_negative_counts: Any,
        precision: Any,
        recall: Any,
        global_step: int | None = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Precision and recall, given per threshold."""
        from tensorboard.plugins.pr_curve.plugin_data_pb2 import PrCurvePluginData

        rows = [
            true_positive_counts, false_positive_counts, true_negative_counts,
            false_negative_counts, precision, recall,
        ]  # fmt: skip
        values = np.stack([_array(row) for row in rows]).astype(np.float32)
        tensor = tensor_pb2.TensorProto(
            dtype="DT_FLOAT",
            float_val=values.reshape(-1).tolist(),
            tensor_shape={"dim": [{"size": n} for n in values.shape]},
        )
        content = PrCurvePluginData(version=0, num_thresholds=num_thresholds).SerializeToString()
        self._add_for("pr_curves", tag, global_step, walltime, tensor, content)

    def add_custom_scalars(self, layout: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
        """Which scalars to draw together: ``{category: {chart: ["Multiline", [tag, ...]]}}``, or
        ``["Margin", [middle, lower, upper]]``."""
        from tensorboard.plugins.custom_scalar import layout_pb2

        def chart(title: str, kind: str, tags: Sequence[str]) -> Any:
            if kind == "Margin":
                series = layout_pb2.MarginChartContent.Series(
                    value=tags[0], lower=tags[1], upper=tags[2]
                )
                margin = layout_pb2.MarginChartContent(series=[series])
                return layout_pb2.Chart(title=title, margin=margin)
            lines = layout_pb2.MultilineChartContent(tag=tags)
            return layout_pb2.Chart(title=title, multiline=lines)

        categories = [
            layout_pb2.Category(title=title, chart=[chart(name, *c) for name, c in charts.items()])
            for title, charts in layout.items()
        ]
        text = layout_pb2.Layout(category=categories).SerializeToString()
        tensor = tensor_pb2.TensorProto(dtype="DT_STRING", string_val=[text], tensor_shape={})
        self._add_for("custom_scalars", "custom_scalars__config__", None, None, tensor)

    def add_audio(
        self,
        tag: str,
        snd_tensor: Any,
        global_step: int | None = None,
        sample_rate: int = 44100,
        walltime: float | None = None,
    ) -> None:
        """A sound, ``(1, L)``, of values in [-1, 1]."""
        samples = _array(snd_tensor).reshape(-1).clip(-1, 1)
        file = io.BytesIO()
        with wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(sample_rate)
            sound.writeframes((samples * np.iinfo(np.int16).max).astype("<i2").tobytes())
        audio = summary_pb2.Summary.Audio(
            sample_rate=sample_rate, num_channels=1, length_frames=samples.size,
            encoded_audio_string=file.getvalue(), content_type="audio/wav",
        )  # fmt: skip
        self._add(tag, global_step, walltime, audio=audio)

    def add_embedding(
        self,
        mat: Any,
        metadata: Sequence[Any] | None = None,
        label_img: Any = None,
        global_step: int | None = None,
        tag: str = "default",
        metadata_header: Sequence[str] | None = None,
    ) -> None:
        """Points ``(N, D)`` for the projector.

        Args:
            metadata: N labels; with ``metadata_header``, N lists, one entry per column.
            label_img: N pictures, ``(N, C, H, W)``.
        """
        from .projector import add_points

        step = f"{global_step or 0:05}"
        folder = os.path.join(step, urllib.parse.quote(tag, safe=""))
        pictures = None if label_img is None else _array(label_img)
        add_points(
            self.log_dir, folder, f"{tag}:{step}", _array(mat), metadata, metadata_header, pictures
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

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


_TINY = 1e-7  # where nothing is found, precision and recall are 0

_growing = 1e-12 * 1.1 ** np.arange(774)  # up to 1e20
_TENSORFLOW_BINS = np.concatenate([-_growing[::-1], [0.0], _growing])


def _array(values: Any) -> np.ndarray:
    return values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)


def _number(value: Any) -> float:
    array = _array(value)
    if array.size != 1:
        raise AssertionError(f"scalar should be 0D, got an array of shape {array.shape}")
    return float(array.reshape(()))
