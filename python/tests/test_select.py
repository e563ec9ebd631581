"""`select`: exactly one arm commits, and the others leave no trace."""

import asyncio

import pytest
from support import Boom, nobody_waits, on_loop, reported, soon, take_all, turns, wait_for_get, wait_for_put

import aiochan as ac
from aiochan import Chan, select


async def result(how, *arms, **settings):
    """What a select gives, by awaiting it or by its callback."""
    if how == "await":
        return await soon(select(*arms, **settings))
    answers = asyncio.Queue()
    assert select(*arms, cb=lambda v, c: answers.put_nowait((v, c)), **settings) is None
    return await soon(answers.get())


both_ways = pytest.mark.parametrize("how", ["await", "cb"])


@both_ways
@pytest.mark.parametrize("priority", [True, False])
@on_loop
async def test_put_arm_on_a_closed_channel_leaves_no_ghost_on_the_others(how, priority):
    """The worst fault of the original: the arm before stayed live and broke whoever met it."""
    for _ in range(1 if priority else 50):
        a, b, closed = Chan(), Chan(), Chan().close()
        assert await result(how, a, (b, "ghost"), (closed, "x"), priority=priority) == (False, closed)
        assert nobody_waits(a) and nobody_waits(b)
        assert a.put_nowait("v") is None and b.get_nowait() is None
        put = a.put("v")
        assert await soon(a.get()) == "v" and await soon(put) is True


@both_ways
@on_loop
async def test_get_arm_on_a_closed_channel_leaves_no_ghost_on_the_others(how):
    a, closed = Chan(), Chan().close()
    assert await result(how, (a, "ghost"), closed, priority=True) == (None, closed)
    assert nobody_waits(a) and a.get_nowait() is None


@on_loop
async def test_none_in_a_put_arm_is_refused_before_anything_is_done():
    a, b = Chan(), Chan()
    with pytest.raises(TypeError, match="None"):
        select(a, (b, None), priority=True)
    full = Chan(1).add("v")
    with pytest.raises(TypeError, match="None"):
        select(full, (b, None), priority=True)
    assert nobody_waits(a) and nobody_waits(b)
    assert take_all(full) == ["v"]


@pytest.mark.parametrize("arm", [3, "c", None, (1, 2), (), (Chan(),), (Chan(), 1, 2), asyncio], ids=repr)
@on_loop
async def test_what_is_no_operation_is_refused_before_anything_is_done(arm):
    full = Chan(1).add("v")
    with pytest.raises((TypeError, ValueError)):
        select(full, arm, priority=True)
    assert take_all(full) == ["v"]


@on_loop
async def test_select_without_operations_is_refused():
    with pytest.raises(ValueError, match="select"):
        select()


@both_ways
@pytest.mark.parametrize("default", [0, 42, "", False, [], "d"])
@on_loop
async def test_default(how, default):
    c = Chan(1)
    assert await result(how, c, default=default) == (default, None)
    assert await result(how, default=default) == (default, None)
    assert await result(how, (Chan(1).add(1), 2), c, default=default) == (default, None)
    assert nobody_waits(c)
    c.add("v")
    assert await result(how, c, default=default) == ("v", c)


@on_loop
async def test_default_none_is_no_default():
    c = Chan()
    op = select(c, default=None)
    assert not op.done()
    c.add("v")
    assert await soon(op) == ("v", c)


@on_loop
async def test_list_is_a_put_arm_too():
    c = Chan(1)
    assert await select([c, 1]) == (True, c)
    assert take_all(c) == [1]


@on_loop
async def test_one_unbuffered_channel_in_a_get_and_a_put_arm_never_meets_itself():
    for priority in (True, False):
        c = Chan()
        op = select(c, (c, "self"), priority=priority)
        await turns()
        assert not op.done()
        # Another party may take either side.
        if priority:
            c.add("other")
            assert await soon(op) == ("other", c)
        else:
            assert await soon(c.get()) == "self"
            assert await soon(op) == (True, c)
        assert nobody_waits(c) and take_all(c) == []


@on_loop
async def test_two_selects_over_the_same_channel_meet_each_other():
    c = Chan()
    first = select(c, (c, 1))
    second = select((c, 2), c)
    got = [await soon(first), await soon(second)]
    assert sorted(str(v) for v, _ in got) in (["2", "True"], ["1", "True"])
    assert nobody_waits(c) and take_all(c) == []


@on_loop
async def test_one_buffered_channel_in_a_get_and_a_put_arm():
    c = Chan(1)
    assert await select((c, 1), c, priority=True) == (True, c)
    assert await select((c, 2), c, priority=True) == (1, c)
    assert take_all(c) == []


@on_loop
async def test_same_get_arm_twice_takes_one_value():
    c = Chan()
    op = select(c, c)
    c.add(1, 2)
    assert await soon(op) == (1, c)
    assert take_all(c) == [2]


@on_loop
async def test_queued_put_arm_outlives_the_close_of_its_channel():
    """What was parked before the close is still delivered."""
    c, d = Chan(), Chan()
    op = select((c, "v"), d)
    c.close()
    await turns()
    assert not op.done()
    assert await c.get() == "v"
    assert await soon(op) == (True, c)
    assert nobody_waits(d)


@on_loop
async def test_queued_get_arm_hears_of_the_close():
    c, d = Chan(), Chan()
    op = select(c, d)
    d.close()
    assert await soon(op) == (None, d)
    assert nobody_waits(c)


@on_loop
async def test_priority_takes_the_leftmost_that_is_ready():
    a, b, c = Chan(1), Chan(1), Chan(1)
    b.add("b")
    c.add("c")
    assert await select(a, b, c, priority=True) == ("b", b)
    assert await select((a, 1), c, priority=True) == (True, a)
    assert take_all(c) == ["c"]


@on_loop
async def test_without_priority_every_ready_arm_has_its_share():
    a, b = ac.from_range(), ac.from_range()
    hits = sum([(await select(a, b))[1] is a for _ in range(400)])
    # Ten standard deviations around one half.
    assert 100 < hits < 300


@on_loop
async def test_waiters_are_served_in_order_plain_and_select_alike():
    c, d = Chan(), Chan()
    ops = [c.get(), select(c, d), c.get(), select(d, c)]
    c.add(0, 1, 2, 3)
    got = [await soon(op) for op in ops]
    assert [v[0] if isinstance(v, tuple) else v for v in got] == [0, 1, 2, 3]
    ops = [c.put(0), select((c, 1), d), c.put(2), select(d, (c, 3))]
    assert take_all(c) == [0, 1, 2, 3]
    assert [await soon(op) for op in ops] == [True, (True, c), True, (True, c)]


@on_loop
async def test_operations_of_a_select_are_not_overtaken():
    """A buffered channel with a waiting put: a select's put goes behind it."""
    c = Chan(1).add(0)
    first = c.put(1)
    second = select((c, 2), Chan())
    third = c.put(3)
    assert await c.get() == 0
    assert await soon(first) is True and not second.done() and not third.done()
    assert take_all(c) == [1, 2, 3]


@on_loop
async def test_losing_arms_leave_no_trace():
    """Not in stats, not in the count of waiting operations, not in `join`."""
    c, d, e = Chan(), Chan(), Chan()
    for i in range(3 * ac.channel.MAX_OP_QUEUE_SIZE):
        op = select(c, (d, i), e)
        e.add(i)
        assert await op == (i, e)
    for chan in (c, d, e):
        assert nobody_waits(chan)
    assert c.stats().queued == 0
    d.close()
    await soon(d.join())


@on_loop
async def test_join_does_not_wait_for_an_arm_that_has_lost():
    c, d = Chan(), Chan()
    op = select((c, "lost"), d)
    d.add(1)
    assert await soon(op) == (1, d)
    c.close()
    assert await c.get() is None
    await soon(c.join())


@pytest.mark.parametrize("arm", ["get", "put"])
@on_loop
async def test_losing_arms_of_a_callback_select_leave_no_trace(arm):
    c, d = Chan(), Chan()
    seen = []
    select(c if arm == "get" else (c, "lost"), d, cb=lambda *args: seen.append(args))
    assert seen == []
    d.add("v")
    await turns()
    assert seen == [("v", d)]
    assert nobody_waits(c) and nobody_waits(d)


@on_loop
async def test_callback_select_stays_without_being_held():
    import gc

    c = Chan()
    seen = []
    select(c, cb=lambda v, chan: seen.append(v))
    gc.collect()
    c.add("v")
    await turns()
    assert seen == ["v"]


@pytest.mark.parametrize("when", ["at once", "later"])
@on_loop
async def test_callback_that_raises_is_reported_and_harms_nobody(when):
    c = Chan()

    def cb(v, chan):
        raise Boom

    with reported(Boom):
        if when == "later":
            select(c, cb=cb)
            assert c.put_nowait(1) is True
        else:
            c.add(1)
            select(c, cb=cb)
        await turns()
    put = c.put(2)
    got = take_all(c)
    assert got[-1] == 2 and await soon(put) is True


@on_loop
async def test_select_with_an_explicit_loop():
    c = Chan(1).add(1)
    assert await select(c, loop=asyncio.get_running_loop()) == (1, c)


@on_loop
async def test_selects_as_putters_and_getters_meet():
    c, d = Chan(), Chan()
    gets = [select(c, d) for _ in range(10)]
    puts = [select((c, i), (d, i)) for i in range(10)]
    got = [await soon(op) for op in gets]
    assert sorted(v for v, _ in got) == list(range(10))
    assert all([(await soon(op))[0] is True for op in puts])
    assert nobody_waits(c) and nobody_waits(d)


@on_loop
async def test_select_over_a_promise_and_over_iterators():
    p = Chan("p")
    op = select(p, Chan())
    p.add("v")
    assert await soon(op) == ("v", p)
    assert await select(p) == ("v", p)
    it = ac.from_range(2)
    assert [await select(it) for _ in range(3)] == [(0, it), (1, it), (None, it)]


@on_loop
async def test_select_that_has_its_value_and_is_dropped_gives_it_back():
    c = Chan(1).add("v")
    op = select(c)
    assert op.done()
    del op
    assert take_all(c) == ["v"]
    op = select(c, Chan())
    c.add("w")
    del op
    assert take_all(c) == ["w"]


@on_loop
async def test_tasks_in_the_pattern_of_a_stop_signal():
    """A worker that selects over work and stop ends with the stop, and leaves the rest of the work."""
    work, stop = Chan(), Chan()
    done = []

    async def worker():
        while True:
            v, c = await select(stop, work, priority=True)
            if c is stop:
                return
            done.append(v)

    task = asyncio.ensure_future(worker())
    await soon(work.put(1))
    await turns()
    stop.close()
    await soon(task)
    assert done == [1] and nobody_waits(work)
    getter, putter = wait_for_get(work), wait_for_put(work, 2)
    assert await soon(getter) == 2 and await soon(putter) is True
