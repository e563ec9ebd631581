//! What is not measured, and why. Whatever has no such channel is a dash in the tables.

pub const LEFT_OUT: [(&str, &str); 12] = [
    (
        "kanal in `tokio::select!`",
        "a receive that is dropped after it was woken loses its message, so it is no select",
    ),
    (
        "a lossy `tokio::broadcast`",
        "it does less: here its writer yields while 64 values are unread, so that nobody misses one",
    ),
    ("crossfire at capacity 0", "it has no rendezvous: its channel of 0 has room for 1"),
    (
        "futures at capacity 0",
        "it has no rendezvous: its channel of 0 has room for 1 of each sender",
    ),
    (
        "futures between threads, and its bounded channel from a thread",
        "nothing of it blocks; it would be waited for by an executor. Its unbounded send never waits and is there",
    ),
    (
        "crossbeam and std from tasks, where bounded",
        "their sends would block the executor. Their unbounded ones never wait and are there",
    ),
    (
        "crossfire's `detect_backoff_cfg`",
        "a setting for machines with one processor; everyone has its defaults",
    ),
    ("crossfire's `Select` for puts", "there is none"),
    (
        "thingbuf's static channels",
        "they are made at compile time, and cannot be made anew for a turn",
    ),
    (
        "channels of one message, `oneshot` and the like",
        "there is no cell of one message: nobody sends many over them",
    ),
    (
        "calls for several messages at once",
        "every contender passes one message a call; ours has such calls too",
    ),
    ("waiting with a limit", "no cell has one"),
];
