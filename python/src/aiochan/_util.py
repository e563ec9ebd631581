"""Shims for private names of aiochan 0.2.7 that its own tests, and perhaps other people's, use.

Nothing else in the package uses them. What they show is worked out from the channel's public state; a
withdrawn operation really leaves the channel at once, so the "dirty" counts here are only a memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import buffers

if TYPE_CHECKING:
    from .channel import Chan


class FnHandler:
    """An operation whose result goes to the function `f`, or nowhere if `f` is None."""

    active = True

    def __init__(self, f: Callable[[Any], object] | None, blockable: bool = True) -> None:
        self._f = f
        self.blockable = blockable

    def _put(self, chan: Chan[Any], val: Any) -> tuple[bool] | None:
        done = chan.put_nowait(val, self._f if self.blockable else None, immediate_only=not self.blockable)
        return None if done is None else (done,)

    def _get(self, chan: Chan[Any]) -> tuple[Any] | None:
        val = chan.get_nowait(self._f if self.blockable else None, immediate_only=not self.blockable)
        return None if val is None else (val,)


class SelectFlag:
    """What the operations of one select share; committing it withdraws all but one of them."""

    def __init__(self) -> None:
        self.active = True
        self._handlers: list[SelectHandler] = []

    def commit(self, handler: SelectHandler | None) -> None:
        self.active = False
        for other in self._handlers:
            if other is not handler:
                other._withdraw()
        self._handlers.clear()


class SelectHandler:
    """One operation of a select."""

    blockable = True

    def __init__(self, f: Callable[[Any], object] | None, flag: SelectFlag) -> None:
        self._f = f
        self._flag = flag
        self._chan: Chan[Any] | None = None
        self._op: Any = None
        self._count = ""
        flag._handlers.append(self)

    @property
    def active(self) -> bool:
        return self._flag.active

    def _put(self, chan: Chan[Any], val: Any) -> tuple[bool] | None:
        return self._start(chan, chan.put(val), "_withdrawn_puts")

    def _get(self, chan: Chan[Any]) -> tuple[Any] | None:
        return self._start(chan, chan.get(), "_withdrawn_gets")

    def _start(self, chan: Chan[Any], op: Any, count: str) -> tuple[Any] | None:
        if op.done():
            self._flag.commit(self)
            return (op.result(),)
        self._chan, self._op, self._count = chan, op, count
        op.add_done_callback(self._finish)
        return None

    def _finish(self, op: Any) -> None:
        if not op.cancelled():
            self._flag.commit(self)
            if self._f is not None:
                self._f(op.result())

    def _withdraw(self) -> None:
        if self._chan is not None and self._op.cancel():
            setattr(self._chan, self._count, getattr(self._chan, self._count) + 1)
            self._chan._waiting_then = self._chan._stats()[4:6]


class _CloseEvent:
    """Set when the channel is closed and has nothing left."""

    def __init__(self, chan: Any) -> None:
        self._chan = chan

    def is_set(self) -> bool:
        _, _, _, _, waiting_puts, _, length, _ = self._chan._stats()
        return self._chan.closed and not waiting_puts and not length

    async def wait(self) -> bool:
        await self._chan.join()
        return True


class PrivateNames:
    """The private attributes of the original's `Chan`, as a mixin."""

    _withdrawn_puts = 0
    _withdrawn_gets = 0
    # The numbers of waiting puts and gets when something was withdrawn last.
    _waiting_then: tuple[int, ...] = (0, 0)

    def _put(self, val: Any, handler: FnHandler | SelectHandler) -> tuple[bool] | None:
        return handler._put(self, val)  # type: ignore[arg-type]

    def _get(self, handler: FnHandler | SelectHandler) -> tuple[Any] | None:
        return handler._get(self)  # type: ignore[arg-type]

    @property
    def _buf(self) -> Any:
        """An empty buffer of the channel's kind, or the channel's own if it was given as an object."""
        buffer = self._buffer  # type: ignore[attr-defined]
        if not isinstance(buffer, tuple):
            return buffer
        kind, size = buffer
        return {
            "f": buffers.FixedLengthBuffer,
            "d": buffers.DroppingBuffer,
            "s": buffers.SlidingBuffer,
            "p": buffers.PromiseBuffer,
            "i": buffers.IterBuffer,
        }[kind](size if kind != "i" else ())

    @property
    def _dirty_puts(self) -> int:
        if self._stats()[4] != self._waiting_then[0]:  # type: ignore[attr-defined]
            self._withdrawn_puts = 0
        return self._withdrawn_puts

    @property
    def _dirty_gets(self) -> int:
        if self._stats()[5] != self._waiting_then[1]:  # type: ignore[attr-defined]
            self._withdrawn_gets = 0
        return self._withdrawn_gets

    @property
    def _close_event(self) -> _CloseEvent:
        return _CloseEvent(self)
