//! Latency where the kernel has no netem: the firewall hands every packet that passes the router to this thread, which
//! lets it go on when its time has come. Later packets overtake earlier ones, as with netem.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nfq::{Message, Queue, Verdict};
use swim_core::Random;
use swim_sim::network::Latency;

use super::namespace::Namespace;

/// Holds packets up until it is dropped.
#[derive(Debug)]
pub(crate) struct HeldUp {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl HeldUp {
    /// Holds up what passes `router`.
    ///
    /// # Errors
    /// What the system lacks for it.
    pub(crate) fn new(router: &Namespace, latency: Latency) -> Result<Self, String> {
        let lacking = |error: io::Error| format!("this kernel has neither netem nor queues for packets: {error}");
        let queue = router.run(open).map_err(lacking)?;
        router.execute("iptables-legacy", &["-A", "FORWARD", "-j", "NFQUEUE", "--queue-num", "0"], "")?;
        let over = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let over = Arc::clone(&over);
            move || hold_up(queue, latency, &over)
        });
        Ok(Self { over, thread: Some(thread) })
    }
}

impl Drop for HeldUp {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn open() -> io::Result<Queue> {
    let mut queue = Queue::open()?;
    queue.bind(0)?;
    queue.set_queue_max_len(0, 65536)?;
    // The packets themselves stay in the kernel.
    queue.set_copy_range(0, 0)?;
    queue.set_nonblocking(true);
    Ok(queue)
}

fn hold_up(mut queue: Queue, latency: Latency, over: &AtomicBool) {
    let mut random = Random::new(1);
    // By the time at which they may go on.
    let mut held: BTreeMap<(Instant, u64), Message> = BTreeMap::new();
    let mut number = 0;
    while !over.load(Ordering::Relaxed) {
        while let Ok(message) = queue.recv() {
            let wait = Duration::from_micros(latency.draw(&mut random).0);
            held.insert((Instant::now() + wait, number), message);
            number += 1;
        }
        while let Some(first) = held.first_entry().filter(|first| first.key().0 <= Instant::now()) {
            let mut message = first.remove();
            message.set_verdict(Verdict::Accept);
            // One that the kernel no longer has is lost, as packets may be.
            let _ = queue.verdict(message);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
