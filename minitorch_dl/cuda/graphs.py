"""Steps recorded once as a CUDA graph and replayed: the work of hundreds of launches for one.

What is recorded is the work asked of the GPU, with the addresses of the memory it reads and writes.
So shapes, and whatever Python decides, stay as they were; new data is copied into the tensors that
the step reads. Random numbers go on as in steps that are not captured. All this is tested on a
simulated GPU, and has not yet run on one.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from ..backend import capturing
from ..backend.gpu_memory import Allocator
from ..backend.graph_capture import recording, refuse_waiting
from ..backend.random import CounterGenerator, default_generator
from .devices import _cupy, is_available, synchronize
from .memory import MemPool, empty_cache
from .streams import Stream, current_stream, stream

__all__ = [
    "CUDAGraph", "capture", "graph", "graph_pool_handle", "is_current_stream_capturing",
]  # fmt: skip


def is_current_stream_capturing() -> bool:
    """Whether this thread's work is being recorded."""
    return capturing()


def graph_pool_handle() -> Any:
    """A memory pool for graphs to share; they may then not be replayed at the same time."""
    return MemPool()


class CUDAGraph:
    """Recorded work. Usually made by ``capture`` or the block ``graph``.

    Args:
        keep_graph: accepted.
    """

    def __init__(self, keep_graph: bool = False) -> None:
        self._generators: dict[Any, list[Any]] = {}  # each with its base and its number of draws
        self._recording: ExitStack | None = None
        self._graph: Any = None
        self._pool: Any = None

    def register_generator_state(self, generator: CounterGenerator) -> None:
        """Let a generator other than the default one be drawn from in the recorded work."""
        self._generators[generator] = []

    def capture_begin(self, pool: Any = None, capture_error_mode: str = "global") -> None:
        """Record from here on what this thread asks of the current stream, which can't be the
        default one.

        Args:
            pool: of another graph, or of ``graph_pool_handle``.
            capture_error_mode: accepted; recorded is in the relaxed mode, for the pool may grow.
        """
        cupy = _cupy()
        queue = cupy.cuda.get_current_stream()
        if queue == cupy.cuda.Stream.null:
            raise RuntimeError(
                "CUDA graphs must be captured on a non-default stream. (However, after capture, "
                "it's ok to replay them on the default stream.)"
            )
        if self._graph is not None or self._recording is not None:
            raise RuntimeError("this CUDAGraph has recorded already: call reset(), or make another")
        self._generators.setdefault(default_generator("cuda"), [])
        self._pool = MemPool() if pool is None else pool
        if hasattr(cupy.matmul, "prepare_capture"):
            cupy.matmul.prepare_capture(self._pool.workspace())
        for generator, kept in self._generators.items():
            if not isinstance(generator, CounterGenerator):
                raise RuntimeError("only a generator of a device can be recorded")
            kept[:] = [cupy.zeros(2, "uint64")]
        with ExitStack() as entered:
            for generator, kept in self._generators.items():
                kept.append(entered.enter_context(generator.recording(kept[0])))
            entered.enter_context(cupy.cuda.using_allocator(Allocator(cupy, self._pool.malloc)))
            entered.enter_context(refuse_waiting())
            queue.begin_capture()
            entered.callback(self._end, queue)
            entered.enter_context(recording())
            self._recording = entered.pop_all()

    def _end(self, queue: Any) -> None:
        self._graph = queue.end_capture()

    def capture_end(self) -> None:
        """Stop recording."""
        if self._recording is None:
            raise RuntimeError("capture_end: nothing is being recorded; call capture_begin first")
        entered, self._recording = self._recording, None
        entered.close()

    def _abandon(self) -> None:
        """Stop recording what failed."""
        entered, self._recording = self._recording, None
        try:
            if entered is not None:
                entered.close()
        except Exception:  # that the capture is invalid, which is known
            pass
        self.reset()

    def replay(self) -> None:
        """Do the recorded work again, on the current stream."""
        if self._graph is None:
            raise RuntimeError("Called CUDAGraph::replay without a preceding successful capture.")
        for generator, (base, drawn) in self._generators.items():
            if drawn[0]:
                generator.replay(base, drawn[0])
        self._graph.launch(current_stream().queue)

    def reset(self) -> None:
        """Forget the recorded work and give its memory back."""
        self._graph = self._pool = None
        for kept in self._generators.values():
            kept.clear()

    def pool(self) -> Any:
        """The memory pool, for a graph that is to share it."""
        return self._pool

    def enable_debug_mode(self) -> None:
        """Nothing to do: ``debug_dump`` always can."""

    def debug_dump(self, debug_path: str) -> None:
        """Write the recorded work as a Graphviz file."""
        if self._graph is None:
            raise RuntimeError("debug_dump: nothing has been recorded")
        with open(debug_path, "w", encoding="utf-8") as file:
            file.write(self._graph.debug_dot_str())


class graph:
    """``with torch.cuda.graph(g):`` records the block's work in ``g``, on a stream of its own.

    Args:
        cuda_graph: a ``CUDAGraph``.
        pool: see ``CUDAGraph.capture_begin``.
        stream: on which to record; by default a new one.
    """

    def __init__(
        self,
        cuda_graph: CUDAGraph,
        pool: Any = None,
        stream: Stream | None = None,
        capture_error_mode: str = "global",
    ) -> None:
        self.cuda_graph, self._pool = cuda_graph, pool
        self._stream = Stream() if stream is None else stream
        self._entered: Any = None

    def __enter__(self) -> None:
        synchronize()
        gc.collect()
        empty_cache()
        self._entered = stream(self._stream)
        self._entered.__enter__()
        try:
            self.cuda_graph.capture_begin(self._pool)
        except BaseException:
            self._entered.__exit__(None, None, None)
            raise

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if error is None:
                self.cuda_graph.capture_end()
            else:
                self.cuda_graph._abandon()
        finally:
            self._entered.__exit__(kind, error, trace)


def capture(step: Callable[[], Any], *, warmup: int = 3, pool: Any = None) -> Callable[[], Any]:
    """Record a training step and return what replays it.

    ``step()`` is run ``warmup`` times as it is, then recorded; each call of the result is one more
    step, and returns the tensors that ``step`` returned, with new values. The step reads its batch
    from tensors into which the caller copies the next one. Everything of fixed shape that stays on
    the GPU can be in it: forward, loss, backward, ``zero_grad``, ``clip_grad_norm_``, dropout, and
    the steps of SGD, and of optimizers made with ``capturable=True``. A learning rate that changes
    is a tensor on the GPU.

    Raises:
        RuntimeError: the step can't be recorded; the text says why.

    Example::

        optimizer = torch.optim.Adam(model.parameters(), capturable=True)


        def step():
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss


        train = torch.cuda.capture(step)
        for batch, labels in batches:
            x.copy_(batch)
            y.copy_(labels)
            loss = train()
    """
    if not is_available():
        _cupy()  # raises what is missing
    if warmup < 1:
        raise ValueError(
            f"capture: warmup must be at least 1, got {warmup}: a first step compiles kernels and "
            "makes constants, which can't be recorded"
        )
    side = Stream()
    side.wait_stream(current_stream())
    with stream(side):
        for _ in range(warmup):
            step()
    current_stream().wait_stream(side)
    recorded = CUDAGraph()
    try:
        with graph(recorded, pool, side):
            result = step()
    except Exception as error:
        raise RuntimeError(f"capture: the step can't be recorded: {_reason(error)}") from error

    def replay() -> Any:
        replay.graph.replay()  # type: ignore[attr-defined]
        return result

    replay.graph, replay.step = recorded, step  # type: ignore[attr-defined]
    return replay


def _reason(error: Exception) -> str:
    """What in a step made it fail to be recorded."""
    text = str(error)
    if "ynchroniz" in type(error).__name__ + text or "apturing" in text or "StreamCapture" in text:
        return (
            f"it waits for the GPU, or copies to or from it ({text}). Keep .item(), .cpu(), print, "
            "conditions on values, boolean masks as indices and tensors made from numbers outside"
        )
    if isinstance(error, NotImplementedError):
        return f"CuPy can't do a part of it while recording, such as linear algebra ({text})"
    return text
