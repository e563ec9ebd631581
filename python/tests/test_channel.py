"""The channel by itself: put and get, close, join, stats, limits, callbacks, no loop, iteration."""

import asyncio

import pytest
from support import Boom, nobody_waits, on_loop, reported, soon, take_all, turns, wait_for_get

import aiochan as ac
from aiochan import Chan, from_range
from aiochan import channel as channel_module

# Put and get.


@on_loop
async def test_operations_take_effect_when_they_are_called():
    c = Chan()
    put, get = c.put(1), c.get()
    assert put.done() and get.done()
    assert await get == 1 and await put is True
    get = c.get()
    assert c.put_nowait(2) is True
    assert get.done() and get.result() == 2


@on_loop
async def test_first_in_first_out():
    c = Chan(2)
    puts = [c.put(i) for i in range(6)]
    gets = [c.get() for _ in range(8)]
    assert [await soon(op) for op in gets[:6]] == list(range(6))
    assert [await soon(op) for op in puts] == [True] * 6
    c.add(6, 7)
    assert [await soon(op) for op in gets[6:]] == [6, 7]


@on_loop
async def test_nowait_does_not_overtake_those_that_wait():
    c = Chan()
    waiting = c.put(1)
    assert c.put_nowait(2) is None
    c.put_nowait(3, immediate_only=False)
    assert take_all(c) == [1, 3]
    assert await waiting is True
    first, second = c.get(), c.get()
    assert c.get_nowait() is None
    c.add(4, 5)
    assert [await first, await second] == [4, 5]


@pytest.mark.parametrize("value", [0, "", False, [], {}, 0.0, (), b"", NotImplemented, ...], ids=repr)
@on_loop
async def test_every_value_but_none_passes_as_it_is(value):
    for c in (Chan(), Chan(1)):
        op = c.get()
        assert c.put_nowait(value) is True
        assert await op is value
        c.add(value)
        assert c.get_nowait() is value


@pytest.mark.parametrize(
    "put",
    [
        lambda c: c.put(None),
        lambda c: c.put_nowait(None),
        lambda c: c.put_nowait(None, immediate_only=False),
        lambda c: c.add(None),
        lambda c: c.add(1, None),
        lambda c: c.put_blocking(None),
    ],
)
@pytest.mark.parametrize("closed", [False, True])
def test_none_is_refused_at_the_call_also_on_a_closed_channel(put, closed):
    c = Chan(3)
    if closed:
        c.close()
    with pytest.raises(TypeError, match="None"):
        put(c)
    assert take_all(c) in ([], [1])
    assert nobody_waits(c)


@on_loop
async def test_a_channel_can_carry_channels_and_itself():
    c, d = Chan(2), Chan()
    c.add(c, d)
    assert await c.get() is c and await c.get() is d


# Close.


@on_loop
async def test_close_answers_waiting_gets_and_refuses_puts():
    c = Chan()
    gets = [c.get(), wait_for_get(c)]
    await turns()
    assert c.close() is c and c.closed
    assert [await soon(op) for op in gets] == [None, None]
    assert await c.put(1) is False
    assert c.put_nowait(1) is False
    assert c.put_nowait(1, immediate_only=False) is False
    assert c.add(1, 2) is c
    assert await c.get() is None and c.get_nowait() is None
    assert c.close() is c


@on_loop
async def test_buffer_and_waiting_puts_are_delivered_after_close():
    c = Chan(1)
    puts = [c.put(i) for i in range(4)]
    c.close()
    assert not puts[1].done()
    assert await soon(c.collect()) == [0, 1, 2, 3]
    assert [await soon(op) for op in puts] == [True] * 4
    assert await c.put(5) is False


@on_loop
async def test_break_out_of_async_for_leaves_the_channel_open():
    c = Chan(3).add(1, 2, 3)
    async for v in c:
        assert v == 1
        break
    assert not c.closed and take_all(c) == [2, 3]


@on_loop
async def test_async_iterator_can_be_used_by_hand():
    c = Chan(2).add(0, 1).close()
    it = c.__aiter__()
    assert isinstance(it, ac.ChanIterator)
    assert it.__aiter__() is it
    assert [await it.__anext__(), await it.__anext__()] == [0, 1]
    with pytest.raises(StopAsyncIteration):
        await it.__anext__()
    assert [v async for v in ac.ChanIterator(Chan(1).add(1).close())] == [1]


@on_loop
async def test_several_consumers_share_what_there_is():
    c, got = Chan(), []

    async def consume():
        async for v in c:
            got.append(v)
            await asyncio.sleep(0)

    tasks = [asyncio.ensure_future(consume()) for _ in range(3)]
    for i in range(30):
        await soon(c.put(i))
    c.close()
    await soon(asyncio.gather(*tasks))
    assert sorted(got) == list(range(30))


# With a cause.


@on_loop
async def test_cause_of_a_close():
    c = Chan(1).add(1)
    assert c.exception() is None
    error = Boom()
    assert c._fail(error) is True
    assert c.closed and c.exception() is error
    assert await c.get() == 1 and await c.get() is None
    assert c._fail(Boom()) is False and c.exception() is error
    c.close()
    assert c.exception() is error


@on_loop
async def test_with_closes():
    with Chan(1) as c:
        c.add(1)
    assert c.closed and c.exception() is None and take_all(c) == [1]
    async with Chan() as d:
        assert not d.closed
    assert d.closed and d.exception() is None


@on_loop
async def test_with_left_by_an_exception_closes_with_the_cause_and_raises():
    with pytest.raises(Boom):
        with Chan() as c:
            raise Boom
    assert c.closed and type(c.exception()) is Boom
    with pytest.raises(Boom):
        async with Chan() as d:
            raise Boom
    assert d.closed and type(d.exception()) is Boom


# Join.


@on_loop
async def test_join_waits_for_closed_and_exhausted():
    c = Chan(1)
    joined = asyncio.ensure_future(asyncio.wait_for(c.join(), 5))
    c.add(1, 2)
    await turns()
    assert not joined.done()
    c.close()
    await turns()
    assert not joined.done()
    assert await c.get() == 1
    await turns()
    assert not joined.done()
    assert await c.get() == 2
    await soon(joined)
    await soon(c.join())


@pytest.mark.parametrize("buffer", [None, 3, "p"])
@on_loop
async def test_join_of_an_empty_closed_channel_returns_at_once(buffer):
    await soon(Chan(buffer).close().join())


@on_loop
async def test_join_of_an_empty_iterators_channel_returns_when_somebody_has_asked():
    c = from_range(0)
    assert await c.get() is None
    await soon(c.join())


@on_loop
async def test_many_can_join():
    c = Chan()
    joined = [asyncio.ensure_future(asyncio.wait_for(c.join(), 5)) for _ in range(3)]
    await turns()
    c.close()
    for task in joined:
        await soon(task)


@on_loop
async def test_join_of_an_iterators_channel_waits_for_its_end():
    c = from_range(2)
    joined = asyncio.ensure_future(asyncio.wait_for(c.join(), 5))
    await turns()
    assert not joined.done()
    assert await c.collect() == [0, 1]
    await soon(joined)


# Stats.


def figures(c):
    s = c.stats()
    return s.state, s.buffered, s.queued, s.immediate


@on_loop
async def test_stats_count_deliveries_by_their_way():
    c = Chan()
    assert isinstance(c.stats(), ac.ChanStat) and figures(c) == ("FLUENT", 0, 0, 0)
    op = c.get()
    assert figures(c) == ("PENDING_GETS", 0, 0, 0)
    await c.put(1)
    assert await op == 1
    assert figures(c) == ("FLUENT", 0, 1, 0)
    put = c.put(2)
    assert figures(c) == ("PENDING_PUTS", 0, 1, 0)
    assert await c.get() == 2 and await put
    assert figures(c) == ("FLUENT", 0, 1, 1)
    c = Chan(1).add(1)
    assert await c.get() == 1
    assert figures(c) == ("FLUENT", 1, 0, 0)


@on_loop
async def test_close_delivers_no_value_and_counts_none():
    c = Chan()
    ops = [c.get(), c.get()]
    c.close()
    assert [await op for op in ops] == [None, None]
    assert await c.get() is None
    assert figures(c) == ("FLUENT", 0, 0, 0)


@on_loop
async def test_selects_count_as_plain_operations_do():
    c = Chan()
    op = ac.select(c)
    await c.put(1)
    assert await op == (1, c)
    op = ac.select((c, 2))
    assert await ac.select(c) == (2, c)
    assert await op == (True, c)
    assert figures(c) == ("FLUENT", 0, 1, 1)


# Limits.

WAITING = {
    "put": lambda c: c.put(1),
    "put_nowait": lambda c: c.put_nowait(1, immediate_only=False),
    "add": lambda c: c.add(1),
    "get": lambda c: c.get(),
    "get_nowait": lambda c: c.get_nowait(immediate_only=False),
    "get_nowait with callback": lambda c: c.get_nowait(lambda v: None, immediate_only=False),
}


@pytest.mark.parametrize("limit", [None, 3])
@pytest.mark.parametrize("name", WAITING)
@on_loop
async def test_too_many_waiting_operations_are_refused(name, limit, monkeypatch):
    if limit:
        monkeypatch.setattr(channel_module, "MAX_OP_QUEUE_SIZE", limit)
    limit = channel_module.MAX_OP_QUEUE_SIZE
    c = Chan()
    kept = [WAITING[name](c) for _ in range(limit)]
    with pytest.raises(AssertionError, match=str(limit)):
        WAITING[name](c)
    if "get" in name:
        assert c.put_nowait("v") is True
    else:
        assert c.get_nowait() == 1
    kept.append(WAITING[name](c))
    with pytest.raises(AssertionError):
        WAITING[name](c)


@on_loop
async def test_limit_does_not_hinder_what_need_not_wait(monkeypatch):
    monkeypatch.setattr(channel_module, "MAX_OP_QUEUE_SIZE", 0)
    c = Chan(2)
    assert c.put_nowait(1) is True and await c.put(2) is True
    assert await c.get() == 1 and c.get_nowait() == 2
    with pytest.raises(AssertionError):
        c.get()


@on_loop
async def test_limit_can_be_raised(monkeypatch):
    monkeypatch.setattr(channel_module, "MAX_OP_QUEUE_SIZE", 5000)
    c = Chan().add(*range(5000))
    with pytest.raises(AssertionError):
        c.add(0)
    assert take_all(c) == list(range(5000))


@on_loop
async def test_async_put_over_the_limit_puts_nothing():
    c = Chan()
    c.add(*range(channel_module.MAX_OP_QUEUE_SIZE))
    with pytest.raises(AssertionError):
        await c.put("one too many")
    assert take_all(c) == list(range(channel_module.MAX_OP_QUEUE_SIZE))


# Callbacks.


@pytest.mark.parametrize("call", [lambda c: c.put_nowait(1, print), lambda c: c.get_nowait(print)])
@pytest.mark.parametrize("buffer", [None, 1])
def test_callback_without_queueing_is_refused(call, buffer):
    with pytest.raises(AssertionError, match="immediate_only"):
        call(Chan(buffer))


@on_loop
async def test_callbacks_get_the_result_now_or_later():
    c, seen = Chan(1), []
    assert c.put_nowait("a", seen.append, immediate_only=False) is True
    await turns()
    assert seen == [True]
    assert c.get_nowait(seen.append, immediate_only=False) == "a"
    await turns()
    assert seen == [True, "a"]
    assert c.get_nowait(seen.append, immediate_only=False) is None
    c.add("b")
    await turns()
    assert seen == [True, "a", "b"]
    c.get_nowait(seen.append, immediate_only=False)
    c.close()
    await turns()
    assert seen == [True, "a", "b", None]
    assert c.put_nowait("c", seen.append, immediate_only=False) is False
    await turns()
    assert seen == [True, "a", "b", None, False]


@on_loop
async def test_coroutine_functions_and_futures_as_callbacks():
    c, seen = Chan(), []

    async def callback(v):
        await asyncio.sleep(0)
        seen.append(v)

    future = asyncio.get_running_loop().create_future()
    c.get_nowait(callback, immediate_only=False)
    c.get_nowait(future, immediate_only=False)
    c.add(1, 2)
    assert await soon(future) == 2
    await turns()
    assert seen == [1]


@pytest.mark.parametrize("when", ["at once", "later"])
@pytest.mark.parametrize("side", ["put", "get", "coroutine"])
@on_loop
async def test_callback_that_raises_is_reported_and_harms_nobody(side, when):
    c = Chan()

    def callback(v):
        raise Boom

    async def coroutine(v):
        raise Boom

    with reported(Boom):
        if side == "put":
            if when == "later":
                c.put_nowait(1, callback, immediate_only=False)
                assert c.get_nowait() == 1
            else:
                op = c.get()
                c.put_nowait(1, callback, immediate_only=False)
                assert await op == 1
        else:
            cb = callback if side == "get" else coroutine
            if when == "later":
                c.get_nowait(cb, immediate_only=False)
                assert c.put_nowait(1) is True
            else:
                c.add(1)
                c.get_nowait(cb, immediate_only=False)
        await turns()
        import gc

        gc.collect()
        await turns()
    get = c.get()
    assert c.put_nowait(2) is True
    assert await soon(get) in (1, 2)


@on_loop
async def test_callbacks_may_use_the_channel_again_at_any_depth():
    """A game of ping-pong, deeper than the stack."""
    ping, pong, count = Chan(), Chan(), 0

    def on_ping(v):
        nonlocal count
        count += 1
        if v < 5000:
            ping.get_nowait(on_ping, immediate_only=False)
            pong.put_nowait(v + 1, immediate_only=False)

    def on_pong(v):
        pong.get_nowait(on_pong, immediate_only=False)
        ping.put_nowait(v + 1, immediate_only=False)

    ping.get_nowait(on_ping, immediate_only=False)
    pong.get_nowait(on_pong, immediate_only=False)
    ping.add(0)
    await turns()
    assert count == 2501


@on_loop
async def test_callback_that_closes_its_channel():
    c = Chan()
    others = [c.get() for _ in range(2)]
    first = Chan()
    first.get_nowait(lambda v: c.close(), immediate_only=False)
    first.add(1)
    await turns()
    assert c.closed and [await op for op in others] == [None, None]
    d = Chan()
    d.get_nowait(lambda v: d.close(), immediate_only=False)
    later = d.get()
    assert d.put_nowait(1) is True
    await turns()
    assert d.closed and await soon(later) is None


# Without a loop.


def test_no_loop_runs_on_callbacks_alone():
    c = Chan(loop="no_loop")
    assert c.loop is None
    seen = []
    c.get_nowait(seen.append, immediate_only=False)
    assert c.put_nowait(1) is True and seen == [1]
    c.put_nowait(2, seen.append, immediate_only=False)
    assert c.get_nowait() == 2 and seen == [1, True]
    c.add(3)
    assert c.close() is c and c.closed
    assert c.get_nowait() == 3
    assert c.get_nowait() is None
    assert c.get_nowait(seen.append, immediate_only=False) is None and seen[-1] is None
    assert c.close() is c


def test_no_loop_ping_pong_deeper_than_the_stack():
    ping, pong, count = Chan(loop="no_loop"), Chan(loop="no_loop"), 0

    def on_ping(v):
        nonlocal count
        count += 1
        if v < 5000:
            ping.get_nowait(on_ping, immediate_only=False)
            pong.put_nowait(v + 1, immediate_only=False)

    def on_pong(v):
        pong.get_nowait(on_pong, immediate_only=False)
        ping.put_nowait(v + 1, immediate_only=False)

    ping.get_nowait(on_ping, immediate_only=False)
    pong.get_nowait(on_pong, immediate_only=False)
    ping.add(0)
    assert count == 2501


def test_select_without_a_loop():
    c, d = Chan(1, loop="no_loop"), Chan(1, loop="no_loop")
    seen = []
    ac.select((c, 1), (d, 2), cb=lambda v, chan: seen.append((v, chan)))
    assert seen in ([(True, c)], [(True, d)])
    ac.select(c, d, cb=lambda v, chan: seen.append((v, chan)))
    assert seen[1] in ([(1, c), (2, d)])
    ac.select(c, d, cb=lambda v, chan: seen.append((v, chan)))
    assert len(seen) == 2
    d.add(3)
    assert seen[2] == (3, d)


@on_loop
async def test_channel_of_no_loop_can_be_awaited_all_the_same():
    c = Chan(loop="no_loop")
    op = c.get()
    await soon(c.put(1))
    assert await soon(op) == 1
    c.close()
    await soon(c.join())


@pytest.mark.parametrize("loop", ["some_loop", 3, asyncio], ids=repr)
def test_what_is_no_loop_is_refused(loop):
    with pytest.raises(TypeError, match="loop"):
        Chan(loop=loop)


# Parts of the reference.


def test_every_name_of_the_reference_is_there():
    names = (
        "Chan select merge from_iter from_range zip_chans combine_latest tick_tock timeout Dup Pub go nop run_in_thread run"
    )
    for name in names.split():
        assert name in ac.__all__ and name in channel_module.__all__
        assert getattr(ac, name) is getattr(channel_module, name)
    for name in "MAX_OP_QUEUE_SIZE MAX_DIRTY_SIZE ChanStat ChanIterator".split():
        assert hasattr(channel_module, name)


PARAMETERS = {
    "put": "val",
    "put_nowait": "val cb=None * immediate_only=True",
    "add": "*vals",
    "get": "",
    "get_nowait": "cb=None * immediate_only=True",
    "close": "",
    "join": "",
    "stats": "",
    "async_pipe": "n f out=None buffer=None buffer_size=None * close=True",
    "async_pipe_unordered": "n f out=None buffer=None buffer_size=None * close=True",
    "collect": "n=None",
    "to_queue": "q",
    "to_iterable": "buffer_size=1",
    "map": "f * out=None buffer=None buffer_size=None close=True flatten=False",
    "filter": "p * out=None buffer=None buffer_size=None close=True",
    "take": "n * out=None buffer=None buffer_size=None close=True",
    "drop": "n * out=None buffer=None buffer_size=None close=True",
    "take_while": "p * out=None buffer=None buffer_size=None close=True",
    "drop_while": "p * out=None buffer=None buffer_size=None close=True",
    "group": "n out=None buffer=None buffer_size=None close=True",
    "group_by": "f out=None buffer=None buffer_size=None close=True",
    "distinct": "* out=None buffer=None buffer_size=None close=True",
    "reduce": "f init=None * out=None buffer=None buffer_size=None close=True",
    "scan": "f init=None * out=None buffer=None buffer_size=None close=True",
    "dup": "",
    "distribute": "*outs * close=True",
}
POOLS = "n f out=None buffer=None buffer_size=None close=True flatten=False mode='process' pool_args=None pool_kwargs=None"


def words(signature):
    """Parameters and defaults as in the table above."""
    import inspect

    result, keyword_only = [], False
    for p in list(signature.parameters.values()):
        if p.name == "self":
            continue
        if p.kind is inspect.Parameter.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            result.append("*")
        name = "*" + p.name if p.kind is inspect.Parameter.VAR_POSITIONAL else p.name
        result.append(name if p.default is inspect.Parameter.empty else f"{name}={p.default!r}")
    return " ".join(result)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_and_defaults_are_those_of_the_reference(name):
    import inspect

    # A variable parameter makes those behind it keyword-only by itself; the table writes the star all the same.
    assert words(inspect.signature(getattr(Chan, name))) == PARAMETERS[name]


def test_parameters_of_functions_are_those_of_the_reference():
    import inspect

    table = {
        ac.merge: "*inputs * out=None buffer=None buffer_size=None close=True",
        ac.zip_chans: "*inputs * out=None buffer=None buffer_size=None close=True",
        ac.combine_latest: "*inputs * out=None buffer=None buffer_size=None close=True",
        ac.from_iter: "it * loop=None",
        ac.from_range: "start=None end=None step=None * loop=None",
        ac.tick_tock: "seconds start_at=None loop=None",
        ac.timeout: "seconds loop=None",
        ac.go: "coro loop=None",
        ac.run: "coro loop=None",
        ac.run_in_thread: "coro loop=None",
        ac.nop: "",
        ac.Dup.tap: "out=None buffer=None buffer_size=None close=True",
        ac.Dup.untap: "out",
        ac.Pub.unsub: "topic out",
        ac.Pub.sub: "topic out=None buffer=None buffer_size=None close=True",
        Chan: "buffer=None buffer_size=None * loop=None name=None",
    }
    for function, expected in table.items():
        assert words(inspect.signature(function)) == expected, function
    select = words(inspect.signature(ac.select))
    assert select.split()[1:] == "* priority=False default=None cb=None loop=None".split()
    for name in ("parallel_pipe", "parallel_pipe_unordered"):
        got = words(inspect.signature(getattr(Chan, name))).split()
        assert [word for word in got if word in POOLS.split()] == POOLS.split()
