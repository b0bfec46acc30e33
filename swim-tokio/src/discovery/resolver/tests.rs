//! Names that take long, and those that do not. Where a lookup hangs, time is made up: it passes when nothing else can.

use std::sync::Barrier;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

impl<F: Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static> Lookup for F {
    fn look_up(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        self(name)
    }
}

/// A resolver that asks `lookup`.
fn asking(lookup: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Resolver {
    Resolver::asking(lookup)
}

/// A resolver of the system's for the test to play: each lookup that begins waits for what it is told to come to.
struct Played {
    resolver: Resolver,
    begun: Receiver<Begun>,
}

/// A lookup that has begun; where it is dropped the lookup fails.
struct Begun {
    name: String,
    tell: Sender<io::Result<Vec<SocketAddr>>>,
}

impl Played {
    fn new() -> Self {
        let (begin, begun) = channel();
        let resolver = asking(move |name| {
            let (tell, told) = channel();
            let _ = begin.send(Begun { name: name.into(), tell });
            told.recv().unwrap_or_else(|_| Err(io::Error::other("nobody knows it")))
        });
        Self { resolver, begun }
    }

    async fn resolve(&self, hosts: &[&str]) -> (Found, Duration) {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let start = Instant::now();
        let found = self.resolver.resolve(&hosts).await;
        (found, start.elapsed())
    }

    /// The next lookup that begins.
    fn begun(&self) -> Begun {
        self.begun.recv_timeout(Duration::from_secs(60)).expect("a lookup begins")
    }

    /// Waits until no lookup of `name` is under way.
    fn until_at_rest(&self, name: &str) {
        while self.resolver.0.lock().names[name].stage != Stage::AtRest {
            std::thread::yield_now();
        }
    }
}

impl Begun {
    fn comes_to(self, address: &str) {
        self.tell.send(Ok(vec![address.parse().unwrap()])).unwrap();
    }
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn too_slow(found: &Found) -> Vec<&str> {
    let names = found.missing.iter().map(|error| match error {
        DiscoverError::NameTooSlow { name } => name.as_str(),
        other => panic!("{other:?}"),
    });
    names.collect()
}

#[test]
fn a_name_needs_a_port_and_nothing_else() {
    for good in ["a:1", "swim.example.org:7946", "10.0.0.1:7", "[::1]:7", "[fe80::1%2]:7"] {
        assert!(is_host(good), "{good}");
    }
    for bad in ["", "a", "a:", ":7", "a:0", "a:65536", "a:b", "a b:7", "http://a:7", "::1:7", "[a]:7"] {
        assert!(!is_host(bad), "{bad}");
    }
}

#[tokio::test(start_paused = true)]
async fn addresses_wait_a_second_for_a_name_that_hangs() {
    let played = Played::new();
    let (found, time) = played.resolve(&["10.0.0.1:7", "slow.test:7"]).await;
    assert_eq!(found.hosts, [address("10.0.0.1:7")]);
    assert_eq!(too_slow(&found), ["slow.test:7"]);
    assert!((PATIENCE..PATIENCE * 2).contains(&time), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_hangs_alone_ends_before_discovery_does() {
    let played = Played::new();
    let (found, time) = played.resolve(&["slow.test:7"]).await;
    assert_eq!((found.hosts.len(), too_slow(&found)), (0, vec!["slow.test:7"]));
    assert!((TIME_MAX..Duration::from_secs(10)).contains(&time), "{time:?}");
}

#[tokio::test]
async fn addresses_without_names_wait_for_nothing() {
    let played = Played::new();
    let (found, time) = played.resolve(&["10.0.0.1:7", "[::1]:7"]).await;
    assert_eq!(found.hosts, [address("10.0.0.1:7"), address("[::1]:7")]);
    assert!(found.missing.is_empty() && time < PATIENCE, "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_hangs_is_looked_up_once_whoever_asks() {
    let played = Played::new();
    let other = played.resolver.clone();
    let asks = ["10.0.0.1:7".into(), "slow.test:7".into()];
    for _ in 0..5 {
        let (found, again) = tokio::join!(played.resolver.resolve(&asks), other.resolve(&asks));
        assert_eq!((found.hosts.len(), again.hosts.len()), (1, 1));
    }
    let lookup = played.begun();
    assert!(played.begun.try_recv().is_err(), "there is one lookup");
    lookup.comes_to("10.0.0.2:7");
}

#[tokio::test(start_paused = true)]
async fn what_comes_too_late_is_there_for_who_asks_next() {
    let played = Played::new();
    let hosts = ["10.0.0.1:7", "slow.test:7"];
    assert_eq!(played.resolve(&hosts).await.0.hosts.len(), 1);
    played.begun().comes_to("10.0.0.2:7");
    played.until_at_rest("slow.test:7");
    // It is looked up again, and that hangs, too.
    let (found, _) = played.resolve(&hosts).await;
    assert_eq!(found.hosts, [address("10.0.0.1:7"), address("10.0.0.2:7")]);
    assert!(found.missing.is_empty());
    played.begun().comes_to("10.0.0.3:7");
    played.until_at_rest("slow.test:7");
    let (found, _) = played.resolve(&["slow.test:7"]).await;
    assert_eq!(found.hosts, [address("10.0.0.3:7")], "it is what came last");
}

#[tokio::test]
async fn names_are_looked_up_at_the_same_time() {
    let both = Barrier::new(2);
    let resolver = asking(move |name| {
        both.wait();
        Ok(vec![address(if name == "a.test:7" { "10.0.0.1:7" } else { "10.0.0.2:7" })])
    });
    let found = resolver.resolve(&["a.test:7".into(), "b.test:7".into()]).await;
    assert_eq!(found.hosts, [address("10.0.0.1:7"), address("10.0.0.2:7")]);
}

#[tokio::test]
async fn the_first_name_that_is_resolved_after_a_second_ends_the_wait() {
    let played = Played::new();
    let tell = async {
        tokio::time::sleep(PATIENCE + PATIENCE / 10).await;
        for lookup in [played.begun(), played.begun()].into_iter().filter(|lookup| lookup.name == "late.test:7") {
            lookup.comes_to("10.0.0.2:7");
        }
    };
    let ((found, time), ()) = tokio::join!(played.resolve(&["late.test:7", "other.test:7"]), tell);
    assert_eq!(found.hosts, [address("10.0.0.2:7")]);
    assert!(time < TIME_MAX, "{time:?}");
}

#[tokio::test]
async fn a_name_that_cannot_be_resolved_is_missing_with_its_reason() {
    let resolver = asking(|name| match name {
        "empty.test:7" => Ok(Vec::new()),
        "wrong.test:7" => Err(io::Error::other("no such name")),
        _ => Ok(vec![address("10.0.0.1:7")]),
    });
    let hosts = ["empty.test:7", "good.test:7", "wrong.test:7", "no host"].map(String::from);
    let Found { hosts, missing } = resolver.resolve(&hosts).await;
    assert_eq!(hosts, [address("10.0.0.1:7")]);
    let told = crate::error::Missing::new(missing).to_string();
    for hint in ["`empty.test:7`", "has no address", "`wrong.test:7`", "no such name", "`no host` is no host"] {
        assert!(told.contains(hint), "no {hint} in {told}");
    }
}

#[tokio::test]
async fn a_name_that_was_resolved_once_and_cannot_be_now_is_missing() {
    let played = Played::new();
    for _ in 0..2 {
        let (found, _) = tokio::join!(played.resolve(&["a.test:7"]), async { played.begun().comes_to("10.0.0.1:7") });
        assert_eq!(found.0.hosts, [address("10.0.0.1:7")]);
    }
    let (found, ()) = tokio::join!(played.resolve(&["a.test:7"]), async { drop(played.begun()) });
    assert!(matches!(&found.0.missing[..], [DiscoverError::Unresolved { .. }]), "{found:?}");
    assert!(found.0.hosts.is_empty());
}

#[tokio::test(start_paused = true)]
async fn many_names_share_few_threads() {
    let played = Played::new();
    let hosts: Vec<String> = (0..100).map(|number| format!("{number}.test:7")).collect();
    assert_eq!(played.resolver.resolve(&hosts).await.missing.len(), 100);
    for _ in 0..hosts.len() {
        assert!(played.resolver.0.lock().threads <= THREADS_MAX);
        played.begun().comes_to("10.0.0.1:7");
    }
    hosts.iter().for_each(|name| played.until_at_rest(name));
    assert_eq!(played.resolver.0.lock().threads, 0);
}

#[tokio::test]
async fn names_that_nobody_wants_any_more_are_forgotten() {
    let resolver = asking(|_| Ok(vec![address("10.0.0.1:7")]));
    for batch in 0..30 {
        let hosts: Vec<String> = (0..100).map(|number| format!("{batch}-{number}.test:7")).collect();
        assert_eq!(resolver.resolve(&hosts).await.hosts.len(), 100);
        assert!(resolver.0.lock().names.len() <= NAMES_KEPT);
    }
}

#[tokio::test(start_paused = true)]
async fn names_that_hang_and_change_all_the_time_do_not_pile_up() {
    let played = Played::new();
    for batch in 0..30 {
        let mut hosts: Vec<String> = (0..100).map(|number| format!("{batch}-{number}.test:7")).collect();
        hosts.push("10.0.0.1:7".into());
        assert_eq!(played.resolver.resolve(&hosts).await.hosts.len(), 1);
        let table = played.resolver.0.lock();
        assert!(table.names.len() <= NAMES_KEPT + 100 && table.queue.len() <= NAMES_KEPT + 100);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_looked_up_for_a_resolver_that_is_gone() {
    let played = Played::new();
    let hosts: Vec<String> = (0..=THREADS_MAX).map(|number| format!("{number}.test:7")).collect();
    assert_eq!(played.resolver.resolve(&hosts).await.missing.len(), hosts.len());
    let Played { resolver, begun } = played;
    drop(resolver);
    for _ in 0..THREADS_MAX {
        drop(begun.recv().unwrap());
    }
    assert!(begun.recv().is_err(), "all threads have ended, and what makes lookups is gone with them");
}
