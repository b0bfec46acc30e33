//! The labels of those that have any (R13), and how long they are together.
//!
//! A member's labels may take a kibibyte, forty times the rest of it, so a number of members alone does not bound what a
//! flood of made-up ones makes a list take (R16), nor that it fits in a message.

use alloc::boxed::Box;

use super::slot::Slot;
use super::slot_map::SlotMap;
use crate::labels::Labels;

/// All labels of a list together take no more bytes: a quarter of the longest message, so that a list of a million members
/// fits in one with them, where addresses are IPv4.
const LABELS_LEN_MAX: usize = crate::wire::MAX_BODY_LEN / 4;

#[derive(Clone)]
pub(super) struct LabelStore {
    by_slot: SlotMap<Box<[u8]>>,
    /// The bytes of all of them.
    len: usize,
}

impl LabelStore {
    pub(super) const fn new() -> Self {
        Self { by_slot: SlotMap::new(), len: 0 }
    }

    /// Gives a member labels in the place of those that it had.
    pub(super) fn set(&mut self, slot: Slot, labels: Labels<'_>) {
        self.len += labels.encoded().len();
        self.len -= self.get(slot).encoded().len();
        self.by_slot.insert(slot, labels.encoded().into());
    }

    pub(super) fn remove(&mut self, slot: Slot) {
        if let Some(labels) = self.by_slot.remove(slot) {
            self.len -= labels.len();
        }
    }

    pub(super) fn get(&self, slot: Slot) -> Labels<'_> {
        Labels::trusted(self.by_slot.get(slot).map_or(&[], |labels| labels))
    }

    /// Whether a member can be given these labels in the place of those that it has.
    pub(super) fn has_room_for(&self, slot: Option<Slot>, labels: Labels<'_>) -> bool {
        let known = slot.map_or(0, |slot| self.get(slot).encoded().len());
        labels.encoded().len() <= known || self.len - known + labels.encoded().len() <= LABELS_LEN_MAX
    }

    /// Those that have labels, with them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, &[u8])> {
        self.by_slot.iter().map(|(slot, labels)| (slot, &**labels))
    }

    /// How many have labels.
    pub(super) fn count(&self) -> usize {
        self.by_slot.len()
    }
}
