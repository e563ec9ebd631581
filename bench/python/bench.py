"""What operations of aiochan cost beside others, in one run.

Usage: python bench.py [FILTER] [--rounds N] [--quick] [--loop asyncio|uvloop] [--json FILE]

Contenders take turns within a row, in a new order each round; a figure is the median of the rounds, in
nanoseconds per item. Each run checks what came out. Who is not installed is left out, and named at the end:
`pip install anyio culsans janus uvloop`; the original aiochan 0.2.7 is fetched with pip into a directory of its
own if it can be.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.util
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiochan as ac

ORIGINAL = "aiochan==0.2.7"
missing: list[str] = []


def load(name: str):
    try:
        return importlib.import_module(name)
    except ImportError:
        missing.append(name)
        return None


def load_original():
    """The original under a name of its own, since both are called aiochan."""
    place = Path(tempfile.mkdtemp(prefix="aiochan-original-"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(place), ORIGINAL]
    if subprocess.run(pip, stderr=subprocess.DEVNULL).returncode:
        missing.append(ORIGINAL)
        return None
    (place / "aiochan").rename(place / "aiochan_original")
    source = place / "aiochan_original"
    for file in source.glob("*.py"):
        file.write_text(file.read_text().replace("from aiochan", "from aiochan_original"))
    sys.path.insert(0, str(place))
    return importlib.import_module("aiochan_original")


anyio, culsans, janus = load("anyio"), load("culsans"), load("janus")

Run = Callable[[int], Awaitable[None]]
rows: dict[str, dict[str, Run]] = {}


def row(name: str, contender: str) -> Callable[[Run], Run]:
    def add(run: Run) -> Run:
        rows.setdefault(name, {})[contender] = run
        return run

    return add


def check(actual: object, expected: object) -> None:
    if actual != expected:
        raise SystemExit(f"wrong result: {actual!r} instead of {expected!r}")


def chan_rows(name: str, module) -> None:
    @row("put_nowait + get_nowait", name)
    async def nowait(n: int) -> None:
        c, total = module.Chan(4), 0
        for i in range(1, n + 1):
            c.put_nowait(i)
            total += c.get_nowait()
        check(total, n * (n + 1) // 2)

    @row("await put + get, ready", name)
    async def ready(n: int) -> None:
        c, total = module.Chan(4), 0
        for i in range(1, n + 1):
            await c.put(i)
            total += await c.get()
        check(total, n * (n + 1) // 2)

    for capacity in (0, 1, 64):

        @row(f"producer and consumer, capacity {capacity}", name)
        async def hand_over(n: int, capacity: int = capacity) -> None:
            c = module.Chan(capacity) if capacity else module.Chan()

            async def produce() -> None:
                for i in range(1, n + 1):
                    await c.put(i)
                c.close()

            producer, total = asyncio.ensure_future(produce()), 0
            while (value := await c.get()) is not None:
                total += value
            await producer
            check(total, n * (n + 1) // 2)

    @row("select over 2, waiting", name)
    async def select(n: int) -> None:
        a, b = module.Chan(), module.Chan()

        async def produce() -> None:
            for i in range(1, n + 1):
                await (a if i % 2 else b).put(i)

        producer, total = asyncio.ensure_future(produce()), 0
        for _ in range(n):
            total += (await module.select(a, b))[0]
        await producer
        check(total, n * (n + 1) // 2)

    @row("from_range.map.filter.collect", name)
    async def operators(n: int) -> None:
        c = module.from_range(n).map(lambda v: v + 1).filter(lambda v: v % 2 == 0)
        check(len(await c.collect()), n // 2)

    async def work(value: int) -> int:
        return value + 1

    @row("async_pipe(8)", name)
    async def async_pipe(n: int) -> None:
        check(sum(await module.from_range(n).async_pipe(8, work).collect()), n * (n + 1) // 2)

    async def slow(value: int) -> int:
        await asyncio.sleep(0)
        return value + 1

    @row("async_pipe(8), one turn each", name)
    async def async_pipe_turn(n: int) -> None:
        check(sum(await module.from_range(n).async_pipe(8, slow).collect()), n * (n + 1) // 2)


def queue_rows(name: str, make: Callable[[int], object]) -> None:
    """For classes with the interface of asyncio.Queue."""

    @row("put_nowait + get_nowait", name)
    async def nowait(n: int) -> None:
        q, total = make(4), 0
        for i in range(1, n + 1):
            q.put_nowait(i)
            total += q.get_nowait()
        check(total, n * (n + 1) // 2)

    @row("await put + get, ready", name)
    async def ready(n: int) -> None:
        q, total = make(4), 0
        for i in range(1, n + 1):
            await q.put(i)
            total += await q.get()
        check(total, n * (n + 1) // 2)

    for capacity in (1, 64):

        @row(f"producer and consumer, capacity {capacity}", name)
        async def hand_over(n: int, capacity: int = capacity) -> None:
            q = make(capacity)

            async def produce() -> None:
                for i in range(1, n + 1):
                    await q.put(i)
                await q.put(None)

            producer, total = asyncio.ensure_future(produce()), 0
            while (value := await q.get()) is not None:
                total += value
            await producer
            check(total, n * (n + 1) // 2)


def anyio_rows() -> None:
    for capacity in (0, 1, 64):

        @row(f"producer and consumer, capacity {capacity}", "anyio stream")
        async def hand_over(n: int, capacity: int = capacity) -> None:
            send, receive = anyio.create_memory_object_stream(capacity)

            async def produce() -> None:
                with send:
                    for i in range(1, n + 1):
                        await send.send(i)

            producer, total = asyncio.ensure_future(produce()), 0
            with receive:
                async for value in receive:
                    total += value
            await producer
            check(total, n * (n + 1) // 2)


def future_rows() -> None:
    """The floor: the same hand-over with bare futures."""

    for capacity in (0, 1):

        @row(f"producer and consumer, capacity {capacity}", "bare futures")
        async def hand_over(n: int) -> None:
            loop = asyncio.get_running_loop()
            wanted = loop.create_future()
            total = 0

            async def produce() -> None:
                nonlocal wanted, box
                for i in range(1, n + 1):
                    await wanted
                    wanted = loop.create_future()
                    box.set_result(i)

            box = loop.create_future()
            producer = asyncio.ensure_future(produce())
            for _ in range(n):
                wanted.set_result(None)
                total += await box
                box = loop.create_future()
            await producer
            check(total, n * (n + 1) // 2)


def measure(run: Run, n: int, use_uvloop: bool) -> float:
    async def timed() -> float:
        begin = time.perf_counter()
        await run(n)
        return time.perf_counter() - begin

    if use_uvloop:
        import uvloop

        loop = uvloop.new_event_loop()
    else:
        loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(timed()) / n * 1e9
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("filter", nargs="?", default="")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--quick", action="store_true", help="fewer items and rounds")
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="asyncio")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    rounds, items = (3, 5_000) if args.quick else (args.rounds, args.items)

    chan_rows("aiochan", ac)
    if original := load_original():
        chan_rows("original 0.2.7", original)
    queue_rows("asyncio.Queue", asyncio.Queue)
    if culsans:
        queue_rows("culsans", lambda size: culsans.Queue(size).async_q)
    if janus:
        queue_rows("janus", lambda size: janus.Queue(size).async_q)
    if anyio:
        anyio_rows()
    future_rows()

    results = {}
    print(f"CPython {sys.version.split()[0]}, {args.loop}, medians of {rounds}, {items} items; ns per item")
    for name, contenders in rows.items():
        if args.filter not in name:
            continue
        times: dict[str, list[float]] = {contender: [] for contender in contenders}
        for _ in range(rounds):
            turn = list(contenders)
            random.shuffle(turn)
            for contender in turn:
                times[contender].append(measure(contenders[contender], items, args.loop == "uvloop"))
        medians = {contender: statistics.median(all_times) for contender, all_times in times.items()}
        results[name] = medians
        ours = medians["aiochan"]
        print(f"\n{name}")
        for contender, median in medians.items():
            ratio = "" if contender == "aiochan" else f"  aiochan takes {ours / median:5.2f} of it"
            print(f"  {contender:18}{median:10.0f}{ratio}")
    if missing:
        print(f"\nnot installed, left out: {', '.join(missing)}")
    if args.json:
        args.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
