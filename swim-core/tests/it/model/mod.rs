//! Membership against a reference model: random stories in which every node has a twin that is written from the rules,
//! and after every input the node's list must be the twin's.

mod claim;
mod forgery;
mod machine;
mod reference;
mod setup;
mod tests;
mod transition;
mod twin;
