"""Every stage that calls a function of the user's for each value, for tests that hold for all of them.

A stage here makes a channel from `inp` and `f`, where `f` returns its argument, or raises, or returns None.
"""

import multiprocessing

from support import Boom


class Stage:
    def __init__(self, make, *, before=None, in_order=True, ahead=0, bounded=True, none_is_error=True):
        self.make = make
        # What comes out of 1, 2, 3... before `f` fails at `k`.
        self.before = before or (lambda k: list(range(1, k)))
        self.in_order = in_order
        # How many more values than the failing one may have been read when it fails.
        self.ahead = ahead
        # Not so where others may overtake the failing call as long as it pleases the system.
        self.bounded = bounded
        self.none_is_error = none_is_error


def awaiting(f):
    async def call(v):
        return f(v)

    return call


def threads(**settings):
    return {"mode": "thread", **settings}


def processes(**settings):
    return {"mode": "process", "mp_module": multiprocessing.get_context("fork"), **settings}


STAGES = {
    "map": Stage(lambda c, f, **kw: c.map(f, **kw)),
    "map flatten": Stage(lambda c, f, **kw: c.map(lambda v: [f(v)], flatten=True, **kw)),
    "map generator": Stage(lambda c, f, **kw: c.map(lambda v: (f(w) for w in [v]), flatten=True, **kw)),
    "filter": Stage(lambda c, f, **kw: c.filter(f, **kw), none_is_error=False),
    "take_while": Stage(lambda c, f, **kw: c.take_while(f, **kw), none_is_error=False),
    "drop_while": Stage(lambda c, f, **kw: c.drop_while(f, **kw), before=lambda k: [], none_is_error=False),
    "group_by": Stage(
        lambda c, f, **kw: c.group_by(f, **kw), before=lambda k: [(v, [v]) for v in range(1, k - 1)], none_is_error=False
    ),
    "reduce": Stage(lambda c, f, **kw: c.reduce(lambda _, v: f(v), 99, **kw), before=lambda k: []),
    "scan": Stage(lambda c, f, **kw: c.scan(lambda _, v: f(v), 99, **kw), before=lambda k: [99, *range(1, k)]),
    "async_pipe 1": Stage(lambda c, f, **kw: c.async_pipe(1, awaiting(f), **kw), ahead=2),
    "async_pipe 3": Stage(lambda c, f, **kw: c.async_pipe(3, awaiting(f), **kw), ahead=6),
    "async_pipe_unordered 1": Stage(lambda c, f, **kw: c.async_pipe_unordered(1, awaiting(f), **kw), ahead=2),
    "async_pipe_unordered 3": Stage(
        lambda c, f, **kw: c.async_pipe_unordered(3, awaiting(f), **kw), in_order=False, ahead=6
    ),
    "parallel_pipe thread": Stage(lambda c, f, **kw: c.parallel_pipe(2, f, **threads(**kw)), ahead=5),
    "parallel_pipe process": Stage(lambda c, f, **kw: c.parallel_pipe(2, f, **processes(**kw)), ahead=5),
    "parallel_pipe_unordered thread": Stage(
        lambda c, f, **kw: c.parallel_pipe_unordered(2, f, **threads(**kw)), in_order=False, ahead=5, bounded=False
    ),
    "parallel_pipe_unordered process": Stage(
        lambda c, f, **kw: c.parallel_pipe_unordered(2, f, **processes(**kw)), in_order=False, ahead=5, bounded=False
    ),
}

NO_PROCESSES = [name for name in STAGES if "process" not in name]

# Stages without a function of the user's.
PLAIN = {
    "take": lambda c, **kw: c.take(100, **kw),
    "drop": lambda c, **kw: c.drop(1, **kw),
    "distinct": lambda c, **kw: c.distinct(**kw),
    "group": lambda c, **kw: c.group(2, **kw),
    "async_apply": lambda c, **kw: c.async_apply(**kw),
}


# Functions for processes are found by their names.


def boom_at(k, v):
    if v == k:
        raise Boom(k)
    return v


def none_at(k, v):
    return None if v == k else v


def same(v):
    return v
