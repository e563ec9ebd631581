"""`parallel_pipe` and `parallel_pipe_unordered`: threads and processes, and what goes wrong with them."""

import asyncio
import concurrent.futures
import itertools
import multiprocessing
import multiprocessing.dummy
import os
import signal
import threading

import pytest
from support import Boom, on_loop, reported, script, soon, turns, until

from aiochan import Chan, from_iter, from_range

FORK = multiprocessing.get_context("fork")
PIPES = pytest.mark.parametrize("pipe", ["parallel_pipe", "parallel_pipe_unordered"])
MODES = pytest.mark.parametrize("settings", [{"mode": "thread"}, {"mp_module": FORK}], ids=["thread", "process"])


def start(pipe, inp, n, f, **settings):
    return getattr(inp, pipe)(n, f, **settings)


def double(v):
    return 2 * v


def boom_at_three(v):
    if v == 3:
        raise Boom(v)
    return v


def die_at_three(v):
    if v == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return v


def exit_at_three(v):
    if v == 3:
        os._exit(1)
    return v


def none(v):
    return None


def listed(v):
    return [v] * v


def generated(v):
    yield from [v] * v


def pid(v):
    return os.getpid()


def unpicklable_result(v):
    return lambda: v


class Unpicklable(Exception):
    def __init__(self, first, second):
        super().__init__(first)


def raise_unpicklable(v):
    # It can be pickled, but not made again from its `args`.
    raise Unpicklable(1, 2)


SET_UP = threading.local()


def set_up(value):
    SET_UP.value = value


def fail_to_set_up():
    raise Boom


def what_was_set_up(v):
    return SET_UP.value


@PIPES
@MODES
@on_loop
async def test_results(pipe, settings):
    out = start(pipe, from_range(50), 3, double, **settings)
    got = await soon(out.collect())
    if pipe == "parallel_pipe":
        assert got == [2 * v for v in range(50)]
    assert sorted(got) == [2 * v for v in range(50)]
    assert out.exception() is None


@PIPES
@pytest.mark.parametrize("module", [multiprocessing, multiprocessing.dummy, FORK], ids=["package", "dummy", "context"])
@on_loop
async def test_modules_that_are_like_multiprocessing(pipe, module):
    out = start(pipe, from_range(10), 2, double, mode="process", mp_module=module)
    assert sorted(await soon(out.collect())) == [2 * v for v in range(10)]


@PIPES
@on_loop
async def test_mode_process_is_the_default_and_means_other_processes(pipe):
    assert os.getpid() not in await soon(start(pipe, from_range(4), 2, pid, mp_module=FORK).collect())
    assert set(await soon(start(pipe, from_range(4), 2, pid, mode="thread").collect())) == {os.getpid()}


# What goes wrong.


@PIPES
@pytest.mark.parametrize(
    "f, kinds",
    [
        (boom_at_three, (Boom,)),
        (none, (TypeError,)),
        (unpicklable_result, (Exception,)),
        (die_at_three, (concurrent.futures.BrokenExecutor,)),
        (exit_at_three, (concurrent.futures.BrokenExecutor,)),
        (raise_unpicklable, (Exception,)),
    ],
    ids=["raises", "none", "unpicklable result", "killed", "exits", "unpicklable error"],
)
@on_loop
async def test_failure_in_a_process_ends_the_pipe_with_the_cause(pipe, f, kinds):
    # Endless, for a worker that lives may do a lot before it is noticed that another has died.
    inp = from_iter(itertools.count(1))
    contexts = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: contexts.append(context))
    out = start(pipe, inp, 2, f, mp_module=FORK)
    await soon(out.collect())
    await turns()
    assert isinstance(out.exception(), kinds)
    assert [context["exception"] for context in contexts] == [out.exception()]
    value = inp.get_nowait()
    await turns()
    assert inp.get_nowait() == value + 1, "the input is not read on"


@PIPES
@pytest.mark.parametrize("flatten", [False, True])
@on_loop
async def test_unpicklable_function_is_refused_at_the_call(pipe, flatten):
    c = from_range(3)
    with pytest.raises(TypeError, match="picklable.*mode='thread'"):
        start(pipe, c, 2, lambda v: [v], mp_module=FORK, flatten=flatten)
    assert await soon(c.get()) == 0, "nothing has been read"


@PIPES
@on_loop
async def test_unpicklable_value_ends_the_pipe_or_is_left_to_error_cb(pipe):
    values = [1, lambda: None, 2]
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    out = start(pipe, from_iter(values), 1, double, mp_module=FORK)
    await soon(out.collect())
    await turns()
    assert told == [out.exception()] and "<lambda>" in str(told[0])
    errors = []
    out = start(pipe, from_iter(values), 1, double, mp_module=FORK, error_cb=errors.append)
    assert sorted(await soon(out.collect())) == [2, 4]
    assert len(errors) == 1


@PIPES
@pytest.mark.parametrize("settings", [{}, {"maxtasksperchild": 5}], ids=["executor", "maxtasksperchild"])
@on_loop
async def test_failure_in_a_process_with_other_settings(pipe, settings):
    with reported(Boom):
        out = start(pipe, from_range(20), 2, boom_at_three, mp_module=FORK, pool_kwargs=settings)
        await soon(out.collect())
        await turns()
    assert type(out.exception()) is Boom and out.exception().args == (3,)


@PIPES
@on_loop
async def test_traceback_of_a_failure_in_a_process_names_the_function(pipe):
    with reported(Boom):
        out = start(pipe, from_range(5), 1, boom_at_three, mp_module=FORK)
        await soon(out.collect())
        await turns()
    import traceback

    assert "boom_at_three" in "".join(traceback.format_exception(None, out.exception(), out.exception().__traceback__))


@PIPES
@MODES
@on_loop
async def test_initializer_that_fails_ends_the_pipe_with_a_cause(pipe, settings):
    contexts = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: contexts.append(context))
    out = start(pipe, from_range(5), 2, double, pool_kwargs={"initializer": fail_to_set_up}, **settings)
    assert await soon(out.collect()) == []
    assert out.exception() is not None
    await turns()
    assert contexts


# `error_cb`.


@PIPES
@MODES
@pytest.mark.parametrize("flatten", [False, True])
@on_loop
async def test_error_cb_is_told_on_the_loops_thread_and_the_pipe_goes_on(pipe, settings, flatten):
    told, where = [], []

    def error_cb(error):
        told.append(error)
        where.append(threading.get_ident())

    f = boom_or_list if flatten else boom_at_three
    out = start(pipe, from_range(1, 7), 2, f, error_cb=error_cb, flatten=flatten, **settings)
    assert sorted(await soon(out.collect())) == [1, 2, 4, 5, 6]
    assert [(type(error), error.args) for error in told] == [(Boom, (3,))]
    assert where == [threading.get_ident()]
    assert out.exception() is None


def boom_or_list(v):
    return [boom_at_three(v)]


@PIPES
@on_loop
async def test_error_cb_does_not_hide_a_broken_pool(pipe):
    told = []
    out = start(pipe, from_range(20), 2, die_at_three, mp_module=FORK, error_cb=told.append)
    contexts = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: contexts.append(context))
    await soon(out.collect())
    await turns()
    assert isinstance(out.exception(), concurrent.futures.BrokenExecutor)
    assert told


@PIPES
@on_loop
async def test_error_cb_that_raises_ends_the_pipe(pipe):
    def error_cb(error):
        raise ZeroDivisionError

    with reported(ZeroDivisionError):
        out = start(pipe, from_range(20), 2, boom_at_three, mode="thread", error_cb=error_cb)
        await soon(out.collect())
        await turns()
    assert type(out.exception()) is ZeroDivisionError


# Flatten.


@PIPES
@MODES
@pytest.mark.parametrize("f", [listed, generated])
@on_loop
async def test_flatten_of_lists_and_generators_empty_ones_too(pipe, settings, f):
    out = start(pipe, from_range(4), 2, f, flatten=True, **settings)
    got = await soon(out.collect())
    assert sorted(got) == [1, 2, 2, 3, 3, 3]


@PIPES
@on_loop
async def test_flatten_of_much_waits_for_the_reader(pipe):
    """More than may ever wait on a channel: it is put value by value."""
    out = start(pipe, from_range(2), 2, lambda v: range(3000), flatten=True, mode="thread")
    got = await soon(out.collect())
    assert len(got) == 6000


@PIPES
@on_loop
async def test_flatten_of_none_is_an_error(pipe):
    with reported(TypeError):
        out = start(pipe, from_range(2), 2, lambda v: [v, None], flatten=True, mode="thread")
        await soon(out.collect())
        await turns()
    assert "None" in str(out.exception())


# Settings of the pool.


@PIPES
@MODES
@pytest.mark.parametrize("how", ["kwargs", "args"])
@on_loop
async def test_initializer(pipe, settings, how):
    given = {"pool_kwargs": {"initializer": set_up, "initargs": ("given",)}} if how == "kwargs" else {"pool_args": (set_up, ("given",))}
    out = start(pipe, from_range(4), 2, what_was_set_up, **given, **settings)
    assert await soon(out.collect()) == ["given"] * 4


@PIPES
@on_loop
async def test_maxtasksperchild(pipe):
    out = start(pipe, from_range(6), 1, pid, mp_module=FORK, pool_kwargs={"maxtasksperchild": 1})
    assert len(set(await soon(out.collect()))) == 6


@PIPES
@MODES
@on_loop
async def test_unknown_settings_are_refused_at_the_call(pipe, settings):
    inp = Chan(1).add(1)
    with pytest.raises(TypeError):
        start(pipe, inp, 1, double, pool_kwargs={"unknown": 1}, **settings)
    with pytest.raises(TypeError, match="error_cb"):
        start(pipe, inp, 1, double, error_cb=3, **settings)
    await turns()
    assert inp.get_nowait() == 1


# Bounds.


@PIPES
@pytest.mark.parametrize("n, pool_buffer", [(1, 0), (1, 1), (2, None), (2, 3), (4, 0)])
@on_loop
async def test_calls_are_bounded_by_n_and_pool_buffer_while_nobody_reads(pipe, n, pool_buffer):
    calls = []

    def f(v):
        calls.append(v)
        return v

    bound = n + (1 if pool_buffer is None else pool_buffer)
    out = start(pipe, from_range(100), n, f, mode="thread", pool_buffer=pool_buffer)
    await soon(until(lambda: len(calls) >= bound))
    await turns(300)
    assert len(calls) == bound
    await soon(out.get())
    await soon(until(lambda: len(calls) > bound))
    await turns(300)
    assert len(calls) == bound + 1
    out.close()


@PIPES
@pytest.mark.parametrize("n", [1, 3])
@on_loop
async def test_at_most_n_calls_at_once(pipe, n):
    lock, at_work, most = threading.Lock(), 0, 0
    full = threading.Event()

    def f(v):
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
            if at_work >= n:
                full.set()
        # Until all workers are at work once.
        full.wait(5)
        with lock:
            at_work -= 1
        return v

    out = start(pipe, from_range(30), n, f, mode="thread", pool_buffer=5)
    assert sorted(await soon(out.collect())) == list(range(30))
    assert most == n


@on_loop
async def test_unordered_gives_what_ends_first():
    gates = [threading.Event() for _ in range(3)]

    def f(v):
        gates[v].wait(5)
        return v

    out = from_range(3).parallel_pipe_unordered(3, f, mode="thread")
    for i in (2, 0, 1):
        gates[i].set()
        assert await soon(out.get()) == i


@on_loop
async def test_loop_goes_on_while_threads_work():
    gate = threading.Event()
    out = from_range(1).parallel_pipe(1, lambda v: gate.wait(5), mode="thread")
    await turns()
    gate.set()
    assert await soon(out.get()) is True


# The pool ends with the pipe.


@PIPES
@pytest.mark.parametrize("how", ["end of input", "closed output", "failure"])
@on_loop
async def test_threads_end_with_the_pipe(pipe, how):
    prefix = f"pool-of-this-test-{pipe}-{how}"
    inp = Chan(20).add(1, 2, 3 if how == "failure" else 4)

    def mine():
        return [thread for thread in threading.enumerate() if thread.name.startswith(prefix)]

    with reported(*([Boom] if how == "failure" else [])):
        out = start(pipe, inp, 2, boom_at_three, mode="thread", pool_kwargs={"thread_name_prefix": prefix})
        await soon(out.get())
        # A failed pipe may have ended by now.
        assert mine() or how == "failure"
        if how == "end of input":
            inp.close()
        elif how == "closed output":
            out.close()
        await soon(out.collect())
        await soon(until(lambda: not mine()))


@on_loop
async def test_processes_end_with_the_pipe():
    before = set(multiprocessing.active_children())
    out = from_range(4).parallel_pipe(2, double, mp_module=FORK)
    await soon(out.collect())
    await soon(until(lambda: set(multiprocessing.active_children()) <= before))


@PIPES
@pytest.mark.parametrize(
    "f, how",
    [
        ("unpicklable_result", "list(out)"),
        ("raise_unpicklable", "list(out)"),
        ("boom_at_three", "list(out)"),
        ("die_at_three", "list(out)"),
        ("double", "next(iter(out))"),
        ("double", "out.close()"),
    ],
)
def test_process_ends_after_whatever_happened_in_its_pool(pipe, f, how):
    """Neither pool threads nor child processes keep the interpreter."""
    done = script(
        f"""
        import aiochan as ac
        from test_pools import *
        out = ac.from_range(1, 100).{pipe}(2, {f}, mp_module=FORK)
        {how}
        print("end", flush=True)
        """
    )
    assert done.stdout == "end\n"
