"""The API with its types, to be read by type checkers, not run: `mypy --strict typed.py`, `pyright typed.py`."""

from __future__ import annotations

import asyncio
import multiprocessing
import queue
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Any

from typing_extensions import assert_type

import aiochan as ac
from aiochan import Chan, ChanStat, Dup, Pub
from aiochan.buffers import (
    AbstractBuffer,
    DroppingBuffer,
    FixedLengthBuffer,
    IterBuffer,
    PromiseBuffer,
    SlidingBuffer,
)


class Stack(AbstractBuffer[int]):
    def __init__(self) -> None:
        self.items: list[int] = []

    def add(self, el: int) -> None:
        self.items.append(el)

    def take(self) -> int:
        return self.items.pop()

    @property
    def can_add(self) -> bool:
        return True

    @property
    def can_take(self) -> bool:
        return bool(self.items)


class Parsed(Chan[str]):
    """A subclass with its type of value fixed."""


def making(loop: asyncio.AbstractEventLoop) -> None:
    a: Chan[int] = Chan()
    b = Chan[str](3, name="parsed")
    c: Chan[int] = Chan("s", 3, loop=loop)
    d: Chan[int] = Chan("p", loop="no_loop")
    e: Chan[int] = Chan(Stack())
    assert_type(b, Chan[str])
    assert_type(a.close(), Chan[int])
    assert_type(c.add(1, 2), Chan[int])
    assert_type(d.closed, bool)
    assert_type(e.stats(), ChanStat)
    assert_type(e.stats().state, str)
    assert_type(e.stats().queued, int)
    assert_type(e.exception(), "BaseException | None")
    assert_type(a.loop, "asyncio.AbstractEventLoop | None")
    assert_type(Parsed().get_nowait(), "str | None")


async def operations(c: Chan[int]) -> None:
    assert_type(await c.put(1), bool)
    assert_type(await c.get(), "int | None")
    assert_type(c.put_nowait(1), "bool | None")
    assert_type(c.put_nowait(1, print, immediate_only=False), "bool | None")
    assert_type(c.get_nowait(), "int | None")
    assert_type(c.get_nowait(print, immediate_only=False), "int | None")
    assert_type(c.put_blocking(1, 0.5), bool)
    assert_type(c.get_blocking(timeout=None), "int | None")
    await c.join()
    assert_type(await c.collect(), list[int])
    assert_type(await c.collect(3), list[int])
    async for v in c:
        assert_type(v, int)
    for w in c:
        assert_type(w, int)
    with c as same:
        assert_type(same, Chan[int])
    async with c as same_again:
        assert_type(same_again, Chan[int])
    # An operation is a future to asyncio, and an awaitable to everybody.
    op = c.get()
    assert_type(op.done(), bool)
    assert_type(op.result(), "int | None")
    assert_type(op.cancel(), bool)
    assert_type(await asyncio.wait_for(c.get(), 1), "int | None")
    assert_type(await asyncio.gather(c.get(), c.put(1)), "tuple[int | None, bool]")
    awaitable: Awaitable[int | None] = c.get()
    await awaitable
    iterator: AsyncIterator[int] = c.__aiter__()
    assert_type(await iterator.__anext__(), int)


async def selecting(c: Chan[int], d: Chan[str]) -> None:
    await ac.select(c, d)
    v, chan = await ac.select(c, (d, "x"), priority=True)
    if chan is c:
        print(v)
    await ac.select(c, default=0)
    ac.select(c, cb=print)


async def double(v: int) -> int:
    return 2 * v


async def spell(v: int) -> str:
    return str(v)


def spell_now(v: int) -> str:
    return str(v)


async def copy_all(inp: Chan[int], out: Chan[Any]) -> None:
    async for v in inp:
        await out.put(v)


def stages(c: Chan[int], out: Chan[str]) -> None:
    assert_type(c.map(spell_now), Chan[str])
    assert_type(c.map(spell_now, out=out, close=False), Chan[str])
    assert_type(c.map(lambda v: [v, v], flatten=True), Chan[int])
    assert_type(c.filter(lambda v: v > 1), Chan[int])
    assert_type(c.take(1), Chan[int])
    assert_type(c.drop(1, buffer=3), Chan[int])
    assert_type(c.take_while(bool), Chan[int])
    assert_type(c.drop_while(bool), Chan[int])
    assert_type(c.distinct(), Chan[int])
    assert_type(c.group(2), Chan[list[int]])
    assert_type(c.group_by(spell_now), Chan[tuple[str, list[int]]])
    total: Chan[int] = c.reduce(lambda a, v: a + v)
    totals: Chan[int] = c.scan(lambda a, v: a + v, 0)
    print(total, totals)
    c.async_apply()
    c.async_apply(copy_all)
    assert_type(c.async_pipe(2, double), Chan[int])
    assert_type(c.async_pipe_unordered(2, spell), Chan[str])
    assert_type(c.parallel_pipe(2, spell_now), Chan[str])
    assert_type(c.parallel_pipe_unordered(2, spell_now, mode="thread"), Chan[str])
    assert_type(c.parallel_pipe(2, spell_now, mp_module=multiprocessing, pool_kwargs={"maxtasksperchild": 1}), Chan[str])
    assert_type(c.parallel_pipe(2, lambda v: range(v), flatten=True), Chan[int])
    assert_type(c.distribute(Chan(), Chan()), Chan[int])


def fans(c: Chan[int], d: Chan[int]) -> None:
    assert_type(ac.merge(c, d), Chan[int])
    assert_type(ac.zip_chans(c, d), Chan[list[Any]])
    assert_type(ac.combine_latest(c, d, buffer="s", buffer_size=1), Chan[list[Any]])
    dup = c.dup()
    assert_type(dup, Dup[int])
    assert_type(dup.inp, Chan[int])
    assert_type(dup.tap(), Chan[int])
    assert_type(dup.untap(c), Chan[int])
    assert_type(dup.untap_all().close(), Dup[int])
    pub = c.pub(lambda v: v % 2)
    assert_type(pub, Pub[int])
    assert_type(pub.sub(0, buffer=1), Chan[int])
    assert_type(pub.unsub(0, c), Chan[int])
    assert_type(pub.unsub_all(None).unsub_all(0).close(), Pub[int])


def sources() -> None:
    assert_type(ac.from_iter(["a"]), Chan[str])
    numbers: Chan[int] = ac.from_range(3)
    assert_type(ac.tick_tock(0.5), Chan[tuple[int, float]])
    c: Chan[None] = ac.timeout(1)
    print(numbers, c)


async def running(loop: asyncio.AbstractEventLoop) -> None:
    assert_type(await ac.go(double(1)), int)
    await ac.nop()
    assert_type(ac.run(spell(1)), str)
    same_loop, thread = ac.run_in_thread(double(1), loop)
    assert_type(same_loop, asyncio.AbstractEventLoop)
    thread.join()


def threads(c: Chan[int]) -> None:
    q: queue.Queue[int | None] = queue.Queue()
    assert_type(c.to_queue(q), "queue.Queue[int | None]")
    values: Iterator[int] = c.to_iterable(3)
    print(*values)


def buffers() -> None:
    fixed: FixedLengthBuffer[int] = FixedLengthBuffer(2)
    assert_type(fixed.take(), int)
    assert_type(fixed.can_add, bool)
    kinds: list[AbstractBuffer[int]] = [fixed, DroppingBuffer(1), SlidingBuffer(1), PromiseBuffer(), IterBuffer([1]), Stack()]
    print(kinds)


def wrong(c: Chan[int]) -> None:
    """What must not pass: an ignored error that is none is itself an error under `--strict`."""
    c.put("text")  # type: ignore[arg-type]
    c.add("text")  # type: ignore[arg-type]
    c.put_nowait()  # type: ignore[call-arg]
    c.async_pipe(2, spell_now)  # type: ignore[arg-type]
    c.map(spell_now, out=c)  # type: ignore[arg-type]
    Chan(loops=None)  # type: ignore[call-arg]
