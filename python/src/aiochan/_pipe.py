"""The engine of all four pipes: several calls of a function at work, results in order or as they come.

Workers are tasks of the loop, started as they are needed. A worker reads a value and begins the call; only
when the call waits for something are others woken to read on. So a function that has its result at once
costs neither a task switch nor a future. Puts are queued in `out` and awaited only when there are too many.
At most one worker waits for the input, and at most one for `out`.
"""

from __future__ import annotations

import asyncio
import collections
import contextvars
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from time import monotonic
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from . import _aiochan, _loops

if TYPE_CHECKING:
    from .channel import Chan

# How long a pipe that never has to wait goes on before others get the loop, in seconds.
_SLICE = 0.0005
# How many puts one pipe may have waiting in its output, which may have other pipes and a limit.
_MAX_PARKED = 16


class _Slot:
    """The place of one value's results among those that have not been put."""

    __slots__ = ("done", "error", "results", "told")

    def __init__(self) -> None:
        self.done = False
        self.error: Exception | None = None
        self.told = False  # somebody knows of the error
        self.results: Iterator[Any] = iter(())


class Pipe:
    """Applies `call` to what comes from `inp`, at most `workers` times at once, and puts the results.

    At most `window` values have been taken whose results `out` has not accepted. `call` returns an
    awaitable. With `flatten` a result is a list whose elements are put. `on_error` is told of a failed call
    and says whether to go on without it. `cleanup` is called once, at the end.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        inp: Chan[Any],
        out: Chan[Any],
        call: Callable[[Any], Awaitable[Any]],
        *,
        workers: int,
        window: int,
        ordered: bool,
        close: bool,
        flatten: bool = False,
        on_error: Callable[[Exception], bool] | None = None,
        cleanup: Callable[[], object] | None = None,
    ) -> None:
        self._loop = loop
        self._inp = inp
        self._out = out
        self._call = call
        self._workers = workers
        self._window = window
        self._ordered = ordered
        self._close = close
        self._flatten = flatten
        self._on_error = on_error
        self._cleanup = cleanup
        self._context = contextvars.copy_context()
        # All below is touched on the loop only.
        self._tasks: set[asyncio.Task[None]] = set()
        self._reading: Any = None  # the get of the worker that waits for the input
        self._idle: list[asyncio.Future[None]] = []
        # What has not been put, in the order in which it will be: that of the values, or of completion.
        self._slots: collections.deque[_Slot] = collections.deque()
        # The puts that wait, and how many values each stands for: 0, or 1 for the last of a value's.
        self._parked: collections.deque[tuple[Any, int]] = collections.deque()
        self._at_work = 0  # calls that wait for something
        self._inside = 0  # values whose results are not accepted; not those that never waited
        self._putter: asyncio.Task[None] | None = None  # the worker that waits for `out`
        self._out_closed: Any = None
        self._ended = False  # nothing more is read
        self._stopped = False  # nothing more is put
        self._pause_at = monotonic() + _SLICE

    def start(self) -> None:
        _loops.call(self._loop, self._start)

    def _start(self) -> None:
        # A get on a channel that nobody knows ends only when `out` is closed.
        self._out_closed = _aiochan.Chan()._get_unless_closed(self._out)
        self._out_closed.add_done_callback(lambda _: self._stop())
        self._wake(1)

    def _may_read(self) -> bool:
        if self._reading or self._ended or self._at_work >= self._workers:
            return False
        if self._inside >= self._window:
            self._reap()
        return self._inside < self._window

    def _wake(self, count: int) -> None:
        """Lets as many workers that have nothing to do look for something."""
        while count > 0 and self._idle:
            waiter = self._idle.pop()
            if not waiter.done():
                waiter.set_result(None)
                count -= 1
        while count > 0 and len(self._tasks) < self._workers:
            count -= 1
            # In the context of the pipe, not in what a call has made of its worker's; and never eager, for
            # then workers would start inside each other.
            task: asyncio.Task[None] = self._context.run(asyncio.Task, self._work(), loop=self._loop)
            self._tasks.add(task)
            task.add_done_callback(self._left)
            _loops.keep(task)

    async def _work(self) -> None:
        try:
            await self._loop_over_input()
        except Exception as error:
            # Not of a call: a buffer of the user's own, or a limit, has failed.
            self._fail(error)
        except GeneratorExit as error:
            # The loop has gone, and the other workers with it.
            self._ended = self._stopped = True
            self._out._fail(error)
            if self._cleanup is not None:
                self._cleanup()
            raise
        except BaseException as error:
            # Cancelled from outside, or the interpreter is told to exit.
            self._fail(error, told=True)
            raise

    def _left(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            # Perhaps before it began.
            self._fail(asyncio.CancelledError(), told=True)
        if not self._tasks:
            self._finish()

    async def _loop_over_input(self) -> None:
        inp, out, call, slots = self._inp, self._out, self._call, self._slots
        get_nowait, put_nowait = inp.get_nowait, out.put_nowait
        direct = not self._flatten
        task = asyncio.current_task()
        while True:
            behind = slots and slots[0].done
            if behind or not self._may_read():
                if self._stopped or (self._ended and not behind):
                    return
                if self._putter is None and self._parked and (behind or self._inside >= self._window):
                    self._putter = task
                    await self._wait_for_out()
                    self._putter = None
                elif self._ended:
                    return
                else:
                    waiter = self._loop.create_future()
                    self._idle.append(waiter)
                    await waiter
                continue
            if monotonic() > self._pause_at:
                await asyncio.sleep(0)
                self._pause_at = monotonic() + _SLICE
                continue
            if out.closed:
                self._stop()
                return
            # Nothing is awaited between reading a value and opening its slot, but for the wait of the only
            # reader: so slots are in the order of the values.
            value = get_nowait()
            to_wake = 2
            if value is None:
                value = await self._read()
                if value is None:
                    return
                to_wake = 1

            slot = None
            error = None
            result = None
            try:
                coroutine = call(value)
                if type(coroutine) is not CoroutineType:
                    coroutine = _await(coroutine)
                try:
                    waits_for = coroutine.send(None)
                except StopIteration as stop:
                    result = stop.value
                else:
                    slot = self._open_slot()
                    self._at_work += 1
                    if self._may_read():
                        self._wake(to_wake)
                    try:
                        result = await _rest(coroutine, waits_for)
                    finally:
                        self._at_work -= 1
                if result is None:
                    raise TypeError("the function's result is None, which a channel cannot carry")
            except Exception as failure:
                error = failure
            else:
                if slot is None and direct and not slots and put_nowait(result):
                    continue

            if slot is None:
                slot = self._open_slot()
            self._complete(slot, result, error)

    async def _read(self) -> Any:
        """Waits for a value; None at the end, which it has seen to."""
        self._reading = self._inp._get_unless_closed(self._out)
        try:
            value = await self._reading
        except asyncio.CancelledError:
            if self._ended:
                return None
            raise
        finally:
            self._reading = None
        self._pause_at = monotonic() + _SLICE
        if value is None:
            if self._out.closed:
                self._stop()
            else:
                self._end()
        return value

    def _open_slot(self) -> _Slot:
        self._inside += 1
        slot = _Slot()
        if self._ordered:
            self._slots.append(slot)
        return slot

    def _complete(self, slot: _Slot, result: Any, error: Exception | None) -> None:
        slot.done = True
        if error is None:
            slot.results = iter(result if self._flatten else (result,))
        elif self._stopped:
            self._report(error)
        else:
            self._failed_call(slot, error)
        if not self._ordered:
            self._slots.append(slot)
        self._put_ready()

    def _failed_call(self, slot: _Slot, error: Exception) -> None:
        slot.error = error
        if self._on_error is not None:
            try:
                if self._on_error(error):
                    slot.error = None
                slot.told = True
            except Exception as failure:
                slot.error = failure
        if slot.error is not None:
            # What came before it is still put.
            self._end()

    def _put_ready(self) -> None:
        """Puts the results that are next and done, as far as they may wait in `out`."""
        slots, parked, put = self._slots, self._parked, self._out.put
        while slots and slots[0].done and not self._stopped:
            slot = slots[0]
            if slot.error is not None:
                self._fail(slot.error, slot.told)
                return
            for result in slot.results:
                op = put(result)
                if not op.done():
                    parked.append((op, 0))
                    if len(parked) >= _MAX_PARKED:
                        # More of this slot's results may follow.
                        return
                elif not op.result():
                    self._stop()
                    return
            slots.popleft()
            if parked:
                # Values before it have not been accepted either.
                parked[-1] = (parked[-1][0], parked[-1][1] + 1)
            else:
                self._inside -= 1

    def _reap(self) -> None:
        """Forgets the puts that have been accepted."""
        parked = self._parked
        while parked and parked[0][0].done():
            self._inside -= parked.popleft()[1]

    async def _wait_for_out(self) -> None:
        if self._may_read():
            self._wake(1)
        await self._parked[0][0]
        self._pause_at = monotonic() + _SLICE
        self._reap()
        self._put_ready()

    # The end.

    def _end(self) -> None:
        """Reads no more; what is at work goes on."""
        self._ended = True
        for waiter in self._idle:
            if not waiter.done():
                waiter.set_result(None)
        self._idle.clear()
        if self._reading is not None:
            self._reading.cancel()

    def _stop(self) -> None:
        """Ends at once: the results have nowhere to go."""
        if self._stopped:
            return
        self._stopped = True
        self._end()
        current = asyncio.current_task(self._loop)
        for task in self._tasks:
            # What waits in `out` when that is closed can still be got.
            if task is not current and task is not self._putter:
                task.cancel()
        self._release()

    def _fail(self, error: BaseException, told: bool = False) -> None:
        if not self._stopped:
            self._out._fail(error)
            self._stop()
        if not told:
            self._report(error)

    def _report(self, error: BaseException) -> None:
        _aiochan.report(self._loop, "a pipe has stopped because a call in it failed", error, chan=self._out)

    def _finish(self) -> None:
        if self._stopped:
            return
        self._stopped = True
        if self._close:
            cause = self._inp.exception()
            if cause is None:
                self._out.close()
            else:
                self._out._fail(cause)
        self._release()

    def _release(self) -> None:
        self._out_closed.cancel()
        if self._cleanup is not None:
            self._cleanup()
            self._cleanup = None


async def _await(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


@types.coroutine
def _rest(coroutine: Coroutine[Any, Any, Any], waits_for: Any) -> Generator[Any, Any, Any]:
    """Goes on with a coroutine that was begun by hand and waits for something, as `await` would."""
    try:
        yield waits_for
    except GeneratorExit:
        coroutine.close()
        raise
    except BaseException as error:
        try:
            waits_for = coroutine.throw(error)
        except StopIteration as stop:
            return stop.value
        return (yield from _rest(coroutine, waits_for))
    # A plain `await` refuses a coroutine that already waits; this does not.
    return (yield from coroutine)
