//! `docs/REFERENCE.md`, held to the reference and to the code: nothing of the reference is missing in it,
//! and every Rust name in it exists.
//!
//! A name exists if the compiler says so. The macros below take names together with a use of each, compile
//! the use, and keep the name as a text; none of the uses ever runs. Whether a row points at the right one
//! of the names that exist is for its reader to see.
#![allow(clippy::let_underscore_future, clippy::drop_non_drop)]

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Ready, ready};
use std::time::{Duration, Instant};

use aiochan::*;
use futures_util::Stream;

/// Everything that the reference describes, with its parameters. What Python's `async for` calls, and the
/// fields of the results that it names in its text only, are listed as if it did.
const REFERENCE: &str = "
    Chan(buffer, buffer_size, loop, name)
    Chan.__aiter__
    Chan.put(val)
    Chan.put_nowait(val, cb, immediate_only)
    Chan.add(vals)
    Chan.get
    Chan.get_nowait(cb, immediate_only)
    Chan.close
    Chan.closed
    Chan.join
    Chan.stats
    ChanStat.state
    ChanStat.buffered
    ChanStat.queued
    ChanStat.immediate
    Chan.map(f, out, buffer, buffer_size, close, flatten)
    Chan.filter(p, out, buffer, buffer_size, close)
    Chan.take(n, out, buffer, buffer_size, close)
    Chan.drop(n, out, buffer, buffer_size, close)
    Chan.take_while(p, out, buffer, buffer_size, close)
    Chan.drop_while(p, out, buffer, buffer_size, close)
    Chan.group(n, out, buffer, buffer_size, close)
    Chan.group_by(f, out, buffer, buffer_size, close)
    Chan.distinct(out, buffer, buffer_size, close)
    Chan.reduce(f, init, out, buffer, buffer_size, close)
    Chan.scan(f, init, out, buffer, buffer_size, close)
    Chan.collect(n)
    Chan.async_pipe(n, f, out, buffer, buffer_size, close)
    Chan.async_pipe_unordered(n, f, out, buffer, buffer_size, close)
    Chan.parallel_pipe(n, f, out, buffer, buffer_size, close, flatten, mode, mp_module, pool_args, pool_kwargs, error_cb, pool_buffer)
    Chan.parallel_pipe_unordered(n, f, out, buffer, buffer_size, close, flatten, mode, mp_module, pool_args, pool_kwargs, error_cb, pool_buffer)
    Chan.async_apply(f, out, buffer, buffer_size)
    Chan.to_queue(q)
    Chan.to_iterable(buffer_size)
    from_iter(it, loop)
    from_range(start, end, step, loop)
    tick_tock(seconds, start_at, loop)
    timeout(seconds, loop)
    select(chan_ops, priority, default, cb, loop)
    SelectResult.val
    SelectResult.chan
    merge(inputs, out, buffer, buffer_size, close)
    zip_chans(inputs, out, buffer, buffer_size, close)
    combine_latest(inputs, out, buffer, buffer_size, close)
    Chan.distribute(outs, close)
    Chan.dup
    Dup(inp)
    Dup.inp
    Dup.tap(out, buffer, buffer_size, close)
    Dup.untap(out)
    Dup.untap_all
    Dup.close
    Chan.pub(topic_fn, buffer, buffer_size)
    Pub(inp, topic_fn, buffer, buffer_size)
    Pub.sub(topic, out, buffer, buffer_size, close)
    Pub.unsub(topic, out)
    Pub.unsub_all(topic)
    Pub.close
    go(coro, loop)
    nop
    run_in_thread(coro, loop)
    run(coro, loop)
    MAX_OP_QUEUE_SIZE
    MAX_DIRTY_SIZE
    AbstractBuffer
    AbstractBuffer.add(el)
    AbstractBuffer.take
    AbstractBuffer.can_add
    AbstractBuffer.can_take
    FixedLengthBuffer(maxsize)
    DroppingBuffer(maxsize)
    SlidingBuffer(maxsize)
    PromiseBuffer(_)
    IterBuffer(it)
";

/// Functions and methods, each in a call.
macro_rules! calls {
    ($names:ident: $($($path:ident)::+ ($($arg:expr),* $(,)?) $(as $result:ty)?;)+) => {$(
        let _ = || { let _ $(: $result)? = $($path)::+($($arg),*); };
        $names.insert([$(stringify!($path)),+].join("::"));
    )+};
}

/// Methods of a value of a type that has several kinds.
macro_rules! methods {
    ($names:ident: $type:ident of $value:expr => $($method:ident($($arg:expr),*);)+) => {$(
        let _ = || { let value: $type<_, _> = $value; let _ = value.$method($($arg),*); };
        $names.insert(format!("{}::{}", stringify!($type), stringify!($method)));
    )+};
}

/// Constants and variants, which are values by themselves.
macro_rules! values {
    ($names:ident: $($($path:ident)::+;)+) => {$(
        let _ = || { let _ = $($path)::+; };
        $names.insert([$(stringify!($path)),+].join("::"));
    )+};
}

/// Fields, each of a value of its type.
macro_rules! fields {
    ($names:ident: $($type:ident::$field:ident of $value:expr;)+) => {$(
        let _ = || { let $type { $field: _, .. } = $value; };
        $names.insert(format!("{}::{}", stringify!($type), stringify!($field)));
    )+};
}

/// What has a name of its own: types and traits.
macro_rules! items {
    ($names:ident: $($name:ident)+) => {$(
        { #[allow(unused_imports)] use aiochan::$name as _; }
        $names.insert(stringify!($name).to_string());
    )+};
}

/// Macros: their names end in `!`.
macro_rules! macros {
    ($names:ident: $($name:ident)+) => {$(
        { #[allow(unused_imports)] use aiochan::$name as _; }
        $names.insert(format!("{}!", stringify!($name)));
    )+};
}

const D: Duration = Duration::ZERO;

fn chan() -> Chan<u8> {
    Chan::new()
}

fn flow() -> Flow<impl Stream<Item = u8> + Send + 'static> {
    chan().flow()
}

type Stage = fn(Chan<u8>, Feed<u8>) -> Ready<()>;

fn apply() -> Apply<u8, u8, Stage> {
    chan().async_apply(|_, _| ready(()))
}

struct Own;

impl Buffer<u8> for Own {
    fn can_add(&self) -> bool {
        false
    }
    fn add(&mut self, value: u8) -> Option<u8> {
        Some(value)
    }
    fn can_take(&self) -> bool {
        false
    }
    fn take(&mut self) -> u8 {
        0
    }
    fn len(&self) -> usize {
        0
    }
}

/// The names that exist.
fn names() -> BTreeSet<String> {
    /// Else a use that says nothing of the type would not compile.
    type Chan = aiochan::Chan<u8>;
    type Buf = aiochan::Buf<u8>;

    let mut names = BTreeSet::new();
    items!(names: AddError Buffer Chan PutError Receiver Select Sender Stats Task);
    macros!(names: select select_blocking);
    values!(names:
        ChanState::Fluent;
        ChanState::PendingGets;
        ChanState::PendingPuts;
        MAX_PENDING;
        TryGetError::Closed;
        TryGetError::Empty;
    );
    fields!(names:
        Selected::index of Select::new().get(&chan()).blocking();
        Selected::outcome of Select::new().get(&chan()).blocking();
        Stats::buffered of chan().stats();
        Stats::immediate of chan().stats();
        Stats::queued of chan().stats();
        Stats::state of chan().stats();
    );
    calls!(names:
        Apply::chan(apply());
        Apply::chan_with(apply(), 1);
        Apply::into_chan(apply(), &chan());
        Apply::keep_open(apply());
        Buf::custom(Own);
        Buf::dropping(1);
        Buf::fixed(1);
        Buf::promise();
        Buf::sliding(1);
        Buffer::add(&mut Own, 1);
        Buffer::can_add(&Own);
        Buffer::can_take(&Own);
        Buffer::take(&mut Own);
        Builder::buffer(Chan::builder(), 1);
        Builder::max_pending(Chan::builder(), 1);
        Builder::name(Chan::builder(), "");
        Chan::add(&chan(), [1]);
        Chan::async_apply(&chan(), |_, _: Feed<u8>| async {});
        Chan::close(&chan());
        Chan::close_reason(&chan());
        Chan::close_with(&chan(), "");
        Chan::closed(&chan());
        Chan::collect(&chan());
        Chan::distinct(&chan());
        Chan::drop(&chan(), 1);
        Chan::drop_while(&chan(), |_| true);
        Chan::dropping(1);
        Chan::filter(&chan(), |_| true);
        Chan::fixed(1);
        Chan::flat_map(&chan(), Some);
        Chan::flow(&chan());
        Chan::from_iter([1]);
        Chan::get(&chan());
        Chan::get_blocking(&chan());
        Chan::get_many(&chan(), &mut vec![], 1);
        Chan::get_timeout(&chan(), D);
        Chan::get_with(&chan(), drop);
        Chan::group(&chan(), 1);
        Chan::group_by(&chan(), |_| 1);
        Chan::is_closed(&chan());
        Chan::iter(&chan());
        Chan::join(&chan());
        Chan::join_blocking(&chan());
        Chan::map(&chan(), |n| n);
        Chan::name(&chan());
        Chan::new();
        Chan::promise();
        Chan::put(&chan(), 1);
        Chan::put_blocking(&chan(), 1);
        Chan::put_many(&chan(), &mut [1].into());
        Chan::put_timeout(&chan(), 1, D);
        Chan::put_with(&chan(), 1, drop);
        Chan::reduce(&chan(), |a, _| a);
        Chan::reduce_from(&chan(), 1, |a, _| a);
        Chan::scan(&chan(), |a, _| a);
        Chan::scan_from(&chan(), 1, |a, _| a);
        Chan::sliding(1);
        Chan::split(chan());
        Chan::stats(&chan());
        Chan::stream(&chan());
        Chan::take(&chan(), 1);
        Chan::take_while(&chan(), |_| true);
        Chan::to_queue(&chan(), Err);
        Chan::try_get(&chan());
        Chan::try_put(&chan(), 1);
        Chan::unbounded();
        Chan::with_buffer(Own);
        Flow::chan(flow());
        Flow::chan_with(flow(), 1);
        Flow::collect(flow());
        Flow::distinct(flow());
        Flow::drop(flow(), 1);
        Flow::drop_while(flow(), |_| true);
        Flow::filter(flow(), |_| true);
        Flow::flat_map(flow(), Some);
        Flow::group(flow(), 1);
        Flow::group_by(flow(), |_| 1);
        Flow::into_chan(flow(), &chan());
        Flow::keep_open(flow());
        Flow::map(flow(), |n| n);
        Flow::reduce(flow(), |a, _| a);
        Flow::reduce_from(flow(), 1, |a, _| a);
        Flow::scan(flow(), |a, _| a);
        Flow::scan_from(flow(), 1, |a, _| a);
        Flow::take(flow(), 1);
        Flow::take_while(flow(), |_| true);
        Outcome::Got(Some(1));
        Outcome::Put(Err(PutError(1)));
        Select::get(Select::new(), &chan());
        Select::priority(Select::<u8>::new(), true);
        Select::put(Select::new(), &chan(), 1);
        Select::try_now(Select::<u8>::new());
        TryPutError::Closed(1);
        TryPutError::Full(1);
        after(D);
        from_blocking_iter([1], 1);
        from_iter([1]);
        from_range(1..);
        go(nop());
        nop();
        run(nop());
        run_in_thread(nop());
        tick_tock(D);
        tick_tock_at(Instant::now(), D);
        timeout(D);
    );
    items!(names: Dup Pub);
    calls!(names:
        Chan::distribute(&chan(), [chan()]);
        Chan::dup(&chan());
        Chan::publish(&chan(), |_| 1);
        Chan::publish_with(&chan(), |_| 1, || Buf::fixed(1));
        Dup::close(&chan().dup());
        Dup::inp(&chan().dup());
        Dup::tap(&chan().dup());
        Dup::tap_into(&chan().dup(), &chan());
        Dup::tap_keep_open(&chan().dup(), &chan());
        Dup::tap_with(&chan().dup(), 1);
        Dup::taps(&chan().dup()) as [Chan; 2];
        Dup::untap(&chan().dup(), &chan());
        Dup::untap_all(&chan().dup());
        Flow::distribute(flow(), [chan()]);
        Pub::close(&chan().publish(|n| *n));
        Pub::sub(&chan().publish(|n| *n), 1);
        Pub::sub_into(&chan().publish(|n| *n), 1, &chan());
        Pub::sub_keep_open(&chan().publish(|n| *n), 1, &chan());
        Pub::sub_with(&chan().publish(|n| *n), 1, 1);
        Pub::unsub(&chan().publish(|n| *n), &1, &chan());
        Pub::unsub_all(&chan().publish(|n| *n), None);
        combine_latest([chan()]);
        merge([chan()]);
        zip_chans([chan()]);
    );
    calls!(names:
        Chan::async_pipe(&chan(), 1, |n| async move { n });
        Chan::async_pipe_unordered(&chan(), 1, |n| async move { n });
        Chan::parallel_pipe(&chan(), 1, |n| n);
        Chan::parallel_pipe_unordered(&chan(), 1, |n| n);
        Flow::async_pipe(flow(), 1, |n| async move { n });
        Flow::async_pipe_unordered(flow(), 1, |n| async move { n });
        Flow::parallel_pipe(flow(), 1, |n| n);
        Flow::parallel_pipe_unordered(flow(), 1, |n| n);
    );
    methods!(names: Pipe of chan().parallel_pipe(1, |n| n) =>
        ahead(1);
        chan();
        chan_with(1);
        dead_letters(aiochan::Chan::new().split().0);
        into_chan(&chan());
        keep_open();
        skip_failures();
    );
    methods!(names: Pipe of chan().parallel_pipe(1, Ok::<u8, Closed>) => fallible(););
    methods!(names: Pipe of chan().parallel_pipe(1, Some) => flat(););
    names
}

/// A row of the table: `| reference | Rust | Python |`.
struct Row {
    section: &'static str,
    key: &'static str,
    rust: &'static str,
    python: &'static str,
}

fn table() -> Vec<Row> {
    let text = include_str!("../../../docs/REFERENCE.md");
    let mut section = "";
    let mut rows = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title;
        }
        let Some(line) = line.strip_prefix("| `") else { continue };
        let cells: Vec<_> = line.trim_end_matches(" |").split(" | ").collect();
        let [key, rust, python] = cells[..] else { panic!("not three cells: {line}") };
        rows.push(Row { section, key: key.trim_end_matches('`'), rust, python });
    }
    rows
}

/// What stands in code type.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// `name(a, b)` as the name and its parameters.
fn entry(line: &str) -> (&str, Vec<&str>) {
    match line.trim_end_matches(')').split_once('(') {
        Some((name, parameters)) => (name, parameters.split(", ").collect()),
        None => (line, vec![]),
    }
}

/// Each name and each parameter of the reference has one row.
#[test]
fn nothing_is_missing() {
    let mut sections = BTreeMap::new();
    for Row { section, key, .. } in table() {
        let known = match key.starts_with('(') {
            true => sections.insert((section, key), section),
            false => sections.insert(("", key), section),
        };
        assert_eq!(known, None, "`{key}` has two rows");
    }
    let mut needed = BTreeSet::new();
    for line in REFERENCE.trim().lines() {
        let (name, parameters) = entry(line.trim());
        let Some(section) = sections.get(&("", name)) else { panic!("`{name}` has no row") };
        needed.insert(("", name.to_string()));
        for parameter in parameters {
            let own = ("", format!("{name}({parameter})"));
            let common = (*section, format!("({parameter})"));
            let has = |row: &(&str, String)| sections.contains_key(&(row.0, row.1.as_str()));
            match (has(&own), has(&common)) {
                (true, _) => needed.insert(own),
                (_, true) => needed.insert(common),
                _ => panic!("`{}` has no row", own.1),
            };
        }
    }
    for (section, key) in sections.keys() {
        assert!(needed.contains(&(*section, key.to_string())), "the reference has no `{key}`");
    }
}

/// Each Rust name in the table exists, and each row has one, or says why it needs none.
#[test]
fn every_rust_name_exists() {
    let names = names();
    let mut seen = BTreeSet::new();
    for Row { key, rust, .. } in table() {
        for name in code(rust) {
            assert!(names.contains(name), "`{name}`, in the row of `{key}`, is in no list here");
            seen.insert(name);
        }
        // The parameter is an argument if its row names nothing.
        let reason =
            ["not needed: ", "the ", "a range"].iter().any(|start| rust.starts_with(start));
        assert!(code(rust).next().is_some() || reason, "the row of `{key}` says nothing");
    }
    for name in &names {
        assert!(seen.contains(name.as_str()), "`{name}` is listed here, and in no row");
    }
}

/// Nothing is half filled in.
#[test]
fn the_python_column_is_well_formed() {
    for Row { key, python, .. } in table() {
        let filled = code(python).next().is_some() || python.starts_with("not needed: ");
        assert!(filled || python == "-", "the row of `{key}`: {python}");
    }
}
