//! A name that comes to mean others while an agent runs, and one that hangs. The agent has files of the system's to itself
//! (`/etc/hosts` and `/etc/resolv.conf`, in a mount namespace), so that the system's resolver is asked, and no network.

use std::process::Stdio;

use tokio::process::Command;

use crate::helpers::{skipped, within};
use crate::process::{Agent, Folder, QUICK, swim};

/// Does what follows with the file at `$0` in the place of the system's hosts.
const WITH_HOSTS: &str = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
/// And with it in the place of the settings of the resolver.
pub(crate) const WITH_RESOLVER: &str = "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"";

#[tokio::test]
async fn a_name_is_resolved_anew_each_time_that_hosts_are_needed() {
    let folder = Folder::new();
    let file = folder.write("hosts", "");
    let with = [(WITH_HOSTS, &*file)];
    let Some(unshare) = permitted(&with).await else {
        return skipped("a name that comes to mean others", "mount namespaces are not permitted here");
    };
    let first = Agent::start(&["--bind", "127.0.0.2:0"]).await;
    let port = first.address.port();
    let second = Agent::start(&["--bind", &format!("127.0.0.3:{port}")]).await;
    // The resolver is asked again while the agent joins: at first the name means an address at which nobody is.
    folder.write("hosts", "127.0.0.4 swim.test\n");
    let agent = agent(unshare, &folder, &with, &["--dns", &format!("swim.test:{port}")]).await;
    until_refused(&agent).await;
    folder.write("hosts", "127.0.0.2 swim.test\n");
    agent.process.out.line("joined:").await;
    agent.until_status(first.address, "alive").await;
    assert_eq!(agent.status(second.address).await, None);
    // And again when it looks whom to heal with.
    folder.write("hosts", "127.0.0.2 swim.test\n127.0.0.3 swim.test\n");
    assert_eq!(agent.post("/v1/heal").await.status, 200);
    for node in [&first, &agent] {
        node.until_status(second.address, "alive").await;
    }
}

/// A pipe from which nothing comes, and which the resolver reads before it looks for a name.
#[tokio::test]
async fn a_name_that_hangs_keeps_an_agent_neither_from_joining_others_nor_from_ending() {
    let folder = Folder::new();
    let pipe = folder.pipe("resolver");
    let with = [(WITH_RESOLVER, &*pipe)];
    let Some(unshare) = permitted(&with).await else {
        return skipped("a name that hangs", "mount namespaces are not permitted here");
    };
    let first = Agent::start(&["--bind", "127.0.0.2:0"]).await;
    let args = ["--join", &first.address.to_string(), "--dns", "swim.test:7946"];
    let mut agent = agent(unshare, &folder, &with, &args).await;
    agent.process.out.line("joined:").await;
    // A search does not wait for it either, and says what it did without.
    assert_eq!(agent.post("/v1/heal").await.status, 200);
    agent.process.err.line("`swim.test:7946` takes long to be resolved").await;
    agent.process.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(agent.process.end().await.code(), Some(0));
}

#[tokio::test]
async fn a_name_that_is_resolved_late_is_there_for_the_next_search() {
    let folder = Folder::new();
    let (pipe, hosts) = (folder.pipe("resolver"), folder.write("hosts", "127.0.0.3 swim.test\n"));
    let with = [(WITH_RESOLVER, &*pipe), (WITH_HOSTS, &hosts)];
    let Some(unshare) = permitted(&with).await else {
        return skipped("a name that is resolved late", "mount namespaces are not permitted here");
    };
    let first = Agent::start(&["--bind", "127.0.0.2:0"]).await;
    let port = first.address.port();
    let second = Agent::start(&["--bind", &format!("127.0.0.3:{port}")]).await;
    let args = ["--join", &first.address.to_string(), "--dns", &format!("swim.test:{port}")];
    let agent = agent(unshare, &folder, &with, &args).await;
    agent.process.out.line("joined:").await;
    assert_eq!(agent.status(second.address).await, None);
    within(tokio::fs::write(&pipe, "")).await.unwrap();
    for _ in 0..30 {
        assert_eq!(agent.post("/v1/heal").await.status, 200);
        if agent.status(second.address).await.is_some() {
            break;
        }
    }
    for node in [&first, &agent] {
        node.until_status(second.address, "alive").await;
    }
}

#[tokio::test]
async fn a_name_that_hangs_is_named_where_nothing_else_is_known() {
    let folder = Folder::new();
    let pipe = folder.pipe("resolver");
    let with = [(WITH_RESOLVER, &*pipe)];
    let Some(unshare) = permitted(&with).await else {
        return skipped("a name that hangs is named", "mount namespaces are not permitted here");
    };
    let mut agent = agent(unshare, &folder, &with, &["--dns", "swim.test:7946", "--join-timeout", "10s"]).await;
    assert_eq!(agent.process.end().await.code(), Some(4));
    for hint in ["`swim.test:7946` takes long to be resolved", "--dns"] {
        agent.process.err.line(hint).await;
    }
}

/// An agent that finds other files in the place of its system's.
async fn agent(unshare: &[&str], folder: &Folder, with: &[(&str, &str)], args: &[&str]) -> Agent {
    let settings = folder.write("quick.toml", QUICK);
    let mut command = inside(unshare, with);
    command.arg(swim().as_std().get_program());
    command.args(["agent", "--config", &settings, "--bind", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    Agent::of(command.args(args).stdin(Stdio::null()).kill_on_drop(true)).await
}

/// What goes before a program that is to find other files in the place of its system's.
pub(crate) fn inside(unshare: &[&str], with: &[(&str, &str)]) -> Command {
    let mut command = Command::new("unshare");
    command.args(unshare);
    for (script, file) in with {
        command.args(["sh", "-c", script, file]);
    }
    command
}

/// Waits until a host has refused what `agent` asked.
async fn until_refused(agent: &Agent) {
    for _ in 0..600 {
        let stats = agent.get("/v1/stats").await.json();
        if stats["transport"]["requests_failed"].as_u64().expect("it is counted") > 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("in a minute nobody was asked: {:?}", agent.process.err.lines());
}

/// How `unshare` is to be called for a mount namespace, where this machine permits one.
pub(crate) async fn permitted(with: &[(&str, &str)]) -> Option<&'static [&'static str]> {
    for way in [&["--mount"][..], &["--user", "--map-root-user", "--mount"][..]] {
        let mut command = inside(way, with);
        command.arg("true").stdout(Stdio::null()).stderr(Stdio::null());
        if command.status().await.is_ok_and(|status| status.success()) {
            return Some(way);
        }
    }
    None
}
