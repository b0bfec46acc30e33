//! A hash ring as ringpop has it: 100 points for each member, and a key belongs to the first point at or after its own.

/// Who owns which key.
#[derive(Clone, Debug, Default)]
pub struct HashRing {}
