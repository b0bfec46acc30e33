//! How bytes travel: datagrams by UDP, exchanges by TCP, on one port.

pub(crate) mod address;
pub(crate) mod datagrams;
pub(crate) mod filter;
pub(crate) mod limits;
#[cfg(target_os = "linux")]
mod linux;
pub(crate) mod listener;
pub(crate) mod open;
#[cfg(any(not(target_os = "linux"), test))]
#[cfg_attr(target_os = "linux", expect(dead_code, reason = "tested here, used elsewhere"))]
mod portable;
pub(crate) mod room;
pub(crate) mod seal;
pub(crate) mod streams;
