//! The static select: `select!` and `select_blocking!`.
//!
//! The macro turns each arm into a pinned future, races them, and then runs the body of the one that
//! won, in the caller's own scope. Arms are passed along as `{ name (pattern) kind operation body }`.

/// Waits on several operations at once, of which exactly one takes effect; an expression.
///
/// ```text
/// select! {
///     biased;                              // optional: in the order written; else fair
///     value  = a.get()          => body,   // any number of gets and puts,
///     result = b.put(x)         => body,   // on channels of any types
///     default                   => body,   // one of these two, if nothing is ready:
///     timeout(duration)         => body,   // at once, or after the time
/// }
/// ```
///
/// An arm is any expression that makes a [`Get`](crate::Get) or a [`Put`](crate::Put): a `get()` or
/// `put(..)` of a [`Chan`](crate::Chan), a [`Sender`](crate::Sender) or a
/// [`Receiver`](crate::Receiver). All the expressions are evaluated first. Then one arm is committed,
/// and its body runs with the result, which is what the operation alone would have given; the others
/// have no effect at all. An arm on a closed channel is ready. With several ready arms chance decides,
/// unless `biased;` comes first.
///
/// Without `default` it awaits, so it is for async code; in threads use
/// [`select_blocking!`](crate::select_blocking). With `default` it waits for nothing and works
/// anywhere. With `timeout(d)`, `d` is a [`Duration`](std::time::Duration), counted anew by each select;
/// inside a tokio runtime, with the feature `tokio`, the clock is that runtime's, and else the system's.
///
/// # A losing put gives its value back
/// Where the value that is put is a plain variable, that variable is yours again in the bodies of the
/// other arms:
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use aiochan::{Chan, select};
///
/// let (out, control) = (Chan::<String>::new(), Chan::fixed(1));
/// let item = String::from("work");
/// control.put("pause").await.unwrap();
///
/// let left = select! {
///     word = control.get() => {
///         assert_eq!(word, Some("pause"));
///         Some(item) // the put has lost, the item is back
///     },
///     result = out.put(item) => {
///         result.unwrap();
///         None
///     },
/// };
/// assert_eq!(left.as_deref(), Some("work"));
/// # });
/// ```
///
/// It is a new variable of the same name, so in a loop let the select hand it on:
///
/// ```
/// use aiochan::{Chan, select};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let (out, control) = (Chan::fixed(1), Chan::fixed(1));
/// control.put("pause").await.unwrap();
/// let mut item = Some(String::from("work"));
/// while let Some(next) = item.take() {
///     item = select! {
///         biased;
///         word = control.get() => { assert_eq!(word, Some("pause")); Some(next) }
///         result = out.put(next) => { result.unwrap(); None }
///     };
/// }
/// assert_eq!(out.get().await.as_deref(), Some("work"));
/// # });
/// ```
///
/// The value of any other expression is dropped when its arm loses. Write a constant or a variant in
/// braces, `out.put({ LIMIT })`, since its bare name looks like a variable. Patterns must match every
/// result: match further in the body.
///
/// # Cancel safety
/// Nothing is lost: dropped while it waits, a select has no effect but that the values of its put
/// arms are dropped with it.
///
/// # Examples
/// ```
/// use aiochan::{Chan, select};
///
/// let c = Chan::<u32>::new();
/// let text = select! {
///     value = c.get() => format!("{value:?}"),
///     default => "nothing there".to_string(),
/// };
/// assert_eq!(text, "nothing there");
/// ```
#[macro_export]
macro_rules! select {
    ($($arms:tt)+) => { $crate::__select!(@start wait $($arms)+) };
}

/// [`select!`](crate::select) for threads: blocks instead of awaiting.
///
/// # Panics
/// As [`run`](crate::run), if it has to wait inside a task; there too what to do in a tokio runtime.
///
/// # Examples
/// ```
/// use aiochan::{Chan, select_blocking};
/// use std::time::Duration;
///
/// let (a, b) = (Chan::<u32>::new(), Chan::<&str>::new());
/// let won = select_blocking! {
///     _ = a.get() => "a",
///     _ = b.put("x") => "b",
///     timeout(Duration::from_millis(1)) => "neither",
/// };
/// assert_eq!(won, "neither");
/// ```
#[macro_export]
macro_rules! select_blocking {
    ($($arms:tt)+) => { $crate::__select!(@start block $($arms)+) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    (@start $how:ident biased; $($rest:tt)+) => {
        $crate::__select!(@arms ($how true) [] [] $($rest)+)
    };
    (@start $how:ident $($rest:tt)+) => {
        $crate::__select!(@arms ($how false) [] [] $($rest)+)
    };

    // One arm after the other: `[arms so far] [default or timeout]`.
    (@arms $mode:tt $arms:tt $other:tt) => { $crate::__select!(@run $mode $arms $other) };
    (@arms $mode:tt $arms:tt [] default => $($rest:tt)+) => {
        $crate::__select!(@other $mode $arms [default] $($rest)+)
    };
    (@arms $mode:tt $arms:tt [] timeout($duration:expr) => $($rest:tt)+) => {
        $crate::__select!(@other $mode $arms [timeout ($duration)] $($rest)+)
    };
    (@arms $mode:tt $arms:tt [$($other:tt)+] default => $($rest:tt)+) => {
        ::core::compile_error!("a select takes one `default` or one `timeout`, not both")
    };
    (@arms $mode:tt $arms:tt [$($other:tt)+] timeout($duration:expr) => $($rest:tt)+) => {
        ::core::compile_error!("a select takes one `default` or one `timeout`, not both")
    };
    (@arms $mode:tt $arms:tt $other:tt $pattern:pat = $($rest:tt)+) => {
        $crate::__select!(@operation $mode $arms $other ($pattern) [] $($rest)+)
    };
    (@arms $($rest:tt)*) => {
        ::core::compile_error!(
            "a select's arm is `pattern = operation => body`, `default => body` or \
             `timeout(duration) => body`"
        )
    };

    // The operation is what stands before `=>`; one that ends in `.put(variable)` is remembered.
    (@operation $mode:tt $arms:tt $other:tt $pattern:tt [$($op:tt)+] . put (None) => $($rest:tt)+) => {
        $crate::__select!(@body $mode $arms $other $pattern (any) ($($op)+ . put (None)) $($rest)+)
    };
    (@operation $mode:tt $arms:tt $other:tt $pattern:tt [$($op:tt)+] . put (self) => $($rest:tt)+) => {
        $crate::__select!(@body $mode $arms $other $pattern (any) ($($op)+ . put (self)) $($rest)+)
    };
    (@operation $mode:tt $arms:tt $other:tt $pattern:tt [$($op:tt)+] . put ($value:ident) => $($rest:tt)+) => {
        $crate::__select!(@body $mode $arms $other $pattern (put $value) ($($op)+ . put ($value)) $($rest)+)
    };
    (@operation $mode:tt $arms:tt $other:tt $pattern:tt [$($op:tt)+] => $($rest:tt)+) => {
        $crate::__select!(@body $mode $arms $other $pattern (any) ($($op)+) $($rest)+)
    };
    (@operation $mode:tt $arms:tt $other:tt $pattern:tt [$($op:tt)*] $next:tt $($rest:tt)*) => {
        $crate::__select!(@operation $mode $arms $other $pattern [$($op)* $next] $($rest)*)
    };
    (@operation $($rest:tt)*) => {
        ::core::compile_error!("a select's arm is `pattern = operation => body`")
    };

    // The body is a block, or an expression up to a comma. `arm` is another name in each expansion.
    (@body $mode:tt [$($arms:tt)*] $other:tt $pattern:tt $kind:tt $op:tt $body:block , $($rest:tt)*) => {
        $crate::__select!(@arms $mode [$($arms)* { arm $pattern $kind $op ($body) }] $other $($rest)*)
    };
    (@body $mode:tt [$($arms:tt)*] $other:tt $pattern:tt $kind:tt $op:tt $body:block $($rest:tt)*) => {
        $crate::__select!(@arms $mode [$($arms)* { arm $pattern $kind $op ($body) }] $other $($rest)*)
    };
    (@body $mode:tt [$($arms:tt)*] $other:tt $pattern:tt $kind:tt $op:tt $body:expr , $($rest:tt)*) => {
        $crate::__select!(@arms $mode [$($arms)* { arm $pattern $kind $op ($body) }] $other $($rest)*)
    };
    (@body $mode:tt [$($arms:tt)*] $other:tt $pattern:tt $kind:tt $op:tt $body:expr) => {
        $crate::__select!(@arms $mode [$($arms)* { arm $pattern $kind $op ($body) }] $other)
    };
    (@other $mode:tt $arms:tt [$($other:tt)+] $body:block , $($rest:tt)*) => {
        $crate::__select!(@arms $mode $arms [$($other)+ ($body)] $($rest)*)
    };
    (@other $mode:tt $arms:tt [$($other:tt)+] $body:block $($rest:tt)*) => {
        $crate::__select!(@arms $mode $arms [$($other)+ ($body)] $($rest)*)
    };
    (@other $mode:tt $arms:tt [$($other:tt)+] $body:expr , $($rest:tt)*) => {
        $crate::__select!(@arms $mode $arms [$($other)+ ($body)] $($rest)*)
    };
    (@other $mode:tt $arms:tt [$($other:tt)+] $body:expr) => {
        $crate::__select!(@arms $mode $arms [$($other)+ ($body)])
    };

    (@run $mode:tt [] $other:tt) => {
        ::core::compile_error!("a select needs at least one operation")
    };
    (@run ($how:ident $biased:tt)
        [$({ $arm:ident ($pattern:pat) $kind:tt ($($op:tt)+) ($body:expr) })+]
        [$($other:tt)*]
    ) => {{
        #[allow(unused_mut)]
        let ($(mut $arm,)+) = {
            $(#[allow(unused_braces)] let mut $arm = ::core::pin::pin!($($op)+);)+
            let mut entries = [$($arm.as_mut().__entry(),)+];
            let race = $crate::__private::Race::new(&mut entries, $biased);
            $crate::__select!(@race $how race $($other)*);
            ($($arm.__end(),)+)
        };
        $crate::__select!(@chain []
            [$({ $arm ($pattern) $kind ($body) })+] [$($other)*])
    }};

    (@race wait $race:ident) => { $race.await };
    (@race block $race:ident) => { $race.blocking() };
    (@race $how:ident $race:ident default $body:tt) => { $race.try_now() };
    (@race wait $race:ident timeout ($duration:expr) $body:tt) => { $race.timeout($duration).await };
    (@race block $race:ident timeout ($duration:expr) $body:tt) => { $race.blocking_timeout($duration) };

    // The body of the arm that won, with the values of the others back: `[before] [it, after]`.
    (@chain [$($before:tt)*] [] []) => { ::core::unreachable!("one arm of a select has won") };
    (@chain [$($before:tt)*] [] [$($other:tt)+]) => {{
        $($crate::__select!(@back $before);)*
        $crate::__select!(@last $($other)+)
    }};
    (@chain [$($before:tt)*]
        [{ $arm:ident ($pattern:pat) $kind:tt ($body:expr) } $($after:tt)*] $other:tt
    ) => {
        if let ::core::option::Option::Some(won) = $arm.won.take() {
            $($crate::__select!(@back $before);)*
            $($crate::__select!(@back $after);)*
            let $pattern = won;
            $body
        } else {
            $crate::__select!(@chain
                [$($before)* { $arm ($pattern) $kind ($body) }] [$($after)*] $other)
        }
    };
    (@back { $arm:ident $pattern:tt (any) $body:tt }) => {};
    (@back { $arm:ident $pattern:tt (put $value:ident) $body:tt }) => {
        #[allow(unused_variables, unused_mut)]
        let mut $value = $arm.back.take().expect("a losing put has its value");
    };
    (@last default ($body:expr)) => { $body };
    (@last timeout $duration:tt ($body:expr)) => { $body };
}
