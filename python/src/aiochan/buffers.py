"""What a channel keeps its values in: the interface for buffers of your own, and the built-in kinds.

A channel made with a size or with one of the letters `f`, `d`, `s`, `p` keeps its values in the native
half and uses nothing from here. These classes are for use by hand, as examples, and for
`Chan(SlidingBuffer(3))`, which works as any buffer of your own does: slower than `Chan('s', 3)`.

A buffer belongs to one channel. Its methods run inside the channel's operations: they should be quick,
and must not use that channel.
"""

from __future__ import annotations

import abc
import collections
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

from . import _check

T = TypeVar("T")

__all__ = (
    "AbstractBuffer",
    "DroppingBuffer",
    "FixedLengthBuffer",
    "IterBuffer",
    "PromiseBuffer",
    "SlidingBuffer",
)


class AbstractBuffer(abc.ABC, Generic[T]):
    """The base of buffers. An object with these four members need not derive from it to be one."""

    __slots__ = ()

    @abc.abstractmethod
    def add(self, el: T) -> None:
        """Takes `el` in. Called only after `can_add` was true."""

    @abc.abstractmethod
    def take(self) -> T:
        """Gives out a value. Called only after `can_take` was true."""

    @property
    @abc.abstractmethod
    def can_add(self) -> bool:
        """Whether `add` may be called now. False makes puts wait."""

    @property
    @abc.abstractmethod
    def can_take(self) -> bool:
        """Whether `take` may be called now. False makes gets wait."""


class _QueueBuffer(AbstractBuffer[T]):
    """What the three bounded kinds have in common."""

    __slots__ = ("_maxsize", "_queue")

    def __init__(self, maxsize: int) -> None:
        self._maxsize = _check.at_least(1, "maxsize", maxsize)
        self._queue: collections.deque[T] = collections.deque()

    def take(self) -> T:
        return self._queue.popleft()

    @property
    def can_add(self) -> bool:
        return True

    @property
    def can_take(self) -> bool:
        return bool(self._queue)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._maxsize}, holds {len(self._queue)})"


class FixedLengthBuffer(_QueueBuffer[T]):
    """At most `maxsize` values; when it is full, puts wait."""

    __slots__ = ()

    def add(self, el: T) -> None:
        self._queue.append(el)

    @property
    def can_add(self) -> bool:
        return len(self._queue) < self._maxsize


class DroppingBuffer(_QueueBuffer[T]):
    """At most `maxsize` values; when it is full, puts succeed and the new value is dropped."""

    __slots__ = ()

    def add(self, el: T) -> None:
        if len(self._queue) < self._maxsize:
            self._queue.append(el)


class SlidingBuffer(_QueueBuffer[T]):
    """At most `maxsize` values; when it is full, puts succeed and the oldest value is dropped."""

    __slots__ = ()

    def add(self, el: T) -> None:
        if len(self._queue) == self._maxsize:
            self._queue.popleft()
        self._queue.append(el)


_NOTHING: Any = object()


class PromiseBuffer(AbstractBuffer[T]):
    """The first value put is given to every get, again and again; later puts succeed and are dropped.

    The argument is ignored: it is there because every kind is made with a size.
    """

    __slots__ = ("_val",)

    can_add = True

    def __init__(self, _: object = None) -> None:
        self._val: T = _NOTHING

    def add(self, el: T) -> None:
        if self._val is _NOTHING:
            self._val = el

    def take(self) -> T:
        return self._val

    @property
    def can_take(self) -> bool:
        return self._val is not _NOTHING

    def __repr__(self) -> str:
        return "PromiseBuffer(empty)" if self._val is _NOTHING else f"PromiseBuffer({self._val!r})"


class IterBuffer(AbstractBuffer[T]):
    """The values of an iterable, which may be endless; it never accepts a put.

    Items are pulled one at a time, when they are asked for. What the iterator raises comes out of
    `can_take`, which then is false for ever. TypeError for an item that is None, as for any put of None.
    """

    __slots__ = ("_iter", "_nxt")

    can_add = False

    def __init__(self, it: Iterable[T]) -> None:
        self._iter: Iterator[T] = iter(it)
        self._nxt: T = _NOTHING

    def add(self, el: T) -> None:
        raise TypeError("an IterBuffer accepts no values")

    def take(self) -> T:
        if not self.can_take:
            raise IndexError("take from an exhausted IterBuffer")
        value, self._nxt = self._nxt, _NOTHING
        return value

    @property
    def can_take(self) -> bool:
        if self._nxt is not _NOTHING:
            return True
        try:
            value = next(self._iter)
        except StopIteration:
            self._iter = iter(())
            return False
        except BaseException:
            self._iter = iter(())
            raise
        if value is None:
            self._iter = iter(())
            raise TypeError("an item of the iterable is None, which a channel cannot carry")
        self._nxt = value
        return True
