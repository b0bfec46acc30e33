//! Networks to try agents in: a namespace for each agent, joined by a router.
//!
//! ```text
//!   agent 0            router             agent 1
//!   10.77.0.2  veth  10.77.0.1
//!                    10.77.1.1    veth    10.77.1.2
//! ```
//!
//! What is wrong with the network is done by the router's firewall, and by netem on the agents' links where the kernel
//! has it. Where it has not, packets are held up in user space ([`super::held_up`]).

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Once;

use swim_sim::Setup;
use swim_sim::network::{Chance, Partition};

use super::held_up::HeldUp;
use super::namespace::Namespace;

/// The port of every agent.
const PORT: u16 = 7946;

/// Told once.
static STANDS_IN: Once = Once::new();

/// A network.
#[derive(Debug)]
pub(crate) struct Lab {
    agents: Vec<Namespace>,
    router: Namespace,
    /// How many packets the router drops.
    loss: Chance,
    _held_up: Option<HeldUp>,
}

impl Lab {
    /// A network for the cluster of `setup`, with its latency and loss; `mtu` is that of every second agent's link.
    ///
    /// # Errors
    /// What the system does not permit, or lacks. Whatever else goes wrong is a mistake of the tests.
    pub(crate) fn new(setup: &Setup, mtu: Option<u32>) -> Result<Self, String> {
        let denied = |error| format!("network namespaces are not permitted here: {error}");
        let router = Namespace::new().map_err(denied)?;
        for (program, package) in [("ip", "iproute2"), ("tc", "iproute2"), ("nft", "nftables")] {
            let lacking = |_| format!("there is no `{program}` here; install {package}");
            router.execute(program, &["-V"], "").map_err(lacking)?;
        }
        let agents = (0..setup.nodes).map(|_| Namespace::new()).collect::<Result<Vec<_>, _>>().map_err(denied)?;
        router
            .run(|| std::fs::write("/proc/sys/net/ipv4/ip_forward", "1"))
            .map_err(|error| format!("nothing can be routed here: {error}"))?;
        for (node, agent) in (0..).zip(&agents) {
            join(&router, agent, node, mtu.filter(|_| node % 2 == 1).unwrap_or(1500))?;
        }
        let mut lab = Self { agents, router, loss: setup.loss, _held_up: None };
        lab.firewall("table ip swim { chain pass { type filter hook forward priority 0; }; }")?;
        lab.spoil(setup)?;
        Ok(lab)
    }

    /// The address of an agent.
    pub(crate) fn address(node: u32) -> SocketAddr {
        (network(node, 2), PORT).into()
    }

    /// Which agent has this address.
    pub(crate) fn node(address: SocketAddr) -> Option<u32> {
        let SocketAddr::V4(address) = address else { return None };
        let [10, 77, node, 2] = address.ip().octets() else { return None };
        Some(node.into())
    }

    /// The namespace of an agent.
    pub(crate) fn of(&self, node: u32) -> &Namespace {
        &self.agents[node as usize]
    }

    /// The namespace of the router.
    pub(crate) const fn router(&self) -> &Namespace {
        &self.router
    }

    /// Nothing passes these cuts from now on, and no others.
    pub(crate) fn cut(&self, cuts: &Partition) {
        self.rule(cuts).expect("the firewall takes rules, as it did when the lab was made");
    }

    /// # Errors
    /// Rules that the kernel lacks.
    fn rule(&self, cuts: &Partition) -> Result<(), String> {
        let mut rules = String::from("flush chain ip swim pass\n");
        let nodes = self.agents.len() as u32;
        for from in 0..nodes {
            let to: Vec<_> = (0..nodes).filter(|to| cuts.separates(from, *to)).collect();
            if !to.is_empty() {
                let to: Vec<_> = to.into_iter().map(|to| network(to, 2).to_string()).collect();
                let from = network(from, 2);
                let _ = writeln!(rules, "add rule ip swim pass ip saddr {from} ip daddr {{ {} }} drop", to.join(", "));
            }
        }
        if !self.loss.is_never() {
            let chance = self.loss.in_a_million();
            let _ = writeln!(rules, "add rule ip swim pass numgen random mod 1000000 < {chance} drop");
        }
        self.firewall(&rules)
    }

    fn firewall(&self, rules: &str) -> Result<(), String> {
        let lacking = |error| format!("this kernel's firewall does not do what is needed: {error}");
        self.router.execute("nft", &["-f", "-"], rules).map_err(lacking)
    }

    /// Begins loss and latency.
    fn spoil(&mut self, setup: &Setup) -> Result<(), String> {
        // Less is the network's own.
        let slow = setup.latency.upper() >= swim_core::Micros::from_millis(1);
        let mut netem = Vec::new();
        if slow {
            netem.extend(["delay".to_owned()]);
            netem.extend(mean_and_jitter(&setup.latency.to_string()));
        }
        if !setup.loss.is_never() {
            netem.extend(["loss".to_owned(), format!("{}%", f64::from(setup.loss.in_a_million()) / 1e4)]);
        }
        if netem.is_empty() {
            return Ok(());
        }
        let mut args = vec!["qdisc", "add", "dev", "e0", "root", "netem"];
        args.extend(netem.iter().map(String::as_str));
        if self.agents[0].execute("tc", &args, "").is_ok() {
            self.loss = Chance::NEVER;
            for agent in &self.agents[1..] {
                agent.execute("tc", &args, "").expect("what one link takes all take");
            }
            return Ok(());
        }
        STANDS_IN
            .call_once(|| println!("this kernel has no netem: the firewall drops packets, user space holds them up"));
        self.rule(&Partition::none())?;
        if slow {
            self._held_up = Some(HeldUp::new(&self.router, setup.latency)?);
        }
        Ok(())
    }
}

/// Lays a link between the router and an agent.
///
/// # Errors
/// A kernel without such links.
fn join(router: &Namespace, agent: &Namespace, node: u32, mtu: u32) -> Result<(), String> {
    let (near, far) = (network(node, 1), network(node, 2));
    let link = format!("link add v{node} mtu {mtu} type veth peer name e0 mtu {mtu} netns {}\n", agent.number());
    let lacking = |error| format!("this kernel has no links between namespaces: {error}");
    router.execute("ip", &["-batch", "-"], &link).map_err(lacking)?;
    let router_side = format!("address add {near}/30 dev v{node}\nlink set v{node} up\n");
    let agent_side =
        format!("link set lo up\naddress add {far}/30 dev e0\nlink set e0 up\nroute add default via {near}\n");
    for (namespace, orders) in [(router, router_side), (agent, agent_side)] {
        namespace.execute("ip", &["-batch", "-"], &orders).expect("a namespace of one's own can be set up");
    }
    Ok(())
}

fn network(node: u32, host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, u8::try_from(node).expect("a lab has fewer than 256 agents"), host)
}

/// A range of times, `150ms..250ms`, as netem wants it: `200ms 50ms`.
fn mean_and_jitter(range: &str) -> [String; 2] {
    let millis = |text: &str| text.strip_suffix("ms").and_then(|number| number.parse::<f64>().ok());
    let (from, to) = range.split_once("..").unwrap_or((range, range));
    let (from, to) = millis(from).zip(millis(to)).expect("latencies of more than a millisecond are whole ones");
    [format!("{}ms", f64::midpoint(from, to)), format!("{}ms", (to - from) / 2.0)]
}
