//! Which cluster a frame belongs to: a number made of the application's name.

use crate::hash::hash64;

/// The identity of a cluster: a hash of its application's name. Frames of another cluster are not decoded,
/// and joiners of another application are refused (R10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ClusterId(pub u32);

impl ClusterId {
    /// The identity that belongs to an application's name.
    pub fn from_name(name: &str) -> Self {
        let hash = hash64(0x636c_7573_7465_7221, name.as_bytes());
        Self((hash ^ (hash >> 32)) as u32)
    }
}
