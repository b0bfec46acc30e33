//! Requests on streams: which exchange a reply belongs to.
//!
//! The asker numbers its requests; the node that answers gets a number of ours, and must reply once with it.

use swim_core::{Instant, Ticket};

/// The exchanges that were delivered and not replied to yet.
#[derive(Debug, Default)]
pub struct Requests {
    open: Vec<Option<Exchange>>,
    free: Vec<u32>,
    /// Tells the exchanges of one place apart.
    opened: u32,
}

/// A request that was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Who asked.
    pub asker: u32,
    /// Its number for the request.
    pub ticket: Ticket,
    /// Who has to answer.
    pub answerer: u32,
    /// When it was delivered.
    pub at: Instant,
    number: u32,
}

impl Requests {
    /// No exchanges.
    pub const fn new() -> Self {
        Self { open: Vec::new(), free: Vec::new(), opened: 0 }
    }

    /// A request is delivered; returns the number that the reply must carry.
    pub fn open(&mut self, at: Instant, asker: u32, ticket: Ticket, answerer: u32) -> Ticket {
        let number = self.opened;
        self.opened = self.opened.wrapping_add(1);
        let exchange = Some(Exchange { asker, ticket, answerer, at, number });
        let place = match self.free.pop() {
            Some(free) => {
                self.open[free as usize] = exchange;
                free
            }
            None => {
                self.open.push(exchange);
                u32::try_from(self.open.len() - 1).expect("fewer than 2^32 requests fit in memory")
            }
        };
        Ticket(u64::from(number) << 32 | u64::from(place))
    }

    /// A reply is sent; `None` when `answerer` was not asked so, or has replied before.
    pub fn close(&mut self, answerer: u32, ticket: Ticket) -> Option<Exchange> {
        let place = ticket.0 as u32;
        let open = self.open.get_mut(place as usize)?;
        open.filter(|exchange| exchange.answerer == answerer && u64::from(exchange.number) == ticket.0 >> 32)?;
        self.free.push(place);
        open.take()
    }

    /// An exchange that was delivered before `limit` and has no reply yet.
    pub fn overdue(&self, limit: Instant) -> Option<Exchange> {
        self.open.iter().flatten().find(|exchange| exchange.at < limit).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_finds_its_asker_once() {
        let mut requests = Requests::new();
        let first = requests.open(Instant::ZERO, 1, Ticket(70), 9);
        let second = requests.open(Instant::ZERO, 2, Ticket(70), 9);
        assert_eq!(requests.close(9, second).map(|exchange| (exchange.asker, exchange.ticket)), Some((2, Ticket(70))));
        assert_eq!(requests.close(9, first).map(|exchange| exchange.asker), Some(1));
        assert_eq!(requests.close(9, first), None);
    }

    #[test]
    fn nobody_replies_for_another_nor_to_an_exchange_of_the_past() {
        let mut requests = Requests::new();
        let first = requests.open(Instant::ZERO, 1, Ticket(70), 9);
        assert_eq!(requests.close(8, first), None);
        assert!(requests.close(9, first).is_some());
        let second = requests.open(Instant::ZERO, 1, Ticket(71), 9);
        assert_eq!(requests.close(9, first), None);
        assert!(requests.close(9, second).is_some());
    }

    #[test]
    fn a_request_without_a_reply_is_found() {
        let mut requests = Requests::new();
        requests.open(Instant::from_millis(5), 1, Ticket(70), 9);
        assert_eq!(requests.overdue(Instant::from_millis(5)), None);
        assert_eq!(requests.overdue(Instant::from_millis(6)).map(|exchange| exchange.answerer), Some(9));
    }
}
