//! How messages travel to others and come from them: what the task asks of it.

use std::net::SocketAddr;

use swim_core::{Channel, Message, Ticket};

use super::Driver;
use super::scratch::Scratch;
use crate::stats::TransportCounters;
use crate::transport::datagrams::Outbox;

/// One way of speaking to others. What arrives it gives to the driver as inputs.
pub(crate) trait Wire: Sized + Send + 'static {
    /// What wakes the task.
    type Arrival: Send;
    /// What a task of the wire's comes to.
    type Finished: Send;

    /// Waits until something has come. Cancellation-safe.
    fn arrival(&mut self) -> impl Future<Output = Self::Arrival> + Send;

    /// The node was started.
    fn started(driver: &mut Driver<Self>);

    /// Something has come.
    fn arrived(driver: &mut Driver<Self>, arrival: Self::Arrival, scratch: &mut Scratch);

    /// A task of the wire's has ended.
    fn finished(driver: &mut Driver<Self>, finished: Self::Finished, scratch: &mut Scratch);

    /// Sends a message of the node's. Datagrams may be collected in `outbox` until the end of the turn.
    fn send(
        driver: &mut Driver<Self>,
        to: SocketAddr,
        channel: Channel,
        message: &Message<'_, SocketAddr>,
        outbox: &mut Outbox,
    );

    /// The request of this ticket is not answered.
    fn forget(&mut self, ticket: Ticket);

    /// Sends what was collected; whose messages cannot be sent are `undelivered`.
    fn flush(&mut self, outbox: &mut Outbox, counters: &mut TransportCounters, undelivered: &mut Vec<SocketAddr>);
}
