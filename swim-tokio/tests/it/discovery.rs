//! Where hosts come from, and what is said of mistakes in them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use swim_core::{JoinOptions, Options};
use swim_tokio::{Discover, DiscoverError, Discovery, DnsNames, FixedHosts, Found, HostsFile, JoinError};

use crate::helpers::{builder, cluster, impatient, options, vacant, within};

/// A file of its own for each test, gone with it.
struct TempFile(PathBuf);

impl TempFile {
    fn new(text: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("swim-hosts-{}-{}.json", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let file = Self(std::env::temp_dir().join(name));
        file.write(text);
        file
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.0, text).unwrap();
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn a_hosts_file_is_read_again_when_it_has_changed() {
    let first = builder().start().await.unwrap();
    // Nobody listens on port 1; the file is mended while the node tries.
    let file = TempFile::new(r#"["127.0.0.1:1"]"#);
    let join = JoinOptions { max_duration: std::time::Duration::from_secs(50), ..options().join };
    let patient = Options { join, ..options() };
    let hosts = HostsFile::open(&file.0).unwrap();
    let second = builder().options(patient).discovery(hosts).start().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(!second.is_ready(), "there is nobody to join yet");
    file.write(&format!(r#"["{}"]"#, first.local()));
    within(second.wait_for(2)).await.unwrap();
}

#[tokio::test]
async fn healing_finds_whoever_the_hosts_file_names_by_then() {
    let file = TempFile::new("[]");
    let first = builder().start().await.unwrap();
    file.write(&format!(r#"["{}"]"#, first.local()));
    let hosts = HostsFile::open(&file.0).unwrap();
    let alone = builder().start().await.unwrap();
    within(alone.joined()).await.unwrap();
    let second = builder().discovery(hosts).start().await.unwrap();
    within(second.wait_for(2)).await.unwrap();
    file.write(&format!(r#"["{}", "{}"]"#, first.local(), alone.local()));
    within(second.heal_now()).await.unwrap();
    within(second.wait_for(3)).await.unwrap();
    within(alone.wait_for(3)).await.unwrap();
}

#[tokio::test]
async fn names_are_resolved() {
    let first = builder().start().await.unwrap();
    let names = DnsNames::new([format!("localhost:{}", first.local().port())]).unwrap();
    let second = builder().discovery(names).start().await.unwrap();
    within(second.wait_for(2)).await.unwrap();
}

#[tokio::test]
async fn a_remembered_member_is_a_host_where_discovery_knows_nobody_else() {
    let first = builder().start().await.unwrap();
    let nobody = FixedHosts::new([]);
    let second = builder().discovery(nobody).remembered([first.local()]).start().await.unwrap();
    within(second.wait_for(2)).await.unwrap();
}

#[tokio::test]
async fn members_that_are_remembered_and_gone_keep_nobody_from_the_hosts_that_are_there() {
    let hosts = cluster(3).await;
    // Nobody listens there.
    let gone = (1..=1000).map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let named = FixedHosts::new(hosts.iter().map(|host| host.local()));
    let node = builder().discovery(named).remembered(gone).start().await.unwrap();
    assert_eq!(within(node.joined()).await.unwrap(), 3);
    assert!(node.stats().counters.joins_sent <= 24, "{}", node.stats().counters.joins_sent);
}

#[tokio::test]
async fn mistakes_in_a_hosts_file_are_told_with_its_path() {
    let missing = std::env::temp_dir().join("swim-hosts-that-are-not-there.json");
    let error = HostsFile::open(&missing).unwrap_err();
    assert!(matches!(&error, DiscoverError::Unreadable { path, .. } if *path == missing));
    let expected =
        format!("the hosts file {} cannot be read; check that it is there and may be read", missing.display());
    assert_eq!(error.to_string(), expected);

    let file = TempFile::new("[1, 2]");
    let error = HostsFile::open(&file.0).unwrap_err();
    assert!(matches!(error, DiscoverError::Malformed { .. }));
    assert!(error.to_string().contains(&*file.0.to_string_lossy()));
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("line 1"));

    let file = TempFile::new(r#"["10.0.0.1:7946", "10.0.0.2"]"#);
    let error = HostsFile::open(&file.0).unwrap_err();
    assert!(matches!(&error, DiscoverError::Entry { number: 2, entry, .. } if entry == "10.0.0.2"));

    let error = DnsNames::new(["swim.example.org"]).unwrap_err();
    assert_eq!(error.to_string(), "`swim.example.org` is no host; write NAME:PORT or ADDRESS:PORT");
}

/// What was missing when joining failed.
fn missing(error: &JoinError) -> Vec<&DiscoverError> {
    match error {
        JoinError::Discovery { missing, .. } | JoinError::Unreachable { missing, .. } => missing.iter().collect(),
        other => panic!("{other:?}"),
    }
}

/// Fails, or panics.
struct Broken(fn() -> Result<Vec<SocketAddr>, DiscoverError>);

impl Discover for Broken {
    fn hosts(&self) -> Discovery<'_> {
        Discovery::new(async { (self.0)() })
    }
}

#[tokio::test]
async fn a_discovery_that_fails_is_named_when_joining_fails() {
    let broken = Broken(|| Err(DiscoverError::other(std::io::Error::other("no registry"))));
    let node = builder().options(impatient()).discovery(broken).start().await.unwrap();
    let error = within(node.joined()).await.unwrap_err();
    assert!(matches!(missing(&error)[..], [DiscoverError::Other(_)]), "{error:?}");
}

#[tokio::test]
async fn a_discovery_that_panics_does_no_harm() {
    let broken = Broken(|| panic!("a mistake of the author's"));
    let node = builder().options(impatient()).discovery(broken).start().await.unwrap();
    let error = within(node.joined()).await.unwrap_err();
    assert!(matches!(missing(&error)[..], [DiscoverError::Panicked]), "{error:?}");
    assert!(node.is_running());
}

#[tokio::test]
async fn a_discovery_that_finds_nobody_is_named_when_joining_fails() {
    let node = builder().options(impatient()).discovery(FixedHosts::new([])).start().await.unwrap();
    let error = within(node.joined()).await.unwrap_err();
    assert!(matches!(error, JoinError::NoHosts { .. }), "{error:?}");
}

/// A name that nobody has.
const NO_NAME: &str = "no-such-host.invalid:7946";

#[tokio::test]
async fn a_name_that_cannot_be_resolved_is_told_beside_hosts_that_do_not_answer() {
    // Nobody listens on port 1.
    let names = DnsNames::new(["127.0.0.1:1", NO_NAME]).unwrap();
    let node = builder().options(impatient()).discovery(names).start().await.unwrap();
    let error = within(node.joined()).await.unwrap_err();
    assert!(matches!(missing(&error)[..], [DiscoverError::Unresolved { name, .. }] if name == NO_NAME), "{error:?}");
    let text = error.to_string();
    for hint in ["127.0.0.1:1 (connection refused)", NO_NAME, "cannot be resolved"] {
        assert!(text.contains(hint), "no `{hint}` in {text}");
    }
}

#[tokio::test]
async fn all_names_that_cannot_be_resolved_are_told() {
    let names = DnsNames::new([NO_NAME, "nor-this.invalid:7946"]).unwrap();
    let node = builder().options(impatient()).discovery(names).start().await.unwrap();
    let error = within(node.joined()).await.unwrap_err();
    assert_eq!(missing(&error).len(), 2, "{error:?}");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains(NO_NAME) && cause.contains("nor-this.invalid:7946"), "{cause}");
}

/// Finds some hosts, and knows that there are more.
struct Partial(Vec<SocketAddr>);

impl Discover for Partial {
    fn hosts(&self) -> Discovery<'_> {
        Discovery::new(async {
            let more = DiscoverError::other(std::io::Error::other("the second registry is down"));
            Ok(Found { hosts: self.0.clone(), missing: vec![more] })
        })
    }
}

#[tokio::test]
async fn a_node_that_finds_only_itself_while_others_are_missing_is_no_cluster_of_one() {
    let own = vacant();
    let alone = builder().bind(own).options(impatient()).discovery(Partial(vec![own])).start().await.unwrap();
    let error = within(alone.joined()).await.unwrap_err();
    assert!(matches!(missing(&error)[..], [DiscoverError::Other(_)]), "{error:?}");
}

#[tokio::test]
async fn what_is_missing_keeps_nobody_from_joining_the_hosts_that_are_there() {
    let first = builder().start().await.unwrap();
    let second = builder().discovery(Partial(vec![first.local()])).start().await.unwrap();
    within(second.wait_for(2)).await.unwrap();
}

#[tokio::test]
async fn a_hosts_file_that_is_damaged_later_counts_as_it_was() {
    let file = TempFile::new(r#"["127.0.0.1:7946", "127.0.0.2:7946"]"#);
    let hosts = HostsFile::open(&file.0).unwrap();
    for (damage, text) in [("cannot be read", None), ("malformed", Some("")), ("entry 1", Some(r#"["nobody"]"#))] {
        match text {
            Some(text) => file.write(text),
            None => std::fs::remove_file(&file.0).unwrap(),
        }
        let found = hosts.hosts().await.unwrap();
        assert_eq!(found.hosts.len(), 2, "{damage}");
        let [error] = &found.missing[..] else { panic!("{found:?}") };
        assert!(error.to_string().contains(damage), "{error}");
    }
    file.write(r#"["127.0.0.3:7946"]"#);
    let found = hosts.hosts().await.unwrap();
    assert_eq!(found.hosts, ["127.0.0.3:7946".parse().unwrap()]);
    assert!(found.missing.is_empty());
}
