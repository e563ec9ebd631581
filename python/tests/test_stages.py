"""Stages whose function fails, and stages whose output is closed: nothing hangs, nothing is read on."""

import asyncio
import functools
import itertools

import pytest
from stage_table import NO_PROCESSES, PLAIN, STAGES, boom_at, none_at, same
from support import Boom, nobody_waits, on_loop, reported, soon, take_all, turns

import aiochan as ac
from aiochan import Chan, from_iter

MANY = 30


async def fail(stage, f, kind, k, **settings):
    """Has a stage fail at value `k` of many; returns what came out, its output, and what is left of the input."""
    inp = Chan(MANY).add(*range(1, MANY + 1))
    with reported(kind):
        out = stage.make(inp, f, **settings)
        got = await soon(out.collect())
        await turns()
    return got, out, inp


def check(stage, k, got, inp):
    expected = stage.before(k)
    if stage.in_order:
        assert got == expected
    else:
        assert set(got) <= set(range(1, MANY + 1)) - {k} and len(got) == len(set(got))
    left = take_all(inp)
    assert left == list(range(MANY - len(left) + 1, MANY + 1)), "the input is read in order"
    if stage.bounded:
        assert len(left) >= MANY - k - stage.ahead, "the input is not read on"
    assert nobody_waits(inp), "the worker has ended"


@pytest.mark.parametrize("k", [1, 10, MANY], ids=["first", "middle", "last"])
@pytest.mark.parametrize("name", STAGES)
@on_loop
async def test_function_that_raises_closes_the_output_with_the_cause(name, k):
    stage = STAGES[name]
    got, out, inp = await fail(stage, functools.partial(boom_at, k), Boom, k)
    check(stage, k, got, inp)
    cause = out.exception()
    assert type(cause) is Boom and cause.args == (k,)
    assert await soon(out.get()) is None
    assert await soon(out.put(1)) is False
    assert not inp.closed


@pytest.mark.parametrize("k", [1, 10, MANY], ids=["first", "middle", "last"])
@pytest.mark.parametrize("name", [name for name in STAGES if STAGES[name].none_is_error])
@on_loop
async def test_function_that_returns_none_closes_the_output_with_a_type_error(name, k):
    stage = STAGES[name]
    got, out, inp = await fail(stage, functools.partial(none_at, k), TypeError, k)
    check(stage, k, got, inp)
    assert type(out.exception()) is TypeError
    assert "None" in str(out.exception())


@pytest.mark.parametrize("name", STAGES)
@on_loop
async def test_function_that_raises_closes_the_output_also_if_close_is_false(name):
    _, out, _ = await fail(STAGES[name], functools.partial(boom_at, 3), Boom, 3, close=False)
    assert out.closed and type(out.exception()) is Boom


@pytest.mark.parametrize("name", NO_PROCESSES)
@on_loop
async def test_cause_reaches_the_end_of_a_chain_and_is_reported_once(name):
    inp = Chan(MANY).add(*range(1, MANY + 1))
    with reported(Boom):
        out = STAGES[name].make(inp, functools.partial(boom_at, 5)).map(same).filter(lambda v: True).take(MANY)
        await soon(out.collect())
        await turns()
    assert type(out.exception()) is Boom


@pytest.mark.parametrize("name", NO_PROCESSES)
@on_loop
async def test_cause_reaches_the_end_through_channels_that_are_kept(name):
    inp = Chan(MANY).add(*range(1, MANY + 1))
    with reported(Boom):
        first = inp.map(functools.partial(boom_at, 5), buffer=2)
        second = STAGES[name].make(first, same)
        third = second.map(same)
        await soon(third.collect())
        await turns()
    assert type(first.exception()) is Boom
    assert first.exception() is second.exception() is third.exception()


@pytest.mark.parametrize("make", PLAIN.values(), ids=PLAIN.keys())
@on_loop
async def test_cause_passes_stages_without_a_function(make):
    inp = Chan().add(1, 2, 3)
    inp._fail(Boom())
    out = make(inp)
    await soon(out.collect())
    assert type(out.exception()) is Boom


@on_loop
async def test_end_without_a_cause_has_none():
    inp = Chan().add(1, 2).close()
    out = inp.map(same)
    assert out.exception() is None
    assert await out.collect() == [1, 2]
    assert inp.exception() is None and out.exception() is None


@on_loop
async def test_closed_output_is_not_given_a_cause_later():
    inp = Chan().add(1)
    out = Chan()
    with reported(Boom):
        inp.map(functools.partial(boom_at, 2), out=out)
        assert await soon(out.get()) == 1
        await turns()
        inp.add(2)
        await turns()
        cause = out.exception()
        out.close()
        assert out.exception() is cause is not None


class Uncomparable:
    def __eq__(self, other):
        raise Boom

    __hash__ = None


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda c: c.distinct(), id="distinct"),
        pytest.param(lambda c: c.group_by(same), id="group_by"),
    ],
)
@on_loop
async def test_comparison_that_raises_closes_the_output(make):
    inp = Chan(3).add(Uncomparable(), Uncomparable(), 3)
    with reported(Boom):
        out = make(inp)
        await soon(out.collect())
    assert type(out.exception()) is Boom
    assert take_all(inp) == [3]


class Truthless:
    def __bool__(self):
        raise Boom


@pytest.mark.parametrize("name", ["filter", "take_while", "drop_while"])
@on_loop
async def test_predicate_whose_truth_raises_closes_the_output(name):
    with reported(Boom):
        out = STAGES[name].make(Chan(1).add(1), lambda v: Truthless())
        assert await soon(out.collect()) == []
    assert type(out.exception()) is Boom


@pytest.mark.parametrize("wrong, kind", [(3, TypeError), ([1, None], TypeError)])
@on_loop
async def test_flatten_of_what_is_no_list_of_values(wrong, kind):
    with reported(kind):
        out = Chan(1).add(0).map(lambda v: wrong, flatten=True)
        await soon(out.collect())
    assert type(out.exception()) is kind


@on_loop
async def test_flatten_of_nothing_and_of_much():
    out = Chan(3).add(0, 1, 5000).close().map(range, flatten=True)
    assert await soon(out.collect()) == [0, *range(5000)]


@pytest.mark.parametrize("how", ["raises", "raises later", "returns"])
@on_loop
async def test_function_of_async_apply_that_raises_closes_the_output(how):
    inp = Chan().add(1, 2, 3)

    async def f(inp, out):
        if how == "raises later":
            await out.put(await inp.get())
        if how != "returns":
            raise Boom
        await out.put(1)
        out.close()

    with reported(*([] if how == "returns" else [Boom])):
        out = inp.async_apply(f)
        assert await soon(out.collect()) == ([] if how == "raises" else [1])
        await turns()
    assert isinstance(out.exception(), Boom) == (how != "returns")


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("name", ["async_pipe", "async_pipe_unordered"])
@on_loop
async def test_pipe_with_a_function_that_is_not_a_coroutine_function(name, n):
    """It cannot be awaited: an error of the function, as any other."""
    with reported(TypeError):
        out = getattr(Chan(1).add(1), name)(n, same)
        await soon(out.collect())
        await turns()
    assert type(out.exception()) is TypeError


@pytest.mark.parametrize("name", ["async_pipe", "async_pipe_unordered"])
@on_loop
async def test_other_calls_at_work_do_not_hang_when_one_fails(name):
    inp = Chan(3).add(1, 2, 3)
    gate = asyncio.Event()

    async def f(v):
        if v == 2:
            raise Boom
        await gate.wait()
        return v

    with reported(Boom):
        out = getattr(inp, name)(3, f)
        await turns()
        gate.set()
        await soon(out.collect())
        await turns()
    assert type(out.exception()) is Boom


# Closed outputs.


@pytest.mark.parametrize("name", STAGES)
@on_loop
async def test_output_closed_before_stops_the_intake(name):
    inp = Chan(50).add(*range(1, 51))
    out = Chan().close()
    STAGES[name].make(inp, same, out=out)
    await turns()
    left = take_all(inp)
    assert len(left) >= 49 - STAGES[name].ahead
    assert left == list(range(51 - len(left), 51))


@pytest.mark.parametrize("name", STAGES)
@on_loop
async def test_output_closed_while_the_stage_waits_for_input(name):
    """The stage ends at once: the next value put is not for it."""
    inp, out = Chan(), Chan(1)
    STAGES[name].make(inp, same, out=out)
    await turns()
    out.close()
    await turns()
    assert nobody_waits(inp)
    assert inp.put_nowait(1) is None


@pytest.mark.parametrize("make", PLAIN.values(), ids=PLAIN.keys())
@on_loop
async def test_output_of_a_plain_stage_closed_while_it_waits_for_input(make):
    inp, out = Chan(), Chan(1)
    make(inp, out=out)
    await turns()
    out.close()
    await turns()
    assert nobody_waits(inp)
    assert inp.put_nowait(1) is None


@pytest.mark.parametrize("name", [n for n in NO_PROCESSES if n not in ("drop_while", "reduce")])
@on_loop
async def test_output_closed_while_the_stage_waits_to_put(name):
    inp, out = Chan(50).add(*range(1, 51)), Chan()
    STAGES[name].make(inp, same, out=out)
    await soon(out.get())
    await turns()
    out.close()
    take_all(out)
    await turns()
    left = take_all(inp)
    assert len(left) >= 45 - 2 * STAGES[name].ahead
    assert left == list(range(51 - len(left), 51))


@pytest.mark.parametrize("name", STAGES)
@on_loop
async def test_endless_input_and_a_closed_output_let_the_loop_go_on(name):
    STAGES[name].make(ac.from_range(1, step=1), same, out=Chan().close())
    await turns(300)


# Input that ends, values that are false, back-pressure.


@pytest.mark.parametrize("close", [True, False])
@pytest.mark.parametrize("name", STAGES)
@on_loop
async def test_close_says_whether_the_output_is_closed_at_the_end(name, close):
    out = Chan(10)
    STAGES[name].make(Chan().add(1, 2).close(), same, out=out, close=close)
    if close:
        await soon(out.collect())
        assert out.closed and out.exception() is None
    else:
        expected = {"drop_while": 0, "reduce": 1, "scan": 3}.get(name, 2)
        await soon(out.collect(expected))
        await turns()
        assert not out.closed


FALSE = [0, "", False, [], 0.0, ()]


@pytest.mark.parametrize("name", [n for n in STAGES if n.startswith(("map", "async", "parallel"))])
@on_loop
async def test_false_values_pass(name):
    out = STAGES[name].make(from_iter(FALSE), same)
    got = await soon(out.collect())
    assert len(got) == len(FALSE)
    assert all(any(type(v) is type(w) and v == w for w in got) for v in FALSE)


@pytest.mark.parametrize("name", ["map", "async_pipe 1", "async_pipe 3", "async_pipe_unordered 1", "async_pipe_unordered 3"])
@on_loop
async def test_unread_output_stops_the_intake(name):
    calls = itertools.count(1)
    made = 0

    def f(v):
        nonlocal made
        made = next(calls)
        return v

    out = STAGES[name].make(ac.from_range(1, step=1), f)
    await turns(300)
    assert made <= 1 + STAGES[name].ahead
    before = made
    assert await soon(out.get()) is not None
    await turns()
    assert made > before
    out.close()


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("name", ["async_pipe", "async_pipe_unordered"])
@on_loop
async def test_at_most_n_calls_at_once(name, n):
    at_work = most = 0

    async def f(v):
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await turns(3)
        at_work -= 1
        return v

    out = getattr(ac.from_range(50), name)(n, f)
    got = await soon(out.collect())
    assert sorted(got) == list(range(50)) and most == n
    if name == "async_pipe":
        assert got == list(range(50))


@on_loop
async def test_async_pipe_keeps_the_order_whatever_call_ends_first():
    gates = [asyncio.Event() for _ in range(4)]

    async def f(v):
        await gates[v].wait()
        return v

    out = ac.from_range(4).async_pipe(4, f)
    first = asyncio.ensure_future(out.collect())
    for i in (3, 1, 2, 0):
        gates[i].set()
        await turns()
    assert await soon(first) == [0, 1, 2, 3]


@on_loop
async def test_async_pipe_unordered_gives_what_ends_first():
    gates = [asyncio.Event() for _ in range(3)]

    async def f(v):
        await gates[v].wait()
        return v

    out = ac.from_range(3).async_pipe_unordered(3, f)
    for i in (2, 0, 1):
        gates[i].set()
        assert await soon(out.get()) == i


@on_loop
async def test_stages_read_only_what_they_need():
    src = Chan(9).add(*range(9))
    assert await src.take(3).collect() == [0, 1, 2]
    await turns()
    assert not src.closed and nobody_waits(src)
    assert await src.take_while(lambda v: v < 4).collect() == [3]
    await turns()
    # The one that ended it has been read.
    assert take_all(src) == [5, 6, 7, 8]


@pytest.mark.parametrize(
    "make, expected",
    [
        (lambda c: c.take(0), []),
        (lambda c: c.take(2), [1, 1]),
        (lambda c: c.take(100), [1, 1, 2, 3]),
        (lambda c: c.drop(0), [1, 1, 2, 3]),
        (lambda c: c.drop(3), [3]),
        (lambda c: c.drop(100), []),
        (lambda c: c.group(3), [[1, 1, 2], [3]]),
        (lambda c: c.group(100), [[1, 1, 2, 3]]),
        (lambda c: c.group_by(lambda v: v < 3), [(True, [1, 1, 2]), (False, [3])]),
        (lambda c: c.group_by(lambda v: None), [(None, [1, 1, 2, 3])]),
        (lambda c: c.distinct(), [1, 2, 3]),
        (lambda c: c.reduce(lambda a, v: a + v), [7]),
        (lambda c: c.reduce(lambda a, v: a + v, 0), [7]),
        (lambda c: c.scan(lambda a, v: a + v), [1, 2, 4, 7]),
        (lambda c: c.scan(lambda a, v: a + v, 0), [0, 1, 2, 4, 7]),
        (lambda c: c.async_apply(), [1, 1, 2, 3]),
    ],
)
@on_loop
async def test_what_stages_give(make, expected):
    assert await soon(make(from_iter([1, 1, 2, 3])).collect()) == expected


@pytest.mark.parametrize(
    "make, expected",
    [
        (lambda c: c.group(2), []),
        (lambda c: c.group_by(same), []),
        (lambda c: c.reduce(lambda a, v: a), []),
        (lambda c: c.reduce(lambda a, v: a, 5), [5]),
        (lambda c: c.reduce(lambda a, v: a, 0), [0]),
        (lambda c: c.scan(lambda a, v: a), []),
        (lambda c: c.scan(lambda a, v: a, 0), [0]),
    ],
)
@on_loop
async def test_what_stages_give_of_nothing(make, expected):
    assert await soon(make(Chan().close()).collect()) == expected


async def anything(v):
    return v


@pytest.mark.parametrize(
    "make, kind, word",
    [
        (lambda c: c.take(-1), ValueError, "n"),
        (lambda c: c.take(1.5), TypeError, "n"),
        (lambda c: c.drop(-1), ValueError, "n"),
        (lambda c: c.group(0), ValueError, "n"),
        (lambda c: c.group(-1), ValueError, "n"),
        (lambda c: c.group("2"), TypeError, "n"),
        (lambda c: c.async_pipe(0, anything), ValueError, "n"),
        (lambda c: c.async_pipe_unordered(0, anything), ValueError, "n"),
        (lambda c: c.async_pipe(-1, anything), ValueError, "n"),
        (lambda c: c.async_pipe(None, anything), TypeError, "n"),
        (lambda c: c.parallel_pipe(0, same, mode="thread"), ValueError, "n"),
        (lambda c: c.parallel_pipe_unordered(0, same, mode="thread"), ValueError, "n"),
        (lambda c: c.parallel_pipe(1, same, mode="fibre"), ValueError, "mode"),
        (lambda c: c.parallel_pipe(1, same, mode="thread", pool_buffer=-1), ValueError, "pool_buffer"),
        (lambda c: c.map(None), TypeError, "callable"),
        (lambda c: c.map(3), TypeError, "callable"),
        (lambda c: c.filter("x"), TypeError, "callable"),
        (lambda c: c.reduce(0), TypeError, "callable"),
        (lambda c: c.async_pipe(1, None), TypeError, "callable"),
        (lambda c: c.parallel_pipe(1, None, mode="thread"), TypeError, "callable"),
        (lambda c: c.map(same, out=[]), TypeError, "out"),
        (lambda c: c.map(same, buffer="x", buffer_size=1), ValueError, "buffer"),
        (lambda c: c.async_pipe(1, anything, out=3), TypeError, "out"),
        (lambda c: c.collect(-1), ValueError, "n"),
        (lambda c: c.collect("all"), TypeError, "n"),
    ],
)
@on_loop
async def test_bad_arguments_are_refused_at_the_call(make, kind, word):
    c = Chan(1).add(1)
    with pytest.raises(kind, match=rf"\b{word}\b"):
        result = make(c)
        # `collect` may be a coroutine function, which is called when it is awaited.
        if hasattr(result, "__await__"):
            await result
    await turns()
    assert take_all(c) == [1], "the input was not touched"


@on_loop
async def test_async_pipe_of_functions_that_return_other_awaitables():
    async def waits(v):
        await asyncio.sleep(0)
        return v

    out = ac.from_range(5).async_pipe(2, lambda v: asyncio.ensure_future(waits(v)))
    assert await soon(out.collect()) == list(range(5))


@on_loop
async def test_collect_counts():
    assert await ac.from_range(5).collect(0) == []
    assert await ac.from_range(5).collect(3) == [0, 1, 2]
    assert await ac.from_range(5).collect(9) == [0, 1, 2, 3, 4]


@on_loop
async def test_collect_does_not_take_a_turn_of_the_loop_for_each_value():
    counted = 0

    async def count() -> None:
        nonlocal counted
        while True:
            counted += 1
            await asyncio.sleep(0)

    counting = asyncio.ensure_future(count())
    # The channel is held, so its values pass through it one by one.
    doubled = ac.from_range(2_000).map(lambda n: n * 2)
    assert await doubled.collect() == list(range(0, 4_000, 2))
    counting.cancel()
    assert counted < 1_000
