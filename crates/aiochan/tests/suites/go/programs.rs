//! Go's tests (The Go Authors, BSD-3-Clause) that are small programs: networks of workers that grow while they run, and end when nobody reads.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::future::{Future, ready};
use std::ops::{Add, Mul};

use aiochan::{Chan, Receiver, Sender, Task, go, run, select};

cases! {
    alone: [
        primes_by_a_chain_of_filters,
        primes_by_merging_their_multiples,
        power_series,
    ]
}

const PRIMES: [u32; 25] = [
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
];

/// A task that puts `values` until nobody wants them any more.
fn source(
    capacity: usize,
    values: impl Iterator<Item = u32> + Send + 'static,
) -> (Receiver<u32>, Task<()>) {
    let (out, values_out) = Chan::fixed(capacity).split();
    let task = go(async move {
        for value in values {
            if out.put(value).await.is_err() {
                break;
            }
        }
    });
    (values_out, task)
}

/// Each prime adds a worker to the chain; when the last channel goes, all of them end (`sieve1`).
fn primes_by_a_chain_of_filters() {
    let (mut numbers, first) = source(0, 2..);
    let mut tasks = vec![first];
    for prime in PRIMES {
        assert_eq!(numbers.get_blocking(), Some(prime));
        let (out, rest) = Chan::new().split();
        let inp = std::mem::replace(&mut numbers, rest);
        tasks.push(go(async move {
            while let Some(n) = inp.get().await {
                if n % prime != 0 && out.put(n).await.is_err() {
                    break;
                }
            }
        }));
    }
    drop(numbers);
    tasks.into_iter().for_each(run);
}

/// Multiples of the primes found so far, merged in order, are struck out of the odd numbers; the primes go back to the
/// merger through a queue that is a select of a get and a put (`sieve2`).
fn primes_by_merging_their_multiples() {
    let (composites_in, composites) = Chan::fixed(50).split();
    let (primes_in, primes) = Chan::fixed(10).split();
    let (out, found) = Chan::fixed(10).split();
    primes_in.try_put(3).unwrap();
    out.try_put(2).unwrap();
    out.try_put(3).unwrap();
    let merger = go(merge_multiples(primes, composites_in));
    let (queue, queued) = Chan::fixed(10).split();
    let proxy = go(queue_up(queued, primes_in));
    let sieve = go(async move {
        let (candidates, source) = source(50, (5..).step_by(2));
        let mut candidate = candidates.get().await.unwrap();
        'search: while let Some(composite) = composites.get().await {
            while candidate < composite {
                if queue.put(candidate).await.is_err() || out.put(candidate).await.is_err() {
                    break 'search;
                }
                candidate = candidates.get().await.unwrap();
            }
            if candidate == composite {
                candidate = candidates.get().await.unwrap();
            }
        }
        drop(candidates);
        source.await;
    });
    for prime in PRIMES {
        assert_eq!(found.get_blocking(), Some(prime));
    }
    drop(found);
    run(sieve);
    run(proxy);
    run(merger);
}

/// Puts the odd multiples, from the square on, of all the primes that come, in order and each number once.
async fn merge_multiples(primes: Receiver<u32>, composites: Sender<u32>) {
    let mut sources = Vec::new();
    let mut heads = BinaryHeap::new();
    let mut last = 0;
    while let Some(prime) = primes.get().await {
        // Nothing below its square is new with this prime, so the others may go so far.
        let square = prime * prime;
        let (multiples, _) = source(10, (square..).step_by(2 * prime as usize));
        heads.push(Reverse((multiples.get().await.unwrap(), sources.len())));
        sources.push(multiples);
        while last != square {
            let Reverse((head, at)) = heads.pop().unwrap();
            heads.push(Reverse((sources[at].get().await.unwrap(), at)));
            if head != last && composites.put(head).await.is_err() {
                return;
            }
            last = head;
        }
    }
}

/// Hands on what comes, and takes more while the other side does not.
async fn queue_up(inp: Receiver<u32>, out: Sender<u32>) {
    let mut queue = VecDeque::new();
    loop {
        let came = match queue.pop_front() {
            None => inp.get().await,
            Some(next) => select! {
                came = inp.get() => {
                    queue.push_front(next);
                    came
                }
                result = out.put(next) => match result {
                    Ok(()) => continue,
                    Err(_) => return,
                },
            },
        };
        match came {
            Some(value) => queue.push_back(value),
            None => return,
        }
    }
}

/// Series whose coefficients are calculated when they are asked for, by a worker for each operation, with feedback
/// (a smaller form of `powser1` and `powser2`).
fn power_series() {
    let whole = |n| Ratio::new(n, 1);
    let ones = || constant(whole(1));
    let twos = || constant(whole(2));
    let check = |series: Series, expected: [Ratio; 8]| {
        run(async {
            for term in expected {
                assert_eq!(series.next().await, Some(term));
            }
        });
    };
    check(add(ones(), twos()), [3; 8].map(whole));
    check(add(ones(), scale(whole(-1), twos())), [-1; 8].map(whole));
    check(diff(ones()), [1, 2, 3, 4, 5, 6, 7, 8].map(whole));
    let parts = [(0, 1), (1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (1, 6), (1, 7)];
    check(integral(whole(0), ones()), parts.map(|(num, den)| Ratio::new(num, den)));
    check(mul(ones(), ones()), [1, 2, 3, 4, 5, 6, 7, 8].map(whole));
    let parts = [(1, 1), (1, 1), (3, 2), (13, 6), (73, 24), (167, 40), (4051, 720), (37633, 5040)];
    check(exp(ones()), parts.map(|(num, den)| Ratio::new(num, den)));
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Ratio {
    num: i64,
    den: i64,
}

impl Ratio {
    fn new(num: i64, den: i64) -> Self {
        let (mut gcd, mut rest) = (den, num.abs());
        while rest != 0 {
            (gcd, rest) = (rest, gcd % rest);
        }
        Self { num: num / gcd, den: den / gcd }
    }
}

impl Add for Ratio {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.num * other.den + other.num * self.den, self.den * other.den)
    }
}

impl Mul for Ratio {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self::new(self.num * other.num, self.den * other.den)
    }
}

/// A power series without end, for one reader.
struct Series {
    ask: Sender<()>,
    terms: Receiver<Ratio>,
}

impl Series {
    async fn next(&self) -> Option<Ratio> {
        self.ask.put(()).await.ok()?;
        self.terms.get().await
    }
}

/// The side of a series that makes its terms.
struct Maker {
    asked: Receiver<()>,
    out: Sender<Ratio>,
}

impl Maker {
    fn new() -> (Self, Series) {
        let ((ask, asked), (out, terms)) = (Chan::new().split(), Chan::new().split());
        (Self { asked, out }, Series { ask, terms })
    }

    /// Waits until it is asked and then gives what `term` comes to; `None` when nobody wants it.
    async fn give(&self, term: impl Future<Output = Option<Ratio>>) -> Option<()> {
        self.asked.get().await?;
        self.out.put(term.await?).await.ok()
    }

    /// Goes on with all the terms of another series.
    async fn give_all(&self, series: Series) -> Option<()> {
        loop {
            self.give(series.next()).await?;
        }
    }
}

/// Starts a worker that makes a series, until nobody reads that.
fn series<W>(work: impl FnOnce(Maker) -> W) -> Series
where
    W: Future<Output = Option<()>> + Send + 'static,
{
    let (maker, series) = Maker::new();
    go(work(maker));
    series
}

fn constant(term: Ratio) -> Series {
    series(async move |z| {
        loop {
            z.give(ready(Some(term))).await?;
        }
    })
}

fn scale(factor: Ratio, u: Series) -> Series {
    series(async move |z| {
        loop {
            z.give(async { Some(factor * u.next().await?) }).await?;
        }
    })
}

fn add(u: Series, v: Series) -> Series {
    series(async move |z| {
        loop {
            z.give(async { both(&u, &v).await.map(|(a, b)| a + b) }).await?;
        }
    })
}

/// With `U = u + xU'` and `V = v + xV'`, `UV = uv + x(uV' + vU') + xx(U'V')`.
fn mul(u: Series, v: Series) -> Series {
    series(async move |z| {
        z.asked.get().await?;
        let (first_u, first_v) = both(&u, &v).await?;
        z.out.put(first_u * first_v).await.ok()?;
        let ([u, more_u], [v, more_v]) = (split(u), split(v));
        let mixed = add(scale(first_u, v), scale(first_v, u));
        z.give(mixed.next()).await?;
        z.give_all(add(mixed, mul(more_u, more_v))).await
    })
}

fn diff(u: Series) -> Series {
    series(async move |z| {
        z.asked.get().await?;
        u.next().await?;
        for n in 1.. {
            z.out.put(Ratio::new(n, 1) * u.next().await?).await.ok()?;
            z.asked.get().await?;
        }
        None
    })
}

fn integral(first: Ratio, u: Series) -> Series {
    series(async move |z| {
        z.give(ready(Some(first))).await?;
        for n in 1.. {
            z.give(async { Some(u.next().await? * Ratio::new(1, n)) }).await?;
        }
        None
    })
}

/// `Z = exp(U)` has `Z' = ZU'`: what is put in comes back, one term later.
fn exp(u: Series) -> Series {
    let ((back, feedback), (out, result)) = (Maker::new(), Maker::new());
    split_into(integral(Ratio::new(1, 1), mul(feedback, diff(u))), [back, out]);
    result
}

/// The next terms of two series, each asked for and taken when it can be: they may hang together.
async fn both(u: &Series, v: &Series) -> Option<(Ratio, Ratio)> {
    let (first, second) = select! {
        result = u.ask.put(()) => result.map(|()| (u, v)).ok()?,
        result = v.ask.put(()) => result.map(|()| (v, u)).ok()?,
    };
    let (a, b) = select! {
        a = first.terms.get() => (a?, second.next().await?),
        result = second.ask.put(()) => {
            result.ok()?;
            select! {
                a = first.terms.get() => (a?, second.terms.get().await?),
                b = second.terms.get() => (first.terms.get().await?, b?),
            }
        }
    };
    Some(if std::ptr::eq(first, u) { (a, b) } else { (b, a) })
}

/// The same series for two readers, who need not keep step.
fn split(u: Series) -> [Series; 2] {
    let ((a, one), (b, two)) = (Maker::new(), Maker::new());
    split_into(u, [a, b]);
    [one, two]
}

fn split_into(u: Series, outs: [Maker; 2]) {
    go(async move {
        let [a, b] = &outs;
        let mut waits = [false; 2];
        let mut queues = [const { VecDeque::new() }; 2];
        loop {
            let asks = select! {
                asked = a.asked.get() => asked.map(|()| 0)?,
                asked = b.asked.get() => asked.map(|()| 1)?,
                term = u.terms.get() => {
                    let term = term?;
                    for (n, out) in outs.iter().enumerate() {
                        match std::mem::take(&mut waits[n]) {
                            true => out.out.put(term).await.ok()?,
                            false => queues[n].push_back(term),
                        }
                    }
                    continue;
                }
            };
            match queues[asks].pop_front() {
                Some(term) => outs[asks].out.put(term).await.ok()?,
                None => {
                    if !waits[1 - asks] {
                        u.ask.put(()).await.ok()?;
                    }
                    waits[asks] = true;
                }
            }
        }
        #[allow(unreachable_code, reason = "it says what `?` returns")]
        Some(())
    });
}
