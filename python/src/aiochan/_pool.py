"""The threads or processes of a parallel pipe, behind one method: a call that can be awaited."""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures.process
import concurrent.futures.thread
import contextlib
import functools
import multiprocessing.context
import os
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from multiprocessing.reduction import ForkingPickler
from types import ModuleType
from typing import Any, Protocol


class Pool(Protocol):
    def submit(self, call: Callable[[Any], Any], value: Any) -> Awaitable[Any]: ...

    def close(self) -> None:
        """Lets the pool end when it has done what it has; does not wait for that."""


def make(
    loop: asyncio.AbstractEventLoop,
    n: int,
    call: Callable[[Any], Any],
    mode: str,
    mp_module: ModuleType | Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> Pool:
    """A pool of `n` threads or processes for this call. `args` and `kwargs` are those of `multiprocessing.Pool` after the first.

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
    _refuse_unpicklable(call)
    executor = concurrent.futures.ProcessPoolExecutor(
        n, mp_context=context, initializer=options["initializer"], initargs=tuple(options["initargs"])
    )
    return _ProcessPool(loop, executor)


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


class _Gate:
    """Open until the interpreter ends: then what is being started is waited for, and nothing more begins.

    A process pool is told to end when the interpreter does. One whose threads are only just being started
    would miss that, and wait for its lock, or for its processes, for ever.
    """

    def __init__(self) -> None:
        self._is_open = True
        self._unlock()
        try:
            # Called before the executors are told, since it is registered after their modules did the same.
            threading._register_atexit(self._close)  # type: ignore[attr-defined]
        except RuntimeError:
            self._is_open = False
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._unlock)

    def _unlock(self) -> None:
        self._lock = threading.Lock()

    def _close(self) -> None:
        with self._lock:
            self._is_open = False

    @contextlib.contextmanager
    def passing(self) -> Iterator[None]:
        with self._lock:
            if not self._is_open:
                # Which is nobody's failure.
                raise asyncio.CancelledError("the interpreter ends")
            yield


_gate = _Gate()


class _Answers:
    """Brings results from the pool's threads to the loop, as many at a time as there are."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._arrived: collections.deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = collections.deque()
        self._told = False

    def bring(self, future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
        self._arrived.append((future, result, error))
        if not self._told:
            self._told = True
            # A closed loop has nobody who waits.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        self._told = False
        while self._arrived:
            future, result, error = self._arrived.popleft()
            if future.done():
                continue
            if error is None:
                future.set_result(result)
            else:
                if isinstance(error, StopIteration) or not isinstance(error, Exception):
                    # Raised again on the loop it would mean something else: the end of a coroutine, or of all.
                    cause, error = error, RuntimeError(f"the function raised {error!r}")
                    error.__cause__ = cause
                future.set_exception(error)


class _ExecutorPool:
    def __init__(self, loop: asyncio.AbstractEventLoop, executor: concurrent.futures.Executor) -> None:
        self._loop = loop
        self._executor = executor
        self._answers = _Answers(loop)

    def submit(self, call: Callable[[Any], Any], value: Any) -> asyncio.Future[Any]:
        with _gate.passing():
            done = self._executor.submit(call, value)
        future = self._loop.create_future()
        done.add_done_callback(functools.partial(self._bring, future))
        return future

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _bring(self, future: asyncio.Future[Any], done: concurrent.futures.Future[Any]) -> None:
        if not done.cancelled():
            error = done.exception()
            self._answers.bring(future, None if error else done.result(), error)


class _ProcessPool(_ExecutorPool):
    """Pickles each call by itself: an executor that finds what it cannot pickle may never end."""

    def submit(self, call: Callable[[Any], Any], value: Any) -> asyncio.Future[Any]:
        pickled = bytes(ForkingPickler.dumps((call, value)))
        try:
            return super().submit(_unpickled_call, pickled)
        except RuntimeError:
            manager = getattr(self._executor, "_executor_manager_thread", None)
            if manager is None or not manager.is_alive():
                # Without that thread nobody would ever tell the processes to end, and the interpreter waits for them.
                for process in list((getattr(self._executor, "_processes", None) or {}).values()):
                    process.terminate()
            raise

    def close(self) -> None:
        # What waits for a process must not be cancelled: an executor that breaks may then never end.
        self._executor.shutdown(wait=False)


def _unpickled_call(pickled: bytes) -> Any:
    call, value = ForkingPickler.loads(pickled)
    return call(value)


def _refuse_unpicklable(call: Callable[[Any], Any]) -> None:
    try:
        ForkingPickler.dumps(call)
    except Exception as error:
        raise TypeError(
            f"f must be picklable for mode='process', such as a function of a module, or use mode='thread': {error}"
        ) from error


class _MultiprocessingPool:
    def __init__(self, loop: asyncio.AbstractEventLoop, pool: Any) -> None:
        self._loop = loop
        self._pool = pool
        self._answers = _Answers(loop)

    def submit(self, call: Callable[[Any], Any], value: Any) -> asyncio.Future[Any]:
        future = self._loop.create_future()
        self._pool.apply_async(
            call,
            (value,),
            callback=lambda result: self._answers.bring(future, result, None),
            error_callback=lambda error: self._answers.bring(future, None, error),
        )
        return future

    def close(self) -> None:
        self._pool.close()
