"""`go`, `nop`, `run`, `run_in_thread`, and the ways to threads: `to_queue`, `to_iterable`."""

import asyncio
import gc
import queue
import threading

import pytest
from support import LIMIT, Boom, in_threads, nobody_waits, on_loop, script, soon, take_all, turns

import aiochan as ac
from aiochan import Chan, from_range, go, nop, run, run_in_thread


async def give(v):
    await nop()
    return v


async def fail():
    await nop()
    raise Boom


# run.


def test_run_returns_the_result():
    assert run(give(1)) == 1
    assert run(give(None)) is None


def test_run_raises_what_the_coroutine_raises():
    with pytest.raises(Boom):
        run(fail())


def test_run_raises_base_exceptions_too():
    async def leave():
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        run(leave())


def test_run_closes_the_loop_that_it_made():
    async def main():
        return asyncio.get_running_loop()

    assert run(main()).is_closed()


def test_run_on_a_loop_of_ones_own_leaves_it_open():
    loop = asyncio.new_event_loop()

    async def main():
        return asyncio.get_running_loop()

    assert run(main(), loop) is loop
    assert run(main(), loop=loop) is loop
    assert not loop.is_closed()
    loop.close()


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("own", [False, True])
def test_run_cancels_and_awaits_the_tasks_that_are_left(own, fails):
    ended = []
    loop = asyncio.new_event_loop() if own else None

    async def left(c):
        try:
            await c.get()
        except asyncio.CancelledError:
            await nop()
            ended.append("cancelled")
            raise

    async def main():
        c = Chan()
        go(left(c))
        go(left(c))
        await nop()
        if fails:
            raise Boom
        return c

    if fails:
        with pytest.raises(Boom):
            run(main(), loop)
    else:
        assert nobody_waits(run(main(), loop))
    assert ended == ["cancelled"] * 2
    if loop:
        loop.close()


@on_loop
async def test_run_inside_a_running_loop_works_and_raises():
    """It blocks the loop, as the original did, but it neither hangs nor fails."""
    assert run(give(1)) == 1
    with pytest.raises(Boom):
        run(fail())


def test_run_takes_an_operation_and_channels_of_before():
    c = Chan(1).add(1)

    async def main():
        return await c.get(), await asyncio.wait_for(c.put(2), LIMIT)

    assert run(main()) == (1, True)
    assert take_all(c) == [2]


# go.


@on_loop
async def test_go_gives_something_to_await():
    assert await soon(go(give(1))) == 1
    with pytest.raises(Boom):
        await soon(go(fail()))
    assert await soon(go(give(2), asyncio.get_running_loop())) == 2


@on_loop
async def test_go_keeps_its_task_alive():
    """A loop holds its tasks weakly; one that waits on a channel that nobody else holds must go on all the same."""
    c, done = Chan(), []

    async def work():
        done.append(await c.get())

    go(work())
    await turns()
    gc.collect()
    await soon(c.put(1))
    await turns()
    assert done == [1]


def test_go_without_a_loop_runs_in_the_background():
    c = Chan()

    async def work():
        await c.put(threading.get_ident())

    go(work())
    assert c.get_blocking(LIMIT) != threading.get_ident()
    assert go(give(3)).result(LIMIT) == 3
    with pytest.raises(Boom):
        go(fail()).result(LIMIT)


def test_go_without_a_loop_can_be_awaited_in_one():
    started = go(give(4))

    async def main():
        return await asyncio.wait_for(asyncio.ensure_future(_await(started)), LIMIT)

    assert asyncio.run(main()) == 4


async def _await(awaitable):
    return await awaitable


@on_loop
async def test_go_onto_a_loop_in_another_thread():
    gate = Chan()

    async def main():
        await gate.get()
        return threading.get_ident()

    loop, thread = run_in_thread(main())

    async def where():
        return threading.get_ident()

    there = await soon(_await(go(where(), loop)))
    assert there == thread.ident
    gate.close()
    await soon(asyncio.get_running_loop().run_in_executor(None, thread.join))


@on_loop
async def test_nop_lets_others_run_once():
    ran = []
    asyncio.get_running_loop().call_soon(ran.append, 1)
    await nop()
    assert ran == [1]


# run_in_thread.


def test_run_in_thread_runs_and_ends():
    c = Chan(1)

    async def main():
        await c.put(threading.get_ident())

    loop, thread = run_in_thread(main())
    thread.join(LIMIT)
    assert not thread.is_alive() and loop.is_closed()
    assert c.get_blocking(0) == thread.ident


def test_run_in_thread_on_a_loop_of_ones_own():
    loop = asyncio.new_event_loop()
    c = Chan(loop=loop)

    async def main():
        for i in range(5):
            await c.put(i)
        c.close()

    same, thread = run_in_thread(main(), loop=loop)
    assert same is loop and list(c.to_iterable()) == list(range(5))
    thread.join(LIMIT)
    assert not loop.is_closed()
    loop.close()


def test_run_in_thread_tells_what_was_raised(monkeypatch):
    told = []
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(args.exc_type))
    _, thread = run_in_thread(fail())
    thread.join(LIMIT)
    assert told == [Boom]


# To threads.


def test_to_queue_ends_with_none():
    q = queue.Queue()
    assert from_range(3).to_queue(q) is q
    assert [q.get(timeout=LIMIT) for _ in range(4)] == [0, 1, 2, None]


@on_loop
async def test_to_queue_that_is_full_does_not_block_the_loop():
    c, q = Chan(), queue.Queue(maxsize=1)
    c.to_queue(q)
    await soon(c.put(1))
    await soon(c.put(2))
    waits = c.put(3)
    await turns(100)
    assert q.get(timeout=LIMIT) == 1
    assert await soon(waits) is True
    c.close()
    got = [await asyncio.get_running_loop().run_in_executor(None, q.get, True, LIMIT) for _ in range(3)]
    assert got == [2, 3, None]


@on_loop
async def test_to_queue_of_asyncio_is_refused():
    with pytest.raises(TypeError, match="asyncio"):
        Chan().to_queue(asyncio.Queue())


def test_to_iterable_from_several_producers_loses_nothing():
    c = Chan()
    got = []

    def produce(start):
        def main():
            async def put():
                for i in range(start, start + 1000):
                    await c.put(i)

            asyncio.run(put())

        return main

    def produce_all():
        in_threads(produce(0), produce(1000))
        c.close()

    in_threads(produce_all, lambda: got.extend(c.to_iterable(5)))
    assert sorted(got) == list(range(2000))


def test_to_iterable_left_early_loses_nothing():
    c = from_range(5)
    for v in c.to_iterable():
        if v == 1:
            break
    assert list(c) == [2, 3, 4]


@pytest.mark.parametrize("size, kind", [(-1, ValueError), ("1", TypeError)])
def test_to_iterable_of_a_bad_size(size, kind):
    with pytest.raises(kind, match="buffer_size"):
        Chan().to_iterable(size)


def test_consumer_ends_when_the_producer_fails():
    c = Chan()

    async def produce():
        async with c:
            await c.put(1)
            raise Boom

    told = []
    before, threading.excepthook = threading.excepthook, lambda args: told.append(args.exc_type)
    try:
        _, thread = run_in_thread(produce())
        assert list(c.to_iterable()) == [1]
        thread.join(LIMIT)
    finally:
        threading.excepthook = before
    assert type(c.exception()) is Boom and told == [Boom]


# The end of the process.


@pytest.mark.parametrize(
    "rest",
    [
        "it = ac.Chan().add(1, 2, 3).to_iterable(); next(it)",
        "ac.Chan().to_queue(queue.Queue())",
        "ac.from_range().to_queue(queue.Queue(1))",
        "out = ac.from_range().async_pipe(2, same); next(iter(out))",
        "ac.go(waits())",
        "out = ac.from_range().map(lambda v: v); next(iter(out))",
        "out = ac.from_range().parallel_pipe(2, abs, mode='thread'); next(iter(out))",
        "out = ac.from_range().parallel_pipe(2, abs); next(iter(out))",
        "ac.run(leaves())",
        "asyncio.run(leaves())",
        "asyncio.run(leaves_fans())",
        "ac.run(leaves_fans())",
        "ac.tick_tock(0.001).get_blocking()",
        "ac.timeout(60)",
    ],
)
def test_process_ends_whatever_was_left_unfinished(rest):
    done = script(
        f"""
        import asyncio, queue
        import aiochan as ac

        async def same(v):
            return v

        async def waits():
            await ac.Chan().get()

        async def leaves():
            ac.from_range().async_pipe(2, same)
            ac.Chan().map(abs)
            ac.go(waits())
            await ac.nop()

        async def leaves_fans():
            src = ac.Chan()
            out = src.dup().tap()
            values = out.map(abs), ac.merge(src, out), out.pub().sub(1), ac.zip_chans(src)
            await asyncio.sleep(0.001)

        {rest}
        print("end", flush=True)
        """
    )
    assert done.stdout == "end\n"
    assert done.stderr == ""
