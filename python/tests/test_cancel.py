"""Cancelling: at every moment, by every means, no value is lost or doubled, and nothing is left behind."""

import asyncio
import gc
import sys

import pytest
from support import (
    LIMIT,
    Boom,
    nobody_waits,
    on_loop,
    soon,
    take_all,
    turns,
    wait_for_get,
    wait_for_put,
)

import aiochan as ac
from aiochan import Chan, select

needs_311 = pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout and TaskGroup are of Python 3.11")


# Ways to wait for one value of a channel, each a coroutine function.


async def plain(c):
    return await c.get()


async def in_wait_for(c):
    return await asyncio.wait_for(c.get(), LIMIT)


async def in_timeout(c):
    async with asyncio.timeout(LIMIT):
        return await c.get()


async def in_task_group(c):
    async with asyncio.TaskGroup() as group:
        task = group.create_task(plain(c))
    return task.result()


async def in_gather(c):
    (value,) = await asyncio.gather(c.get())
    return value


async def in_inner_task(c):
    return await asyncio.create_task(plain(c))


async def in_select(c):
    value, _ = await select(Chan(), c)
    return value


async def in_priority_select(c):
    value, _ = await select(Chan(), c, priority=True)
    return value


async def in_select_with_put(c):
    value, _ = await select((Chan(), "not taken"), c)
    return value


async def in_async_for(c):
    async for value in c:
        return value


async def in_anext(c):
    return await c.__aiter__().__anext__()


WAYS = [
    plain,
    in_wait_for,
    pytest.param(in_timeout, marks=needs_311),
    in_inner_task,
    in_select,
    in_priority_select,
    in_select_with_put,
    in_async_for,
    in_anext,
]
# Here something of asyncio's takes the value before the task that is cancelled goes on.
INDIRECT_WAYS = [pytest.param(in_task_group, marks=needs_311), in_gather]


async def result_of(task):
    """A list of what the task has got, which is empty if it was cancelled."""
    try:
        value = await task
    except asyncio.CancelledError:
        return []
    return [value]


@pytest.mark.parametrize("buffer", [None, 1])
@pytest.mark.parametrize("way", WAYS + INDIRECT_WAYS)
@on_loop
async def test_get_cancelled_before_it_began_has_no_effect(way, buffer):
    c = Chan(buffer)
    task = asyncio.ensure_future(way(c))
    task.cancel()
    assert await result_of(task) == []
    c.add("v")
    assert take_all(c) == ["v"]


@pytest.mark.parametrize("buffer", [None, 1, "d", "s"])
@pytest.mark.parametrize("way", WAYS + INDIRECT_WAYS)
@on_loop
async def test_get_cancelled_while_it_waits_is_withdrawn(way, buffer):
    c = Chan(buffer, 1)
    task = asyncio.ensure_future(way(c))
    await turns()
    assert c.stats().state == "PENDING_GETS"
    task.cancel()
    assert await result_of(task) == []
    assert nobody_waits(c)
    put = c.put("v")
    assert await soon(c.get()) == "v"
    assert await put is True
    assert c.get_nowait() is None


HAND_OVERS = {
    "put_nowait": lambda c, v: c.put_nowait(v),
    "queued put_nowait": lambda c, v: c.put_nowait(v, immediate_only=False),
    "add": lambda c, v: c.add(v),
    "put": lambda c, v: c.put(v),
    "select": lambda c, v: select((c, v)),
}


@pytest.mark.parametrize("buffer", [None, 1, "d", "s"])
@pytest.mark.parametrize("hand_over", HAND_OVERS.values(), ids=HAND_OVERS.keys())
@pytest.mark.parametrize("way", WAYS)
@on_loop
async def test_get_cancelled_in_the_turn_of_the_hand_over_keeps_the_value(way, hand_over, buffer):
    """Either the task got the value, or the next getter does: exactly one of the two."""
    c = Chan(buffer, 1)
    task = asyncio.ensure_future(way(c))
    await turns()
    kept = hand_over(c, "v")
    task.cancel()
    got = await result_of(task)
    await turns()
    assert got + take_all(c) == ["v"]
    del kept


@pytest.mark.parametrize("way", WAYS)
@on_loop
async def test_get_cancelled_between_the_hand_over_and_its_turn_passes_the_value_to_the_next(way):
    c = Chan()
    first = asyncio.ensure_future(way(c))
    await turns()
    second = wait_for_get(c)
    await turns()
    c.add("v")
    first.cancel()
    got = await result_of(first)
    if not got:
        assert await soon(second) == "v"
    else:
        c.close()
        assert got == ["v"] and await soon(second) is None


@pytest.mark.parametrize("way", WAYS + INDIRECT_WAYS)
@on_loop
async def test_cancelling_after_the_end_changes_nothing(way):
    c = Chan()
    task = asyncio.ensure_future(way(c))
    await turns()
    c.add("v")
    await turns()
    assert task.done() and not task.cancel()
    assert task.result() == "v"
    assert c.get_nowait() is None


@pytest.mark.parametrize("way", WAYS)
@on_loop
async def test_get_cancelled_in_the_turn_of_the_close(way):
    c = Chan()
    task = asyncio.ensure_future(way(c))
    await turns()
    c.close()
    task.cancel()
    assert await result_of(task) in ([], [None])
    assert c.closed and await c.get() is None


@pytest.mark.parametrize("buffer", [None, 1])
@on_loop
async def test_get_that_found_its_value_at_once_and_is_cancelled_before_it_is_awaited(buffer):
    """`get` takes effect when it is called; the value is still the channel's until somebody takes it."""
    c = Chan(buffer).add("v")
    op = c.get()
    task = asyncio.ensure_future(asyncio.wait_for(asyncio.shield(op), LIMIT))
    task.cancel()
    assert await result_of(task) == []
    del op, task
    await turns()
    gc.collect()
    assert take_all(c) == ["v"]


# Several values: order and room.


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@on_loop
async def test_values_given_back_keep_their_order(order):
    c = Chan()
    tasks = [wait_for_get(c), wait_for_get(c)]
    await turns()
    c.add("a", "b", "c")
    for i in order:
        tasks[i].cancel()
    await turns()
    assert take_all(c) == ["a", "b", "c"]


@on_loop
async def test_value_given_back_goes_to_the_front():
    c = Chan(3)
    task = wait_for_get(c)
    await turns()
    c.add("a", "b", "c")
    task.cancel()
    await turns()
    assert take_all(c) == ["a", "b", "c"]


@on_loop
async def test_parked_put_waits_while_a_value_given_back_takes_the_room():
    c = Chan(1)
    task = wait_for_get(c)
    await turns()
    c.add("a", "b")
    third = c.put("c")
    assert not third.done()
    task.cancel()
    await turns()
    assert await c.get() == "a"
    assert not third.done()
    assert await c.get() == "b"
    assert await soon(third) is True
    assert await c.get() == "c"


@pytest.mark.parametrize("code, left", [("d", ["a", "b"]), ("s", ["a", "b"])])
@on_loop
async def test_value_given_back_to_a_full_lossy_buffer_stays_in_order(code, left):
    """One over the size: neither of the two values that were accepted before is lost for it."""
    c = Chan(code, 1)
    task = wait_for_get(c)
    await turns()
    c.add("a", "b")
    task.cancel()
    await turns()
    assert take_all(c) == left


@on_loop
async def test_getter_of_a_promise_cancelled_after_its_delivery():
    c = Chan("p")
    task = wait_for_get(c)
    await turns()
    c.add("v")
    task.cancel()
    await turns()
    assert [c.get_nowait() for _ in range(3)] == ["v"] * 3


@on_loop
async def test_value_given_back_to_a_closed_channel_is_still_delivered():
    c = Chan()
    task = wait_for_get(c)
    await turns()
    c.add("v").close()
    joined = asyncio.ensure_future(c.join())
    task.cancel()
    await turns()
    assert await c.collect() == ["v"]
    await soon(joined)


@on_loop
async def test_value_given_back_to_a_channel_of_an_iterator():
    c = ac.from_range(3)
    op = c.get()
    op.cancel()
    del op
    gc.collect()
    assert await c.collect() == [0, 1, 2]


# Puts.


@pytest.mark.parametrize("way", ["task", "op", "wait_for", "select"])
@pytest.mark.parametrize("buffered", [[], ["a"]])
@on_loop
async def test_put_cancelled_while_it_waits_withdraws_its_value(way, buffered):
    c = Chan(len(buffered)).add(*buffered)
    if way == "task":
        put = wait_for_put(c, "withdrawn")
    elif way == "op":
        put = c.put("withdrawn")
    elif way == "wait_for":
        put = asyncio.ensure_future(asyncio.wait_for(c.put("withdrawn"), LIMIT))
    else:
        put = select((c, "withdrawn"), Chan())
    await turns()
    assert c.stats().state == "PENDING_PUTS"
    assert put.cancel()
    await turns()
    assert put.cancelled()
    assert nobody_waits(c)
    assert take_all(c) == buffered
    get = wait_for_get(c)
    await turns()
    c.add("next")
    assert await soon(get) == "next"


@pytest.mark.parametrize("way", ["task", "wait_for", "select"])
@on_loop
async def test_put_cancelled_in_the_turn_in_which_its_value_was_taken(way):
    """The getter has it, so it is not in the channel any more, whatever the putter hears."""
    c = Chan()
    if way == "task":
        put = wait_for_put(c, "v")
    elif way == "wait_for":
        put = asyncio.ensure_future(asyncio.wait_for(c.put("v"), LIMIT))
    else:
        put = asyncio.ensure_future(asyncio.wait_for(select((c, "v"), Chan()), LIMIT))
    await turns()
    assert c.get_nowait() == "v"
    put.cancel()
    await turns()
    assert put.done()
    assert take_all(c) == [] and nobody_waits(c)


@on_loop
async def test_put_cancelled_before_it_began():
    c = Chan(1)
    put = wait_for_put(c, "v")
    put.cancel()
    await turns()
    assert take_all(c) == []


@on_loop
async def test_cancelled_put_makes_way_for_those_behind_it():
    c = Chan()
    first, second = wait_for_put(c, 1), wait_for_put(c, 2)
    await turns()
    first.cancel()
    await turns()
    assert await c.get() == 2
    assert await soon(second) is True


@on_loop
async def test_dropped_put_stays_queued():
    """As with the original's futures: a put takes effect when it is called, awaited or not."""
    c = Chan()
    c.put(1)
    c.put(2)
    gc.collect()
    await turns()
    assert take_all(c) == [1, 2]


@on_loop
async def test_dropped_get_withdraws():
    c = Chan()
    c.get()
    gc.collect()
    await turns()
    assert nobody_waits(c)
    assert c.put_nowait("v") is None


@on_loop
async def test_dropped_get_that_had_its_value_gives_it_back():
    c = Chan()
    op = c.get()
    c.add("v")
    assert op.done()
    del op
    gc.collect()
    assert take_all(c) == ["v"]


@on_loop
async def test_dropped_select_withdraws_all_its_arms():
    c, d = Chan(), Chan()
    select(c, (d, "v"))
    gc.collect()
    assert nobody_waits(c) and nobody_waits(d)
    assert c.put_nowait(1) is None and d.get_nowait() is None


# Limits of time.


@pytest.mark.parametrize("seconds", [0, 0.001])
@pytest.mark.parametrize("buffer", [None, 1])
@on_loop
async def test_get_that_timed_out_takes_nothing_later(buffer, seconds):
    c = Chan(buffer)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(c.get(), seconds)
    c.add("v")
    assert await soon(c.get()) == "v"


@pytest.mark.parametrize("seconds", [0, 0.001])
@on_loop
async def test_put_that_timed_out_puts_nothing_later(seconds):
    c = Chan(1).add("A")
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(c.put("B"), seconds)
    assert await c.get() == "A"
    assert c.get_nowait() is None


@needs_311
@pytest.mark.parametrize("operation", ["get", "put", "select", "async for", "collect", "join"])
@on_loop
async def test_timeout_block_withdraws_what_waits_in_it(operation):
    c, full = Chan(), Chan(1).add("full")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            if operation == "get":
                await c.get()
            elif operation == "put":
                await full.put("late")
            elif operation == "select":
                await select(c, (full, "late"))
            elif operation == "async for":
                async for _ in c:
                    raise AssertionError("nothing was put")
            elif operation == "collect":
                await c.collect()
            else:
                await c.join()
    assert nobody_waits(c) and nobody_waits(full)
    assert take_all(full) == ["full"]
    c.add("v")
    assert take_all(c) == ["v"]


@needs_311
@on_loop
async def test_task_group_that_fails_withdraws_what_its_tasks_wait_for():
    gets, puts = Chan(), Chan()

    async def fail():
        await turns()
        raise Boom

    with pytest.raises(ExceptionGroup):  # noqa: F821
        async with asyncio.TaskGroup() as group:
            group.create_task(plain(gets))
            group.create_task(in_select(gets))
            group.create_task(in_async_for(gets))
            group.create_task(puts_one(puts))
            group.create_task(fail())
    assert nobody_waits(gets) and nobody_waits(puts)


async def puts_one(c):
    await c.put("v")


# What the original's users have met.


@on_loop
async def test_close_with_a_cancelled_getter_answers_the_others():
    c = Chan()
    first, second = wait_for_get(c), wait_for_get(c)
    await turns()
    first.cancel()
    await turns()
    c.close()
    assert c.closed
    assert await soon(second) is None


@on_loop
async def test_close_in_the_turn_of_the_cancelling_answers_the_others():
    c = Chan()
    first, second = wait_for_get(c), wait_for_get(c)
    await turns()
    first.cancel()
    c.close()
    assert c.closed
    assert await soon(second) is None


@on_loop
async def test_consumer_cancelled_inside_async_for_does_no_harm_to_the_next_producer():
    c = Chan()
    got = []

    async def consume():
        async for value in c:
            got.append(value)

    task = asyncio.ensure_future(consume())
    await soon(c.put(1))
    await turns()
    task.cancel()
    await turns()
    producer = wait_for_put(c, 2)
    assert await soon(c.get()) == 2
    assert await soon(producer) is True
    assert got == [1]


@pytest.mark.parametrize(
    "make",
    [
        lambda: ac.from_range().map(abs),
        lambda: ac.merge(ac.from_range(), ac.from_range()),
        lambda: ac.from_range().dup().tap(),
        lambda: Chan().map(abs),
    ],
    ids=["map", "merge", "dup", "silent"],
)
@on_loop
async def test_channel_that_only_its_cancelled_consumer_held(make):
    """It goes while the exception passes, and its stages, which may run then, must not disturb that."""

    async def consume():
        async for _ in make():
            await asyncio.sleep(0)

    async def fail():
        async for _ in make():
            raise Boom

    task = asyncio.ensure_future(consume())
    await turns(5)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    task = asyncio.ensure_future(fail())
    await turns()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled() or isinstance(task.exception(), Boom)


@pytest.mark.parametrize("kind", ["get", "put", "select"])
@on_loop
async def test_cancelled_operations_do_not_count_against_the_limit(kind):
    c = Chan()
    for i in range(3 * ac.channel.MAX_OP_QUEUE_SIZE):
        op = c.get() if kind == "get" else c.put(i) if kind == "put" else select(c)
        op.cancel()
    assert nobody_waits(c)
    assert c.put_nowait(0) is None and c.get_nowait() is None


@on_loop
async def test_cancelled_collect_takes_nothing_more():
    c = Chan()
    task = asyncio.ensure_future(c.collect())
    await turns()
    c.add(1, 2)
    await turns()
    task.cancel()
    await turns()
    assert nobody_waits(c)
    c.add(3)
    assert take_all(c) == [3]


@on_loop
async def test_cancelled_collect_that_has_not_gone_on_gives_back_what_it_was_just_given():
    c = Chan()
    task = asyncio.ensure_future(c.collect(2))
    await turns()
    c.add(1)
    task.cancel()
    await turns()
    c.add(2)
    # What it has taken for good cannot be undone; what it was not given yet is not touched.
    assert take_all(c) in ([1, 2], [2])


@on_loop
async def test_cancelled_join_leaves_the_channel_alone():
    c = Chan(1).add(1)
    task = asyncio.ensure_future(asyncio.wait_for(c.join(), LIMIT))
    await turns()
    task.cancel()
    await turns()
    c.close()
    assert await c.get() == 1
    await soon(c.join())


@on_loop
async def test_shielded_get_goes_on_when_who_waited_was_cancelled():
    c = Chan()
    op = c.get()
    task = asyncio.ensure_future(asyncio.wait_for(asyncio.shield(op), LIMIT))
    await turns()
    task.cancel()
    await turns()
    assert not op.done()
    c.add("v")
    assert await soon(op) == "v"


@on_loop
async def test_many_getters_cancelled_at_random_moments_lose_nothing():
    """A little fuzzing of the order of puts, cancels and turns; seeded."""
    import random

    for seed in range(50):
        rng = random.Random(seed)
        c = Chan(rng.choice([None, 1, 3]))
        got, waiting, n = [], [], 0
        for _ in range(100):
            what = rng.randrange(5)
            if what == 0:
                waiting.append(asyncio.ensure_future(rng.choice([plain, in_select, in_wait_for])(c)))
            elif what == 1 and waiting:
                rng.choice(waiting).cancel()
            elif what == 2:
                c.add(n)
                n += 1
            elif what == 3:
                await asyncio.sleep(0)
            else:
                value = c.get_nowait()
                if value is not None:
                    got.append(value)
        for task in waiting:
            task.cancel()
        await turns()
        for task in waiting:
            if not task.cancelled():
                got.append(task.result())
        got += take_all(c)
        assert sorted(got) == list(range(n)), seed
