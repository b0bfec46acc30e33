//! A name that comes to mean others while an agent runs. The agent has a hosts file of the system's own to itself
//! (`/etc/hosts`, in a mount namespace), so that the system's resolver is asked, and no network.

use std::process::Stdio;

use tokio::process::Command;

use crate::helpers::skipped;
use crate::process::{Agent, Folder, QUICK, swim};

/// Does what follows with the file at `$0` in the place of /etc/hosts.
const WITH_HOSTS: &str = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";

#[tokio::test]
async fn a_name_is_resolved_anew_each_time_that_hosts_are_needed() {
    let folder = Folder::new();
    let file = folder.write("hosts", "");
    let Some(unshare) = permitted(&file).await else {
        return skipped("a name that comes to mean others", "mount namespaces are not permitted here");
    };
    let first = Agent::start(&["--bind", "127.0.0.2:0"]).await;
    let port = first.address.port();
    let second = Agent::start(&["--bind", &format!("127.0.0.3:{port}")]).await;
    // The resolver is asked again while the agent joins: at first the name means an address at which nobody is.
    folder.write("hosts", "127.0.0.4 swim.test\n");
    let settings = folder.write("quick.toml", QUICK);
    let mut command = Command::new("unshare");
    command.args(unshare).args(["sh", "-c", WITH_HOSTS, &file]).arg(swim().as_std().get_program());
    command.args(["agent", "--config", &settings, "--bind", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    command.args(["--dns", &format!("swim.test:{port}")]).stdin(Stdio::null()).kill_on_drop(true);
    let agent = Agent::of(&mut command).await;
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
async fn permitted(file: &str) -> Option<&'static [&'static str]> {
    for way in [&["--mount"][..], &["--user", "--map-root-user", "--mount"][..]] {
        let mut command = Command::new("unshare");
        command.args(way).args(["sh", "-c", WITH_HOSTS, file, "true"]).stdout(Stdio::null()).stderr(Stdio::null());
        if command.status().await.is_ok_and(|status| status.success()) {
            return Some(way);
        }
    }
    None
}
