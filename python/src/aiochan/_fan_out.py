"""One channel to several: `Dup` gives each value to all, `Pub` to those that subscribed to its topic."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from . import _aiochan, _check
from .channel import Chan, first, output

T = TypeVar("T")


class Dup(Generic[T]):
    """Takes values from `inp` and puts each on all outs, in lockstep: the slowest out sets the pace.

    Give the outs buffers where that is not wanted. Nothing is read before the first `tap`; later, while
    there are no outs, values are dropped. An out that is closed is left out from then on. When `inp` ends,
    the outs are closed, with its cause if it has one. It goes on also when nobody holds the `Dup`.
    """

    def __init__(self, inp: Chan[T]) -> None:
        _check.channel("inp", inp)
        self._inp = inp
        self._native = _aiochan.Dup(inp)

    @property
    def inp(self) -> Chan[T]:
        """The channel that is read."""
        return self._inp

    def tap(
        self, out: Chan[T] | None = None, buffer: Any = None, buffer_size: int | None = None, close: bool = True
    ) -> Chan[T]:
        """Adds `out`, or a new channel with this buffer, and returns it.

        `close` says whether it is closed when the input ends, or the `Dup` is closed. After that a tap is
        closed at once.
        """
        out = output(self._inp, out, buffer, buffer_size)
        self._native.tap(out, close)
        return out

    def untap(self, out: Chan[T]) -> Chan[T]:
        """Removes and returns `out`, which is not closed. A value that waits for it is not put there."""
        _check.channel("out", out)
        self._native.untap(out)
        return out

    def untap_all(self) -> Dup[T]:
        """Removes all outs; they are not closed."""
        self._native.untap_all()
        return self

    def close(self) -> Dup[T]:
        """Stops reading, and closes the outs that were tapped with `close`."""
        self._native.close()
        return self

    def __repr__(self) -> str:
        return f"Dup({self._inp!r})"


class Pub(Generic[T]):
    """Takes values from `inp` and puts each on all outs that are subscribed to its topic, in lockstep.

    `topic_fn(value)` is the topic, by default the value's first element; it must be hashable. Values
    without a subscriber are dropped. `buffer` and `buffer_size` are those of the outs that `sub` makes
    where it is not told otherwise; give an out of your own a buffer of its own. When `inp` ends, the outs
    are closed, with its cause if it has one; so they are, with the error as the cause, if `topic_fn`
    fails. It goes on also when nobody holds the `Pub`.
    """

    def __init__(
        self,
        inp: Chan[T],
        *,
        topic_fn: Callable[[T], Hashable] | None = first,
        buffer: Any = None,
        buffer_size: int | None = None,
    ) -> None:
        _check.channel("inp", inp)
        topic = first if topic_fn is None else topic_fn
        _check.function("topic_fn", topic)
        if buffer is not None and not isinstance(buffer, (str, int)):
            raise TypeError("buffer must be a size or a letter: outs cannot share one buffer object")
        Chan(buffer, buffer_size)  # refuses a bad buffer now, not at the first `sub`
        self._inp = inp
        self._buffer = buffer
        self._buffer_size = buffer_size
        self._native = _aiochan.Pub(inp, topic)
        # For `sub`; a topic's own methods run inside.
        self._lock = threading.RLock()

    def sub(
        self,
        topic: Hashable,
        out: Chan[T] | None = None,
        buffer: Any = None,
        buffer_size: int | None = None,
        close: bool = True,
    ) -> Chan[T]:
        """Subscribes `out`, or a new channel, to `topic`, and returns it.

        `close` says whether it is closed when the input ends, or the `Pub` is closed. After that a
        subscriber is closed at once. ValueError for the topic None, TypeError for an unhashable one.
        """
        if topic is None:
            raise ValueError("topic must not be None")
        if buffer is None:
            buffer, buffer_size = self._buffer, self._buffer_size
        out = output(self._inp, out, buffer, buffer_size)
        with self._lock:
            self._native.sub(topic, out, close)
        return out

    def unsub(self, topic: Hashable, out: Chan[T]) -> Chan[T]:
        """Ends the subscription of `out` to `topic`, if there is one, and returns `out`, which is not closed."""
        _check.channel("out", out)
        self._native.unsub(topic, out)
        return out

    def unsub_all(self, topic: Hashable = None) -> Pub[T]:
        """Ends all subscriptions to `topic`; all there are if it is None."""
        self._native.unsub_all(topic)
        return self

    def close(self) -> Pub[T]:
        """Stops reading, and closes the outs that were subscribed with `close`."""
        self._native.close()
        return self

    def __repr__(self) -> str:
        return f"Pub({self._inp!r})"
