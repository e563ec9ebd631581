"""The native half. Private: import from `aiochan` instead."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Hashable, Iterator
from contextvars import Context
from typing import Any, Generic, Literal, TypeVar, final, overload

from typing_extensions import Self

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
C = TypeVar("C", bound=Chan[Any])

@final
class Op(Awaitable[T_co]):
    """An operation under way: to be awaited, from any loop; it behaves as an `asyncio.Future`.

    A value that was delivered to it, but not taken with `await` or `result`, goes back to the channel when
    it is cancelled or dropped.
    """

    def __await__(self) -> Generator[Any, None, T_co]: ...
    def done(self) -> bool: ...
    def result(self) -> T_co: ...
    def exception(self) -> BaseException | None: ...
    def cancelled(self) -> bool: ...
    def cancel(self, msg: object = None) -> bool: ...
    def add_done_callback(self, callback: Callable[[Self], object], *, context: Context | None = None) -> None: ...
    def remove_done_callback(self, callback: Callable[[Self], object]) -> int: ...
    def get_loop(self) -> asyncio.AbstractEventLoop: ...

class Chan(Generic[T]):
    def __new__(
        cls,
        buffer: Any = None,
        buffer_size: int | None = None,
        *,
        loop: asyncio.AbstractEventLoop | Literal["no_loop"] | None = None,
        name: str | None = None,
    ) -> Self: ...
    @property
    def name(self) -> str: ...
    @property
    def loop(self) -> asyncio.AbstractEventLoop | None: ...
    @property
    def closed(self) -> bool:
        """Whether `close` was called; values may be left to get."""
    def put(self, val: T) -> Op[bool]:
        """Puts a value: True once it is in the channel or with a get, False if the channel is closed.

        It takes effect when called, not when awaited. Cancelled, it withdraws the value, unless that was
        accepted; dropped without having been awaited, it stays. TypeError for None; AssertionError if
        more than `aiochan.channel.MAX_OP_QUEUE_SIZE` puts would wait.
        """
    def get(self) -> Op[T | None]:
        """Gets a value; None if the channel is closed and has nothing left.

        It takes effect when called, not when awaited. Cancelled or dropped, it is withdrawn, and a value
        that was delivered to it goes to the next get, or back to the front. AssertionError if more than
        `aiochan.channel.MAX_OP_QUEUE_SIZE` gets would wait.
        """
    def put_nowait(
        self, val: T, cb: Callable[[bool], object] | None = None, *, immediate_only: bool = True
    ) -> bool | None:
        """Puts a value if that is possible at once: True; False if the channel is closed; else None.

        None means not put, or with `immediate_only=False`: queued; `cb` is then called with True or False
        when it is known, also if that is at once. AssertionError for `cb` with `immediate_only`.
        """
    def get_nowait(
        self, cb: Callable[[T | None], object] | None = None, *, immediate_only: bool = True
    ) -> T | None:
        """Gets a value if there is one; else None, as for a closed channel.

        With `immediate_only=False` the get is queued instead, and `cb` is called with the value, or None
        when the channel is closed, also if that is at once. AssertionError for `cb` with `immediate_only`.
        """
    def add(self, *vals: T) -> Self:
        """Queues a few values, as `put_nowait(v, immediate_only=False)` for each."""
    def close(self) -> Self:
        """Refuses puts from now on. What is inside or waits already can still be got, then gets give None."""
    def join(self) -> Op[bool]:
        """Waits until the channel is closed and has nothing left."""
    def collect(self, n: int | None = None) -> Awaitable[list[T]]:
        """Gets all values until the channel ends, or at most `n`, as a list."""
    def put_blocking(self, val: T, timeout: float | None = None) -> bool:
        """As `await put(val)`, for threads in which no event loop runs (RuntimeError there).

        TimeoutError after `timeout` seconds; the value was not put then.
        """
    def get_blocking(self, timeout: float | None = None) -> T | None:
        """As `await get()`, for threads in which no event loop runs (RuntimeError there).

        TimeoutError after `timeout` seconds; nothing was taken then.

        While the event loop of the stage that fills the channel is stopped, this thread does the stage's
        work. A pipe needs its loop: until that runs again, this waits.
        """
    def exception(self) -> BaseException | None:
        """Why the channel was closed: the exception of the stage that failed; None for a plain close."""
    def __iter__(self) -> Iterator[T]: ...
    def __aiter__(self) -> ChanIterator[T]: ...
    @property
    def _buffer(self) -> Any:
        """None, the buffer object, or a pair of the kind's letter (`i` for an iterable) and the size or None."""
    def _fail(self, exc: BaseException) -> bool: ...
    def _stats(self) -> tuple[str, int, int, int, int, int, int, int]: ...
    def _get_unless_closed(self, out: Chan[Any]) -> Op[T | None]: ...

@final
class ChanIterator(Generic[T]):
    def __new__(cls, chan: Chan[T]) -> Self: ...
    def __aiter__(self) -> Self: ...
    def __anext__(self) -> Awaitable[T]: ...

@overload
def select(
    *chan_ops: Chan[Any] | tuple[Chan[Any], Any],
    priority: bool = False,
    default: Any = None,
    cb: None = None,
    loop: asyncio.AbstractEventLoop | None = None,
) -> Op[tuple[Any, Any]]:
    """Completes exactly one of several operations: `chan` to get, `(chan, val)` to put.

    The result is `(value, chan)`; the value of a put is True, or False if its channel is closed. If none
    can complete at once: with a `default` the result is `(default, None)`, else it waits. `priority` tries
    them in their order, not in a random one. With `cb`, `cb(value, chan)` is called and None returned.
    The operations that were not chosen leave no trace. ValueError without operations.
    """

@overload
def select(
    *chan_ops: Chan[Any] | tuple[Chan[Any], Any],
    priority: bool = False,
    default: Any = None,
    cb: Callable[[Any, Any], object],
    loop: asyncio.AbstractEventLoop | None = None,
) -> None: ...
def from_iter(cls: type[C], it: Iterator[Any], loop: asyncio.AbstractEventLoop | None) -> C: ...
def map(inp: Chan[Any], out: Chan[Any], close: bool, f: Callable[[Any], Any], flatten: bool) -> None: ...
def filter(inp: Chan[Any], out: Chan[Any], close: bool, p: Callable[[Any], Any]) -> None: ...
def take(inp: Chan[Any], out: Chan[Any], close: bool, n: int) -> None: ...
def drop(inp: Chan[Any], out: Chan[Any], close: bool, n: int) -> None: ...
def take_while(inp: Chan[Any], out: Chan[Any], close: bool, p: Callable[[Any], Any]) -> None: ...
def drop_while(inp: Chan[Any], out: Chan[Any], close: bool, p: Callable[[Any], Any]) -> None: ...
def group(inp: Chan[Any], out: Chan[Any], close: bool, n: int) -> None: ...
def group_by(inp: Chan[Any], out: Chan[Any], close: bool, f: Callable[[Any], Any]) -> None: ...
def distinct(inp: Chan[Any], out: Chan[Any], close: bool) -> None: ...
def reduce(inp: Chan[Any], out: Chan[Any], close: bool, f: Callable[[Any, Any], Any], init: Any) -> None: ...
def scan(inp: Chan[Any], out: Chan[Any], close: bool, f: Callable[[Any, Any], Any], init: Any) -> None: ...
def pipe(inp: Chan[Any], out: Chan[Any], close: bool) -> None: ...
def merge(inputs: list[Any], out: Chan[Any], close: bool) -> None: ...
def zip_chans(inputs: list[Any], out: Chan[Any], close: bool) -> None: ...
def combine_latest(inputs: list[Any], out: Chan[Any], close: bool) -> None: ...
def distribute(inp: Chan[Any], outs: list[Any], close: bool) -> None: ...
def report(
    event_loop: asyncio.AbstractEventLoop | None, message: str, exc: BaseException, **context: object
) -> None: ...

class Dup:
    def __new__(cls, inp: Chan[Any]) -> Self: ...
    @property
    def inp(self) -> Chan[Any]: ...
    def tap(self, out: Chan[Any], close: bool) -> None: ...
    def untap(self, out: Chan[Any]) -> None: ...
    def untap_all(self) -> None: ...
    def close(self) -> None: ...

class Pub:
    def __new__(cls, inp: Chan[Any], topic_fn: Callable[[Any], Hashable]) -> Self: ...
    def sub(self, topic: Hashable, out: Chan[Any], close: bool) -> None: ...
    def unsub(self, topic: Hashable, out: Chan[Any]) -> None: ...
    def unsub_all(self, topic: Hashable) -> None: ...
    def close(self) -> None: ...
