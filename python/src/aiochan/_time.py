"""Channels that follow the clock: `timeout` and `tick_tock`. Both use the loop's timers."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from . import _check, _loops
from .channel import Chan

# How many ticks a ticker may be late and still make up for.
_MAX_BEHIND = 64


def timeout(seconds: float, loop: asyncio.AbstractEventLoop | None = None) -> Chan[Any]:
    """A channel that closes itself after `seconds`; at once if that is not positive.

    Until then it is a channel as any other. `loop` is whose clock and timers are used, by default those of
    the loop that runs here, else as for `go`.
    """
    seconds = _check.seconds("seconds", seconds)
    loop = loop or _loops.loop_for()
    chan: Chan[Any] = Chan(loop=loop)
    _loops.call(loop, loop.call_later, seconds, chan.close)
    return chan


def tick_tock(
    seconds: float, start_at: float | None = None, loop: asyncio.AbstractEventLoop | None = None
) -> Chan[tuple[int, float]]:
    """A channel of ticks `(number, time)`, one every `seconds`, until it is closed.

    Numbers count from 1. Times are those of `loop.time()`. The first tick comes after `seconds`, or at
    `start_at`; if that has passed, at the next moment that is a multiple of `seconds` later. Errors do not
    add up: tick `n` is due `n - 1` times `seconds` after the first.

    Nothing piles up: the channel keeps only the latest tick that was not read. Ticks that a busy loop
    delays come late, one after the other, as long as it is less than 64 ticks behind; what is missed
    beyond is counted in the number only.

    ValueError if `seconds` is not positive.
    """
    seconds = _check.seconds("seconds", seconds)
    if not 0 < seconds < math.inf:
        raise ValueError(f"seconds must be positive and finite, not {seconds}")
    loop = loop or _loops.loop_for()
    now = loop.time()
    first = now + seconds if start_at is None else _check.seconds("start_at", start_at)
    if first < now:
        first += math.ceil((now - first) / seconds) * seconds
    chan: Chan[tuple[int, float]] = Chan("s", 1, loop=loop)
    number = 0

    def tick() -> None:
        nonlocal number
        now = loop.time()
        number = max(number + 1, math.floor((now - first) / seconds) + 1 - _MAX_BEHIND)
        if chan.put_nowait((number, now)):
            loop.call_at(first + number * seconds, tick)

    _loops.call(loop, loop.call_at, first, tick)
    return chan
