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
    /// In which life it asked.
    pub life: u32,
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
    pub fn open(&mut self, at: Instant, (asker, life): (u32, u32), ticket: Ticket, answerer: u32) -> Ticket {
        let number = self.opened;
        self.opened = self.opened.wrapping_add(1);
        let exchange = Some(Exchange { asker, life, ticket, answerer, at, number });
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

    /// Ends all exchanges that `answerer` has not replied to: its process ended.
    pub fn abandon(&mut self, answerer: u32) -> Vec<Exchange> {
        let mut ended = Vec::new();
        for (place, open) in (0..).zip(&mut self.open) {
            if let Some(exchange) = open.take_if(|exchange| exchange.answerer == answerer) {
                ended.push(exchange);
                self.free.push(place);
            }
        }
        ended
    }

    /// What `answerer` was asked counts as delivered at `at` if it was delivered before: it could not reply.
    pub fn postpone(&mut self, answerer: u32, at: Instant) {
        for exchange in self.open.iter_mut().flatten().filter(|exchange| exchange.answerer == answerer) {
            exchange.at = exchange.at.max(at);
        }
    }

    /// An exchange that was delivered before `limit` to one who can reply, and has no reply yet.
    pub fn overdue(&self, limit: Instant, can_reply: impl Fn(u32) -> bool) -> Option<Exchange> {
        let overdue = |exchange: &&Exchange| exchange.at < limit && can_reply(exchange.answerer);
        self.open.iter().flatten().find(overdue).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_finds_its_asker_once() {
        let mut requests = Requests::new();
        let first = requests.open(Instant::ZERO, (1, 1), Ticket(70), 9);
        let second = requests.open(Instant::ZERO, (2, 1), Ticket(70), 9);
        assert_eq!(requests.close(9, second).map(|exchange| (exchange.asker, exchange.ticket)), Some((2, Ticket(70))));
        assert_eq!(requests.close(9, first).map(|exchange| exchange.asker), Some(1));
        assert_eq!(requests.close(9, first), None);
    }

    #[test]
    fn nobody_replies_for_another_nor_to_an_exchange_of_the_past() {
        let mut requests = Requests::new();
        let first = requests.open(Instant::ZERO, (1, 1), Ticket(70), 9);
        assert_eq!(requests.close(8, first), None);
        assert!(requests.close(9, first).is_some());
        let second = requests.open(Instant::ZERO, (1, 1), Ticket(71), 9);
        assert_eq!(requests.close(9, first), None);
        assert!(requests.close(9, second).is_some());
    }

    #[test]
    fn a_request_without_a_reply_is_found() {
        let mut requests = Requests::new();
        requests.open(Instant::from_millis(5), (1, 1), Ticket(70), 9);
        assert_eq!(requests.overdue(Instant::from_millis(5), |_| true), None);
        assert_eq!(requests.overdue(Instant::from_millis(6), |_| true).map(|exchange| exchange.answerer), Some(9));
    }

    #[test]
    fn who_cannot_reply_is_not_late() {
        let mut requests = Requests::new();
        requests.open(Instant::from_millis(5), (1, 1), Ticket(70), 9);
        let late = |requests: &Requests| requests.overdue(Instant::from_millis(9), |node| node != 8).is_some();
        assert!(late(&requests));
        assert_eq!(requests.overdue(Instant::from_millis(9), |node| node != 9), None);
        requests.postpone(9, Instant::from_millis(9));
        assert!(!late(&requests));
    }

    #[test]
    fn a_process_that_ends_leaves_no_exchange_behind() {
        let mut requests = Requests::new();
        let first = requests.open(Instant::ZERO, (1, 1), Ticket(70), 9);
        requests.open(Instant::ZERO, (2, 1), Ticket(71), 8);
        assert_eq!(requests.abandon(9).iter().map(|exchange| exchange.asker).collect::<Vec<_>>(), [1]);
        assert_eq!(requests.close(9, first), None);
        assert_eq!(requests.abandon(8).len(), 1);
    }
}
