//! `swim members`, `watch`, `info`, `leave`, `heal`, `label` and the others: tables for people, JSON for programs.

use nix::sys::signal::Signal;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};

use crate::process::{Agent, Ended, Folder, Process, QUICK, finish, run, swim};

/// Runs a command that talks to `agent`, and is to succeed.
async fn ask(agent: &Agent, args: &[&str]) -> Ended {
    let ended = run([args, &["--admin", &agent.admin.to_string()]].concat()).await;
    assert_eq!(ended.status, Some(0), "{args:?}: {ended:#?}");
    assert!(!ended.out.contains('\u{1b}'), "no colours where there is no terminal: {ended:?}");
    ended
}

#[tokio::test]
async fn members_are_a_table_for_people_and_json_for_programs() {
    let first = Agent::start(&["--label", "zone=a"]).await;
    let second = Agent::joining(&first, &[]).await;
    first.until_status(second.address, "alive").await;
    let text = ask(&first, &["members"]).await.out;
    let mut lines = text.lines();
    assert_eq!(
        lines.next().unwrap().split_whitespace().collect::<Vec<_>>(),
        ["ADDRESS", "STATUS", "INCARNATION", "LABELS"]
    );
    let own = lines.find(|line| line.starts_with(&first.address.to_string())).unwrap();
    assert!(own.contains("alive") && own.ends_with("(this agent) zone=a"), "{own}");
    assert!(text.lines().last().unwrap().starts_with("2 alive, checksum "));
    let json: serde_json::Value = serde_json::from_str(&ask(&first, &["members", "--json"]).await.out).unwrap();
    assert_eq!(json, first.get("/v1/members").await.json());
}

#[tokio::test]
async fn an_agent_tells_of_itself() {
    let agent = Agent::start(&["--cluster", "shop"]).await;
    agent.process.out.line("joined:").await;
    let text = ask(&agent, &["info"]).await.out;
    for (name, value) in
        [("cluster", "shop"), ("status", "alive"), ("joined", "yes"), ("members", "1 alive"), ("labels", "none")]
    {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        assert_eq!(line[name.len()..].trim(), value);
    }
    let json: serde_json::Value = serde_json::from_str(&ask(&agent, &["info", "--json"]).await.out).unwrap();
    assert_eq!(json["local"], agent.address.to_string());
}

#[tokio::test]
async fn an_agent_leaves_rejoins_heals_and_reaps_on_command() {
    let first = Agent::start(&[]).await;
    let second = Agent::joining(&first, &[]).await;
    first.until_status(second.address, "alive").await;
    assert_eq!(ask(&second, &["leave"]).await.out, "left: 1 members know; `swim rejoin` comes back\n");
    first.until_status(second.address, "leave").await;
    assert_eq!(ask(&second, &["rejoin", "--json"]).await.out, "{\"done\":\"rejoined\"}\n");
    first.until_status(second.address, "alive").await;
    assert_eq!(ask(&second, &["heal"]).await.out, "there is nobody to heal with\n");
    ask(&first, &["reap"]).await;
    ask(&first, &["gossip", "off"]).await;
    assert_eq!(first.get("/v1/info").await.json()["gossiping"], false);
    ask(&first, &["gossip", "on"]).await;
}

#[tokio::test]
async fn labels_are_shown_set_and_dropped() {
    let agent = Agent::start(&["--label", "zone=a"]).await;
    agent.process.out.line("joined:").await;
    assert_eq!(ask(&agent, &["label"]).await.out, "zone=a\n");
    assert_eq!(ask(&agent, &["label", "rack=7", "zone-"]).await.out, "rack=7\n");
    assert_eq!(ask(&agent, &["label", "--json"]).await.out, "{\"rack\":\"7\"}\n");
    assert_eq!(ask(&agent, &["label", "rack-"]).await.out, "none\n");
}

#[tokio::test]
async fn who_watches_sees_everyone_come_and_go_and_the_agent_end() {
    let first = Agent::start(&[]).await;
    first.process.out.line("joined:").await;
    let mut command = swim();
    let mut watch = Process::start(command.args(["watch", "--admin", &first.admin.to_string()]));
    watch.out.line("1 alive, checksum").await;
    let mut second = Agent::joining(&first, &[]).await;
    let address = second.address.to_string();
    watch.out.line(&address).await;
    second.process.signal(Signal::SIGTERM);
    second.process.end().await;
    watch.out.line("leave").await;
    drop(first);
    assert_eq!(watch.end().await.code(), Some(5));
}

/// How a command ended that asked an agent which says nothing.
fn has_given_up(ended: &Ended, admin: &str, patience: &str) {
    assert_eq!(ended.status, Some(5), "{ended:#?}");
    let silent = format!("error: nothing came from the agent at {admin} for {patience}; ");
    assert!(ended.err.starts_with(&silent), "{}", ended.err);
    for hint in ["not stopped", "--admin", "--timeout"] {
        assert!(ended.err.contains(hint), "no `{hint}` in {}", ended.err);
    }
}

#[tokio::test]
async fn whoever_asks_an_agent_that_is_stopped_is_told_so_in_time() {
    let agent = Agent::start(&[]).await;
    agent.process.out.line("joined:").await;
    // The system still takes connections for it.
    agent.process.signal(Signal::SIGSTOP);
    let mut asking = JoinSet::new();
    for command in [
        &["members"][..],
        &["watch"],
        &["info"],
        &["leave"],
        &["rejoin"],
        &["heal"],
        &["heal", "127.0.0.1:1"],
        &["label"],
        &["label", "zone=a"],
        &["reap"],
        &["gossip", "tick"],
    ] {
        let admin = agent.admin.to_string();
        asking.spawn(async move {
            let ended = run([command, &["--admin", &admin, "--timeout", "1500ms"]].concat()).await;
            has_given_up(&ended, &admin, "1.5s");
        });
    }
    while let Some(ended) = asking.join_next().await {
        ended.unwrap();
    }
    agent.process.signal(Signal::SIGCONT);
    ask(&agent, &["info"]).await;
}

#[tokio::test]
async fn who_watches_is_told_when_the_agent_falls_silent_and_not_while_nothing_happens() {
    let agent = Agent::start(&[]).await;
    agent.process.out.line("joined:").await;
    let mut command = swim();
    let admin = agent.admin.to_string();
    let mut watch = Process::start(command.args(["watch", "--admin", &admin, "--timeout", "1s"]));
    watch.out.line("1 alive, checksum").await;
    // Longer than it may be silent.
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(watch.child.try_wait().unwrap(), None, "{:?}", watch.err.lines());
    agent.process.signal(Signal::SIGSTOP);
    let status = watch.end().await.code();
    // For a moment less than three signs of life take nothing is concluded.
    let err = watch.err.line("error:").await;
    has_given_up(&Ended { status, out: String::new(), err }, &admin, "3s");
}

#[tokio::test]
async fn an_agent_that_takes_its_time_is_waited_for_and_can_be_asked_meanwhile() {
    let folder = Folder::new();
    let slow = QUICK.replace("'80ms'", "'5s'").replace("'200ms'", "'20s'");
    let slow = folder.write("slow.toml", &slow);
    let other = Agent::start(&[]).await;
    let agent = Agent::joining(&other, &["--config", &slow]).await;
    // Who leaves waits for those whom it tells.
    other.process.signal(Signal::SIGSTOP);
    let admin = agent.admin.to_string();
    let mut command = swim();
    let leave = Process::start(command.args(["leave", "--admin", &admin, "--timeout", "1s"]));
    agent.until_status(agent.address, "leave").await;
    let begin = Instant::now();
    assert!(ask(&agent, &["info", "--timeout", "1s"]).await.out.contains("leave"));
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    assert_eq!(leave.out.lines(), Vec::<String>::new(), "it still leaves");
    leave.out.line("left: 0 members know").await;
}

#[tokio::test]
async fn who_is_told_to_ask_nowhere_says_where_to_ask() {
    for command in [&["members"][..], &["watch"], &["info"], &["leave"], &["gossip", "on"]] {
        let off = [
            finish(swim().args(command).env("SWIM_ADMIN", "off")).await,
            finish(swim().args(command).args(["--admin", "off"])).await,
        ];
        for ended in off {
            assert_eq!(ended.status, Some(2), "{ended:#?}");
            assert!(ended.err.starts_with("error: the admin address is `off`"), "{}", ended.err);
            for hint in ["--admin ADDRESS:PORT", "SWIM_ADMIN"] {
                assert!(ended.err.contains(hint), "no `{hint}` in {}", ended.err);
            }
        }
    }
    // The command line wins.
    let agent = Agent::start(&[]).await;
    let mut command = swim();
    command.args(["info", "--admin", &agent.admin.to_string()]).env("SWIM_ADMIN", "off");
    assert_eq!(finish(&mut command).await.status, Some(0));
}

#[tokio::test]
async fn the_help_of_every_command_tells_its_examples_and_statuses() {
    let help = run(["--help"]).await;
    assert_eq!(help.status, Some(0));
    assert!(help.out.contains("Exit status: 0") && help.out.contains("Examples:"), "{}", help.out);
    let (_, commands) = help.out.split_once("Commands:\n").unwrap();
    let commands: Vec<&str> = commands.lines().map_while(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    let commands: Vec<&str> = commands.into_iter().filter(|name| !name.is_empty() && *name != "help").collect();
    assert_eq!(commands.len(), 11, "{commands:?}");
    for command in commands {
        let Ended { status, out, err } = run([command, "--help"]).await;
        assert_eq!((status, err.as_str()), (Some(0), ""));
        assert!(out.contains("Exit status: 0") && out.contains(&format!("Examples:\n  swim {command}")), "{out}");
        assert!(out.lines().all(|line| line.len() <= 120), "it fits a terminal: {out}");
    }
    assert_eq!(run(["agnet"]).await.status, Some(2));
}
