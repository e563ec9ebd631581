"""Tasks and where they run: `go`, `nop`, `run`, `run_in_thread`."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any, Generic, TypeVar

from . import _loops

T = TypeVar("T")


def go(coro: Awaitable[T], loop: asyncio.AbstractEventLoop | None = None) -> Awaitable[T]:
    """Runs a coroutine, and goes on at once.

    On `loop`; by default on the loop that runs here, else on the one set for this thread, else on a
    background loop that the package keeps in a thread of its own. The task is kept alive until it is done.

    Returns something to await the result with. It is an `asyncio.Task` if the loop runs here or does not
    run yet; if it runs in another thread it also has the methods of a `concurrent.futures.Future`, so
    that `go(coro).result()` waits for it where no loop runs.
    """
    if loop is None:
        loop = _loops.loop_for()
    here = asyncio._get_running_loop()
    if here is not loop and loop.is_running():
        return _Elsewhere(asyncio.run_coroutine_threadsafe(_coroutine(coro), loop))
    task = asyncio.ensure_future(coro if isinstance(coro, asyncio.Future) else _coroutine(coro), loop=loop)
    _loops.keep(task)
    if here is not loop:
        # It may be about to start in another thread, and must not sleep with the task unseen.
        loop.call_soon_threadsafe(_nothing)
    return task


def nop() -> Coroutine[Any, Any, None]:
    """Awaited, lets the other tasks of the loop run once."""
    return asyncio.sleep(0)


def run(coro: Awaitable[T], loop: asyncio.AbstractEventLoop | None = None) -> T:
    """Runs a coroutine to its end and returns its result, or raises what it raises.

    On the current thread, with a new loop that is closed afterwards, or with `loop`, which is not. If a
    loop runs on the current thread already, on a thread of its own, and the current one is blocked until
    it is done. The tasks that are left when the coroutine ends are cancelled, and awaited.
    """
    if asyncio._get_running_loop() is None:
        return _run(coro, loop)
    with concurrent.futures.ThreadPoolExecutor(1, "aiochan-run") as thread:
        return thread.submit(_run, coro, loop).result()


def run_in_thread(
    coro: Awaitable[T], loop: asyncio.AbstractEventLoop | None = None
) -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
    """Runs a coroutine on a new thread, and returns the loop and the thread, which ends with the coroutine.

    `loop` must not be running; by default a new one is made, and closed at the end. What the coroutine
    raises is given to `threading.excepthook`. The interpreter waits for the thread.
    """
    made = loop is None
    target_loop = asyncio.new_event_loop() if loop is None else loop

    def main() -> None:
        try:
            target_loop.run_until_complete(_coroutine(coro))
        finally:
            if made:
                _loops.close(target_loop)

    thread = threading.Thread(target=main, name="aiochan-thread")
    thread.start()
    return target_loop, thread


def _run(coro: Awaitable[T], loop: asyncio.AbstractEventLoop | None) -> T:
    target_loop = asyncio.new_event_loop() if loop is None else loop
    try:
        if target_loop.is_running():
            if asyncio.iscoroutine(coro):
                coro.close()
            raise RuntimeError("loop must not be running; use go(coro, loop) for one that runs")
        return target_loop.run_until_complete(_coroutine(coro))
    finally:
        if loop is None:
            _loops.close(target_loop)
        elif not loop.is_running() and not loop.is_closed():
            _loops.finish(loop)


class _Elsewhere(Generic[T]):
    """A task of a loop in another thread: to be awaited in any loop, or waited for with `result()`."""

    def __init__(self, future: concurrent.futures.Future[T]) -> None:
        self._future = future

    def __await__(self) -> Generator[Any, None, T]:
        return asyncio.wrap_future(self._future).__await__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._future, name)


def _coroutine(awaitable: Awaitable[T]) -> Coroutine[Any, Any, T]:
    """As it is if it is one: a task that is cancelled before it began would not await what is inside."""
    return awaitable if asyncio.iscoroutine(awaitable) else _await(awaitable)


async def _await(awaitable: Awaitable[T]) -> T:
    return await awaitable


def _nothing() -> None:
    pass
