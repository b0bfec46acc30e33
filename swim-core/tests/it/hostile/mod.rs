//! Hostile peers: one file an attack. What each can do and cannot do is stated in docs/SECURITY.md, with these tests.

mod amplification;
mod drowned;
mod flood;
mod forged;
mod liar;
mod long_labels;
mod requests;
