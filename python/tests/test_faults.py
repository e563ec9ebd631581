"""What goes wrong around a pipe: processes that are killed, threads that cannot be started, absurd sizes."""

import asyncio
import concurrent.futures
import multiprocessing
import os
import signal
import sys

import pytest
from support import on_loop, reported, script, soon, turns, until

from aiochan import Chan, from_range

FORK = multiprocessing.get_context("fork")
PIPES = pytest.mark.parametrize("pipe", ["parallel_pipe", "parallel_pipe_unordered"])
BROKEN = concurrent.futures.process.BrokenProcessPool

# A stack that fits into no address space: from here on no thread can be started. (The number of processes
# cannot be limited for root.) `threading.stack_size(0)` ends it.
NO_THREADS = "import threading; threading.stack_size(1 << 47)"

needs_64_bits_of_linux = pytest.mark.skipif(
    not sys.platform.startswith("linux") or sys.maxsize < 2**48, reason="of other address spaces nothing is known"
)


def pid(v):
    return os.getpid()


def pid_or_wait(v):
    """Tells its process, then waits until that is killed."""
    path = v
    with open(path, "w") as file:
        file.write(str(os.getpid()))
    os.rename(path, path + ".done")
    signal.pause()


# No hang: a worker that is killed between two calls.
@PIPES
@on_loop
async def test_idle_worker_that_is_killed_ends_the_pipe_with_the_cause(pipe):
    inp = Chan()
    out = getattr(inp, pipe)(1, pid, mp_module=FORK)
    assert await soon(inp.put(1))
    worker = await soon(out.get())
    child = next(child for child in multiprocessing.active_children() if child.pid == worker)
    with reported(BROKEN):
        os.kill(worker, signal.SIGKILL)
        await soon(until(lambda: not child.is_alive()))
        # Whether or not the pool has noticed by now.
        await soon(inp.put(2))
        assert await soon(out.collect()) == []
        await turns()
    assert isinstance(out.exception(), BROKEN)
    assert inp.put_nowait(3) is None, "the input is not read on"


# No hang: one that is killed from outside, in a call that would never end, while the other works.
@PIPES
@on_loop
async def test_worker_that_is_killed_in_a_call_ends_the_pipe_with_the_cause(pipe, tmp_path):
    paths = [str(tmp_path / name) for name in ("a", "b")]
    inp = Chan(3).add(*paths)
    out = getattr(inp, pipe)(2, pid_or_wait, mp_module=FORK)
    with reported(BROKEN):
        reading = asyncio.ensure_future(out.collect())
        await soon(until(lambda: all(os.path.exists(path + ".done") for path in paths)))
        with open(paths[1] + ".done") as file:
            os.kill(int(file.read()), signal.SIGKILL)
        assert await soon(reading) == []
        await turns()
    assert isinstance(out.exception(), BROKEN)
    assert inp.add("c") is inp and inp.get_nowait() == "c", "the input is not read on"


# No hang: a pool that cannot start its threads is the cause; what was not read is still there.
@needs_64_bits_of_linux
@PIPES
def test_pool_without_threads_ends_the_pipe_with_the_cause(pipe):
    done = script(
        f"""
        import asyncio
        import aiochan as ac
        {NO_THREADS}
        async def main():
            inp = ac.Chan(9).add(*range(5))
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
            out = inp.{pipe}(2, abs, mode="thread")
            print(await out.collect(), out.exception(), inp.get_nowait())
        asyncio.run(main())
        """
    )
    assert done.stdout == "[] can't start new thread 1\n"


# Bad input is an error at the call, and takes nothing.
@needs_64_bits_of_linux
@pytest.mark.parametrize(
    "call",
    [
        "ac.from_range(3).to_queue(queue.Queue())",
        "ac.run_in_thread(nothing())",
        "ac.go(nothing())",
        "ac.from_range(3).async_pipe(2, nothing)",
    ],
)
def test_thread_that_cannot_be_started_is_an_error_at_the_call(call):
    done = script(
        f"""
        import atexit, queue
        import aiochan as ac
        {NO_THREADS}
        async def nothing(v=None): pass
        try:
            {call}
        except RuntimeError as error:
            print(error)
        """
    )
    assert done.stdout == "can't start new thread\n"


# No hang: the background loop's thread can be started later.
@needs_64_bits_of_linux
def test_background_loop_starts_once_there_are_threads_again():
    done = script(
        f"""
        import threading
        import aiochan as ac
        {NO_THREADS}
        async def double(v): return 2 * v
        try:
            ac.from_range(3).async_pipe(2, double)
        except RuntimeError:
            threading.stack_size(0)
        out = ac.from_range(3).async_pipe(2, double)
        reader = threading.Thread(target=lambda: print(list(out)), daemon=True)
        reader.start()
        reader.join(2)
        """
    )
    assert (done.stdout, done.stderr.count("Traceback")) == ("[0, 2, 4]\n", 0)


# No hang: the interpreter ends, whatever has become of the pool.
@needs_64_bits_of_linux
@PIPES
def test_process_pool_without_its_thread_does_not_keep_the_interpreter(pipe):
    done = script(
        f"""
        import asyncio
        import aiochan as ac
        from test_faults import FORK
        {NO_THREADS}
        async def main():
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
            out = ac.from_range(5).{pipe}(2, abs, mp_module=FORK)
            print(await out.collect(), out.exception())
        asyncio.run(main())
        """
    )
    assert done.stdout == "[] can't start new thread\n"


# Sizes.


@pytest.mark.parametrize("kind", [None, "f", "d", "s"])
def test_absurd_capacities_take_no_memory(kind):
    c = Chan(sys.maxsize) if kind is None else Chan(kind, sys.maxsize)
    c.add(*range(1000)).close()
    assert list(c) == list(range(1000))


@on_loop
async def test_absurd_counts_take_no_memory():
    async def same(v):
        return v

    for out in (
        from_range(9).take(sys.maxsize),
        from_range(9).async_pipe(sys.maxsize, same),
        from_range(9).async_pipe_unordered(sys.maxsize, same),
        from_range(9).parallel_pipe(sys.maxsize, abs, mode="thread"),
    ):
        assert await soon(out.collect(sys.maxsize)) == list(range(9))
    assert await soon(from_range(9).drop(sys.maxsize).collect()) == []


@on_loop
async def test_absurd_numbers_of_processes_are_refused_at_the_call():
    c = from_range(3)
    with pytest.raises((ValueError, OverflowError, OSError)):
        c.parallel_pipe(sys.maxsize, abs, mp_module=FORK)
    assert c.get_nowait() == 0, "nothing has been read"


@pytest.mark.parametrize("n", ["1 << 55", "sys.maxsize"])
def test_absurd_groups_take_no_memory(n):
    done = script(
        f"""
        import asyncio, sys
        import aiochan as ac
        print(asyncio.run(ac.from_range(3).group({n}).collect()))
        """
    )
    assert done.stdout == "[[0, 1, 2]]\n"
