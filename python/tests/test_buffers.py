"""Buffers: sizes, lossy kinds, promises, iterators, and buffers of the user's own, well and badly behaved."""

import asyncio
import collections

import pytest
from support import Boom, in_threads, nobody_waits, on_loop, reported, soon, take_all, turns

import aiochan as ac
from aiochan import Chan, buffers, from_iter, from_range

# Bad arguments.


@pytest.mark.parametrize(
    "args, kind, word",
    [
        (("s", 0), ValueError, "buffer_size"),
        (("d", 0), ValueError, "buffer_size"),
        (("f", 0), ValueError, "buffer_size"),
        (("f", -1), ValueError, "buffer_size"),
        (("f",), ValueError, "buffer_size"),
        (("d",), ValueError, "buffer_size"),
        (("s",), ValueError, "buffer_size"),
        (("s", None), ValueError, "buffer_size"),
        (("s", 1.5), TypeError, "buffer_size"),
        (("s", "1"), TypeError, "buffer_size"),
        ((-1,), ValueError, "buffer"),
        ((1.5,), TypeError, "buffer"),
        (("x", 1), ValueError, "buffer"),
        (("",), ValueError, "buffer"),
        (("fixed", 1), ValueError, "buffer"),
        ((b"f", 1), TypeError, "buffer"),
        (([],), TypeError, "buffer"),
        ((object(),), TypeError, "buffer"),
        ((collections.deque(),), TypeError, "buffer"),
    ],
    ids=repr,
)
def test_bad_buffers_are_refused_at_construction(args, kind, word):
    with pytest.raises(kind, match=word):
        Chan(*args)


@pytest.mark.parametrize("make", [buffers.FixedLengthBuffer, buffers.DroppingBuffer, buffers.SlidingBuffer])
@pytest.mark.parametrize("size, kind", [(0, ValueError), (-1, ValueError), (None, TypeError), (1.5, TypeError)])
def test_bad_sizes_of_buffer_objects_are_refused(make, size, kind):
    with pytest.raises(kind, match="size"):
        make(size)


@on_loop
async def test_size_zero_is_no_buffer():
    c = Chan(0)
    assert c.put_nowait(1) is None
    put = c.put(1)
    assert not put.done() and await c.get() == 1 and await soon(put) is True


# The built-in kinds, in the native half and as objects.


def kinds(code):
    name = {"f": "FixedLengthBuffer", "d": "DroppingBuffer", "s": "SlidingBuffer", "p": "PromiseBuffer"}[code]
    return [(code, 2), (getattr(buffers, name)(2),)]


@pytest.mark.parametrize("which", [0, 1], ids=["native", "object"])
@pytest.mark.parametrize(
    "code, accepted, left",
    [
        ("f", [True, True, None, None], [1, 2]),
        ("d", [True, True, True, True], [1, 2]),
        ("s", [True, True, True, True], [3, 4]),
    ],
)
@on_loop
async def test_what_each_kind_accepts_and_keeps(code, which, accepted, left):
    c = Chan(*kinds(code)[which])
    assert [c.put_nowait(v) for v in (1, 2, 3, 4)] == accepted
    assert take_all(c) == left
    assert c.put_nowait(5) is True
    c.close()
    assert await c.collect() == [5]


@pytest.mark.parametrize("which", [0, 1], ids=["native", "object"])
@pytest.mark.parametrize("code", "fdsp")
@on_loop
async def test_a_waiting_getter_is_served_by_every_kind(code, which):
    c = Chan(*kinds(code)[which])
    op = c.get()
    assert await c.put("v") is True
    assert await soon(op) == "v"


@pytest.mark.parametrize("which", [0, 1], ids=["native", "object"])
@pytest.mark.parametrize("value", [0, "", False, [], 0.0, (), "v"], ids=repr)
@on_loop
async def test_first_value_of_a_promise_stays_whatever_it_is(value, which):
    c = Chan(*kinds("p")[which])
    waiting = [c.get(), c.get()]
    assert await c.put(value) is True
    assert await c.put("too late") is True
    assert [await soon(op) for op in waiting] == [value] * 2
    assert [await soon(c.get()) for _ in range(3)] == [value] * 3
    c.close()
    assert await soon(c.get()) is value
    assert await c.put("too late") is False


@pytest.mark.parametrize("which", [0, 1], ids=["native", "object"])
@on_loop
async def test_join_of_a_closed_promise_does_not_hang(which):
    c = Chan(*kinds("p")[which])
    if which == 0:
        c.add("v").close()
        await soon(c.join())
    else:
        # A buffer object that always has a value is never exhausted; without one it is.
        c.close()
        await soon(c.join())


@on_loop
async def test_closed_empty_promise_gives_none():
    c = Chan("p")
    op = c.get()
    c.close()
    assert await soon(op) is None
    await soon(c.join())


# Iterators.


@on_loop
async def test_from_iter_is_closed_and_pulls_only_what_is_asked_for():
    pulled = []

    def source():
        for i in range(5):
            pulled.append(i)
            yield i

    c = from_iter(source())
    assert c.closed and pulled == []
    assert c.put_nowait(1) is False
    assert await c.get() == 0
    assert pulled == [0]
    assert await c.collect(2) == [1, 2]
    assert pulled == [0, 1, 2]
    assert await c.collect() == [3, 4]
    await soon(c.join())


@pytest.mark.parametrize("items, before", [([None, 1], []), ([1, None, 2], [1]), ([0, "", None], [0, ""])])
@on_loop
async def test_none_among_the_items_ends_the_channel_with_a_cause(items, before):
    c = from_iter(items)
    with reported(TypeError):
        assert await soon(c.collect()) == before
        await turns()
    assert isinstance(c.exception(), TypeError) and "None" in str(c.exception())
    assert await soon(c.get()) is None


def failing(n):
    yield from range(n)
    raise Boom


@pytest.mark.parametrize("n", [0, 1, 3])
@pytest.mark.parametrize("stage", [False, True])
@on_loop
async def test_iterator_that_raises_ends_the_channel_with_the_cause(n, stage):
    c = from_iter(failing(n))
    with reported(Boom):
        out = c.map(lambda v: v) if stage else c
        assert await soon(out.collect()) == list(range(n))
        await turns()
    assert type(out.exception()) is Boom
    assert await soon(out.get()) is None


@pytest.mark.parametrize("it, kind", [(3, TypeError), (None, TypeError)])
def test_from_iter_of_what_is_no_iterable(it, kind):
    with pytest.raises(kind):
        from_iter(it)


@on_loop
async def test_iterator_that_uses_its_own_channel_does_not_deadlock():
    def source():
        yield 1
        yield c.stats().state
        yield repr(c) and 3

    c = from_iter(source())
    assert await soon(c.collect()) == [1, "FLUENT", 3]


@pytest.mark.parametrize(
    "args, kwargs, expected",
    [
        ((3,), {}, [0, 1, 2]),
        ((0,), {}, []),
        ((2, 5), {}, [2, 3, 4]),
        ((5, 2, -1), {}, [5, 4, 3]),
        ((), {}, [0, 1, 2, 3, 4]),
        ((), {"start": 7, "step": 2}, [7, 9, 11, 13, 15]),
        ((0,), {"step": 2}, [0, 2, 4, 6, 8]),
        ((), {"start": 1, "end": 4}, [1, 2, 3]),
    ],
)
@on_loop
async def test_from_range(args, kwargs, expected):
    assert await from_range(*args, **kwargs).collect(5) == expected


@pytest.mark.parametrize("args, kind", [((1, 5, 0), ValueError), (("a",), TypeError)])
def test_from_range_of_bad_numbers(args, kind):
    with pytest.raises(kind):
        from_range(*args)


def test_from_iter_is_pulled_by_many_threads_one_at_a_time():
    c = from_iter(i for i in range(2000))  # a generator that is entered twice at once would raise
    got = [[] for _ in range(4)]
    in_threads(*[lambda mine=mine: mine.extend(c) for mine in got])
    assert sorted(sum(got, [])) == list(range(2000))
    assert c.exception() is None


# Buffers of the user's own.


class Duck:
    """A stack, which is nobody's subclass."""

    def __init__(self, size=2):
        self.items, self.size = [], size

    def add(self, el):
        self.items.append(el)

    def take(self):
        return self.items.pop()

    @property
    def can_add(self):
        return len(self.items) < self.size

    @property
    def can_take(self):
        return bool(self.items)


class Sized(Duck):
    """False while it is empty."""

    def __len__(self):
        return len(self.items)


class Derived(buffers.AbstractBuffer):
    def __init__(self, size=2):
        self.duck = Duck(size)

    def add(self, el):
        self.duck.add(el)

    def take(self):
        return self.duck.take()

    @property
    def can_add(self):
        return self.duck.can_add

    @property
    def can_take(self):
        return self.duck.can_take


OWN = pytest.mark.parametrize("own", [Duck, Sized, Derived])


@OWN
@on_loop
async def test_buffer_of_ones_own_decides_room_and_order(own):
    c = Chan(own())
    assert [c.put_nowait(v) for v in (1, 2, 3)] == [True, True, None]
    assert c.stats().state == "FLUENT"
    third = c.put(3)
    assert c.stats().state == "PENDING_PUTS" and not third.done()
    assert await c.get() == 2
    assert await soon(third) is True
    assert take_all(c) == [3, 1]


@OWN
@on_loop
async def test_buffer_of_ones_own_is_drained_after_the_close(own):
    c = Chan(own()).add(1, 2)
    put = c.put(3)
    c.close()
    joined = asyncio.ensure_future(_join(c))
    await turns()
    assert not joined.done()
    got = await soon(c.collect())
    assert sorted(got) == [1, 2, 3] and await soon(put) is True
    await soon(joined)


async def _join(c):
    await c.join()


@OWN
@on_loop
async def test_buffer_of_ones_own_loses_nothing_when_a_getter_is_cancelled(own):
    c = Chan(own())
    op = c.get()
    c.add("v")
    del op
    await turns()
    assert take_all(c) == ["v"]
    assert [c.put_nowait(v) for v in (1, 2)] == [True, True]


@OWN
@on_loop
async def test_select_over_buffers_of_ones_own(own):
    c, d = Chan(own()), Chan(own())
    op = ac.select(c, d)
    d.add(1)
    assert await soon(op) == (1, d)
    assert await ac.select((c, 2), d, priority=True) == (True, c)
    assert await ac.select(d, c, priority=True) == (2, c)


def test_abstract_buffer_asks_for_its_methods():
    class Lacks(buffers.AbstractBuffer):
        def add(self, el):
            pass

    with pytest.raises(TypeError, match="abstract"):
        Lacks()


@pytest.mark.parametrize("lacks", ["add", "take", "can_add", "can_take"])
def test_object_that_lacks_a_method_is_no_buffer(lacks):
    names = [name for name in ("add", "take", "can_add", "can_take") if name != lacks]
    thing = type("Thing", (), dict.fromkeys(names))()
    with pytest.raises(TypeError, match=rf"buffer.*{lacks}"):
        Chan(thing)


class Broken(Duck):
    """Raises in one of its methods, while `broken` is set."""

    def __init__(self, where):
        super().__init__()
        self.where, self.broken = where, False

    def check(self, where):
        if self.broken and where == self.where:
            raise Boom(where)

    def add(self, el):
        self.check("add")
        super().add(el)

    def take(self):
        self.check("take")
        return super().take()

    @property
    def can_add(self):
        self.check("can_add")
        return super().can_add

    @property
    def can_take(self):
        self.check("can_take")
        return super().can_take


OPERATIONS = {
    "put_nowait": lambda c: c.put_nowait(1),
    "queued put_nowait": lambda c: c.put_nowait(1, immediate_only=False),
    "put": lambda c: c.put(1),
    "add": lambda c: c.add(1),
    "get_nowait": lambda c: c.get_nowait(),
    "get": lambda c: c.get(),
    "select get": lambda c: ac.select(c),
    "select put": lambda c: ac.select((c, 1)),
    "close": lambda c: c.close(),
}


@pytest.mark.parametrize("where", ["add", "take", "can_add", "can_take"])
@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("filled", [0, 1])
@on_loop
async def test_buffer_that_raises_hurts_who_called_and_nobody_else(name, where, filled):
    """Its exception comes out of the operation, or the operation did not need it; the channel goes on after that."""
    buffer = Broken(where)
    c = Chan(buffer)
    if filled:
        c.add(0)
    buffer.broken = True
    try:
        result = OPERATIONS[name](c)
        if name in ("put", "get", "select get", "select put"):
            if result.done():
                await result
            result.cancel()
    except Boom as error:
        assert error.args == (where,)
    result = None
    buffer.broken = False
    await turns()
    if not c.closed:
        take_all(c)
        assert c.put_nowait("v") is True
        c.close()
        assert (await soon(c.collect()))[-1:] == ["v"]
    else:
        await soon(c.collect())


@pytest.mark.parametrize(
    "where, call",
    [
        ("add", lambda c: c.put_nowait(1)),
        ("can_add", lambda c: c.put_nowait(1)),
        ("take", lambda c: c.get_nowait()),
        ("can_take", lambda c: c.get_nowait()),
        ("add", lambda c: c.put(1)),
        ("take", lambda c: c.get()),
    ],
)
@on_loop
async def test_exception_of_a_buffer_comes_out_of_the_call_that_needed_it(where, call):
    buffer = Broken(where)
    c = Chan(buffer).add(0)
    buffer.broken = True
    with pytest.raises(Boom, match=where):
        call(c)


@pytest.mark.parametrize("call", ["put", "put_nowait", "put_blocking", "select"])
@on_loop
async def test_put_that_waited_is_told_that_its_value_was_not_taken_in(call):
    """The value is taken from the put to be added, and that raises."""

    class Full(Broken):
        can_add = property(lambda self: not self.items)

    buffer = Full("add")
    c = Chan(buffer).add(0)
    told = asyncio.get_running_loop().create_future()
    op = {
        "put": lambda: c.put("v"),
        "put_nowait": lambda: c.put_nowait("v", told, immediate_only=False) or told,
        "put_blocking": lambda: asyncio.get_running_loop().run_in_executor(None, c.put_blocking, "v"),
        "select": lambda: ac.select((c, "v"), Chan()),
    }[call]()
    while c.stats().state != "PENDING_PUTS":
        await asyncio.sleep(0)
    buffer.broken = True
    with pytest.raises(Boom):
        c.get_nowait()
    result = await soon(op)
    assert (result if call != "select" else result[0]) is False
    assert c.closed and isinstance(c.exception(), Boom)


@on_loop
async def test_buffer_that_gives_none_is_an_error():
    class Empty(Duck):
        def take(self):
            super().take()

    with pytest.raises(TypeError, match="None"):
        Chan(Empty()).add(1).get_nowait()


@on_loop
async def test_stage_whose_buffer_raises_ends_with_the_cause():
    """The output's buffer fails, so nobody can be given values; but the input's end must not be waited for."""
    buffer = Broken("add")
    buffer.broken = True
    inp, out = Chan(3).add(1, 2, 3), Chan(buffer)
    loop = asyncio.get_running_loop()
    seen = []
    loop.set_exception_handler(lambda _, context: seen.append(context["exception"]))
    inp.map(lambda v: v, out=out)
    await turns()
    buffer.broken = False
    assert await soon(out.collect()) == []
    assert out.closed and type(out.exception()) is Boom
    loop.set_exception_handler(None)


def test_buffers_are_shared_by_threads_through_their_channel():
    c = Chan(Duck(3))
    got = []

    def put():
        for i in range(500):
            assert c.put_blocking(i)

    def get():
        for _ in range(500):
            got.append(c.get_blocking())

    in_threads(put, put, get, get)
    assert sorted(got) == sorted([*range(500), *range(500)])
    assert nobody_waits(c)


# Buffers used by hand.


def test_buffers_by_hand():
    b = buffers.FixedLengthBuffer(2)
    assert isinstance(b, buffers.AbstractBuffer)
    b.add(1)
    b.add(2)
    assert not b.can_add and b.can_take
    assert [b.take(), b.take()] == [1, 2] and b.can_add and not b.can_take
    b = buffers.PromiseBuffer()
    assert not b.can_take
    b.add(0)
    b.add(1)
    assert b.can_take and b.take() == b.take() == 0
    b = buffers.IterBuffer([0, 1])
    assert not b.can_add
    assert b.can_take and b.take() == 0 and b.can_take and b.take() == 1 and not b.can_take
