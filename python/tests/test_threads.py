"""One channel used by several loops and threads at once."""

import asyncio
import collections
import signal
import subprocess
import sys
import threading

import pytest
from support import LIMIT, in_threads, nobody_waits, on_loop, script, soon, take_all, turns

import aiochan as ac
from aiochan import Chan, from_range, select

# Made while this module is imported, where no loop runs.
AT_MODULE_LEVEL = Chan(2)

MANY = 500


def put_by_await(c, values):
    async def main():
        for v in values:
            assert await c.put(v)

    return lambda: asyncio.run(main())


def put_by_select(c, values):
    async def main():
        other = Chan()
        for v in values:
            assert (await select(other, (c, v)))[0] is True

    return lambda: asyncio.run(main())


def put_blocking(c, values):
    def main():
        for v in values:
            assert c.put_blocking(v)

    return main


def put_by_limited_waits(c, values):
    """Puts that give up after a short time, and try again."""

    async def main():
        for v in values:
            while True:
                put = c.put(v)
                try:
                    assert await asyncio.wait_for(put, 0.0005)
                    break
                except asyncio.TimeoutError:
                    # It may have taken effect just then, which cannot be undone.
                    if not put.cancelled():
                        break

    return lambda: asyncio.run(main())


def put_blocking_with_timeout(c, values):
    def main():
        for v in values:
            while True:
                try:
                    assert c.put_blocking(v, 0.0005)
                    break
                except TimeoutError:
                    pass

    return main


def get_by_async_for(c, got):
    async def main():
        async for v in c:
            got.append(v)

    return lambda: asyncio.run(main())


def get_by_select(c, got):
    async def main():
        other = Chan()
        while True:
            v, _ = await select(c, other)
            if v is None:
                return
            got.append(v)

    return lambda: asyncio.run(main())


def get_by_for(c, got):
    return lambda: got.extend(c)


def get_blocking(c, got):
    return lambda: got.extend(iter(c.get_blocking, None))


def get_by_limited_waits(c, got):
    async def main():
        while True:
            try:
                v = await asyncio.wait_for(c.get(), 0.0005)
            except asyncio.TimeoutError:
                continue
            if v is None:
                return
            got.append(v)

    return lambda: asyncio.run(main())


PUTTERS = [put_by_await, put_by_select, put_blocking, put_blocking_with_timeout]
GETTERS = [get_by_async_for, get_by_select, get_by_for, get_blocking]


def count_all(c, putters, getters, many=MANY, in_order=True):
    """Runs all at once; every value must arrive exactly once, those of one putter to one getter in order."""
    got = [[] for _ in getters]
    left = len(putters)
    lock = threading.Lock()

    def ends(put):
        def main():
            nonlocal left
            put()
            with lock:
                left -= 1
                if left == 0:
                    c.close()

        return main

    in_threads(
        *[ends(put(c, [(i, n) for n in range(many)])) for i, put in enumerate(putters)],
        *[get(c, mine) for get, mine in zip(getters, got)],
    )
    counts = collections.Counter(v for mine in got for v in mine)
    assert counts == {(i, n): 1 for i in range(len(putters)) for n in range(many)}
    for mine in got if in_order else ():
        for i in range(len(putters)):
            of_one = [n for j, n in mine if j == i]
            assert of_one == sorted(of_one)
    assert nobody_waits(c)


@pytest.mark.parametrize("buffer", [None, 1, 16])
def test_every_value_is_counted_exactly_once(buffer):
    count_all(Chan(buffer), PUTTERS, GETTERS)


@pytest.mark.parametrize("put", PUTTERS)
@pytest.mark.parametrize("get", GETTERS)
def test_one_putter_and_one_getter_of_every_kind(put, get):
    count_all(Chan(), [put], [get])


@pytest.mark.parametrize("buffer", [None, 1])
def test_nothing_is_lost_when_waits_end_at_awkward_moments(buffer):
    """`wait_for` cancels; in another thread the hand-over may be under way just then."""
    # What one getter gives back may be older than what the other has got meanwhile.
    count_all(Chan(buffer), [put_by_await, put_blocking], [get_by_limited_waits] * 2, 200, in_order=False)
    count_all(Chan(buffer), [put_by_await, put_blocking], [get_by_limited_waits], 200)
    count_all(Chan(buffer), [put_by_limited_waits] * 2, [get_by_async_for, get_by_for], 200)


def test_from_range_is_shared_out_exactly_once():
    c = from_range(2000)
    got = [[] for _ in GETTERS]
    in_threads(*[get(c, mine) for get, mine in zip(GETTERS, got)])
    assert sorted(sum(got, [])) == list(range(2000))


def test_stage_between_loops_and_threads():
    inp = Chan(4)
    out = inp.map(lambda v: v * 2).filter(lambda v: v % 3 == 0)
    got = []
    in_threads(
        lambda: (put_blocking(inp, range(1, MANY))(), inp.close()),
        get_by_async_for(out, got),
    )
    assert got == [v * 2 for v in range(1, MANY) if v * 2 % 3 == 0]


# Made outside of any loop.


def test_channel_of_the_module_is_used_in_one_loop_after_another():
    for i in range(3):

        async def main(i=i):
            c = AT_MODULE_LEVEL
            op = c.get()
            task = asyncio.ensure_future(asyncio.wait_for(c.get(), LIMIT))
            await turns()
            await c.put(i)
            await c.put(i + 1)
            return await op, await task

        assert asyncio.run(main()) == (i, i + 1)
    assert nobody_waits(AT_MODULE_LEVEL)


@pytest.mark.parametrize("name", ["map", "async_pipe", "async_apply", "merge", "dup", "parallel_pipe"])
def test_stages_that_are_made_before_a_loop_runs(name):
    async def same(v):
        return v

    c = from_range(10)
    out = {
        "map": lambda: c.map(lambda v: v),
        "async_pipe": lambda: c.async_pipe(2, same),
        "async_apply": lambda: c.async_apply(),
        "merge": lambda: ac.merge(c),
        "dup": lambda: c.dup().tap(),
        "parallel_pipe": lambda: c.parallel_pipe(2, abs, mode="thread"),
    }[name]()

    async def main():
        return await asyncio.wait_for(out.collect(), LIMIT)

    assert asyncio.run(main()) == list(range(10))


@pytest.mark.parametrize("name", ["map", "async_pipe", "async_apply", "merge", "dup", "parallel_pipe"])
def test_stages_without_any_loop(name):
    async def same(v):
        return v

    c = from_range(10)
    out = {
        "map": lambda: c.map(lambda v: v),
        "async_pipe": lambda: c.async_pipe(2, same),
        "async_apply": lambda: c.async_apply(),
        "merge": lambda: ac.merge(c),
        "dup": lambda: c.dup().tap(),
        "parallel_pipe": lambda: c.parallel_pipe(2, abs, mode="thread"),
    }[name]()
    got = []
    in_threads(get_by_for(out, got))
    assert got == list(range(10))


def test_long_work_without_a_loop_stays_in_one_thread():
    """The thread that asks does a slice of it; the rest is done in one other, which no slice changes."""
    threads = set()

    def f(v):
        threads.add(threading.get_native_id())
        return v == 50_000

    assert from_range().filter(f).get_blocking(LIMIT) == 50_000
    assert len(threads) <= 2


def test_channel_is_made_in_a_thread_without_a_loop():
    made = []
    in_threads(lambda: made.append(Chan(1).add(1)))
    assert made[0].get_nowait() == 1


# Blocking.


def test_blocking_timeouts_leave_no_trace():
    c = Chan()
    for timeout in (0, 0.001):
        with pytest.raises(TimeoutError):
            c.get_blocking(timeout)
        with pytest.raises(TimeoutError):
            c.put_blocking("withdrawn", timeout)
    assert nobody_waits(c) and c.get_nowait() is None and c.put_nowait(1) is None


def test_blocking_operations_that_need_not_wait():
    c = Chan(1)
    assert c.put_blocking(0, 0) is True and c.get_blocking(0) == 0
    assert c.put_blocking(1) is True
    c.close()
    assert c.put_blocking(2) is False
    assert c.get_blocking() == 1 and c.get_blocking() is None and list(c) == []


@pytest.mark.parametrize("timeout, kind", [("1", TypeError), (float("nan"), ValueError), (float("inf"), None)])
def test_odd_timeouts(timeout, kind):
    c = Chan(1).add(1)
    if kind is None:
        try:
            assert c.get_blocking(timeout) == 1
        except (ValueError, OverflowError):
            pass
    else:
        with pytest.raises(kind):
            c.get_blocking(timeout)


@on_loop
async def test_blocking_a_thread_whose_loop_runs_is_refused():
    c = Chan(1).add(1)
    for call in (lambda: c.get_blocking(), lambda: c.put_blocking(2), lambda: next(iter(c)), lambda: c.get_blocking(0)):
        with pytest.raises(RuntimeError, match="loop"):
            call()
    assert take_all(c) == [1]


@on_loop
async def test_other_threads_wake_a_sleeping_loop():
    """Not only when the loop's next timer is due."""
    c = Chan()
    loop = asyncio.get_running_loop()
    get = c.get()
    thread = loop.run_in_executor(None, lambda: c.put_nowait("v"))
    assert await soon(get) == "v"
    await soon(thread)
    put = c.put("w")
    thread = loop.run_in_executor(None, c.get_blocking)
    assert await soon(put) is True and await soon(thread) == "w"
    get = asyncio.ensure_future(asyncio.wait_for(c.get(), LIMIT))
    thread = loop.run_in_executor(None, c.close)
    assert await soon(get) is None
    await soon(thread)


@on_loop
async def test_callbacks_run_on_the_loop_that_they_were_given_on():
    c = Chan()
    here, where = threading.get_ident(), []
    done = asyncio.Event()

    def callback(v):
        where.append(threading.get_ident())
        done.set()

    c.get_nowait(callback, immediate_only=False)
    await asyncio.get_running_loop().run_in_executor(None, lambda: c.put_blocking(1))
    await soon(done.wait())
    assert where == [here]


@on_loop
async def test_blocked_thread_hears_of_the_close():
    c = Chan()
    thread = asyncio.get_running_loop().run_in_executor(None, c.get_blocking)
    while nobody_waits(c):
        await asyncio.sleep(0)
    c.close()
    assert await soon(thread) is None


def test_loop_that_has_been_closed_with_waiters_does_not_stop_the_others():
    """Tasks of a loop that was stopped in the middle, and will never run again."""
    c = Chan()
    loop = asyncio.new_event_loop()

    async def wait():
        await c.get()

    task = loop.create_task(wait())
    loop.run_until_complete(asyncio.sleep(0))
    assert c.stats().state == "PENDING_GETS"
    loop.close()
    task._log_destroy_pending = False
    c.add("for the dead", "for the living")
    del task, loop
    import gc

    gc.collect()
    got = take_all(c)
    assert got[-1] == "for the living"
    assert len(got) == 2, "what was given to a task that can never take it comes back when the task goes"


# A loop that is stopped, but not closed.


def stopped_with(make):
    """A loop that has run `make`, and stopped in the middle of what that began."""
    loop = asyncio.new_event_loop()

    async def main():
        made = make()
        await asyncio.sleep(0)
        return made

    return loop, loop.run_until_complete(main())


def add_one(c, **options):
    return c.map(lambda v: v + 1, **options)


def into(out):
    add_one(from_range(300), out=out)
    return out


STAGES_TO_300 = {
    "map": lambda: add_one(from_range(300)),
    "out": lambda: into(Chan()),
    "chain": lambda: add_one(add_one(from_range(-1, 299), buffer=3), buffer=1),
    "merge": lambda: ac.merge(add_one(from_range(300))),
    "zip_chans": lambda: ac.zip_chans(add_one(from_range(300))).map(lambda v: v[0]),
    "dup": lambda: add_one(from_range(300)).dup().tap(),
    "pub": lambda: add_one(from_range(300)).pub(bool).sub(True),
    "busy": lambda: add_one(from_range(10**5)).filter(lambda v: v > 10**5 - 300).map(lambda v: v - 10**5 + 300),
}


@pytest.mark.parametrize("name", STAGES_TO_300)
def test_thread_that_blocks_stands_in_for_a_stopped_loop(name):
    loop, c = stopped_with(STAGES_TO_300[name])
    got = []
    in_threads(get_by_for(c, got))
    loop.close()
    assert got == list(range(1, 301))


def test_thread_that_puts_stands_in_too():
    inp = Chan()
    loop, out = stopped_with(lambda: inp.map(abs))
    # The stage waits for the first, and has put nothing of it when the second comes.
    in_threads(put_blocking(inp, [-1, -2]), get_by_for(out.take(1), got := []))
    loop.close()
    assert got == [1]


def test_loop_that_runs_again_has_its_stages_back():
    where = []

    def f(v):
        where.append(threading.get_ident())
        return v

    inp = Chan()
    loop, out = stopped_with(lambda: inp.map(f))
    got = []

    def others():
        got.append(out.get_blocking())
        got.append(out.get_blocking())

    thread = threading.Thread(target=others)
    thread.start()
    inp.put_blocking(1)
    while not got:
        pass
    loop.run_until_complete(inp.put(2))
    loop.run_until_complete(asyncio.sleep(0))
    thread.join(LIMIT)
    loop.close()
    assert got == [1, 2]
    assert where[1] == threading.get_ident()


def test_closing_a_loop_ends_its_stages():
    loop, c = stopped_with(lambda: add_one(Chan(), buffer=1))
    inp = Chan()
    second, d = stopped_with(lambda: add_one(inp))
    inp.put_nowait(1, immediate_only=False)  # the loop is called, but does not come
    loop.close()
    second.close()
    got = []
    in_threads(get_by_for(d, got))
    assert got == []


# Ctrl-C.


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("call", ["c.get_blocking()", "c.get_blocking(60)", "list(c)", "c.put_blocking(1)", "ac.run(c.join())"])
def test_ctrl_c_ends_a_blocked_call(call):
    program = f"""
import signal
# What starts the tests in the background may have told them to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
import aiochan as ac
c = ac.Chan()
try:
    print("ready", flush=True)
    {call}
except KeyboardInterrupt:
    assert c.stats().state == "FLUENT", c
    assert c.put_nowait(1) is None and c.get_nowait() is None
    print("interrupted", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
        process.wait()
    assert (out, process.returncode) == ("interrupted\n", 0), err


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
def test_forked_child_can_use_channels():
    done = script(
        """
        import os, asyncio, aiochan as ac

        async def main():
            c = ac.from_range(10).map(lambda v: v + 1).async_pipe(2, work)
            return await c.collect()

        async def work(v):
            await asyncio.sleep(0)
            return v

        # The package's own background loop runs in the parent before the fork.
        assert list(ac.from_range(10).async_pipe(2, work)) == list(range(10))
        pid = os.fork()
        if pid == 0:
            ok = asyncio.run(main()) == list(range(1, 11)) and list(ac.from_range(5).async_pipe(2, work)) == list(range(5))
            os._exit(0 if ok else 1)
        assert os.waitpid(pid, 0)[1] == 0
        print("both")
        """
    )
    assert done.stdout == "both\n"
