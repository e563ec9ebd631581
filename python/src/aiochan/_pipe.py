"""The engine of all four pipes: several calls of a function at work, results in order or as they come.

Workers are tasks of the loop, started as they are needed. One of them at a time has the turn: it reads
the input, begins a call with the value, and passes the turn on only when the call waits for something.
So a function that has its result at once costs neither a task switch nor a future. One at a time puts
results: whoever completes the one that is next.
"""

from __future__ import annotations

import asyncio
import collections
import contextvars
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from time import monotonic
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from . import _aiochan, _loops

if TYPE_CHECKING:
    from .channel import Chan

# How long a pipe that never has to wait goes on before others get the loop, in seconds.
_SLICE = 0.0005


class _Slot:
    """The place of one value's result among those that have not been put."""

    __slots__ = ("done", "error", "skip", "told", "value")

    def __init__(self) -> None:
        self.done = False
        self.skip = False
        self.told = False  # somebody knows of the error
        self.value: Any = None
        self.error: Exception | None = None


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
        self._reading: Any = None
        self._idle: list[asyncio.Future[None]] = []
        self._slots: collections.deque[_Slot] = collections.deque()
        self._inside = 0  # values taken whose results have not been put; not those that never waited
        self._turn_taken = False
        self._putting = False
        self._ended = False  # nothing more is read
        self._stopped = False  # nothing more is put
        self._pause_at = monotonic() + _SLICE

    def start(self) -> None:
        _loops.call(self._loop, self._offer_turn)

    # The turn.

    def _offer_turn(self) -> None:
        """Gives the turn to a worker that has nothing to do, if nobody has it and there is room."""
        if self._turn_taken or self._ended or self._inside >= self._window:
            return
        while self._idle:
            waiter = self._idle.pop()
            if not waiter.done():
                waiter.set_result(None)
                self._turn_taken = True
                return
        if len(self._tasks) < self._workers:
            self._turn_taken = True
            # In the context of the pipe, not in what a call has made of its worker's; and never eager, for
            # then workers would start inside each other.
            task: asyncio.Task[None] = self._context.run(asyncio.Task, self._work(), loop=self._loop)
            self._tasks.add(task)
            task.add_done_callback(self._left)
            _loops.keep(task)

    async def _get_turn(self) -> None:
        """Waits for the turn, or for the end."""
        if self._ended:
            return
        if not self._turn_taken and self._inside < self._window:
            self._turn_taken = True
            return
        waiter = self._loop.create_future()
        self._idle.append(waiter)
        await waiter

    def _give_up_turn(self) -> None:
        self._turn_taken = False
        self._offer_turn()

    # A worker.

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
            self._finish()
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
        while not self._ended:
            # The turn is ours.
            if out.closed:
                self._stop()
                return
            if monotonic() > self._pause_at:
                await asyncio.sleep(0)
                self._pause_at = monotonic() + _SLICE
            value = get_nowait()
            if value is None:
                self._reading = inp._get_unless_closed(out)
                try:
                    value = await self._reading
                except asyncio.CancelledError:
                    if self._ended:
                        return
                    raise
                finally:
                    self._reading = None
                if value is None:
                    if out.closed:
                        self._stop()
                    else:
                        self._end()
                    return
                self._pause_at = monotonic() + _SLICE

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
                    self._give_up_turn()
                    result = await _rest(coroutine, waits_for)
                if result is None:
                    raise TypeError("the function's result is None, which a channel cannot carry")
            except Exception as failure:
                error = failure
            else:
                if slot is None and direct and not slots and put_nowait(result):
                    continue

            if self._stopped:
                if error is not None:
                    self._report(error)
                return
            has_turn = slot is None
            if slot is None:
                slot = self._open_slot()
            slot.value, slot.error, slot.done = result, error, True
            if not self._ordered:
                slots.append(slot)
            if error is not None:
                self._failed_call(slot, error)
            if has_turn and (not slots[0].done or self._putting) and self._inside >= self._window:
                # No room, and whoever makes some will take the turn.
                self._turn_taken = has_turn = False
            if slots[0].done and not self._putting:
                has_turn = await self._put_ready(has_turn)
            if not has_turn:
                await self._get_turn()

    def _open_slot(self) -> _Slot:
        self._inside += 1
        slot = _Slot()
        if self._ordered:
            self._slots.append(slot)
        return slot

    def _failed_call(self, slot: _Slot, error: Exception) -> None:
        if self._on_error is not None:
            try:
                slot.skip = self._on_error(error)
                slot.told = True
            except Exception as failure:
                slot.error = failure
        if not slot.skip:
            # What came before it is still put.
            self._end()

    async def _put_ready(self, has_turn: bool) -> bool:
        """Puts the results that are next and done; returns whether the caller still has the turn."""
        slots, out = self._slots, self._out
        self._putting = True
        while slots and slots[0].done:
            slot = slots[0]
            if slot.error is not None and not slot.skip:
                self._fail(slot.error, slot.told)
                break
            for value in () if slot.skip else slot.value if self._flatten else (slot.value,):
                accepted = out.put_nowait(value)
                if accepted is None:
                    # Others go on meanwhile, but not for a single place each time.
                    if has_turn:
                        self._turn_taken = has_turn = False
                    if 2 * self._inside <= self._window:
                        self._offer_turn()
                    accepted = await out.put(value)
                    self._pause_at = monotonic() + _SLICE
                if not accepted:
                    self._stop()
                    break
            if self._stopped:
                break
            slots.popleft()
            self._inside -= 1
        self._putting = False
        return has_turn

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
            if task is not current:
                task.cancel()

    def _fail(self, error: BaseException, told: bool = False) -> None:
        if not self._stopped:
            self._out._fail(error)
            self._stop()
        if not told:
            self._report(error)

    def _report(self, error: BaseException) -> None:
        _aiochan.report(self._loop, "a pipe has stopped because a call in it failed", error, chan=self._out)

    def _finish(self) -> None:
        if self._close and not self._stopped:
            self._stopped = True
            cause = self._inp.exception()
            if cause is None:
                self._out.close()
            else:
                self._out._fail(cause)
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
