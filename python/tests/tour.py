"""A script that goes through the whole package, for interpreters with other flags. It prints "tour ends" if all is well.

It asserts with `if`, so that it means the same under `python -O`.
"""

import asyncio
import os
import queue
import sys
import threading
import warnings

import aiochan as ac
from aiochan import Chan, buffers, select

if sys.platform != "win32":
    # Of the interpreter's, not of ours: a pool of processes forks while threads run.
    warnings.filterwarnings("ignore", message=".*use of fork.*", category=DeprecationWarning)


def same(got, expected):
    if got != expected:
        raise SystemExit(f"{got!r} is not {expected!r}")


def refused(kind, call):
    try:
        call()
    except kind:
        return
    raise SystemExit(f"no {kind.__name__}")


async def double(v):
    await ac.nop()
    return 2 * v


async def put_all(c, *values):
    for v in values:
        same(await c.put(v), True)
    c.close()


async def async_side(outer):
    ac.go(put_all(outer, 1, 2, 3))
    same([v async for v in outer], [1, 2, 3])
    await outer.join()

    async with Chan(2) as c:
        same([c.put_nowait(v) for v in (1, 2, 3)], [True, True, None])
        same(await select((c, 4), default=0), (0, None))
        same(await select(c), (1, c))
        same(await c.get(), 2)
        try:
            await asyncio.wait_for(c.get(), 0.001)
        except asyncio.TimeoutError:
            pass
        task = asyncio.ensure_future(double(1))
        same(await asyncio.gather(task, c.put(5), c.get()), [2, True, 5])
    same(c.closed, True)

    for make in (Chan, lambda: Chan(3), lambda: Chan("f", 3), lambda: Chan(buffers.FixedLengthBuffer(3))):
        c = make().add(1, 1, 2, 3).close()
        same(await c.map(lambda v: v + 1).filter(lambda v: v > 2).collect(), [3, 4])
    numbers = ac.from_range
    same(await numbers(5).take(3).collect(), [0, 1, 2])
    same(await numbers(5).drop(3).collect(), [3, 4])
    same(await numbers(5).take_while(lambda v: v < 2).collect(), [0, 1])
    same(await numbers(5).drop_while(lambda v: v < 2).collect(), [2, 3, 4])
    same(await numbers(5).group(2).collect(), [[0, 1], [2, 3], [4]])
    same(await numbers(4).group_by(lambda v: v // 2).collect(), [(0, [0, 1]), (1, [2, 3])])
    same(await ac.from_iter([1, 1, 2]).distinct().collect(), [1, 2])
    same(await numbers(5).reduce(lambda a, v: a + v).collect(), [10])
    same(await numbers(4).scan(lambda a, v: a + v, 10).collect(), [10, 10, 11, 13, 16])
    same(await numbers(3).map(range, flatten=True).collect(), [0, 0, 1])
    same(await numbers(3).async_apply().collect(), [0, 1, 2])
    same(await numbers(9).async_pipe(3, double).collect(), [2 * v for v in range(9)])
    same(sorted(await numbers(9).async_pipe_unordered(3, double).collect()), [2 * v for v in range(9)])
    same(await numbers(9).parallel_pipe(2, abs, mode="thread").collect(), list(range(9)))
    same(sorted(await numbers(9).parallel_pipe_unordered(2, abs).collect()), list(range(9)))
    same(sorted(await ac.merge(numbers(3), numbers(3)).collect()), [0, 0, 1, 1, 2, 2])
    same(await ac.zip_chans(numbers(2), numbers(1)).collect(), [[0, 0], [1, None]])
    same(len(await ac.combine_latest(numbers(2), numbers(2)).collect()), 4)
    outs = [Chan(9), Chan(9)]
    numbers(4).distribute(*outs)
    same(sorted(await ac.merge(*outs).collect()), [0, 1, 2, 3])
    dup = numbers(2).dup()
    taps = [dup.tap(buffer=2), dup.tap(buffer=2)]
    same([await tap.collect() for tap in taps], [[0, 1], [0, 1]])
    pub = ac.from_iter("ab").pub()
    same(await pub.sub("a", buffer=1).collect(), ["a"])
    pub.unsub_all()

    reports = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context["exception"]))
    bad = numbers(3).map(lambda v: 1 // (v - 1))
    same(await bad.collect(), [-1])
    same([type(bad.exception()), *map(type, reports)], [ZeroDivisionError] * 2)

    same(await ac.timeout(0.001).get(), None)
    ticks = ac.tick_tock(0.001)
    same([n for n, _ in await ticks.collect(2)], [1, 2])
    ticks.close()

    seen = []
    c = Chan()
    c.get_nowait(seen.append, immediate_only=False)
    c.add("v")
    select((c, "w"), cb=lambda *answer: seen.append(answer))
    same(c.get_nowait(), "w")
    await ac.nop()
    same(seen, ["v", (True, c)])
    thread = asyncio.get_running_loop().run_in_executor(None, c.get_blocking)
    same(await c.put("x"), True)
    same(await thread, "x")


def sync_side():
    c = Chan()
    threading.Thread(target=lambda: [c.put_blocking(v) for v in range(3)] and c.close()).start()
    same(list(c), [0, 1, 2])
    same(list(ac.from_range(5).async_pipe(2, double)), [0, 2, 4, 6, 8])
    same(list(ac.from_range(3).map(abs).to_iterable()), [0, 1, 2])
    q = ac.from_range(2).to_queue(queue.Queue())
    same([q.get(), q.get(), q.get()], [0, 1, None])
    loop, thread = ac.run_in_thread(double(1))
    thread.join()
    same(loop.is_closed(), True)
    same(ac.run(double(3)), 6)
    same(ac.go(double(4)).result(), 8)
    refused(TypeError, lambda: Chan().put_nowait(None))
    refused(ValueError, lambda: Chan("s", 0))
    refused(ValueError, lambda: select())
    refused(ValueError, lambda: ac.from_range(3).group(0))
    refused(TimeoutError, lambda: Chan().get_blocking(0.001))

    # The limit holds whatever the flags.
    limit = ac.channel.MAX_OP_QUEUE_SIZE
    for wait in (
        lambda c: c.put(1),
        lambda c: c.get(),
        lambda c: c.add(1),
        lambda c: c.put_nowait(1, immediate_only=False),
        lambda c: c.get_nowait(immediate_only=False),
    ):
        c = Chan()
        kept = [wait(c) for _ in range(limit)]
        refused(AssertionError, lambda: wait(c))
        kept.clear()
    refused(AssertionError, lambda: Chan(1).put_nowait(1, print))
    refused(AssertionError, lambda: Chan(1).get_nowait(print))


if __name__ == "__main__":
    made_before = Chan()
    asyncio.run(async_side(made_before))
    sync_side()
    print("tour ends", os.path.basename(__file__))
