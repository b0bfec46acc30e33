//! One real node among scripted ringpop members, over real TChannel: what it has to say and do, by the facts of the wire.

mod admin;
mod bytes;
mod calls;
mod checksums;
#[cfg(all(unix, feature = "agent"))]
mod cluster;
mod dissemination;
mod facts;
mod full_sync;
mod heal;
mod joins;
mod line;
mod peer;
mod pings;
mod precedence;
#[cfg(all(unix, feature = "agent"))]
mod program;
mod raw;
mod room;
mod suspicion;
mod tchannel;
mod world;
