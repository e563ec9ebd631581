"""Many to one and one to many: `merge`, `zip_chans`, `combine_latest`, `distribute`, `Dup`, `Pub`."""

import asyncio
import weakref

import pytest
from support import Boom, nobody_waits, on_loop, reported, soon, take_all, turns

from aiochan import Chan, Dup, Pub, combine_latest, from_iter, from_range, merge, zip_chans

FAN_IN = pytest.mark.parametrize("fan_in", [merge, zip_chans, combine_latest])


@FAN_IN
def test_fan_in_without_inputs_is_refused(fan_in):
    with pytest.raises(ValueError, match="input"):
        fan_in()


@FAN_IN
@on_loop
async def test_fan_in_of_what_is_no_channel_is_refused(fan_in):
    c = Chan()
    with pytest.raises(TypeError, match="Chan"):
        fan_in(c, [1, 2])
    with pytest.raises(TypeError, match="out"):
        fan_in(c, out=[])
    await turns()
    assert nobody_waits(c)


@FAN_IN
@pytest.mark.parametrize("close", [True, False])
@on_loop
async def test_close_says_whether_fan_in_closes_its_output(fan_in, close):
    out = Chan(20)
    assert fan_in(from_range(3), from_range(3), out=out, close=close) is out
    await turns()
    assert out.closed == close
    assert len(take_all(out)) == {merge: 6, zip_chans: 3, combine_latest: 6}[fan_in]


@FAN_IN
@on_loop
async def test_fan_in_with_endless_inputs_and_a_closed_output_lets_the_loop_go_on(fan_in):
    fan_in(from_range(), from_range(), out=Chan().close())
    await turns(300)


@FAN_IN
@on_loop
async def test_closed_output_stops_the_intake_of_fan_in(fan_in):
    inputs = [Chan(50).add(*range(50)) for _ in range(2)]
    fan_in(*inputs, out=Chan().close())
    await turns()
    assert sum(len(take_all(c)) for c in inputs) >= 96


@pytest.mark.parametrize("fan_in", [zip_chans, combine_latest])
@on_loop
async def test_output_closed_while_fan_in_waits(fan_in):
    inputs, out = [Chan(), Chan()], Chan()
    fan_in(*inputs, out=out)
    await turns()
    out.close()
    await turns()
    assert all(nobody_waits(c) for c in inputs)
    assert [c.put_nowait(1) for c in inputs] == [None, None]


@on_loop
async def test_output_closed_while_merge_waits():
    """As in the original one more put is accepted; but its value goes back."""
    a, b, out = Chan(), Chan(), Chan()
    merge(a, b, out=out)
    await turns()
    out.close()
    await turns()
    assert a.put_nowait("v") is True
    assert nobody_waits(a) and nobody_waits(b)
    assert a.get_nowait() == "v"
    assert b.put_nowait("w") is None


@FAN_IN
@on_loop
async def test_unread_output_of_fan_in_stops_the_intake(fan_in):
    inputs, out = [Chan(50).add(*range(50)) for _ in range(2)], Chan()
    fan_in(*inputs, out=out)
    await turns()
    left = [len(take_all(c)) for c in inputs]
    assert min(left) >= 47
    out.close()


@FAN_IN
@on_loop
async def test_cause_of_an_input_passes_fan_in(fan_in):
    bad, good = Chan(1).add(1), Chan(1).add(2).close()
    out = fan_in(bad, good)
    bad._fail(Boom())
    await soon(out.collect())
    assert type(out.exception()) is Boom


@on_loop
async def test_merge_gives_everything_once_and_in_the_order_of_each_input():
    got = await soon(merge(from_range(0, 50), from_range(50, 100)).collect())
    assert sorted(got) == list(range(100))
    assert [v for v in got if v < 50] == list(range(50))
    assert [v for v in got if v >= 50] == list(range(50, 100))


@on_loop
async def test_merge_starves_no_input():
    out = merge(from_iter(iter(lambda: "a", None)), from_iter(iter(lambda: "b", None)))
    got = await soon(out.collect(400))
    assert 50 < got.count("a") < 350
    out.close()


@on_loop
async def test_merge_of_a_channel_given_twice():
    c = from_range(4)
    assert sorted(await soon(merge(c, c).collect())) == [0, 1, 2, 3]


@on_loop
async def test_merge_with_one_input_that_never_gives():
    silent = Chan()
    out = merge(silent, from_range(3))
    assert [await soon(out.get()) for _ in range(3)] == [0, 1, 2]
    silent.close()
    assert await soon(out.get()) is None


@on_loop
async def test_zip_pads_with_none_until_the_longest_has_ended():
    got = await soon(zip_chans(from_range(1), from_range(3), Chan().close()).collect())
    assert got == [[0, 0, None], [None, 1, None], [None, 2, None]]


@on_loop
async def test_zip_of_nothing():
    assert await soon(zip_chans(Chan().close(), Chan().close()).collect()) == []


@on_loop
async def test_combine_latest_gives_copies():
    a, b = Chan(), Chan()
    out = combine_latest(a, b)
    await soon(a.put(1))
    first = await soon(out.get())
    await soon(b.put(2))
    second = await soon(out.get())
    assert (first, second) == ([1, None], [1, 2])


@on_loop
async def test_combine_latest_fills_all_places_of_a_channel_given_twice():
    a, b = Chan(), Chan()
    out = combine_latest(a, b, a)
    await soon(a.put(1))
    assert await soon(out.get()) == [1, None, 1]
    await soon(b.put(2))
    assert await soon(out.get()) == [1, 2, 1]


# Distribute.


@on_loop
async def test_distribute_loses_nothing_to_closed_outs():
    for _ in range(60):
        a, closed = Chan(), Chan().close()
        src = from_range(10)
        assert src.distribute(a, closed) is src
        assert await soon(a.collect()) == list(range(10))


@on_loop
async def test_distribute_goes_on_when_the_out_it_waits_for_is_closed():
    a, b = Chan(), Chan()
    from_range(10).distribute(a, b)
    await turns()
    got = [await soon(a.get())]
    await turns()
    a.close()
    got += take_all(a)
    got += await soon(b.collect())
    got += take_all(a)
    assert sorted(got) == list(range(10))


@on_loop
async def test_distribute_gives_each_value_to_one_out():
    outs = [Chan(5) for _ in range(4)]
    from_range(40).distribute(*outs)
    assert sorted(await soon(merge(*outs).collect())) == list(range(40))


@on_loop
async def test_distribute_does_not_wait_for_a_slow_out():
    slow, quick = Chan(), Chan()
    from_range(10).distribute(slow, quick)
    got = await soon(quick.collect(9))
    assert len(got) == 9
    assert await soon(merge(slow, quick).collect()) == sorted(set(range(10)) - set(got))


@on_loop
async def test_distribute_with_all_outs_closed_reads_nothing():
    src = Chan(10).add(*range(10))
    src.distribute(Chan().close(), Chan().close())
    await turns()
    assert nobody_waits(src)
    assert take_all(src) == list(range(10))


@pytest.mark.parametrize("close", [True, False])
@on_loop
async def test_close_says_whether_distribute_closes_its_outs(close):
    outs = [Chan(9), Chan(9)]
    from_range(4).distribute(*outs, close=close)
    await turns()
    assert [c.closed for c in outs] == [close] * 2


@on_loop
async def test_distribute_passes_the_cause():
    src, outs = Chan(), [Chan(), Chan()]
    src.distribute(*outs)
    src._fail(Boom())
    for out in outs:
        assert await soon(out.get()) is None
        assert type(out.exception()) is Boom


@on_loop
async def test_distribute_to_nobody_or_to_what_is_no_channel_is_refused():
    src = Chan(1).add(1)
    with pytest.raises(ValueError, match="out"):
        src.distribute()
    with pytest.raises(TypeError, match="Chan"):
        src.distribute(Chan(), 3)
    await turns()
    assert take_all(src) == [1]


# Dup.


@on_loop
async def test_dup_reads_nothing_before_the_first_tap():
    src = Chan(2).add(1, 2)
    dup = src.dup()
    assert isinstance(dup, Dup) and dup.inp is src
    await turns()
    assert len(take_all(src)) == 2
    src.add(1, 2).close()
    a = dup.tap()
    assert await soon(a.collect()) == [1, 2]


@on_loop
async def test_dup_gives_every_value_to_all_in_lockstep():
    dup = from_range(5).dup()
    a, b = dup.tap(), dup.tap(buffer=2)
    got_a = asyncio.ensure_future(_list(a))
    await turns()
    assert not got_a.done()
    assert await soon(b.collect()) == [0, 1, 2, 3, 4]
    assert await soon(got_a) == [0, 1, 2, 3, 4]


async def _list(c):
    return await c.collect()


@pytest.mark.parametrize("how", ["untap", "untap_all", "close out", "close dup"])
@on_loop
async def test_dup_does_not_stay_blocked_on_an_out_that_has_gone(how):
    src = Chan()
    dup = src.dup()
    blocked, free = dup.tap(), dup.tap(Chan(10))
    await soon(src.put(1))
    await turns()
    if how == "untap":
        assert dup.untap(blocked) is blocked
    elif how == "untap_all":
        assert dup.untap_all() is dup
        dup.tap(free)
    elif how == "close out":
        blocked.close()
    else:
        assert dup.close() is dup
    if how == "close dup":
        await turns()
        assert free.closed and blocked.closed
        return
    await soon(src.put(2))
    await soon(src.put(3))
    src.close()
    got = await soon(free.collect())
    assert got[-2:] == [2, 3]


@on_loop
async def test_untapped_out_is_left_open_and_gets_nothing_more():
    src = Chan()
    dup = src.dup()
    a, b = dup.tap(buffer=9), dup.tap(buffer=9)
    await soon(src.put(1))
    await turns()
    dup.untap(a)
    await soon(src.put(2))
    src.close()
    assert await soon(b.collect()) == [1, 2]
    assert not a.closed and take_all(a) == [1]


@pytest.mark.parametrize("end", ["source", "dup"])
@on_loop
async def test_end_of_a_dup_closes_the_outs_that_asked_for_it(end):
    src = Chan()
    dup = src.dup()
    a, b = dup.tap(), dup.tap(close=False)
    await turns()
    src.close() if end == "source" else dup.close()
    assert await soon(a.get()) is None
    await turns()
    assert a.closed and not b.closed
    late = dup.tap()
    assert await soon(late.get()) is None and late.closed


@on_loop
async def test_dup_passes_the_cause_also_to_those_who_come_late():
    src = Chan()
    dup = src.dup()
    a = dup.tap()
    src._fail(Boom())
    assert await soon(a.get()) is None
    late = dup.tap()
    assert await soon(late.get()) is None
    assert type(a.exception()) is type(late.exception()) is Boom


@on_loop
async def test_closed_dup_reads_no_more():
    src = Chan()
    dup = src.dup()
    dup.tap()
    await turns()
    dup.close()
    dup.close()
    await turns()
    assert nobody_waits(src) and src.put_nowait(1) is None


@on_loop
async def test_untap_of_a_stranger_is_harmless():
    stranger = Chan()
    assert from_range(1).dup().untap(stranger) is stranger


@pytest.mark.parametrize(
    "make", [lambda: Dup(3), lambda: Dup(None), lambda: Chan().dup().tap(3), lambda: Chan().dup().untap(3)]
)
def test_dup_of_what_is_no_channel_is_refused(make):
    with pytest.raises(TypeError, match="Chan"):
        make()


# Pub.


def first(v):
    return v[0]


@on_loop
async def test_pub_gives_each_subscriber_what_has_its_topic():
    src = Chan()
    pub = src.pub()
    assert isinstance(pub, Pub)
    a, a2, b = pub.sub("a", buffer=9), pub.sub("a", buffer=9), pub.sub("b", buffer=9)
    for v in ["a1", "b1", "c1", "a2"]:
        await soon(src.put(v))
    src.close()
    assert await soon(a.collect()) == await soon(a2.collect()) == ["a1", "a2"]
    assert await soon(b.collect()) == ["b1"]


@pytest.mark.parametrize("topic_fn", [None, first, "default"])
@on_loop
async def test_topic_function_by_default_takes_the_first_element(topic_fn):
    src = Chan(1).add((0, "v"))
    pub = Pub(src) if topic_fn == "default" else src.pub(topic_fn)
    out = pub.sub(0, buffer=1)
    src.close()
    assert await soon(out.collect()) == [(0, "v")]


@pytest.mark.parametrize("end", ["source", "pub"])
@on_loop
async def test_end_of_a_pub_closes_the_subscribers_that_asked_for_it(end):
    src = Chan()
    pub = src.pub()
    a, b, kept = pub.sub("a"), pub.sub("b"), pub.sub("a", close=False)
    await turns()
    src.close() if end == "source" else pub.close()
    assert await soon(a.get()) is None and await soon(b.get()) is None
    await turns()
    assert a.closed and b.closed and not kept.closed
    late = pub.sub("c")
    assert await soon(late.get()) is None


@on_loop
async def test_closed_pub_reads_no_more():
    src = Chan()
    pub = src.pub()
    pub.sub("a")
    await turns()
    pub.close()
    pub.close()
    await turns()
    assert nobody_waits(src) and src.put_nowait("a") is None


@on_loop
async def test_pub_passes_the_cause():
    src = Chan()
    out = src.pub().sub("a")
    src._fail(Boom())
    assert await soon(out.get()) is None
    assert type(out.exception()) is Boom


@pytest.mark.parametrize("wrong, kind", [("raises", Boom), ("unhashable", TypeError)])
@on_loop
async def test_topic_function_that_fails_closes_all_with_the_cause(wrong, kind):
    def topic(v):
        if v == "ok":
            return v
        if wrong == "raises":
            raise Boom
        return [v]

    src = Chan(9).add("ok", "bad", "ok")
    with reported(kind):
        pub = src.pub(topic)
        a, b = pub.sub("ok", buffer=9), pub.sub("other")
        assert await soon(a.collect()) == ["ok"]
        assert await soon(b.get()) is None
        await turns()
    for out in (a, b):
        assert type(out.exception()) is kind
    if kind is TypeError:
        assert "hashable" in str(a.exception())


@pytest.mark.parametrize("call", [lambda p: p.sub([]), lambda p: p.unsub([], Chan()), lambda p: p.unsub_all({})])
@on_loop
async def test_unhashable_topics_are_refused_at_the_call(call):
    with pytest.raises(TypeError, match="hashable"):
        call(Chan().pub())


@on_loop
async def test_topic_none_is_refused():
    with pytest.raises(ValueError, match="topic"):
        Chan().pub().sub(None)


@on_loop
async def test_unsub_of_strangers_and_of_unknown_topics_is_harmless():
    pub, out = Chan().pub(), Chan()
    assert pub.unsub("unknown", out) is out
    assert pub.unsub_all("unknown") is pub
    assert pub.unsub_all(None) is pub
    pub.sub("a")
    assert pub.unsub("a", out) is out


@on_loop
async def test_unsub_ends_one_subscription():
    src = Chan()
    pub = src.pub()
    a, b = pub.sub("a", buffer=9), pub.sub("a", buffer=9)
    await soon(src.put("a1"))
    await turns()
    pub.unsub("a", a)
    await soon(src.put("a2"))
    src.close()
    assert await soon(b.collect()) == ["a1", "a2"]
    assert not a.closed and take_all(a) == ["a1"]


@on_loop
async def test_unsub_all_of_none_ends_all_subscriptions():
    src = Chan()
    pub = src.pub()
    outs = [pub.sub(topic, buffer=9) for topic in "ab"]
    await turns()
    pub.unsub_all(None)
    for v in ("a", "b", "c"):
        await soon(src.put(v))
    await turns()
    assert [take_all(out) for out in outs] == [[], []]
    again = pub.sub("a", buffer=1)
    await soon(src.put("a"))
    assert await soon(again.get()) == "a"


@pytest.mark.parametrize("how", ["unsub", "unsub_all", "unsub_all none", "close out"])
@on_loop
async def test_pub_does_not_stay_blocked_on_a_subscriber_that_has_gone(how):
    src = Chan()
    pub = src.pub(lambda v: v)
    slow, other = pub.sub("slow"), pub.sub("other", buffer=9)
    putting = asyncio.ensure_future(_put_all(src, ["slow"] * 50 + ["other"]))
    await turns()
    assert not putting.done()
    if how == "unsub":
        pub.unsub("slow", slow)
    elif how == "unsub_all":
        pub.unsub_all("slow")
    elif how == "unsub_all none":
        pub.unsub_all(None)
        pub.sub("other", other)
    else:
        slow.close()
    await soon(putting)
    assert await soon(other.get()) == "other"


async def _put_all(c, values):
    for v in values:
        await c.put(v)


@on_loop
async def test_pub_default_buffer_is_for_each_subscriber():
    src = Chan()
    pub = src.pub(buffer=3)
    a, b = pub.sub("x"), pub.sub("x")
    for _ in range(3):
        await soon(src.put("x"))
    await turns()
    assert take_all(a) == take_all(b) == ["x"] * 3


class Topic:
    """Can be referred to weakly."""


@pytest.mark.parametrize("leave", ["unsub", "unsub_all", "close out", "drop out"])
@on_loop
async def test_pub_forgets_topics_that_nobody_subscribes_to(leave):
    inp = Chan()
    pub = Pub(inp)
    topics = weakref.WeakSet()
    kept = pub.sub("kept", buffer=1)
    for _ in range(1000):
        topic = Topic()
        topics.add(topic)
        out = pub.sub(topic)
        await asyncio.sleep(0)
        if leave == "unsub":
            pub.unsub(topic, out)
        elif leave == "unsub_all":
            pub.unsub_all(topic)
        elif leave == "close out":
            out.close()
        del out
        await asyncio.sleep(0)
    assert len(topics) < 200
    assert await soon(inp.put(("kept", 1)))
    assert await soon(kept.get()) == ("kept", 1)
    again = pub.sub(topic)
    assert await soon(inp.put((topic, 2)))
    assert await soon(again.get()) == (topic, 2)


@pytest.mark.parametrize(
    "make, kind, word",
    [
        (lambda: Pub(3), TypeError, "inp"),
        (lambda: Chan().pub(3), TypeError, "topic_fn"),
        (lambda: Chan().pub(buffer="x", buffer_size=1), ValueError, "buffer"),
        (lambda: Chan().pub().sub("a", out=3), TypeError, "out"),
    ],
)
def test_bad_arguments_of_pub(make, kind, word):
    with pytest.raises(kind, match=word):
        make()


@on_loop
async def test_dup_and_pub_go_on_when_nobody_holds_them():
    import gc

    src = Chan()
    out = src.dup().tap(buffer=5)
    other = out.pub().sub("a", buffer=5)
    gc.collect()
    await soon(src.put("a"))
    assert await soon(other.get()) == "a"
