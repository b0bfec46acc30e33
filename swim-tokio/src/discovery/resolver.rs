//! Names, each resolved in the background by the resolver of the system.
//!
//! ```text
//!   wanted ─> is it under way? ─ no ─> queue ─> one of a few threads ─> what it came to, kept for whoever asks next
//!                    │ yes                                                  ^
//!                    └───────────────── waits for that ─────────────────────┘
//! ```
//!
//! A resolver may take a minute over a name and cannot be stopped. So each name has one lookup at most, whoever asks and
//! however often, and what comes too late for one who asks is there for the next. The threads are this crate's own: a
//! runtime that ends waits for the pool of its own, and a name must not hold up the end of a process.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Found;
use crate::error::DiscoverError;

/// Resolves hosts that are written as `NAME:PORT` or `ADDRESS:PORT`. Clones are one.
///
/// Names are resolved anew each time, all of them at once, by the resolver of the system with its caches and its
/// settings; one that is being resolved already is not asked for twice. While a name takes its time it counts as what it
/// came to last.
#[derive(Clone)]
pub struct Resolver(Arc<Shared>);

struct Shared {
    lookup: Arc<dyn Lookup>,
    table: Mutex<Table>,
    /// Some lookup has ended.
    ended: Notify,
}

/// What resolves one name; it may take any time.
trait Lookup: Send + Sync + 'static {
    fn look_up(&self, name: &str) -> io::Result<Vec<SocketAddr>>;
}

/// The resolver of the system.
struct System;

impl Lookup for System {
    fn look_up(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        name.to_socket_addrs().map(Iterator::collect)
    }
}

/// All names, and the threads that resolve them.
#[derive(Debug, Default)]
struct Table {
    names: BTreeMap<String, Name>,
    /// Names that wait for a thread.
    queue: VecDeque<String>,
    threads: usize,
}

#[derive(Debug, Default)]
struct Name {
    stage: Stage,
    /// How many want to know now.
    wanted: usize,
    /// How many lookups have ended.
    ended: u64,
    /// What the last of them came to.
    last: Option<Result<Vec<SocketAddr>, Arc<io::Error>>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    AtRest,
    Queued,
    UnderWay,
}

/// How much is known of what somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    Nothing,
    Something,
    Everything,
}

impl Resolver {
    /// One that asks the system.
    pub fn new() -> Self {
        Self::asking(System)
    }

    fn asking(lookup: impl Lookup) -> Self {
        let lookup = Arc::new(lookup);
        Self(Arc::new(Shared { lookup, table: Mutex::default(), ended: Notify::new() }))
    }

    /// The addresses of `hosts`, and what is missing of them.
    ///
    /// Takes one second at most where an address is known by then, be it that it was written as such: the other names are
    /// missing, and are resolved further for whoever asks next. Where none is known it takes until the first is, and eight
    /// seconds at most.
    pub async fn resolve(&self, hosts: &[String]) -> Found {
        let mut found = Found::default();
        let mut names = BTreeSet::new();
        for host in hosts {
            match host.parse() {
                Ok(address) => found.hosts.push(address),
                Err(_) if is_host(host) => drop(names.insert(host.clone())),
                Err(_) => found.missing.push(DiscoverError::NoName { name: host.clone() }),
            }
        }
        let wish = Wish::new(&self.0, names);
        wish.wait(if found.hosts.is_empty() { Known::Nothing } else { Known::Something }).await;
        wish.add_to(&mut found);
        found
    }
}

impl Default for Resolver {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Resolver").field(&*self.0.lock()).finish()
    }
}

/// Whether this is a name or an address, and a port.
pub(super) fn is_host(host: &str) -> bool {
    if host.parse::<SocketAddr>().is_ok() {
        return true;
    }
    let port_and_name = host.rsplit_once(':').map(|(name, port)| (port.parse::<u16>(), name));
    matches!(port_and_name, Some((Ok(1..), name)) if !name.is_empty() && !name.contains([':', ' ', '/', '[', ']']))
}

/// Names that somebody wants to know, until it is dropped, each with how many of its lookups had ended before.
struct Wish<'a> {
    shared: &'a Arc<Shared>,
    names: Vec<(String, u64)>,
}

impl<'a> Wish<'a> {
    /// Has the names looked up that are not under way yet.
    fn new(shared: &'a Arc<Shared>, names: BTreeSet<String>) -> Self {
        let mut table = shared.lock();
        let names = names.into_iter().map(|name| (name.clone(), table.want(name))).collect();
        table.forget();
        while table.threads < THREADS_MAX {
            let Some(name) = table.take() else { break };
            let (weak, lookup, first) = (Arc::downgrade(shared), Arc::clone(&shared.lookup), name.clone());
            let thread = std::thread::Builder::new().name("swim-names".into());
            match thread.spawn(move || work(&weak, &*lookup, first)) {
                Ok(_) => table.threads += 1,
                Err(error) => {
                    table.end(&name, Err(error));
                    shared.ended.notify_waiters();
                }
            }
        }
        drop(table);
        Self { shared, names }
    }

    /// Waits until all of it has come, or enough for the time that has passed.
    async fn wait(&self, known: Known) {
        let start = Instant::now();
        loop {
            let mut ended = pin!(self.shared.ended.notified());
            // From here on, so that nothing ends unseen between the look and the wait.
            ended.as_mut().enable();
            let time = match self.known().max(known) {
                Known::Everything => return,
                Known::Something => PATIENCE,
                Known::Nothing => TIME_MAX,
            };
            if tokio::time::timeout_at(start + time, ended).await.is_err() {
                return;
            }
        }
    }

    fn known(&self) -> Known {
        let table = self.shared.lock();
        if self.names.iter().all(|(name, before)| table.names[name].ended > *before) {
            return Known::Everything;
        }
        let is_known = |name: &String| matches!(&table.names[name].last, Some(Ok(_)));
        if self.names.iter().any(|(name, _)| is_known(name)) { Known::Something } else { Known::Nothing }
    }

    fn add_to(&self, found: &mut Found) {
        let table = self.shared.lock();
        for (name, _) in &self.names {
            match &table.names[name].last {
                Some(Ok(addresses)) => found.hosts.extend(addresses),
                Some(Err(source)) => {
                    found.missing.push(DiscoverError::Unresolved { name: name.clone(), source: Arc::clone(source) });
                }
                None => found.missing.push(DiscoverError::NameTooSlow { name: name.clone() }),
            }
        }
    }
}

impl Drop for Wish<'_> {
    fn drop(&mut self) {
        let mut table = self.shared.lock();
        for (name, _) in &self.names {
            table.name(name).wanted -= 1;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// A name that is in the table: it stays there while it is wanted or under way.
    fn name(&mut self, name: &str) -> &mut Name {
        self.names.get_mut(name).expect("it stays while it is wanted or under way")
    }

    /// Puts a name into the queue unless it is on its way, and returns how many of its lookups have ended.
    fn want(&mut self, name: String) -> u64 {
        let state = self.names.entry(name.clone()).or_default();
        state.wanted += 1;
        let ended = state.ended;
        if state.stage == Stage::AtRest {
            state.stage = Stage::Queued;
            self.queue.push_back(name);
        }
        ended
    }

    /// Where there are too many names, those go that nobody wants now.
    fn forget(&mut self) {
        if self.names.len() > NAMES_KEPT {
            self.names.retain(|_, state| state.wanted > 0 || state.stage == Stage::UnderWay);
            self.queue.retain(|name| self.names.contains_key(name));
        }
    }

    /// The next name to look up.
    fn take(&mut self) -> Option<String> {
        let name = self.queue.pop_front()?;
        self.name(&name).stage = Stage::UnderWay;
        Some(name)
    }

    /// A lookup has ended.
    fn end(&mut self, name: &str, result: io::Result<Vec<SocketAddr>>) {
        let state = self.name(name);
        state.stage = Stage::AtRest;
        state.ended += 1;
        state.last = Some(match result {
            Ok(addresses) if addresses.is_empty() => Err(Arc::new(io::Error::other("it has no address"))),
            result => result.map_err(Arc::new),
        });
    }
}

/// One thread: looks up names until none is left, or nobody is there to want them.
fn work(shared: &Weak<Shared>, lookup: &dyn Lookup, first: String) {
    let mut next = Some(first);
    while let Some(name) = next {
        let result = lookup.look_up(&name);
        let Some(shared) = shared.upgrade() else { return };
        let mut table = shared.lock();
        table.end(&name, result);
        next = table.take();
        if next.is_none() {
            table.threads -= 1;
        }
        drop(table);
        shared.ended.notify_waiters();
    }
}

/// For how long names are waited for where there are other hosts to begin with.
const PATIENCE: Duration = Duration::from_secs(1);
/// For how long names are waited for where there is nothing else; less than a discovery may take.
const TIME_MAX: Duration = Duration::from_secs(8);
/// How many names are looked up at once.
const THREADS_MAX: usize = 16;
/// How many names are remembered that nobody wants now.
const NAMES_KEPT: usize = 1024;

#[cfg(test)]
mod tests;
