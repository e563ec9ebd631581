"""The channel, `Chan`. The functions of the package are defined elsewhere, and are here too."""

from __future__ import annotations

import asyncio
import functools
import itertools
import multiprocessing
import operator
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from types import GenericAlias, ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, NoReturn, TypeVar, overload

from . import _aiochan, _bridge, _check, _loops, _pool
from ._aiochan import ChanIterator as ChanIterator
from ._aiochan import select as select
from ._pipe import Pipe
from ._spawn import go, nop, run, run_in_thread
from ._util import PrivateNames

T = TypeVar("T")
U = TypeVar("U")
K = TypeVar("K", bound=Hashable)
Q = TypeVar("Q", bound=_bridge.PutsBlocking)

__all__ = (
    "MAX_DIRTY_SIZE",
    "MAX_OP_QUEUE_SIZE",
    "Chan",
    "ChanIterator",
    "ChanStat",
    "Dup",
    "Pub",
    "combine_latest",
    "from_iter",
    "from_range",
    "go",
    "merge",
    "nop",
    "run",
    "run_in_thread",
    "select",
    "tick_tock",
    "timeout",
    "zip_chans",
)

MAX_OP_QUEUE_SIZE = 1024
"""How many puts, or gets, may wait on one channel; the next raises AssertionError.

Read at each such call, so it can be changed. Operations that were cancelled do not count. Who meets this
limit mostly wants a buffer, or puts that are awaited.
"""

MAX_DIRTY_SIZE = 256
"""Has no effect: a cancelled operation leaves the channel at once."""

first: Callable[[Any], Any] = operator.itemgetter(0)


class ChanStat(NamedTuple):
    """What `Chan.stats` returns."""

    state: str
    """`'PENDING_PUTS'` or `'PENDING_GETS'` if such operations wait, else `'FLUENT'`."""
    buffered: int
    """How many values gets have taken from the buffer."""
    queued: int
    """How many values were given to gets that waited."""
    immediate: int
    """How many values gets have taken from puts that waited."""


if TYPE_CHECKING:
    from ._aiochan import Chan as _NativeChan
else:

    class _NativeChan:
        """Stands for the native class, which type checkers know as generic."""

        def __class_getitem__(cls, item):
            return GenericAlias(_aiochan.Chan, item)


class Chan(PrivateNames, _NativeChan[T], Generic[T]):
    """A channel: puts and gets from any task, thread or callback meet here, first in, first out.

    `buffer` is None or 0 for none, where a put waits for its get; a number `n` for at most `n` values; a
    letter for a kind, with the size `buffer_size`: `'f'` fixed, whose puts wait while it is full; `'d'`
    dropping, which drops the new value then; `'s'` sliding, which drops the oldest; `'p'` promise, whose
    first value is given to every get; or an object as `aiochan.buffers.AbstractBuffer`.

    `loop` is for information, and where stages of this channel run if they are started while no loop runs;
    a channel belongs to no loop, and may be used from several at once. `'no_loop'` is the same as None.
    `name` shows in `repr`.

    `await c.get()` is None when the channel is closed and has nothing left, which ends `async for v in c`
    too, and in threads without a running loop `for v in c`. `with c:` and `async with c:` close the channel
    at the end; left by an exception, it is the cause that `exception()` then tells. Neither waits until
    the channel is drained; for that there is `join`.

    Operators such as `map` start a worker and return its output. Common to them all: `out` is where the
    results are put; if it is None, a new channel with `buffer` and `buffer_size` as above. `close` says
    whether `out` is closed at the end of the input, with the input's cause if it has one. When a function
    given to a stage fails or its result is None, `out` is closed, whatever `close` says, with the exception
    as the cause; the loop's exception handler is told; the input is not read on. When `out` is closed,
    the stage ends and leaves the rest of the input alone.

    A subclass with arguments of its own overrides `__new__`, as the channel is made there.
    """

    def __init__(
        self,
        buffer: Any = None,
        buffer_size: int | None = None,
        *,
        loop: asyncio.AbstractEventLoop | Literal["no_loop"] | None = None,
        name: str | None = None,
    ) -> None:
        # The channel has been made by `__new__`. This is for subclasses, which may call it.
        if buffer is not None and self._buffer is None and buffer != 0:
            raise TypeError("a subclass that chooses the buffer itself must do so in __new__")

    def stats(self) -> ChanStat:
        """What the channel has done, and which side waits: useful to find the bottleneck of a pipeline."""
        return ChanStat._make(self._stats()[:4])

    def __enter__(self) -> Chan[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self._fail(error)

    async def __aenter__(self) -> Chan[T]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    def __repr__(self) -> str:
        state, _, _, _, puts, gets, length, _ = self._stats()
        return (
            f"{type(self).__name__}<{self.name} {id(self)}: {self._describe_buffer()}, holds {length}, "
            f"{'closed' if self.closed else 'open'}, {state}, waiting: {puts} puts, {gets} gets>"
        )

    def _describe_buffer(self) -> str:
        buffer = self._buffer
        if buffer is None:
            return "no buffer"
        if not isinstance(buffer, tuple):
            return type(buffer).__name__
        kind, size = buffer
        name = {"f": "fixed", "d": "dropping", "s": "sliding", "p": "promise", "i": "iterable"}[kind]
        return name if size is None else f"{name}({size})"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a Chan cannot be pickled or copied: it lives in one process; send its values instead")

    # Functions of every value.

    @overload
    def map(
        self,
        f: Callable[[T], U],
        *,
        out: Chan[U] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
        flatten: Literal[False] = False,
    ) -> Chan[U]: ...

    @overload
    def map(
        self,
        f: Callable[[T], Iterable[U]],
        *,
        out: Chan[U] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
        flatten: bool,
    ) -> Chan[U]: ...

    def map(
        self,
        f: Callable[[T], Any],
        *,
        out: Chan[Any] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
        flatten: bool = False,
    ) -> Chan[Any]:
        """`f(v)` for each value `v`; with `flatten` the elements of `f(v)`, one by one."""
        _check.function("f", f)
        out = output(self, out, buffer, buffer_size)
        _aiochan.map(self, out, close, f, flatten)
        return out

    def filter(
        self,
        p: Callable[[T], object],
        *,
        out: Chan[T] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
    ) -> Chan[T]:
        """The values for which `p` is true."""
        _check.function("p", p)
        out = output(self, out, buffer, buffer_size)
        _aiochan.filter(self, out, close, p)
        return out

    def take(
        self,
        n: int,
        *,
        out: Chan[T] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
    ) -> Chan[T]:
        """The first `n` values. No more are read, and the source is not closed. ValueError if `n` is negative."""
        n = _check.at_least(0, "n", n)
        out = output(self, out, buffer, buffer_size)
        _aiochan.take(self, out, close, n)
        return out

    def drop(
        self,
        n: int,
        *,
        out: Chan[T] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
    ) -> Chan[T]:
        """All but the first `n` values. ValueError if `n` is negative."""
        n = _check.at_least(0, "n", n)
        out = output(self, out, buffer, buffer_size)
        _aiochan.drop(self, out, close, n)
        return out

    def take_while(
        self,
        p: Callable[[T], object],
        *,
        out: Chan[T] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
    ) -> Chan[T]:
        """The values before the first one for which `p` is false; that one is read and dropped."""
        _check.function("p", p)
        out = output(self, out, buffer, buffer_size)
        _aiochan.take_while(self, out, close, p)
        return out

    def drop_while(
        self,
        p: Callable[[T], object],
        *,
        out: Chan[T] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
    ) -> Chan[T]:
        """The values from the first one on for which `p` is false."""
        _check.function("p", p)
        out = output(self, out, buffer, buffer_size)
        _aiochan.drop_while(self, out, close, p)
        return out

    def group(
        self,
        n: int,
        out: Chan[list[T]] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
    ) -> Chan[list[T]]:
        """Lists of `n` values; the last may be shorter. ValueError if `n` is less than 1."""
        n = _check.at_least(1, "n", n)
        out = output(self, out, buffer, buffer_size)
        _aiochan.group(self, out, close, n)
        return out

    def group_by(
        self,
        f: Callable[[T], K],
        out: Chan[tuple[K, list[T]]] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
    ) -> Chan[tuple[K, list[T]]]:
        """`(key, [values])` for each run of values whose keys `f(v)` are equal."""
        _check.function("f", f)
        out = output(self, out, buffer, buffer_size)
        _aiochan.group_by(self, out, close, f)
        return out

    def distinct(
        self,
        *,
        out: Chan[T] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
    ) -> Chan[T]:
        """The values that differ from the one before."""
        out = output(self, out, buffer, buffer_size)
        _aiochan.distinct(self, out, close)
        return out

    def reduce(
        self,
        f: Callable[[Any, T], Any],
        init: Any = None,
        *,
        out: Chan[Any] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
    ) -> Chan[Any]:
        """One value, `f(.. f(f(init, v1), v2) .., vn)`; without `init` it begins with the first value.

        Nothing, if there are no values and no `init`.
        """
        _check.function("f", f)
        out = output(self, out, buffer, buffer_size)
        _aiochan.reduce(self, out, close, f, init)
        return out

    def scan(
        self,
        f: Callable[[Any, T], Any],
        init: Any = None,
        *,
        out: Chan[Any] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
    ) -> Chan[Any]:
        """As `reduce`, but with every intermediate value, from `init` or the first value on."""
        _check.function("f", f)
        out = output(self, out, buffer, buffer_size)
        _aiochan.scan(self, out, close, f, init)
        return out

    # Pipes.

    def async_apply(
        self,
        f: Callable[[Chan[T], Chan[Any]], Awaitable[object]] | None = None,
        out: Chan[Any] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
    ) -> Chan[Any]:
        """Runs `f(self, out)` as a task, and returns `out`.

        `f` may read, put and close what and when it wants; `out` is not closed when it returns. If it
        fails, `out` is closed with the exception as the cause, and the loop's exception handler is told.
        Without `f` the values are passed on as they are, and `out` is closed at the end.

        The task runs where `async_pipe` would run.
        """
        if f is not None:
            _check.function("f", f)
        out = output(self, out, buffer, buffer_size)
        if f is None:
            _aiochan.pipe(self, out, True)
        else:
            loop = _loops.loop_for(self.loop)
            _loops.start(loop, _apply(loop, f, self, out))
        return out

    def async_pipe(
        self,
        n: int,
        f: Callable[[T], Awaitable[U]],
        out: Chan[U] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        *,
        close: bool = True,
    ) -> Chan[U]:
        """`await f(v)` for each value, in the order of the values, with at most `n` calls at work at once.

        The calls run in tasks of the pipe's own on the loop that runs here; else on the channel's `loop`,
        the one set for this thread, or the package's background loop. At most `2 * n` values have been
        taken whose results `out` has not accepted; then the pipe waits for `out`.

        When a call fails, the results of the values before it are still put; then `out` is closed with the
        exception as the cause, and calls that are still at work are cancelled. They are as well when `out`
        is found closed. ValueError if `n` is less than 1.
        """
        return self._async_pipe(n, f, out, buffer, buffer_size, close, True)

    def async_pipe_unordered(
        self,
        n: int,
        f: Callable[[T], Awaitable[U]],
        out: Chan[U] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        *,
        close: bool = True,
    ) -> Chan[U]:
        """As `async_pipe`, with the results in the order in which they are ready."""
        return self._async_pipe(n, f, out, buffer, buffer_size, close, False)

    def _async_pipe(
        self, n: int, f: Any, out: Chan[Any] | None, buffer: Any, buffer_size: Any, close: bool, ordered: bool
    ) -> Chan[Any]:
        n = _check.at_least(1, "n", n)
        _check.function("f", f)
        out = output(self, out, buffer, buffer_size)
        loop = _loops.loop_for(self.loop)
        Pipe(loop, self, out, f, workers=n, window=2 * n, ordered=ordered, close=close).start()
        return out

    @overload
    def parallel_pipe(
        self,
        n: int,
        f: Callable[[T], U],
        out: Chan[U] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
        flatten: Literal[False] = False,
        mode: str = "process",
        mp_module: ModuleType | Any = multiprocessing,
        pool_args: Sequence[Any] | None = None,
        pool_kwargs: Mapping[str, Any] | None = None,
        error_cb: Callable[[BaseException], object] | None = None,
        pool_buffer: int | None = None,
    ) -> Chan[U]: ...

    @overload
    def parallel_pipe(
        self,
        n: int,
        f: Callable[[T], Iterable[U]],
        out: Chan[U] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
        *,
        flatten: bool,
        mode: str = "process",
        mp_module: ModuleType | Any = multiprocessing,
        pool_args: Sequence[Any] | None = None,
        pool_kwargs: Mapping[str, Any] | None = None,
        error_cb: Callable[[BaseException], object] | None = None,
        pool_buffer: int | None = None,
    ) -> Chan[U]: ...

    def parallel_pipe(
        self,
        n: int,
        f: Callable[[T], Any],
        out: Chan[Any] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
        flatten: bool = False,
        mode: str = "process",
        mp_module: ModuleType | Any = multiprocessing,
        pool_args: Sequence[Any] | None = None,
        pool_kwargs: Mapping[str, Any] | None = None,
        error_cb: Callable[[BaseException], object] | None = None,
        pool_buffer: int | None = None,
    ) -> Chan[Any]:
        """`f(v)` for each value, in the order of the values, on `n` processes or threads.

        `mode` is `'process'` or `'thread'`. Processes are made by `mp_module`; `f`, the values and the
        results must be picklable for them: TypeError if `f` is not. Threads suffice where `f` waits, or releases the GIL. With
        `flatten` the elements of `f(v)` are put one by one; they are listed where `f` runs, so it may be a
        generator function.

        `pool_args` and `pool_kwargs` are those of `multiprocessing.Pool` after the first: `initializer`,
        `initargs`, for processes `maxtasksperchild` and `context`; for threads also `thread_name_prefix`.
        At most `n + pool_buffer` values have been taken whose results `out` has not accepted;
        `pool_buffer` is 1 by default, and 0 with `flatten`.

        A call that fails stops the pipe as in `async_pipe`. With `error_cb`, `error_cb(exception)` is called
        on the loop's thread instead of its exception handler, and the pipe goes on without that value; but
        a pool that breaks, because a worker process was killed or its initializer failed, stops it also
        then. (With `maxtasksperchild`, or modules whose contexts are not the standard library's, the pool
        is `mp_module.Pool`, which does not notice that a process was killed.)

        The pool ends with the pipe. ValueError if `n` is less than 1, `pool_buffer` negative, or `mode`
        something else.
        """
        return self._parallel_pipe(
            n, f, out, buffer, buffer_size, close, flatten, mode, mp_module,
            pool_args, pool_kwargs, error_cb, pool_buffer, True,
        )  # fmt: skip

    @overload
    def parallel_pipe_unordered(
        self,
        n: int,
        f: Callable[[T], U],
        out: Chan[U] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
        flatten: Literal[False] = False,
        mode: str = "process",
        mp_module: ModuleType | Any = multiprocessing,
        pool_args: Sequence[Any] | None = None,
        pool_kwargs: Mapping[str, Any] | None = None,
        error_cb: Callable[[BaseException], object] | None = None,
        pool_buffer: int | None = None,
    ) -> Chan[U]: ...

    @overload
    def parallel_pipe_unordered(
        self,
        n: int,
        f: Callable[[T], Iterable[U]],
        out: Chan[U] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
        *,
        flatten: bool,
        mode: str = "process",
        mp_module: ModuleType | Any = multiprocessing,
        pool_args: Sequence[Any] | None = None,
        pool_kwargs: Mapping[str, Any] | None = None,
        error_cb: Callable[[BaseException], object] | None = None,
        pool_buffer: int | None = None,
    ) -> Chan[U]: ...

    def parallel_pipe_unordered(
        self,
        n: int,
        f: Callable[[T], Any],
        out: Chan[Any] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
        flatten: bool = False,
        mode: str = "process",
        mp_module: ModuleType | Any = multiprocessing,
        pool_args: Sequence[Any] | None = None,
        pool_kwargs: Mapping[str, Any] | None = None,
        error_cb: Callable[[BaseException], object] | None = None,
        pool_buffer: int | None = None,
    ) -> Chan[Any]:
        """As `parallel_pipe`, with the results in the order in which they are ready."""
        return self._parallel_pipe(
            n, f, out, buffer, buffer_size, close, flatten, mode, mp_module,
            pool_args, pool_kwargs, error_cb, pool_buffer, False,
        )  # fmt: skip

    def _parallel_pipe(
        self, n: int, f: Any, out: Chan[Any] | None, buffer: Any, buffer_size: Any, close: bool, flatten: bool,
        mode: str, mp_module: Any, pool_args: Any, pool_kwargs: Any, error_cb: Any, pool_buffer: Any, ordered: bool,
    ) -> Chan[Any]:  # fmt: skip
        n = _check.at_least(1, "n", n)
        _check.function("f", f)
        if error_cb is not None:
            _check.function("error_cb", error_cb)
        if pool_buffer is None:
            pool_buffer = 0 if flatten else 1
        taken = n + _check.at_least(0, "pool_buffer", pool_buffer)
        out = output(self, out, buffer, buffer_size)
        loop = _loops.loop_for(self.loop)
        call = functools.partial(_pool.listed, f) if flatten else f
        pool = _pool.make(loop, n, call, mode, mp_module, pool_args or (), pool_kwargs or {})
        Pipe(
            loop,
            self,
            out,
            functools.partial(pool.submit, call),
            workers=taken,
            window=taken,
            ordered=ordered,
            close=close,
            flatten=flatten,
            on_error=None if error_cb is None else functools.partial(_call_error_cb, error_cb),
            cleanup=pool.close,
        ).start()
        return out

    # Several outputs.

    def dup(self) -> Dup[T]:
        """A `Dup` that reads this channel."""
        return Dup(self)

    def pub(
        self,
        topic_fn: Callable[[T], Hashable] | None = first,
        buffer: Any = None,
        buffer_size: int | None = None,
    ) -> Pub[T]:
        """A `Pub` that reads this channel."""
        return Pub(self, topic_fn=topic_fn, buffer=buffer, buffer_size=buffer_size)

    def distribute(self, *outs: Chan[T], close: bool = True) -> Chan[T]:
        """Puts each value on whichever of `outs` takes it first, and returns this channel.

        An out that is closed is left out from then on; when all are, nothing more is read. `close` says
        whether the outs are closed at the end. ValueError without outs.
        """
        _check.channels("outs", outs)
        _aiochan.distribute(self, list(outs), close)
        return self

    # To threads.

    def to_queue(self, q: Q) -> Q:
        """Moves all values to `q`, then None, and returns `q`.

        For threads: `q` is a `queue.Queue` or has a `put` as one. A daemon thread calls it, so a full queue
        blocks no event loop.
        """
        return _bridge.to_queue(self, q)

    def to_iterable(self, buffer_size: int = 1) -> Iterator[T]:
        """An iterator over the values, for threads in which no event loop runs; the same as `iter(self)`.

        Nothing is read ahead, so that nothing is lost when it is left early; `buffer_size` has no effect.
        """
        _check.at_least(0, "buffer_size", buffer_size)
        return iter(self)


def output(inp: Chan[Any], out: Chan[Any] | None, buffer: Any, buffer_size: int | None) -> Chan[Any]:
    """The channel that a stage puts on: `out`, or a new one that knows the loop of `inp`."""
    if out is None:
        return Chan(buffer, buffer_size, loop=asyncio._get_running_loop() or inp.loop)
    _check.channel("out", out)
    return out


def from_iter(it: Iterable[T], *, loop: asyncio.AbstractEventLoop | None = None) -> Chan[T]:
    """A closed channel that gives out the items of an iterable, which may be endless.

    Items are pulled when they are asked for, on the thread that asks, one at a time. What the iterator
    raises ends the channel, and is its cause; so is a TypeError for an item that is None.
    """
    return _aiochan.from_iter(Chan, iter(it), loop)


def from_range(
    start: Any = None, end: Any = None, step: Any = None, *, loop: asyncio.AbstractEventLoop | None = None
) -> Chan[Any]:
    """A closed channel of numbers, as `range` gives; but only `start` means up to there, from 0.

    Without an end (nothing given, or only `step`, or `start` and `step`) it is endless, as `itertools.count`.
    """
    numbers: Iterable[Any]
    if end is not None:
        numbers = range(0 if start is None else start, end, 1 if step is None else step)
    elif start is None or step is not None:
        numbers = itertools.count(0 if start is None else start, 1 if step is None else step)
    else:
        numbers = range(start)
    return from_iter(numbers, loop=loop)


async def _apply(loop: asyncio.AbstractEventLoop, f: Callable[..., Any], inp: Chan[Any], out: Chan[Any]) -> None:
    try:
        await f(inp, out)
    except Exception as error:
        out._fail(error)
        _aiochan.report(loop, "the function of async_apply failed", error, chan=out)
    except BaseException as error:
        out._fail(error)
        raise


def _call_error_cb(error_cb: Callable[[BaseException], object], error: Exception) -> bool:
    error_cb(error)
    # Without a pool there is nothing to go on with.
    return not isinstance(error, BrokenExecutor)


# At the end, because these make channels.
from ._fan_in import combine_latest, merge, zip_chans  # noqa: E402
from ._fan_out import Dup, Pub  # noqa: E402
from ._time import tick_tock, timeout  # noqa: E402
