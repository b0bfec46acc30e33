//! `swim cluster`, by script: what is killed, suspended and parted is noticed, and comes together again.

use std::net::SocketAddr;
use std::process::Stdio;

use nix::sys::signal::Signal;
use tokio::io::AsyncWriteExt;

use crate::helpers::within;
use crate::process::{Ended, Process, swim, until_closed};

/// Runs `script` on `nodes` nodes.
async fn play(nodes: &str, script: &str) -> Ended {
    let mut command = swim();
    command.args(["cluster", "-n", nodes]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).await.unwrap();
    let output =
        tokio::time::timeout(std::time::Duration::from_secs(300), child.wait_with_output()).await.unwrap().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// The addresses of the nodes.
fn addresses(out: &str) -> Vec<SocketAddr> {
    let line = out.lines().find(|line| line.contains(" nodes: ")).unwrap();
    line.split_once(": ").unwrap().1.split(' ').map(|address| address.parse().unwrap()).collect()
}

/// The checksums that a line names, in its order.
fn checksums(line: &str) -> Vec<&str> {
    let checksums = line.split("checksum ").skip(1);
    checksums.map(|rest| rest.get(..8).unwrap_or_else(|| panic!("no checksum: {line}"))).collect()
}

#[tokio::test]
async fn a_cluster_survives_a_kill_and_a_partition() {
    let script = "wait-agree\nkill 2\nwait-agree\nrevive 2\nwait-agree\npartition 1,2|3,4,5\nwait-agree\nmembers\nheal\nwait-agree\n";
    let ended = play("5", script).await;
    assert_eq!(ended.status, Some(0), "{ended:#?}");
    let agreed: Vec<&str> = ended.out.lines().filter(|line| line.starts_with("agreed: ")).collect();
    assert_eq!(agreed.len(), 5, "{}", ended.out);
    assert!(agreed[0].starts_with("agreed: 1,2,3,4,5 have") && agreed[1].starts_with("agreed: 1,3,4,5 have"));
    assert!(agreed[3].starts_with("agreed: 1,2 have") && agreed[3].contains("; 3,4,5 have"), "{}", agreed[3]);
    let parted = checksums(agreed[3]);
    assert_ne!(parted[0], parted[1], "the sides have lists of their own");
    assert_eq!(checksums(agreed[4]).len(), 1, "{}", agreed[4]);
    let row = ended.out.lines().find(|line| line.starts_with("5  ")).unwrap();
    let row: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(row[2..8], ["running", "B", "3", "-", "2", "-"]);
    for address in addresses(&ended.out) {
        until_closed(address).await;
    }
}

#[tokio::test]
async fn who_is_suspended_is_missed_and_comes_back() {
    let ended = play(
        "3",
        "wait-agree\nsuspend 3\nwait-agree\nresume 3\nwait-agree\nleave 2\nwait-agree\nrejoin 2\nwait-agree\n",
    )
    .await;
    assert_eq!(ended.status, Some(0), "{ended:#?}");
    let agreed: Vec<&str> = ended.out.lines().filter(|line| line.starts_with("agreed: ")).collect();
    let who: Vec<&str> = agreed.iter().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(who, ["1,2,3", "1,2", "1,2,3", "1,3", "1,2,3"]);
}

#[tokio::test]
async fn a_line_that_cannot_be_carried_out_ends_a_script() {
    for (script, hint) in [
        ("kill 4\n", "the nodes are 1 to 2"),
        ("explode\n", "`help`"),
        ("revive 1\n", "node 1 is not down"),
        ("kill 1\nkill 1\n", "`revive 1`"),
        ("suspend 2\npartition 1|2\n", "`resume 2`"),
        ("resume 2\n", "not suspended"),
        ("suspend 2\nwait-agree 1ms\n", "do not agree after 1ms: node 1 holds"),
    ] {
        let ended = play("2", &format!("wait-agree\n{script}members\n")).await;
        assert_eq!(ended.status, Some(1), "{script}: {ended:#?}");
        assert!(ended.err.contains(hint), "{script}: {}", ended.err);
        assert!(!ended.out.contains("NODE"), "nothing is done after it: {}", ended.out);
    }
}

#[tokio::test]
async fn nodes_end_with_the_cluster_however_that_ends() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGKILL] {
        let mut command = swim();
        let mut cluster = Process::start(command.args(["cluster", "-n", "2"]).stdin(Stdio::piped()));
        let mut stdin = cluster.child.stdin.take().unwrap();
        // One that is stopped cannot end by itself.
        stdin.write_all(b"suspend 2\n").await.unwrap();
        cluster.out.line("node 2 is suspended").await;
        let nodes = addresses(&cluster.out.lines().join("\n"));
        assert!(nodes.iter().all(|address| std::net::UdpSocket::bind(address).is_err()));
        cluster.signal(signal);
        within(cluster.end()).await;
        if signal == Signal::SIGKILL && !cfg!(target_os = "linux") {
            continue;
        }
        for address in nodes {
            until_closed(address).await;
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_board_fits_the_terminal_whatever_its_size() {
    let terminal = crate::terminal::Terminal::new(10, 40);
    let mut command = swim();
    command.args(["cluster", "-n", "6"]).env("TERM", "xterm").stdin(terminal.end()).stdout(terminal.end());
    let mut cluster = command.spawn().unwrap();
    let drawn = terminal.shows("all agree", |drawn| drawn.rows.last().is_some_and(|row| row.starts_with("all "))).await;
    assert_eq!((drawn.rows.len(), drawn.scrolls_from), (5, 6), "five rows are left to type in: {drawn:#?}");
    assert!(drawn.rows.iter().all(|row| row.chars().count() <= 40), "{drawn:#?}");
    assert_eq!(drawn.rows[3], "and 4 more: 4 running");
    assert_eq!(drawn.rows[4].chars().count(), 40, "the checksum is cut off");
    terminal.types("kill 6\n");
    terminal.shows("a node is down that is not shown", |drawn| drawn.rows[3] == "and 4 more: 1 down, 3 running").await;
    terminal.resize(30, 120).await;
    let drawn = terminal.shows("all have room", |drawn| drawn.scrolls_from == 10).await;
    assert!(drawn.rows[6].starts_with("6  ") && drawn.rows[6].contains("down"), "{drawn:#?}");
    assert_eq!((drawn.rows.len(), drawn.rows[7].as_str()), (9, ""));
    terminal.resize(6, 40).await;
    let drawn = terminal.shows("one row has room", |drawn| drawn.scrolls_from == 2).await;
    assert_eq!(drawn.rows.len(), 1, "{drawn:#?}");
    terminal.types("quit\n");
    assert_eq!(within(cluster.wait()).await.unwrap().code(), Some(0));
}
