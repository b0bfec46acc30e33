//! Every request that arrives gets exactly one reply by its deadline, a refusal included.

use swim_core::{Instant, Micros};

use super::Finding;
use crate::processes::Processes;
use crate::requests::Requests;
use crate::transport::TransportError;

/// Looks for a request without a reply, at one who could have replied.
pub(super) fn see_all(now: Instant, processes: &Processes, requests: &Requests) -> Result<(), Box<Finding>> {
    let limit = Instant::ZERO + now.since(Instant::ZERO + REPLY_WITHIN);
    match requests.overdue(limit, |node| processes.is_sound(now, node)) {
        Some(exchange) => {
            let reason = format!("no reply to the request of node {} from {}", exchange.asker, exchange.at);
            Err(Finding::new("replies", exchange.answerer, reason))
        }
        None => Ok(()),
    }
}

/// A reply to nothing, or a second one.
#[cold]
pub(crate) fn finding(node: u32, error: Box<TransportError>) -> Box<Finding> {
    Finding::new("replies", node, error)
}

/// Longer than any request may take in any preset.
const REPLY_WITHIN: Micros = Micros::from_millis(60_000);
