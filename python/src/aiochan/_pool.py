"""The threads or processes of a parallel pipe, behind one method: a call that can be awaited."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import multiprocessing.context
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any, Protocol


class Pool(Protocol):
    def submit(self, call: Callable[[Any], Any], value: Any) -> Awaitable[Any]: ...

    def close(self) -> None:
        """Ends the pool when what is at work is done; it does not wait, and what has not begun is dropped."""


def make(
    loop: asyncio.AbstractEventLoop,
    n: int,
    mode: str,
    mp_module: ModuleType | Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> Pool:
    """A pool of `n` threads or processes. `args` and `kwargs` are those of `multiprocessing.Pool` after the first.

    Processes are those of a `ProcessPoolExecutor`, which notices when one is killed. `mp_module`'s own
    `Pool`, which does not, is used where the executor cannot do what is asked for: `maxtasksperchild`
    (with the start method fork), and modules whose contexts are not of the standard library's kind.
    """
    if mode == "thread":
        return _ExecutorPool(loop, concurrent.futures.ThreadPoolExecutor(n, **_thread_options(*args, **kwargs)))
    if mode != "process":
        raise ValueError(f"mode must be 'process' or 'thread', not {mode!r}")
    options = _process_options(*args, **kwargs)
    context = options["context"]
    if context is None and hasattr(mp_module, "get_context"):
        context = mp_module.get_context()
    if options["maxtasksperchild"] is not None or not isinstance(context, multiprocessing.context.BaseContext):
        return _MultiprocessingPool(loop, mp_module.Pool(n, *args, **kwargs))
    executor = concurrent.futures.ProcessPoolExecutor(
        n, mp_context=context, initializer=options["initializer"], initargs=tuple(options["initargs"])
    )
    return _ExecutorPool(loop, executor)


def listed(call: Callable[[Any], Iterable[Any]], value: Any) -> list[Any]:
    """The elements of what `call` returns, gathered where it runs, so that generators work in processes too."""
    elements = list(call(value))
    if any(element is None for element in elements):
        raise TypeError("an element of the function's result is None, which a channel cannot carry")
    return elements


def _thread_options(
    initializer: Callable[..., object] | None = None,
    initargs: Iterable[Any] = (),
    *,
    thread_name_prefix: str = "aiochan-pool",
) -> dict[str, Any]:
    return {
        "initializer": initializer,
        "initargs": tuple(initargs),
        "thread_name_prefix": thread_name_prefix,
    }


def _process_options(
    initializer: Callable[..., object] | None = None,
    initargs: Iterable[Any] = (),
    maxtasksperchild: int | None = None,
    context: Any = None,
) -> dict[str, Any]:
    return {
        "initializer": initializer,
        "initargs": initargs,
        "maxtasksperchild": maxtasksperchild,
        "context": context,
    }


class _ExecutorPool:
    def __init__(self, loop: asyncio.AbstractEventLoop, executor: concurrent.futures.Executor) -> None:
        self._executor = executor
        self.submit = functools.partial(loop.run_in_executor, executor)

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


class _MultiprocessingPool:
    def __init__(self, loop: asyncio.AbstractEventLoop, pool: Any) -> None:
        self._loop = loop
        self._pool = pool

    def submit(self, call: Callable[[Any], Any], value: Any) -> asyncio.Future[Any]:
        future = self._loop.create_future()
        self._pool.apply_async(
            call,
            (value,),
            callback=functools.partial(self._soon, future, "set_result"),
            error_callback=functools.partial(self._soon, future, "set_exception"),
        )
        return future

    def close(self) -> None:
        self._pool.close()

    def _soon(self, future: asyncio.Future[Any], setter: str, what: Any) -> None:
        """Called on a thread of the pool."""

        def now() -> None:
            if not future.done():
                getattr(future, setter)(what)

        # A closed loop has nobody who waits.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(now)
