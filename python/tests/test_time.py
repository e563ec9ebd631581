"""`timeout` and `tick_tock`; and that endless work leaves the loop's timers their time."""

import asyncio
import time

import pytest
from stage_table import STAGES, same
from support import nobody_waits, on_loop, soon, take_all, turns

import aiochan as ac
from aiochan import Chan, from_range, select, tick_tock, timeout

NO_POOLS = [name for name in STAGES if "parallel" not in name and name != "reduce"]


@on_loop
async def test_timeout_is_a_channel_that_closes_itself():
    loop = asyncio.get_running_loop()
    start = loop.time()
    c = timeout(0.02)
    assert isinstance(c, Chan) and not c.closed
    assert c.put_nowait(1) is None
    op = c.put(1)
    assert await c.get() == 1 and await op is True
    assert await soon(c.get()) is None
    # Timers of a loop may come one tick of its clock early.
    assert loop.time() - start >= 0.02 - 0.001
    assert c.closed


@pytest.mark.parametrize("seconds", [0, -1])
@on_loop
async def test_timeout_that_is_over_closes_at_once(seconds):
    assert await soon(timeout(seconds).get()) is None


@on_loop
async def test_timeout_as_an_arm_of_a_select():
    c, t = Chan(), timeout(0.001)
    assert await soon(select(c, t)) == (None, t)
    assert nobody_waits(c)


@on_loop
async def test_timeout_that_is_closed_early():
    c = timeout(30)
    c.close()
    await soon(c.join())


@pytest.mark.parametrize("seconds, kind", [(float("nan"), ValueError), ("1", TypeError), (None, TypeError)])
@pytest.mark.parametrize("make", [timeout, tick_tock])
@on_loop
async def test_what_is_no_number_of_seconds_is_refused(make, seconds, kind):
    with pytest.raises((kind, TypeError) if seconds == "1" else kind, match="seconds"):
        make(seconds if seconds != "1" else "one")


@pytest.mark.parametrize("seconds", [0, -1, float("inf")])
@on_loop
async def test_ticks_need_a_positive_period(seconds):
    with pytest.raises(ValueError, match="seconds"):
        tick_tock(seconds)


@on_loop
async def test_ticks_are_numbered_and_never_early():
    loop = asyncio.get_running_loop()
    start = loop.time()
    c = tick_tock(0.005)
    ticks = await soon(c.collect(10))
    assert [n for n, _ in ticks] == list(range(1, 11))
    for n, when in ticks:
        # Never early: so lateness does not add up either, or the next line would fail.
        assert when >= start + n * 0.005 - 0.002
    c.close()


@on_loop
async def test_first_tick_comes_at_start_at():
    loop = asyncio.get_running_loop()
    start = loop.time() + 0.01
    c = tick_tock(30, start_at=start)
    n, when = await soon(c.get())
    assert n == 1 and start - 0.002 <= when < start + 5
    c.close()


@on_loop
async def test_unread_ticks_do_not_pile_up_and_the_ticker_lives():
    c = tick_tock(0.0005)
    other = tick_tock(0.0005)
    # Many more ticks than the channel keeps.
    await soon(other.collect(40))
    kept = take_all(c)
    assert len(kept) <= 2 and not c.closed
    later = await soon(c.get())
    assert later[0] > (kept or [(0,)])[-1][0]
    c.close()
    other.close()


@on_loop
async def test_closed_ticker_ends():
    c = tick_tock(0.001)
    await soon(c.get())
    c.close()
    await soon(c.join() if not take_all(c) else c.join())
    assert await soon(c.get()) is None


@on_loop
async def test_two_tickers_in_a_select():
    a, b = tick_tock(0.001), tick_tock(0.001)
    seen = {id((await soon(select(a, b)))[1]) for _ in range(50)}
    assert seen == {id(a), id(b)}
    a.close()
    b.close()


# Fairness.


async def longest_turns(n=200):
    """How long a timer that is due may have to wait for its turn, but for the longest twentieth of the turns.

    In the time that this thread computes, so what other programs take away does not count.
    """
    spent = []
    for _ in range(n):
        before = time.thread_time()
        await asyncio.sleep(0)
        spent.append(time.thread_time() - before)
    return sorted(spent)[-n // 20]


async def longest_turns_beside(work):
    task = asyncio.ensure_future(work)
    await turns(2)
    longest = await longest_turns()
    task.cancel()
    await asyncio.wait({task})
    return longest


async def assert_on_time(work):
    assert await soon(longest_turns_beside(work)) < 0.005


async def reads_endlessly():
    async for _ in from_range():
        pass


async def puts_and_gets_endlessly():
    c = Chan(1)
    while True:
        await c.put(1)
        await c.get()


async def selects_endlessly():
    c, d = from_range(), from_range()
    while True:
        await select(c, d)


async def collects_endlessly():
    await from_range().collect()


async def reads_a_chain_endlessly():
    async for _ in from_range().map(same).filter(lambda v: True).distinct():
        pass


async def filters_all_endlessly():
    await from_range().filter(lambda v: False).get()


async def merges_endlessly():
    async for _ in ac.merge(from_range(), from_range()):
        pass


async def two_tasks_endlessly():
    c = Chan()

    async def put():
        while True:
            await c.put(1)

    task = asyncio.ensure_future(put())
    try:
        async for _ in c:
            pass
    finally:
        task.cancel()


async def duplicates_endlessly():
    dup = from_range().dup()
    a, b = dup.tap(), dup.tap()
    async for _ in ac.zip_chans(a, b):
        pass


async def publishes_endlessly():
    pub = from_range().pub(lambda v: v % 2)
    pub.sub(0, close=False, out=Chan("s", 1))
    async for _ in pub.sub(1):
        pass


async def pipes_endlessly():
    async def f(v):
        return v

    async for _ in from_range().async_pipe(3, f):
        pass


async def pipes_unordered_endlessly():
    async def f(v):
        return v

    async for _ in from_range().async_pipe_unordered(3, f):
        pass


ENDLESS = [
    reads_endlessly,
    puts_and_gets_endlessly,
    selects_endlessly,
    collects_endlessly,
    reads_a_chain_endlessly,
    filters_all_endlessly,
    merges_endlessly,
    two_tasks_endlessly,
    duplicates_endlessly,
    publishes_endlessly,
    pipes_endlessly,
    pipes_unordered_endlessly,
]


@pytest.mark.parametrize("work", ENDLESS)
@on_loop
async def test_endless_work_does_not_stop_the_loop(work):
    """Without a word about time: the loop comes round at all, and the work can be cancelled."""
    task = asyncio.ensure_future(work())
    await asyncio.sleep(0.001)
    await turns(5)
    task.cancel()
    await soon(asyncio.wait({task}))
    assert task.cancelled()


@pytest.mark.timing
@pytest.mark.parametrize("work", ENDLESS)
@on_loop
async def test_endless_work_leaves_timers_on_time(work):
    await assert_on_time(work())


@pytest.mark.timing
@pytest.mark.parametrize("consumer", ["closed", "absent", "slow"])
@pytest.mark.parametrize("name", NO_POOLS)
@on_loop
async def test_stage_over_an_endless_source_leaves_timers_on_time(name, consumer):
    out = Chan()
    if consumer == "closed":
        out.close()
    STAGES[name].make(from_range(1, step=1), same, out=out)

    async def read():
        async for _ in out:
            await asyncio.sleep(0.001)

    await assert_on_time(read() if consumer == "slow" else asyncio.sleep(0))
    out.close()
