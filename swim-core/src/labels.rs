//! Labels: small key-value pairs on a member (R13), kept and sent as one run of encoded bytes.
//!
//! Encoded, each pair is a length byte, the key, a length byte, the value; pairs are in ascending order of their
//! keys. One set of labels therefore has one encoding, and equal labels are equal bytes.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// At most this many labels may be set on the local member.
pub const MAX_LABELS_SET: usize = 5;
/// The longest key that may be set, in bytes.
pub const MAX_KEY_SET: usize = 32;
/// The longest value that may be set, in bytes.
pub const MAX_VALUE_SET: usize = 128;
/// At most this many labels of another member are accepted.
pub const MAX_LABELS_RECEIVED: usize = 16;
/// The longest encoding that is accepted from a peer, in bytes. What may be set here always fits.
pub const MAX_BYTES_RECEIVED: usize = 1024;
/// Keys that start so are reserved for the hosts of the protocol.
pub const RESERVED_PREFIX: &str = "__";

/// Why labels cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// More labels than [`MAX_LABELS_SET`].
    #[error("{count} labels are more than the {MAX_LABELS_SET} that a member may have")]
    TooMany {
        /// How many there were.
        count: usize,
    },
    /// A key without a byte.
    #[error("a label needs a key of at least one byte")]
    EmptyKey,
    /// A key longer than [`MAX_KEY_SET`].
    #[error("label key `{key}` is longer than {MAX_KEY_SET} bytes")]
    KeyTooLong {
        /// The key.
        key: String,
    },
    /// A value longer than [`MAX_VALUE_SET`].
    #[error("the value of label `{key}` is {len} bytes long, more than {MAX_VALUE_SET}")]
    ValueTooLong {
        /// The label's key.
        key: String,
        /// The length of its value, in bytes.
        len: usize,
    },
    /// A key that starts with [`RESERVED_PREFIX`].
    #[error("label key `{key}` starts with `{RESERVED_PREFIX}`, which is reserved")]
    Reserved {
        /// The key.
        key: String,
    },
}

/// A view of encoded labels. Empty when a member has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Labels<'a>(&'a [u8]);

impl<'a> Labels<'a> {
    /// No labels.
    pub const NONE: Labels<'static> = Labels(&[]);

    /// Reads what a peer sent; `None` unless it is the one encoding of its labels, within the limits for what is received.
    pub fn from_encoded(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > MAX_BYTES_RECEIVED {
            return None;
        }
        let mut rest = bytes;
        let mut last: Option<&[u8]> = None;
        let mut count = 0;
        while !rest.is_empty() {
            let key = take(&mut rest)?;
            let value = take(&mut rest)?;
            core::str::from_utf8(key).ok()?;
            core::str::from_utf8(value).ok()?;
            count += 1;
            if key.is_empty() || count > MAX_LABELS_RECEIVED || last.is_some_and(|last| last >= key) {
                return None;
            }
            last = Some(key);
        }
        Some(Self(bytes))
    }

    /// A view of bytes that are known to be an encoding.
    #[inline]
    pub(crate) const fn trusted(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The encoded bytes.
    #[inline]
    pub const fn encoded(self) -> &'a [u8] {
        self.0
    }

    /// Whether there are none.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The pairs, in ascending order of their keys.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let key = core::str::from_utf8(take(&mut rest)?).ok()?;
            let value = core::str::from_utf8(take(&mut rest)?).ok()?;
            Some((key, value))
        })
    }

    /// The value of `key`.
    pub fn value(self, key: &str) -> Option<&'a str> {
        self.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// What precedence compares, signed (R1): 0 without labels, else the CRC32 of the encoded bytes.
    #[inline]
    pub fn digest(self) -> i32 {
        if self.0.is_empty() { 0 } else { crc32fast::hash(self.0) as i32 }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Labels<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// Splits one length-prefixed run of bytes off the front.
fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (&len, tail) = rest.split_first()?;
    let (taken, tail) = tail.split_at_checked(usize::from(len))?;
    *rest = tail;
    Some(taken)
}

/// Labels that a member may set on itself: checked and encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(into = "BTreeMap<String, String>", try_from = "BTreeMap<String, String>"))]
pub struct OwnLabels(Box<[u8]>);

impl OwnLabels {
    /// Checks and encodes `pairs`; of two with one key the later one stands.
    ///
    /// # Errors
    /// One variant of [`LabelError`] per limit that is broken.
    pub fn new<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self, LabelError> {
        Self::check(pairs, Keys::Free)
    }

    /// As [`OwnLabels::new`], for hosts of the protocol: reserved keys are allowed.
    ///
    /// # Errors
    /// One variant of [`LabelError`] per limit that is broken, [`LabelError::Reserved`] excepted.
    pub fn with_reserved<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, LabelError> {
        Self::check(pairs, Keys::All)
    }

    fn check<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
        keys: Keys,
    ) -> Result<Self, LabelError> {
        let pairs: BTreeMap<String, String> =
            pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        if pairs.len() > MAX_LABELS_SET {
            return Err(LabelError::TooMany { count: pairs.len() });
        }
        let mut encoded = Vec::new();
        for (key, value) in pairs {
            if key.is_empty() {
                return Err(LabelError::EmptyKey);
            }
            if key.len() > MAX_KEY_SET {
                return Err(LabelError::KeyTooLong { key });
            }
            if value.len() > MAX_VALUE_SET {
                return Err(LabelError::ValueTooLong { key, len: value.len() });
            }
            if matches!(keys, Keys::Free) && key.starts_with(RESERVED_PREFIX) {
                return Err(LabelError::Reserved { key });
            }
            for text in [key, value] {
                encoded.push(text.len() as u8);
                encoded.extend_from_slice(text.as_bytes());
            }
        }
        Ok(Self(encoded.into_boxed_slice()))
    }

    /// A view of them.
    #[inline]
    pub fn as_labels(&self) -> Labels<'_> {
        Labels(&self.0)
    }
}

enum Keys {
    Free,
    All,
}

impl From<OwnLabels> for BTreeMap<String, String> {
    fn from(labels: OwnLabels) -> Self {
        labels.as_labels().iter().map(|(key, value)| (key.into(), value.into())).collect()
    }
}

impl TryFrom<BTreeMap<String, String>> for OwnLabels {
    type Error = LabelError;

    fn try_from(pairs: BTreeMap<String, String>) -> Result<Self, LabelError> {
        Self::new(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;

    #[test]
    fn labels_are_read_back_in_the_order_of_their_keys() {
        let labels = OwnLabels::new([("zone", "b"), ("rack", "7")]).unwrap();
        let pairs: Vec<_> = labels.as_labels().iter().collect();
        assert_eq!(pairs, [("rack", "7"), ("zone", "b")]);
        assert_eq!(labels.as_labels().value("zone"), Some("b"));
        assert_eq!(Labels::from_encoded(labels.as_labels().encoded()), Some(labels.as_labels()));
    }

    #[test]
    fn every_limit_has_its_own_error() {
        let six = (0..6).map(|n| (n.to_string(), ""));
        assert_eq!(OwnLabels::new(six), Err(LabelError::TooMany { count: 6 }));
        assert_eq!(OwnLabels::new([("", "x")]), Err(LabelError::EmptyKey));
        let key = "k".repeat(33);
        assert_eq!(OwnLabels::new([(key.as_str(), "")]), Err(LabelError::KeyTooLong { key: key.clone() }));
        let value = "v".repeat(129);
        assert_eq!(
            OwnLabels::new([("k", value.as_str())]),
            Err(LabelError::ValueTooLong { key: "k".into(), len: 129 })
        );
        assert_eq!(OwnLabels::new([("__identity", "")]), Err(LabelError::Reserved { key: "__identity".into() }));
        assert!(OwnLabels::with_reserved([("__identity", "me")]).is_ok());
    }

    #[test]
    fn only_the_one_encoding_of_labels_is_accepted() {
        for bad in [
            vec![1, b'b', 0, 1, b'a', 0], // keys descend
            vec![1, b'a', 0, 1, b'a', 0], // a key twice
            vec![0, 0],                   // an empty key
            vec![1, b'a', 2, b'x'],       // a value that is cut off
            vec![1, 0xff, 0],             // no UTF-8
            vec![1; MAX_BYTES_RECEIVED + 1],
        ] {
            assert_eq!(Labels::from_encoded(&bad), None, "{bad:?}");
        }
        let many: Vec<u8> = (0..=MAX_LABELS_RECEIVED as u8).flat_map(|n| [1, b'a' + n, 0]).collect();
        assert_eq!(Labels::from_encoded(&many), None);
        assert!(Labels::from_encoded(&many[3..]).is_some());
    }

    #[test]
    fn no_labels_have_digest_zero_and_others_differ() {
        let a = OwnLabels::new([("k", "a")]).unwrap();
        let b = OwnLabels::new([("k", "b")]).unwrap();
        assert_eq!(Labels::NONE.digest(), 0);
        assert_ne!(a.as_labels().digest(), b.as_labels().digest());
    }

    #[test]
    fn what_is_received_is_as_long_as_it_may_be_and_no_longer() {
        let with = |last: u8| -> Vec<u8> {
            let label = |key: u8, len: u8| [1, key, len].into_iter().chain((0..len).map(|_| b'v'));
            (b'a'..b'd').flat_map(|key| label(key, 253)).chain(label(b'd', last)).collect()
        };
        assert_eq!(with(253).len(), MAX_BYTES_RECEIVED);
        assert!(Labels::from_encoded(&with(253)).is_some());
        assert_eq!(Labels::from_encoded(&with(254)), None);
    }
}
