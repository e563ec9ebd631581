"""What an operation returns behaves as an asyncio future, and can be awaited wherever a loop runs."""

import asyncio
import contextvars
import sys
import time

import pytest
from support import LIMIT, nobody_waits, on_loop, reported, script, soon, take_all, turns

import aiochan as ac
from aiochan import Chan, select

MAKERS = {
    "get": (lambda c: c.get(), lambda c: c.add("v"), "v"),
    "put": (lambda c: c.put("v"), lambda c: c.get_nowait(), True),
    "select": (lambda c: select(c), lambda c: c.add("v"), None),
    "join": (lambda c: c.join(), lambda c: c.close(), None),
}
WAITING = pytest.mark.parametrize("make, end, result", MAKERS.values(), ids=MAKERS.keys())


@WAITING
@on_loop
async def test_states_of_an_operation(make, end, result):
    c = Chan()
    op = make(c)
    assert asyncio.isfuture(op)
    assert not op.done() and not op.cancelled()
    for question in (op.result, op.exception):
        with pytest.raises(asyncio.InvalidStateError):
            question()
    end(c)
    assert op.done() and not op.cancelled()
    assert op.exception() is None
    if result is not None:
        assert op.result() == result
    assert op.result() == op.result() == await op == await op
    assert op.cancel() is False


@WAITING
@on_loop
async def test_cancelled_operation(make, end, result):
    c = Chan()
    op = make(c)
    assert op.cancel() is True
    assert op.done() and op.cancelled()
    assert op.cancel() is False
    for question in (op.result, op.exception):
        with pytest.raises(asyncio.CancelledError):
            question()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.gather(op)
    with pytest.raises(asyncio.CancelledError):
        await op
    assert nobody_waits(c)


@WAITING
@on_loop
async def test_cancel_takes_a_message(make, end, result):
    assert make(Chan()).cancel(msg="enough") is True
    assert make(Chan()).cancel("enough") is True


@WAITING
@on_loop
async def test_cancelling_an_operation_wakes_who_awaits_it(make, end, result):
    op = make(Chan())

    async def wait():
        await op

    task = asyncio.ensure_future(wait())
    await turns()
    op.cancel()
    with pytest.raises(asyncio.CancelledError):
        await soon(task)


@on_loop
async def test_cancelling_after_the_delivery_keeps_the_value_somewhere():
    c = Chan()
    op = c.get()
    c.add("v")
    if op.cancel():
        assert take_all(c) == ["v"]
    else:
        assert op.result() == "v" and take_all(c) == []


@WAITING
@on_loop
async def test_two_tasks_may_await_one_operation(make, end, result):
    c = Chan()
    op = make(c)

    async def wait():
        return await op

    tasks = [asyncio.ensure_future(wait()) for _ in range(2)]
    await turns()
    end(c)
    first, second = [await soon(task) for task in tasks]
    assert first == second


# Callbacks.


@WAITING
@on_loop
async def test_callbacks_are_called_once_in_order_and_not_at_once(make, end, result):
    c = Chan()
    op = make(c)
    seen = []
    op.add_done_callback(lambda o: seen.append((1, o)))
    op.add_done_callback(lambda o: seen.append((2, o)))
    await turns()
    assert seen == []
    end(c)
    assert seen == []
    await turns()
    assert seen == [(1, op), (2, op)]
    op.add_done_callback(lambda o: seen.append((3, o)))
    assert len(seen) == 2
    await turns()
    assert seen[2:] == [(3, op)]


@on_loop
async def test_callbacks_of_a_cancelled_operation_are_called():
    op = Chan().get()
    seen = []
    op.add_done_callback(seen.append)
    op.cancel()
    await turns()
    assert seen == [op] and seen[0].cancelled()


@on_loop
async def test_callbacks_can_be_removed():
    c = Chan()
    op = c.get()
    seen = []
    op.add_done_callback(seen.append)
    op.add_done_callback(seen.append)
    op.add_done_callback(print)
    assert op.remove_done_callback(len) == 0
    assert op.remove_done_callback(print) == 1
    assert op.remove_done_callback(seen.append) == 2
    assert op.remove_done_callback(seen.append) == 0
    c.add(1)
    await turns()
    assert seen == []
    assert op.remove_done_callback(seen.append) == 0


@on_loop
async def test_callbacks_run_in_their_context():
    variable = contextvars.ContextVar("variable", default="outside")
    context = contextvars.copy_context()
    context.run(variable.set, "given")
    c = Chan()
    op = c.get()
    seen = []
    op.add_done_callback(lambda o: seen.append(variable.get()), context=context)
    variable.set("current")
    op.add_done_callback(lambda o: seen.append(variable.get()))
    variable.set("later")
    c.add(1)
    await turns()
    assert seen == ["given", "current"]


@on_loop
async def test_callback_that_raises_is_reported():
    def fail(op):
        raise ZeroDivisionError

    op = Chan(1).add(1).get()
    with reported(ZeroDivisionError):
        op.add_done_callback(fail)
        await turns()


@on_loop
async def test_operation_tells_its_loop():
    loop = asyncio.get_running_loop()
    for op in (Chan().get(), Chan(1).put(1), Chan(loop="no_loop").get()):
        assert op.get_loop() is loop


# The functions of asyncio.


@on_loop
async def test_ensure_future_gives_the_operation_itself():
    op = Chan().get()
    assert asyncio.ensure_future(op) is op


@WAITING
@on_loop
async def test_wait(make, end, result):
    c, other = Chan(), Chan()
    op, never = make(c), other.get()
    done, pending = await asyncio.wait({op, never}, timeout=0.001)
    assert done == set() and pending == {op, never}
    end(c)
    done, pending = await asyncio.wait({op, never}, return_when=asyncio.FIRST_COMPLETED)
    assert done == {op} and pending == {never}
    assert not never.done()
    other.add(1)
    done, pending = await asyncio.wait({op, never})
    assert done == {op, never} and pending == set()


@on_loop
async def test_gather():
    c = Chan()
    ops = [c.get(), c.put(0), c.get(), c.get()]
    c.add(1, 2)
    assert await soon(asyncio.gather(*ops)) == [0, True, 1, 2]


@on_loop
async def test_gather_that_is_cancelled_withdraws():
    c, full = Chan(), Chan(1).add("full")
    gathered = asyncio.gather(c.get(), full.put("late"), c.get())
    await turns()
    gathered.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gathered
    assert nobody_waits(c) and take_all(full) == ["full"]


@on_loop
async def test_gather_with_exceptions_returned():
    c = Chan()
    op = c.get()
    gathered = asyncio.gather(op, c.get(), return_exceptions=True)
    op.cancel()
    c.add(1)
    cancelled, value = await soon(gathered)
    assert isinstance(cancelled, asyncio.CancelledError) and value == 1


@on_loop
async def test_as_completed():
    a, b = Chan(), Chan()
    ops = [a.get(), b.get()]
    got = []

    async def consume():
        for op in asyncio.as_completed(ops):
            got.append(await op)

    task = asyncio.ensure_future(consume())
    await turns()
    b.add("b")
    await turns()
    a.add("a")
    await soon(task)
    assert got == ["b", "a"]


@on_loop
async def test_shield():
    c = Chan()
    op = c.get()
    shielded = asyncio.shield(op)
    shielded.cancel()
    await turns()
    assert shielded.cancelled() and not op.done()
    c.add("v")
    assert await soon(op) == "v"
    c.add("w")
    assert await soon(asyncio.shield(c.get())) == "w"


@on_loop
async def test_wait_for():
    c = Chan(1).add(1)
    assert await asyncio.wait_for(c.get(), LIMIT) == 1
    assert await asyncio.wait_for(c.put(2), 0) is True
    assert await asyncio.wait_for(c.get(), None) == 2


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are of Python 3.12")
@on_loop
async def test_eager_tasks():
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    c = Chan()

    async def work():
        return [await c.get(), await c.get()]

    task = asyncio.ensure_future(work())
    await soon(c.put(1))
    await soon(c.put(2))
    assert await soon(task) == [1, 2]


# Loops.


@pytest.mark.parametrize("make, result", [
    (lambda: Chan(1).add("v").get(), "v"),
    (lambda: Chan(1).put("v"), True),
    (lambda: select(Chan(1).add("v")), "v"),
    (lambda: Chan().close().get(), None),
    (lambda: ac.timeout(0.001).get(), None),
    (lambda: ac.timeout(0.001).join(), True),
], ids=["get", "put", "select", "closed", "waits", "join"])  # fmt: skip
@pytest.mark.parametrize("around", [
    lambda op, loop: op,
    lambda op, loop: asyncio.ensure_future(op, loop=loop),
    lambda op, loop: asyncio.shield(asyncio.ensure_future(op, loop=loop)),
    lambda op, loop: first_of(asyncio.gather(asyncio.ensure_future(op, loop=loop))),
    lambda op, loop: asyncio.wait_for(op, LIMIT),
    lambda op, loop: only_done(asyncio.wait({asyncio.ensure_future(op, loop=loop)})),
], ids=["itself", "ensure_future", "shield", "gather", "wait_for", "wait"])  # fmt: skip
def test_run_until_complete_takes_an_operation(make, result, around):
    """Of a channel that knows no loop, and asyncio asks each future for its loop."""
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        value = loop.run_until_complete(around(make(), loop))
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    assert (value[0] if isinstance(value, tuple) else value) == result


async def first_of(values):
    return (await values)[0]


async def only_done(wait):
    done, _ = await wait
    return done.pop().result()


def test_operation_that_waits_is_completed_by_the_loop_that_it_is_given():
    loops = [asyncio.new_event_loop() for _ in range(2)]
    c = Chan()
    for loop in loops:
        loop.call_later(0.001, c.put_nowait, "v")
        assert loop.run_until_complete(c.get()) == "v"

    async def made():
        return c.get()

    # Made on one loop, awaited on another.
    op = loops[0].run_until_complete(made())
    loops[1].call_later(0.001, c.put_nowait, "w")
    assert loops[1].run_until_complete(op) == "w"
    for loop in loops:
        loop.close()



def test_operation_made_without_a_loop_is_awaited_in_one():
    c = Chan()
    op = c.get()
    assert not op.done()

    async def main():
        c.add("v")
        return await op

    assert asyncio.run(main()) == "v"


def test_operation_made_in_one_loop_is_awaited_in_another():
    c = Chan()

    async def make():
        return c.get(), c.get()

    first, second = asyncio.run(make())

    async def take():
        c.add("v", "w")
        return await first, await asyncio.wait_for(second, LIMIT)

    assert asyncio.run(take()) == ("v", "w")


def test_operation_that_is_done_can_be_asked_without_a_loop():
    c = Chan(1)
    put, get, waits = c.put(1), c.get(), c.get()
    assert put.result() is True and get.result() == 1
    with pytest.raises(asyncio.InvalidStateError):
        waits.result()
    assert waits.cancel() is True and nobody_waits(c)


@on_loop
async def test_loop_in_another_thread_completes_an_operation_of_this_one():
    c = Chan()
    op = c.get()

    def elsewhere():
        async def main():
            await c.put("v")

        asyncio.run(main())

    thread = asyncio.get_running_loop().run_in_executor(None, elsewhere)
    assert await soon(op) == "v"
    await soon(thread)


@on_loop
async def test_awaiting_needs_no_turn_of_the_loop_if_the_operation_is_complete():
    """Completing at once must not go through the loop: no other task runs in between."""
    ran = False

    def run():
        nonlocal ran
        ran = True

    c = Chan(1)
    asyncio.get_running_loop().call_soon(run)
    await c.put(1)
    await c.get()
    assert await select(c, default=0) == (0, None)
    assert not ran


def test_what_a_thread_did_before_takes_no_turn_from_a_new_loop():
    """One that is new owes nobody a turn, however many operations went before on its thread, and how long ago."""

    async def takes(n):
        ran = False

        def run():
            nonlocal ran
            ran = True

        c = Chan(n).add(*range(n))
        asyncio.get_running_loop().call_soon(run)
        for _ in range(n):
            await c.get()
        return ran

    for n in (64, 1, 64, 33, 64):
        assert not asyncio.run(takes(n))
        time.sleep(0.002)


@on_loop
async def test_iterating_by_hand():
    """Generators of other schedulers use `send` and `throw`."""
    c = Chan(1).add("v")
    with pytest.raises(StopIteration) as stop:
        next(iter(c.get().__await__()))
    assert stop.value.value == "v"
    waits = c.get()
    steps = waits.__await__()
    bell = steps.send(None)
    assert bell is not None
    with pytest.raises(KeyError):
        steps.throw(KeyError())
    assert nobody_waits(c)


def test_taking_the_value_may_end_the_channel_whose_callback_asks_the_operation():
    """In a process of its own: with a lock held the interpreter stands still, and no limit ends it."""
    done = script(
        """
        import aiochan as ac

        c = ac.Chan(1)
        c.put_nowait(1)
        op = c.get()
        c.get_nowait(lambda value: print(value, op.done()), immediate_only=False)
        del c
        print(op.result())
        """
    )
    assert sorted(done.stdout.split("\n")) == ["", "1", "None True"]


def test_repr_tells_the_state():
    c = Chan()
    op = c.get()
    assert "Op" in repr(op) and "wait" in repr(op)
    op.cancel()
    assert "cancel" in repr(op)
    assert "done" in repr(Chan(1).put(1))


@on_loop
async def test_operations_are_compared_by_identity_and_can_be_keys():
    a, b = Chan().get(), Chan().get()
    assert a == a and a != b and len({a, b}) == 2
    assert not isinstance(a, asyncio.Future)
