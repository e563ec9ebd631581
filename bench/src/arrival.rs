//! Tells a producer that its message has arrived, whatever channel it came through.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures::task::AtomicWaker;

#[derive(Default)]
pub struct Arrival {
    arrived: AtomicBool,
    waker: AtomicWaker,
}

impl Arrival {
    pub fn tell(&self) {
        self.arrived.store(true, Ordering::Release);
        self.waker.wake();
    }

    pub async fn wait(&self) {
        poll_fn(|cx| {
            self.waker.register(cx.waker());
            if self.arrived.swap(false, Ordering::Acquire) {
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
    }

    pub fn wait_blocking(&self) {
        futures::executor::block_on(self.wait());
    }
}
