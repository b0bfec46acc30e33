//! `swim leave`, `rejoin`, `reap`, `heal` and `gossip`: what an agent is asked to do.

use std::net::SocketAddr;

use super::AskArgs;
use crate::api::Done;
use crate::client::Client;
use crate::exit::Failure;
use crate::settings::flags;

/// With whom to heal.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct HealArgs {
    /// Only with this one [default: all hosts and faulty members that may be beyond a partition].
    #[arg(value_name = "ADDRESS:PORT", value_parser = flags::address)]
    target: Option<SocketAddr>,
}

/// What becomes of probing.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Gossip {
    /// Probes again.
    On,
    /// Stops probing; others are still answered.
    Off,
    /// Runs one protocol period.
    Tick,
}

pub(super) async fn leave(ask: &AskArgs, client: Client) -> Result<(), Failure> {
    let done: Done = client.post("/v1/leave").await?;
    ask.show(&done, || format!("left: {} members know; `swim rejoin` comes back", done.count.unwrap_or_default()))
}

pub(super) async fn rejoin(ask: &AskArgs, client: Client) -> Result<(), Failure> {
    let done: Done = client.post("/v1/rejoin").await?;
    ask.show(&done, || "rejoined".into())
}

pub(super) async fn reap(ask: &AskArgs, client: Client) -> Result<(), Failure> {
    let done: Done = client.post("/v1/reap").await?;
    ask.show(&done, || "the faulty members are tombstones now, to be forgotten soon".into())
}

pub(super) async fn heal(ask: &AskArgs, client: Client, heal: HealArgs) -> Result<(), Failure> {
    let path = match heal.target {
        Some(target) => format!("/v1/heal?target={}", encoded(target)),
        None => "/v1/heal".into(),
    };
    let done: Done = client.post(&path).await?;
    ask.show(&done, || match done.count.unwrap_or_default() {
        0 => "there is nobody to heal with".into(),
        count => format!("asked {count} hosts to heal with this side"),
    })
}

pub(super) async fn gossip(ask: &AskArgs, client: Client, gossip: Gossip) -> Result<(), Failure> {
    let path = match gossip {
        Gossip::On => "/v1/gossip/on",
        Gossip::Off => "/v1/gossip/off",
        Gossip::Tick => "/v1/gossip/tick",
    };
    let done: Done = client.post(path).await?;
    ask.show(&done, || done.done.clone())
}

/// An address in a query: an IPv6 address has brackets.
pub(crate) fn encoded(address: SocketAddr) -> String {
    address.to_string().replace('%', "%25").replace('[', "%5B").replace(']', "%5D")
}
