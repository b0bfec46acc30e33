//! Whatever a user does wrong is answered with a message that names the thing and says what to do, and with a status.

use std::net::{TcpListener, UdpSocket};

use crate::helpers::{skipped, until, vacant};
use crate::process::{Agent, Ended, Folder, finish, run, swim};

/// Runs an agent on free ports that is to fail with `status`, and says all of `hints`.
async fn fails(args: &[&str], status: i32, hints: &[&str]) -> Ended {
    let mut all = vec!["agent"];
    for port in ["--bind", "--admin"] {
        if !args.contains(&port) {
            all.extend([port, "127.0.0.1:0"]);
        }
    }
    all.extend(args);
    check(run(&all).await, status, hints)
}

fn check(ended: Ended, status: i32, hints: &[&str]) -> Ended {
    assert_eq!(ended.status, Some(status), "{ended:#?}");
    for hint in hints {
        assert!(ended.err.contains(hint), "no `{hint}` in {}", ended.err);
    }
    assert!(ended.err.starts_with("error: "), "{}", ended.err);
    // It speaks of what its user can write, not of what a program would call.
    assert!(!ended.err.contains("call `"), "{}", ended.err);
    assert!(!matches!(status, 3 | 4) || ended.err.contains("--"), "no option is named in {}", ended.err);
    ended
}

/// Where the tests may do everything, the binary is to run as someone who may not.
fn without_rights(command: &mut tokio::process::Command) {
    use std::os::unix::fs::MetadataExt;
    let folder = Folder::new();
    if std::fs::metadata(folder.path("")).unwrap().uid() == 0 {
        command.uid(65_534).gid(65_534);
    }
}

#[tokio::test]
async fn a_port_in_use_is_named_and_another_one_advised() {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = udp.local_addr().unwrap();
    let port = format!("port {}", address.port());
    fails(&["--bind", &address.to_string()], 3, &["UDP", &port, "in use", "--bind"]).await;
    drop(udp);
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    let port = format!("port {}", address.port());
    fails(&["--bind", &address.to_string()], 3, &["TCP", &port, "in use", "--bind"]).await;
}

#[tokio::test]
async fn an_admin_port_in_use_is_named_and_another_one_advised() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap().to_string();
    let ended = fails(&["--admin", &address], 3, &["admin address", &address, "in use", "--admin"]).await;
    assert_eq!(ended.out, "", "the agent did not start");
}

#[tokio::test]
async fn seeds_that_do_not_answer_are_named_each_with_its_reason() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().to_string();
    let closed = vacant().to_string();
    let join = format!("{silent},{closed}");
    let refused = format!("{closed} (connection refused)");
    fails(&["--join", &join, "--join-timeout", "1s"], 4, &[&silent, &refused, "--join", "--retry-join"]).await;
}

#[tokio::test]
async fn an_agent_that_tries_still_says_what_stands_in_the_way() {
    let closed = vacant().to_string();
    let agent = Agent::start(&["--join", &closed]).await;
    agent.process.err.line("not joined yet").await;
    let so_far = agent.process.err.line("so far: ").await;
    assert!(so_far.contains(&format!("{closed} (connection refused)")), "{so_far}");
}

#[tokio::test]
async fn an_agent_that_retries_says_why_and_joins_once_it_can() {
    let place = vacant().to_string();
    let agent = Agent::start(&["--join", &place, "--join-timeout", "500ms", "--retry-join"]).await;
    assert!(agent.process.err.line("error: not enough hosts").await.contains(&place));
    agent.process.err.line("trying again").await;
    let late = Agent::start(&["--bind", &place]).await;
    agent.process.out.line("joined:").await;
    late.until_status(agent.address, "alive").await;
}

#[tokio::test]
async fn seeds_of_another_cluster_are_named() {
    let red = Agent::start(&["--cluster", "red"]).await;
    let seed = red.address.to_string();
    let args = ["--cluster", "blue", "--join", &seed, "--join-timeout", "1s"];
    fails(&args, 4, &["another cluster", "`blue`", &seed, "--cluster"]).await;
    // The one that was spoken to says so as well: its operator may be the one who can mend it.
    let warning = red.process.err.line("another cluster speaks to this port").await;
    for hint in ["WARN", &seed, "cluster=red", "source=127.0.0.1:", "hosts", "one name"] {
        assert!(warning.contains(hint), "no `{hint}` in {warning}");
    }
}

#[tokio::test]
async fn two_agents_with_one_address_are_told_so() {
    let seed = Agent::start(&[]).await;
    let first = Agent::joining(&seed, &[]).await;
    // It listens elsewhere, and calls itself as the first one does.
    let address = first.address.to_string();
    let second =
        Agent::start(&["--bind", "127.0.0.2:0", "--advertise", &address, "--join", &seed.address.to_string()]).await;
    for agent in [&first, &second] {
        let error = agent.process.err.line("error: another agent uses").await;
        assert!(error.contains(&address), "{error}");
        agent.process.err.line("advice: pass --bind or --advertise").await;
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_advertised_is_named() {
    for (bind, advertise) in
        [("0.0.0.0:0", None), ("127.0.0.1:0", Some("224.0.0.1:7946")), ("127.0.0.1:0", Some("[::1]:1"))]
    {
        let mut args = vec!["--bind", bind];
        args.extend(advertise.iter().flat_map(|address| ["--advertise", address]));
        let named = advertise.unwrap_or("0.0.0.0");
        fails(&args, 3, &[named, "cannot be advertised", "--advertise"]).await;
    }
}

#[tokio::test]
async fn an_address_of_another_machine_cannot_be_listened_on() {
    fails(&["--bind", "203.0.113.7:7946"], 3, &["203.0.113.7:7946", "no address of this machine", "--advertise"]).await;
}

#[tokio::test]
async fn a_port_that_needs_a_right_is_named() {
    let first = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    if !matches!(first.map(|text| text.trim().parse::<u16>()), Ok(Ok(2..))) {
        return skipped("a port that needs a right", "here everyone may listen on every port");
    }
    let mut command = swim();
    command.args(["agent", "--bind", "127.0.0.1:1", "--admin", "127.0.0.1:0"]);
    without_rights(&mut command);
    let ended = finish(&mut command).await;
    check(ended, 3, &["no permission", "127.0.0.1:1 ", "1024", "--bind"]);
}

#[tokio::test]
async fn a_hosts_file_that_is_of_no_use_is_named_with_the_place_of_the_mistake() {
    let folder = Folder::new();
    let missing = folder.path("missing.json");
    fails(&["--hosts-file", &missing], 2, &[&missing, "cannot be read", "because: No such file"]).await;
    let folder_path = folder.path("");
    fails(&["--hosts-file", &folder_path], 2, &["cannot be read", "directory"]).await;
    let malformed = folder.write("malformed.json", "[\"10.0.0.1:7946\",\n oops]");
    fails(&["--hosts-file", &malformed], 2, &[&malformed, "malformed", "line 2", "[\"10.0.0.1:7946\""]).await;
    let no_list = folder.write("list.json", "{\"hosts\": []}");
    fails(&["--hosts-file", &no_list], 2, &[&no_list, "malformed"]).await;
    let entry = folder.write("entry.json", "[\"10.0.0.1:7946\", \"10.0.0.2\"]");
    fails(&["--hosts-file", &entry], 2, &[&entry, "entry 2", "`10.0.0.2`", "ADDRESS:PORT"]).await;
    let empty = folder.write("empty.json", "[]");
    fails(&["--hosts-file", &empty, "--join-timeout", "1s"], 4, &["no hosts", "--hosts-file"]).await;
}

#[tokio::test]
async fn a_hosts_file_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let hosts = folder.write("secret.json", "[]");
    std::fs::set_permissions(&hosts, std::fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = swim();
    command.args(["agent", "--bind", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--hosts-file", &hosts]);
    without_rights(&mut command);
    check(finish(&mut command).await, 2, &[&hosts, "cannot be read", "Permission denied"]);
}

#[tokio::test]
async fn a_hosts_file_that_says_nothing_twice_is_refused() {
    let folder = Folder::new();
    let pipe = folder.pipe("pipe.json");
    fails(&["--hosts-file", &pipe], 2, &[&pipe, "cannot be read", "no regular file"]).await;
}

#[tokio::test]
async fn a_hosts_file_that_is_damaged_later_is_reported_and_counts_as_it_was() {
    let folder = Folder::new();
    let (first, other) = (Agent::start(&[]).await, Agent::start(&[]).await);
    let hosts = folder.write("hosts.json", &format!("[\"{}\", \"{}\"]", first.address, other.address));
    let agent = Agent::start(&["--hosts-file", &hosts]).await;
    agent.process.out.line("joined:").await;
    for (damage, text) in [
        ("cannot be read", None),
        ("malformed", Some("[\"127.0.0.1:1\",")),
        ("entry 1", Some("[\"nobody\"]")),
        ("is longer than", Some(&*" ".repeat((16 << 20) + 1))),
    ] {
        match text {
            Some(text) => drop(folder.write("hosts.json", text)),
            None => std::fs::remove_file(&hosts).unwrap(),
        }
        // A search that finds no hosts is refused; this one finds those of before, and both are members.
        assert_eq!(agent.post("/v1/heal").await.status, 200, "{damage}");
        let warning = agent.process.err.line(damage).await;
        for hint in ["WARN", &hosts, "some hosts could not be found"] {
            assert!(warning.contains(hint), "no `{hint}` in {warning}");
        }
        agent.process.signal(nix::sys::signal::Signal::SIGHUP);
        let (hosts, damage) = (hosts.clone(), damage.to_owned());
        let told =
            |line: &String| line.contains("nothing was read anew") && line.contains(&hosts) && line.contains(&damage);
        until("it is told at the signal, too", || agent.process.err.lines().iter().any(told)).await;
    }
    std::fs::remove_file(&hosts).unwrap();
    std::fs::create_dir(&hosts).unwrap();
    assert_eq!(agent.post("/v1/heal").await.status, 200);
    agent.process.err.line("directory").await;
}

#[tokio::test]
async fn a_hosts_file_that_is_damaged_while_the_agent_joins_counts_as_it_was() {
    let folder = Folder::new();
    let place = vacant().to_string();
    let hosts = folder.write("hosts.json", &format!("[\"{place}\"]"));
    let agent = Agent::start(&["--hosts-file", &hosts, "--log", "warn"]).await;
    folder.write("hosts.json", "[");
    agent.process.err.line("malformed").await;
    let _late = Agent::start(&["--bind", &place]).await;
    agent.process.out.line("joined:").await;
}

#[tokio::test]
async fn a_name_that_cannot_be_resolved_is_named() {
    let name = "no-such-host.invalid:7946";
    fails(&["--dns", name, "--join-timeout", "1s"], 4, &[name, "cannot be resolved", "--dns"]).await;
    // Beside hosts that do not answer, and from a file that names this agent, too.
    let both = format!("127.0.0.1:1,{name}");
    let hints = ["127.0.0.1:1 (connection refused)", name, "cannot be resolved", "--join"];
    fails(&["--join", &both, "--join-timeout", "1s"], 4, &hints).await;
    let folder = Folder::new();
    let own = vacant().to_string();
    let hosts = folder.write("hosts.json", &format!("[\"{own}\", \"{name}\"]"));
    let args = ["--bind", &own, "--hosts-file", &hosts, "--join-timeout", "1s"];
    fails(&args, 4, &[name, "cannot be resolved", "--hosts-file"]).await;
}

/// An address that is kept for documents, and is nobody's.
const ELSEWHERE: &str = "203.0.113.7:7946";

#[tokio::test]
async fn an_agent_on_loopback_is_told_at_once_that_other_machines_cannot_reach_it() {
    let place = vacant().to_string();
    let hints = [&place, "loopback", ELSEWHERE, "--bind", "--advertise"];
    // It has two minutes, and the test has one.
    fails(&["--bind", &place, "--join", ELSEWHERE], 4, &hints).await;
    fails(&["--bind", &place, "--join", ELSEWHERE, "--retry-join"], 4, &hints).await;
    let args = ["--bind", "0.0.0.0:0", "--advertise", &place, "--join", ELSEWHERE];
    fails(&args, 4, &hints).await;
}

#[tokio::test]
async fn an_agent_on_loopback_refuses_to_heal_with_another_machine() {
    let agent = Agent::start(&[]).await;
    let ended = run(["heal", "--admin", &agent.admin.to_string(), ELSEWHERE]).await;
    check(ended, 6, &["another machine", "loopback", "an address that it can reach"]);
}

#[tokio::test]
async fn what_is_written_wrongly_is_named_with_what_to_write() {
    for (args, hints) in [
        (["--bind", "here"], ["--bind", "`here` is no address"]),
        (["--bind", "127.0.0.1"], ["--bind", "ADDRESS:PORT"]),
        (["--join", "10.0.0.1"], ["--join", "`10.0.0.1` is no host; write NAME:PORT or ADDRESS:PORT"]),
        (["--dns", "a b:7946"], ["--dns", "`a b:7946` is no host; write NAME:PORT"]),
        (["--label", "zone"], ["--label", "KEY=VALUE"]),
        (["--label", "__zone=a"], ["`__zone`", "reserved"]),
        (["--admin", "0.0.0.0:0"], ["from other machines", "--admin-exposed"]),
        (["--admin", "on"], ["--admin", "`off`"]),
        (["--join-timeout", "90"], ["--join-timeout", "with its unit"]),
        (["--join-timeout", "0s"], ["--join-timeout", "above zero"]),
        (["--log", "swim=loud"], ["log filter", "such as `info`"]),
        (["--preset", "moon"], ["--preset", "lan"]),
        (["--cluster", ""], ["app", "1 to 255"]),
    ] {
        fails(&args, 2, &hints).await;
    }
}

#[tokio::test]
async fn a_mistake_in_the_settings_file_is_named_with_its_place() {
    let folder = Folder::new();
    let missing = folder.path("missing.toml");
    fails(&["--config", &missing], 2, &[&missing, "cannot be read", "because: No such file"]).await;
    for (text, hints) in [
        ("bindd = '127.0.0.1:0'", ["bindd", "unknown field"]),
        ("bind = 'here'", ["line 1", "`here` is no address"]),
        ("join = 'one'", ["line 1", "sequence"]),
        ("cluster = ", ["line 1", "is not understood"]),
        ("[options]\nping_timeuot = '1s'", ["[options] ping_timeuot", "unknown field"]),
        ("[options]\nping_timeout = 'soon'", ["[options] ping_timeout", "with its unit"]),
        ("[options]\nping_request_size = 99", ["ping_request_size", "16"]),
        ("[labels]\n__a = 'b'", ["`__a`", "reserved"]),
    ] {
        let file = folder.write("agent.toml", text);
        fails(&["--config", &file], 2, &hints).await;
    }
}

#[tokio::test]
async fn commands_without_an_agent_say_how_to_get_one() {
    let nobody = vacant().to_string();
    for command in ["members", "watch", "info", "leave", "rejoin", "heal", "label", "reap"] {
        let ended = run([command, "--admin", &nobody]).await;
        check(ended, 5, &["no agent answers", &nobody, "swim agent", "--admin"]);
    }
    let member = Agent::start(&[]).await;
    let wrong = member.address.to_string();
    check(run(["members", "--admin", &wrong]).await, 5, &[&wrong]);
}

#[tokio::test]
async fn what_an_agent_refuses_is_told_with_its_reason() {
    let agent = Agent::start(&[]).await;
    let admin = agent.admin.to_string();
    check(run(["rejoin", "--admin", &admin]).await, 6, &["has not left"]);
    check(run(["label", "--admin", &admin, "__a=b"]).await, 6, &["`__a`", "reserved"]);
    check(run(["heal", "--admin", &admin, &agent.address.to_string()]).await, 6, &["nothing to heal"]);
}
