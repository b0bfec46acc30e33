//! How bytes travel: datagrams by UDP, exchanges by TCP, on one port.

pub(crate) mod address;
pub(crate) mod filter;
pub(crate) mod limits;
pub(crate) mod open;
pub(crate) mod seal;
