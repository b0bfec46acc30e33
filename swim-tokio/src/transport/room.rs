//! How many bytes all streams of a node may hold together: of what is being received, of what is on its way between stream
//! and node, and of what is still to be written.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What all may hold. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Room(Arc<Semaphore>);

/// Bytes that are held; they are given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Held(Option<OwnedSemaphorePermit>);

impl Room {
    pub(crate) fn new(bytes: u32) -> Self {
        Self(Arc::new(Semaphore::new(bytes as usize)))
    }

    /// How many bytes nobody holds.
    #[cfg(any(feature = "ringpop", test))]
    pub(crate) fn free(&self) -> usize {
        self.0.available_permits()
    }

    /// Takes bytes; `None` where there are not as many.
    #[cfg(any(feature = "ringpop", test))]
    pub(crate) fn take(&self, bytes: usize) -> Option<Held> {
        let mut held = Held::default();
        held.resize(bytes, self).then_some(held)
    }
}

impl Held {
    /// How many bytes are held.
    pub(crate) fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    /// Holds so many bytes from now on; whether there were enough, as before otherwise.
    pub(crate) fn resize(&mut self, bytes: usize, room: &Room) -> bool {
        let have = self.bytes();
        if bytes <= have {
            if let Some(permit) = &mut self.0 {
                drop(permit.split(have - bytes));
            }
            return true;
        }
        let Ok(more) = u32::try_from(bytes - have) else { return false };
        let Ok(more) = Arc::clone(&room.0).try_acquire_many_owned(more) else { return false };
        match &mut self.0 {
            Some(permit) => permit.merge(more),
            none => *none = Some(more),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_missing_until_it_is_given_back() {
        let room = Room::new(10);
        let mut held = room.take(4).unwrap();
        assert_eq!(room.free(), 6);
        assert!(room.take(7).is_none());
        assert!(held.resize(9, &room) && !held.resize(11, &room));
        assert_eq!(room.free(), 1);
        assert!(held.resize(2, &room));
        assert_eq!(room.free(), 8);
        drop(held);
        assert_eq!(room.free(), 10);
    }
}
