//! Overflow, time and sizes: what the protocol does at the ends of its numbers. The list is in docs/VERIFICATION.md.

mod addresses;
mod budgets;
mod sizes;
mod time;
mod wrap;
