"""What the tests share: a loop for each test, reports that must be expected, turns instead of sleeps."""

import asyncio
import contextlib
import functools
import gc
import io
import os
import signal
import subprocess
import sys
import textwrap
import threading

# In seconds. Nothing waits this long unless something hangs.
LIMIT = 10
STEP_LIMIT = 5


class Boom(Exception):
    """What functions of the tests raise."""


def on_loop(test):
    """Runs an async test on a loop of its own. It fails if it hangs, or if anything unexpected is reported."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        async def main():
            with reported():
                await test(*args, **kwargs)
                await turns()
                # What a forgotten task has raised is reported when it is collected.
                gc.collect()
                await turns()

        loop = asyncio.new_event_loop()
        try:
            task = loop.create_task(main())
            loop.run_until_complete(asyncio.wait({task}, timeout=LIMIT))
            hangs = None if task.done() else _where(task)
            # `asyncio.run` would wait for ever for a task that cannot be cancelled.
            rest = asyncio.all_tasks(loop)
            for other in rest:
                other.cancel()
            if rest:
                loop.run_until_complete(asyncio.wait(rest, timeout=1))
        finally:
            loop.close()
        assert not hangs, hangs
        task.result()

    return run


def _where(task):
    text = io.StringIO()
    task.print_stack(file=text)
    return "the test hangs\n" + text.getvalue()


@contextlib.contextmanager
def reported(*types):
    """Expects that inside exactly these types of exceptions are given to the loop's exception handler."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    contexts = []
    loop.set_exception_handler(lambda _loop, context: contexts.append(context))
    try:
        yield contexts
    finally:
        loop.set_exception_handler(before)
    seen = sorted(type(context.get("exception")).__name__ for context in contexts)
    assert seen == sorted(kind.__name__ for kind in types), contexts


async def turns(n=30):
    """Lets everything that can go on without time or other threads do so."""
    for _ in range(n):
        await asyncio.sleep(0)


async def until(condition):
    """Waits for what other threads or processes do; whoever calls it has a time limit."""
    while not condition():
        # Not 0: a loop that never sleeps keeps the others from it.
        await asyncio.sleep(0.001)


async def soon(awaitable):
    """Awaits with a limit, so that a hang names the line."""
    return await asyncio.wait_for(awaitable, STEP_LIMIT)


def take_all(chan):
    """What is in a channel now."""
    return list(iter(chan.get_nowait, None))


def nobody_waits(chan):
    return chan.stats().state == "FLUENT"


def wait_for_get(chan):
    """A task that has begun to wait in `chan.get()` after one turn."""
    return asyncio.ensure_future(_await(chan.get))


def wait_for_put(chan, value):
    return asyncio.ensure_future(_await(chan.put, value))


async def _await(function, *args):
    return await function(*args)


def in_threads(*functions):
    """Runs all at once, each in a thread; raises what one of them raises."""
    barrier = threading.Barrier(len(functions))
    errors = []

    def main(function):
        try:
            barrier.wait(LIMIT)
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=main, args=(function,), daemon=True) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"


def script(code, *flags):
    """Runs a Python script on its own; it must end well, within the limit. Returns what it has printed."""
    process = subprocess.Popen(
        [sys.executable, *flags, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=os.path.dirname(os.path.abspath(__file__)),
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        # With its own children, which would keep the pipes open.
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError(f"the process does not end\n{out}\n{err}") from None
    assert process.returncode == 0, err
    return subprocess.CompletedProcess(process.args, 0, out, err)
