//! Ctrl-C, as one more channel.

use std::process;
use std::thread;
use std::time::Duration;

use aiochan::Chan;

pub(crate) const INTERRUPTED: u8 = 130;
/// How long the printer has to end its line after Ctrl-C.
const GRACE: Duration = Duration::from_millis(200);

/// A channel that nothing is put into. A get from it is ready when Ctrl-C has closed it.
pub(crate) fn closed_by_ctrl_c() -> Chan<()> {
    let stop = Chan::new();
    let stopping = stop.clone();
    let handler = move || {
        if stopping.close() {
            // The printer stops at the end of its line, and with it the program. If it is still here
            // then, it is stuck in a full pipe, whose reader may never read on.
            thread::sleep(GRACE);
        }
        process::exit(INTERRUPTED.into());
    };
    ctrlc::set_handler(handler).expect("no handler is set yet");
    stop
}
