//! `swim members`, `watch`, `info`, `leave`, `heal`, `label` and the others: tables for people, JSON for programs.

use crate::process::{Agent, Ended, Process, run, swim};

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
    second.process.signal(nix::sys::signal::Signal::SIGTERM);
    second.process.end().await;
    watch.out.line("leave").await;
    drop(first);
    assert_eq!(watch.end().await.code(), Some(5));
}

#[tokio::test]
async fn the_help_of_every_command_tells_its_examples_and_statuses() {
    let help = run(["--help"]).await;
    assert_eq!(help.status, Some(0));
    assert!(help.out.contains("Exit status: 0") && help.out.contains("Examples:"), "{}", help.out);
    for command in ["agent", "cluster"] {
        let help = run([command, "--help"]).await.out;
        assert!(help.contains("Exit status: 0") && help.contains("Examples:"), "{help}");
    }
    assert_eq!(run(["agnet"]).await.status, Some(2));
}
