"""From a channel to a blocking queue, without blocking an event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from . import _aiochan

if TYPE_CHECKING:
    from .channel import Chan


class PutsBlocking(Protocol):
    """A queue as of `queue`, `multiprocessing` or anybody else: its `put` may block."""

    def put(self, item: Any, /) -> object: ...


Q = TypeVar("Q", bound=PutsBlocking)


def to_queue(chan: Chan[Any], q: Q) -> Q:
    """Moves all values to the queue from a daemon thread, then None."""
    if isinstance(q, asyncio.Queue):
        raise TypeError("q must be a queue for threads, such as queue.Queue; asyncio.Queue is not")
    threading.Thread(target=_move, args=(chan, q), name="aiochan-to-queue", daemon=True).start()
    return q


def _move(chan: Chan[Any], q: PutsBlocking) -> None:
    try:
        for value in chan:
            q.put(value)
        q.put(None)
    except Exception as error:
        _aiochan.report(chan.loop, "to_queue has ended because its queue's put failed", error, chan=chan)
