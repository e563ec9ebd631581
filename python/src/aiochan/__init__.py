"""CSP channels for asyncio, threads and callbacks. Everything of `aiochan.channel` is here too."""

from __future__ import annotations

from . import buffers as buffers
from . import channel as channel
from .channel import (
    MAX_DIRTY_SIZE,
    MAX_OP_QUEUE_SIZE,
    Chan,
    ChanIterator,
    ChanStat,
    Dup,
    Pub,
    combine_latest,
    from_iter,
    from_range,
    go,
    merge,
    nop,
    run,
    run_in_thread,
    select,
    tick_tock,
    timeout,
    zip_chans,
)

__all__ = (
    "MAX_DIRTY_SIZE",
    "MAX_OP_QUEUE_SIZE",
    "Chan",
    "ChanIterator",
    "ChanStat",
    "Dup",
    "Pub",
    "buffers",
    "channel",
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
