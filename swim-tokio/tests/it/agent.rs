//! `swim agent`: it joins, leaves when it is asked to end, reads its hosts anew, and remembers.

use std::io::Write;
use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::time::{Duration, Instant};

use crate::process::{Agent, Folder, Process, QUICK, run, swim, until_closed};

#[tokio::test]
async fn agents_find_one_another_and_say_what_they_do() {
    let first = Agent::start(&["--cluster", "shop", "--label", "zone=a"]).await;
    assert!(first.process.out.line("swim agent").await.contains("cluster `shop`"));
    assert!(first.process.out.line("listens on").await.contains(&first.address.to_string()));
    assert!(first.process.out.line("joins").await.contains(&format!("--join {}", first.address)));
    let second = Agent::joining(&first, &["--cluster", "shop"]).await;
    assert_eq!(second.process.out.line("joined:").await, "joined: 1 of the hosts answered; reachable members: 2");
    first.until_status(second.address, "alive").await;
    let members = second.get("/v1/members").await.json();
    let zone = members["members"].as_array().unwrap().iter().find_map(|member| member["labels"]["zone"].as_str());
    assert_eq!(zone, Some("a"));
}

#[tokio::test]
async fn an_agent_that_is_asked_to_end_leaves() {
    let first = Agent::start(&[]).await;
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut other = Agent::joining(&first, &[]).await;
        first.until_status(other.address, "alive").await;
        other.process.signal(signal);
        assert_eq!(other.process.end().await.code(), Some(0));
        assert_eq!(other.process.out.line("left:").await, "left: 1 members know");
        assert_eq!(first.status(other.address).await.as_deref(), Some("leave"), "{signal}");
    }
}

/// Starts an agent beside `first` with `flags`, which is to end with `status` and to say all of `hints`.
async fn ends_beside(first: &Agent, flags: &[&str], status: i32, hints: &[&str]) {
    let ended = run([&["agent"], flags].concat()).await;
    assert_eq!(ended.status, Some(status), "{flags:?}: {ended:#?}");
    assert!(ended.err.starts_with("error: "), "{}", ended.err);
    for hint in hints {
        assert!(ended.err.contains(hint), "{flags:?}: no `{hint}` in {}", ended.err);
    }
    assert_eq!(first.get("/ready").await.status, 200, "the first one goes on");
}

#[tokio::test]
async fn a_second_agent_with_the_address_of_the_first_ends_and_says_what_to_do() {
    let first = Agent::start(&[]).await;
    first.process.out.line("joined:").await;
    let (address, port) = (first.address.to_string(), format!("port {}", first.address.port()));
    // The same command line again. Where no admin address is named, the one of the first is met first.
    ends_beside(&first, &["--bind", &address, "--admin", "off"], 3, &[&port, "in use", "advice: pass --bind"]).await;
    let below = format!("127.0.0.1:{}", first.admin.port() - 1000);
    let admin = format!("the admin address {} ", first.admin);
    ends_beside(&first, &["--bind", &below], 3, &[&admin, "in use", "another agent", "--bind", "--admin"]).await;
    // It listens elsewhere, calls itself as the first one does, and nobody else lets it in.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let join = format!("{address},{}", silent.local_addr().unwrap());
    let named = ["--bind", "127.0.0.2:0", "--advertise", &address, "--admin", "off", "--join", &join];
    let taken = format!("another agent uses {address} too");
    ends_beside(
        &first,
        &[&named[..], &["--join-timeout", "2s"]].concat(),
        4,
        &[&taken, "give each agent an address of its own", "advice: pass --bind or --advertise"],
    )
    .await;
    // The first one was told as well.
    first.process.err.line(&format!("error: {taken}")).await;
}

#[tokio::test]
async fn an_agent_that_has_not_joined_ends_at_once() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut agent = Agent::start(&["--join", &silent.local_addr().unwrap().to_string()]).await;
    agent.process.signal(Signal::SIGTERM);
    assert_eq!(agent.process.end().await.code(), Some(0));
    until_closed(agent.address).await;
}

#[tokio::test]
async fn an_agent_that_ends_while_it_joins_leaves_those_that_know_it() {
    let (first, silent) = (Agent::start(&[]).await, std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let join = format!("{},{}", first.address, silent.local_addr().unwrap());
    let mut agent = Agent::start(&["--join", &join]).await;
    agent.until_status(first.address, "alive").await;
    assert_eq!(agent.get("/ready").await.status, 503, "it waits for the other one");
    agent.process.signal(Signal::SIGTERM);
    assert_eq!(agent.process.end().await.code(), Some(0));
    agent.process.out.line("left: 1 members know").await;
    assert_eq!(first.status(agent.address).await.as_deref(), Some("leave"));
}

/// An agent that leaves, which takes it a minute: the one other member is silent, and it has this agent's patience.
async fn leaving(folder: &Folder, signal: Signal) -> (Agent, Agent) {
    let slow = QUICK.replace("'80ms'", "'60s'").replace("'200ms'", "'3m'");
    let other = Agent::start(&[]).await;
    let agent = Agent::joining(&other, &["--config", &folder.write("slow.toml", &slow)]).await;
    agent.until_status(other.address, "alive").await;
    other.process.signal(Signal::SIGSTOP);
    agent.process.signal(signal);
    agent.until_status(agent.address, "leave").await;
    (agent, other)
}

#[tokio::test]
async fn an_agent_that_is_asked_twice_ends_at_once() {
    let folder = Folder::new();
    for (first, second) in [(Signal::SIGTERM, Signal::SIGINT), (Signal::SIGINT, Signal::SIGTERM)] {
        let (mut agent, _other) = leaving(&folder, first).await;
        let asked = Instant::now();
        agent.process.signal(second);
        assert_eq!(agent.process.end().await.code(), Some(0));
        assert!(asked.elapsed() < Duration::from_secs(5), "{second}: {:?}", asked.elapsed());
        agent.process.err.line("warning: ended at once").await;
        assert!(!agent.process.out.lines().iter().any(|line| line.starts_with("left:")), "nobody knows");
        until_closed(agent.address).await;
    }
}

#[tokio::test]
async fn a_hang_up_neither_ends_nor_hurries_an_agent_that_leaves() {
    let folder = Folder::new();
    let (mut agent, other) = leaving(&folder, Signal::SIGTERM).await;
    agent.process.signal(Signal::SIGHUP);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(agent.process.child.try_wait().unwrap(), None, "{:?}", agent.process.err.lines());
    other.process.signal(Signal::SIGCONT);
    assert_eq!(agent.process.end().await.code(), Some(0));
    agent.process.out.line("left: 1 members know").await;
}

#[tokio::test]
async fn a_hang_up_does_not_end_an_agent_that_starts_and_other_signals_do() {
    let folder = Folder::new();
    let settings = folder.hang("agent.toml");
    let start = || {
        let mut command = swim();
        let ports = ["--bind", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
        Process::start(command.args(["agent", "--config", &settings.0]).args(ports))
    };
    let starting = start();
    let mut file = settings.is_read().await;
    starting.signal(Signal::SIGHUP);
    tokio::time::sleep(Duration::from_millis(300)).await;
    file.write_all(QUICK.as_bytes()).unwrap();
    drop(file);
    starting.out.line("joined:").await;

    let mut starting = start();
    let _file = settings.is_read().await;
    starting.signal(Signal::SIGTERM);
    assert_eq!(starting.end().await.code(), Some(0));
    assert_eq!(starting.out.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn on_a_hang_up_hosts_are_read_anew() {
    let folder = Folder::new();
    let (first, apart) = (Agent::start(&[]).await, Agent::start(&[]).await);
    let hosts = folder.write("hosts.json", &format!("[\"{}\"]", first.address));
    let agent = Agent::start(&["--hosts-file", &hosts]).await;
    agent.process.out.line("joined:").await;
    assert_eq!(agent.status(apart.address).await, None);

    folder.write("hosts.json", "[\"nobody\"]");
    agent.process.signal(Signal::SIGHUP);
    let warning = agent.process.err.line("nothing was read anew").await;
    assert!(warning.contains("entry 1") && warning.contains("nobody") && warning.contains(&hosts), "{warning}");

    folder.write("hosts.json", &format!("[\"{}\", \"{}\"]", first.address, apart.address));
    agent.process.signal(Signal::SIGHUP);
    agent.process.out.line("hosts were read anew").await;
    first.until_status(apart.address, "alive").await;
    apart.until_status(first.address, "alive").await;
}

#[tokio::test]
async fn hosts_in_the_settings_file_are_read_anew_too() {
    let folder = Folder::new();
    let (first, apart) = (Agent::start(&[]).await, Agent::start(&[]).await);
    let settings = |hosts: String| folder.write("agent.toml", &format!("join = [{hosts}]\n{QUICK}"));
    let path = settings(format!("'{}'", first.address));
    let agent = Agent::start(&["--config", &path]).await;
    agent.process.out.line("joined:").await;
    settings(format!("'{}', '{}'", first.address, apart.address));
    agent.process.signal(Signal::SIGHUP);
    agent.until_status(apart.address, "alive").await;
}

#[tokio::test]
async fn a_cluster_that_was_all_down_finds_itself_without_hosts() {
    let folder = Folder::new();
    let files = ["a.json", "b.json", "c.json"].map(|name| folder.path(name));
    let first = Agent::start(&["--remember", &files[0]]).await;
    let mut agents = vec![first];
    for file in &files[1..] {
        let agent = Agent::joining(&agents[0], &["--remember", file]).await;
        agents.push(agent);
    }
    for agent in &agents {
        for other in &agents {
            agent.until_status(other.address, "alive").await;
        }
    }
    for at in 0..agents.len() {
        agents[at].process.signal(Signal::SIGTERM);
        agents[at].process.end().await;
        if at < 2 {
            // Time for the last one to write what it has seen.
            agents[2].until_status(agents[at].address, "leave").await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
    // The last one has seen all others leave.
    let remembered: Value = serde_json::from_slice(&std::fs::read(&files[2]).unwrap()).unwrap();
    assert_eq!(remembered["members"].as_array().unwrap().len(), 2);

    let mut again = Vec::new();
    for (agent, file) in agents.iter().zip(&files) {
        again.push(Agent::start(&["--bind", &agent.address.to_string(), "--remember", file]).await);
    }
    assert!(again[2].process.out.line("remembers  ").await.contains("2 members"));
    for agent in &again {
        for other in &again {
            agent.until_status(other.address, "alive").await;
        }
    }
}

#[tokio::test]
async fn what_is_remembered_survives_a_kill() {
    let folder = Folder::new();
    let file = folder.path("members.json");
    let first = Agent::start(&[]).await;
    let mut agent = Agent::joining(&first, &["--remember", &file]).await;
    crate::helpers::until("it was written", || std::fs::metadata(&file).is_ok()).await;
    agent.process.child.kill().await.unwrap();
    let again = Agent::start(&["--bind", &agent.address.to_string(), "--remember", &file]).await;
    again.until_status(first.address, "alive").await;
}

#[tokio::test]
async fn a_damaged_file_of_members_is_reported_and_put_aside() {
    let folder = Folder::new();
    let first = Agent::start(&[]).await;
    let file = folder.write("members.json", "{\"form\":1,\"cluster\":\"sw");
    let agent = Agent::joining(&first, &["--remember", &file]).await;
    let warning = agent.process.err.line("damaged").await;
    assert!(warning.contains(&file) && warning.contains("put aside"), "{warning}");
    assert_eq!(std::fs::read_to_string(format!("{file}.damaged")).unwrap(), "{\"form\":1,\"cluster\":\"sw");
    crate::helpers::until("a new one is written", || std::fs::metadata(&file).is_ok()).await;
    assert!(std::fs::read_to_string(&file).unwrap().contains(&first.address.to_string()));
}

#[tokio::test]
async fn a_file_of_members_that_cannot_be_written_is_reported_and_no_more() {
    let folder = Folder::new();
    let first = Agent::start(&[]).await;
    let file = folder.path("no/such/folder/members.json");
    let agent = Agent::joining(&first, &["--remember", &file]).await;
    let warning = agent.process.err.line("cannot be remembered").await;
    assert!(warning.contains(&file) && warning.contains("check"), "{warning}");
    assert_eq!(agent.get("/ready").await.status, 200);
}

#[tokio::test]
async fn a_disk_that_hangs_keeps_an_agent_neither_from_answering_nor_from_ending() {
    let folder = Folder::new();
    let first = Agent::start(&[]).await;
    // What is to be written goes beside the file first: to a pipe that nobody reads.
    folder.pipe("members.json.new");
    let settings = folder.write("agent.toml", QUICK);
    let mut agent = Agent::joining(&first, &["--config", &settings, "--remember", &folder.path("members.json")]).await;
    // And what is to be read anew does not come either.
    let hanging = folder.hang("agent.toml");
    agent.process.signal(Signal::SIGHUP);
    let _file = hanging.is_read().await;
    // Half a second after a change the members are written.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(agent.get("/ready").await.status, 200);
    assert_eq!(first.status(agent.address).await.as_deref(), Some("alive"));
    agent.process.signal(Signal::SIGTERM);
    assert_eq!(agent.process.end().await.code(), Some(0));
    agent.process.out.line("left: 1 members know").await;
    agent.process.err.line("warning: the members are not written down after 5s").await;
}

#[tokio::test]
async fn an_agent_whose_lines_nobody_reads_goes_on_and_ends_when_it_is_asked_to() {
    let first = Agent::start(&[]).await;
    // Full already, so that the first line waits for a reader.
    let (_reader, pipe) = std::io::pipe().unwrap();
    let mut full = pipe.try_clone().unwrap();
    std::thread::spawn(move || full.write_all(&vec![b'-'; 4 << 20]));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let folder = Folder::new();
    let settings = folder.write("agent.toml", QUICK);
    let join = first.address.to_string();
    let mut command = swim();
    command.args(["agent", "--config", &settings, "--bind", "127.0.0.1:0", "--admin", "off", "--join", &join]);
    let mut agent = command.args(["--log", "trace"]).stdout(pipe.try_clone().unwrap()).stderr(pipe).spawn().unwrap();
    let others = async || first.get("/v1/members").await.json()["members"].as_array().unwrap().clone();
    let other = async || others().await.into_iter().find(|member| member["address"] != join.as_str());
    let mut address = None;
    for _ in 0..1000 {
        address = other().await.map(|member| member["address"].as_str().unwrap().parse().unwrap());
        if address.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let address = address.expect("it joins");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(first.status(address).await.as_deref(), Some("alive"));
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(agent.id().unwrap() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), agent.wait()).await.unwrap().unwrap().code(), Some(0));
    assert_eq!(first.status(address).await.as_deref(), Some("leave"));
}

#[tokio::test]
async fn an_agent_whose_remembered_members_hang_when_it_starts_ends_when_it_is_asked_to() {
    let folder = Folder::new();
    let members = folder.hang("members.json");
    let mut command = swim();
    let args = ["agent", "--bind", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--remember", &members.0];
    let mut starting = Process::start(command.args(args));
    let _file = members.is_read().await;
    starting.signal(Signal::SIGTERM);
    assert_eq!(starting.end().await.code(), Some(0));
    assert_eq!(starting.out.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
    let folder = Folder::new();
    let text =
        format!("cluster = 'file'\nadmin = '127.0.0.1:0'\nbind = '127.0.0.1:0'\nlabels = {{ from = 'file' }}\n{QUICK}");
    let file = folder.write("agent.toml", &text);
    let start = async |flags: &[&str], environment: &[(&str, &str)]| {
        let mut command = swim();
        command.args(["agent", "--config", &file]).args(flags).envs(environment.iter().copied());
        let agent = Agent::of(&mut command).await;
        let info = agent.get("/v1/info").await.json();
        (info["cluster"].as_str().unwrap().to_owned(), info["labels"]["from"].as_str().unwrap().to_owned())
    };
    let named = |cluster: &str, label: &str| (cluster.to_owned(), label.to_owned());
    let environment = [("SWIM_CLUSTER", "environment"), ("SWIM_LABELS", "from=environment")];
    assert_eq!(start(&[], &[]).await, named("file", "file"));
    assert_eq!(start(&[], &environment).await, named("environment", "environment"));
    assert_eq!(start(&["--cluster", "flag"], &environment).await, named("flag", "environment"));
    assert_eq!(start(&["--label", "from=flag"], &[]).await, named("file", "flag"));
}

#[tokio::test]
async fn all_can_be_said_by_the_environment_alone() {
    let first = Agent::start(&[]).await;
    let mut command = swim();
    command.arg("agent").env("SWIM_BIND", "127.0.0.1:0").env("SWIM_ADMIN", "127.0.0.1:0");
    command.env("SWIM_JOIN", format!("{},{}", first.address, first.address)).env("SWIM_ALLOW_PARTITIONS", "yes");
    let agent = Agent::of(&mut command).await;
    first.until_status(agent.address, "alive").await;
    assert_eq!(agent.get("/v1/cut").await.status, 200);
}

#[tokio::test]
async fn files_that_the_settings_file_names_are_looked_for_beside_it() {
    let folder = Folder::new();
    let first = Agent::start(&[]).await;
    folder.write("hosts.json", &format!("[\"{}\"]", first.address));
    let file = folder.write("agent.toml", &format!("hosts_file = 'hosts.json'\n{QUICK}"));
    let agent = Agent::start(&["--config", &file]).await;
    first.until_status(agent.address, "alive").await;
}

#[tokio::test]
async fn a_child_ends_when_its_parent_lets_go_of_it() {
    let mut command = swim();
    command.args(["agent", "--bind", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--end-with-stdin"]);
    let mut agent = Agent::of(command.stdin(Stdio::piped())).await;
    assert_eq!(agent.get("/health").await.status, 200);
    drop(agent.process.child.stdin.take());
    agent.process.end().await;
    until_closed(agent.address).await;
}
