"""Which event loop a task runs on, and one in a thread of its own where there is none.

The package never calls what asyncio has deprecated: it does not ask for "the current event loop" where
that could warn or make one.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

# A loop holds its tasks weakly only, and a channel may hold a waiting one weakly too.
_kept: set[asyncio.Future[Any]] = set()


def keep(task: asyncio.Future[Any]) -> None:
    """Keeps a task alive until it is done."""
    _kept.add(task)
    task.add_done_callback(_kept.discard)


def loop_for(preferred: asyncio.AbstractEventLoop | None = None) -> asyncio.AbstractEventLoop:
    """The loop that runs here; else the preferred one; else the one set for this thread; else our own."""
    loop = asyncio._get_running_loop() or preferred
    if loop is not None and not loop.is_closed():
        return loop
    loop = _set_loop()
    if loop is not None and not loop.is_closed():
        return loop
    return _background.loop()


def call(loop: asyncio.AbstractEventLoop, function: Callable[..., object], *args: Any) -> None:
    """Calls the function on the loop: now if that loop runs here, else soon."""
    if asyncio._get_running_loop() is loop:
        function(*args)
    else:
        loop.call_soon_threadsafe(function, *args)


def start(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, object]) -> None:
    """Runs the coroutine as a task of the loop, from whatever thread."""
    call(loop, lambda: keep(loop.create_task(coroutine)))


def finish(loop: asyncio.AbstractEventLoop) -> None:
    """Cancels and awaits every task of a loop that has stopped, as `asyncio.run` does at its end."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    for task in tasks:
        if not task.cancelled() and task.exception() is not None:
            loop.call_exception_handler(
                {"message": "a task failed while it was cancelled", "exception": task.exception(), "task": task}
            )


def close(loop: asyncio.AbstractEventLoop) -> None:
    """Finishes a loop that we made, and closes it."""
    try:
        finish(loop)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


if sys.version_info >= (3, 14):

    def _set_loop() -> asyncio.AbstractEventLoop | None:
        try:
            return asyncio.get_event_loop()
        except RuntimeError:
            return None

else:

    def _set_loop() -> asyncio.AbstractEventLoop | None:
        # Before 3.14 every public way of asking warns, or makes a loop, where none is set.
        local = getattr(asyncio.get_event_loop_policy(), "_local", None)
        return getattr(local, "_loop", None)


class _Background:
    """A loop in a daemon thread, started when it is first needed, ended with the interpreter."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                thread = threading.Thread(target=self._run, args=(loop,), name="aiochan-loop", daemon=True)
                try:
                    thread.start()
                except BaseException:
                    # Whoever comes next tries again.
                    loop.close()
                    raise
                self._loop, self._thread = loop, thread
            return self._loop

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.run_forever()
        finally:
            close(loop)

    def stop(self) -> None:
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(loop.stop)
            # A task that does not want to end must not keep the interpreter.
            thread.join(timeout=1)


_background = _Background()
atexit.register(lambda: _background.stop())


def _forget() -> None:
    # A forked child has none of its parent's threads.
    global _background
    _background = _Background()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
