"""The package under other flags of the interpreter, and what it does at import."""

import sys

import pytest
from support import script

TOUR = "import runpy; runpy.run_path('tour.py', run_name='__main__')"


@pytest.mark.parametrize(
    "flags",
    [(), ("-W", "error", "-X", "dev"), ("-O",), ("-OO",), ("-W", "error", "-X", "dev", "-O"), ("-bb",)],
    ids=" ".join,
)
def test_tour_under_flags(flags):
    """No warning of any kind, in asyncio's debug mode too; and nothing hangs on `assert`."""
    done = script(TOUR, *flags)
    assert done.stdout == "tour ends tour.py\n"
    assert done.stderr == ""


@pytest.mark.parametrize("flags", [(), ("-X", "dev"), ("-O",)], ids=" ".join)
def test_limit_can_be_patched_under_flags(flags):
    done = script(
        """
        import aiochan.channel
        aiochan.channel.MAX_OP_QUEUE_SIZE = 2
        c = aiochan.Chan()
        kept = [c.put(1), c.put(2)]
        try:
            c.put(3)
        except AssertionError as error:
            print("refused" if "2" in str(error) else error)
        """,
        *flags,
    )
    assert done.stdout == "refused\n"


def test_channel_is_made_outside_of_any_loop_without_a_warning():
    done = script(
        """
        import aiochan as ac

        async def same(v):
            return v

        chans = [ac.Chan(), ac.Chan(1), ac.timeout(60), ac.tick_tock(60), ac.from_range(2).map(abs).async_pipe(1, same)]
        print(len(chans), ac.go(same(1)).result())
        """,
        "-W",
        "error",
        "-X",
        "dev",
    )
    assert (done.stdout, done.stderr) == ("5 1\n", "")


def test_import_starts_nothing_and_sets_no_loop():
    done = script(
        """
        import sys, threading
        import aiochan
        print(threading.active_count(), "multiprocessing.pool" in sys.modules)
        print(getattr(__import__("asyncio").get_event_loop_policy()._local, "_loop", None) if sys.version_info < (3, 14) else None)
        """
    )
    assert done.stdout == "1 False\nNone\n"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="interpreters of one's own are of Python 3.12")
def test_import_in_another_interpreter_fails_cleanly_or_works():
    script(
        """
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        i = interpreters.create()
        try:
            interpreters.run_string(i, "import aiochan")
        except Exception:
            pass
        """
    )


def test_channels_that_are_left_at_the_end_do_no_harm():
    """Module globals are torn down in any order, with operations waiting and loops gone."""
    done = script(
        """
        import asyncio, threading
        import aiochan as ac
        c, d = ac.Chan(), ac.Chan(3).add(1, 2)
        ops = [c.get(), ac.select(c, (c, 1)), d.get()]
        out = d.map(lambda v: v)
        async def main():
            global task
            task = asyncio.ensure_future(waits())
            await asyncio.sleep(0)
            c.get_nowait(print, immediate_only=False)
        async def waits():
            await c.get()
        asyncio.run(main())
        threading.Thread(target=c.get_blocking, daemon=True).start()
        threading.Thread(target=lambda: list(out), daemon=True).start()
        print("end")
        """
    )
    assert (done.stdout, done.stderr) == ("end\n", "")
