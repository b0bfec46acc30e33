//! The admin address: what can be read and asked, who may, and how much.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::helpers::within;
use crate::process::{Agent, Folder, Process, ask, request, swim};

#[tokio::test]
async fn what_an_agent_knows_can_be_read() {
    let first = Agent::start(&["--cluster", "shop", "--label", "zone=a"]).await;
    let second = Agent::joining(&first, &["--cluster", "shop"]).await;
    first.until_status(second.address, "alive").await;

    let members = first.get("/v1/members").await.json();
    assert_eq!(members["local"], first.address.to_string());
    assert_eq!(members["members"].as_array().unwrap().len(), 2);
    assert_eq!(members["checksum"].as_str().unwrap().len(), 8);
    let info = first.get("/v1/info").await.json();
    assert_eq!((info["cluster"].as_str(), info["ready"].as_bool()), (Some("shop"), Some(true)));
    assert_eq!((&info["members"]["alive"], &info["labels"]["zone"]), (&2.into(), &"a".into()));
    assert_eq!(info["pid"].as_u64(), first.process.child.id().map(u64::from));
    assert!(first.get("/v1/stats").await.json()["counters"]["joins_received"].as_u64() >= Some(1));
    assert_eq!(first.get("/v1/labels").await.json(), serde_json::json!({ "zone": "a" }));
    let metrics = first.get("/metrics").await;
    let line = format!("swim_ping_recv_total{{local=\"{}\",cluster=\"shop\"}}", first.address);
    assert!(metrics.status == 200 && metrics.body.contains(&line), "{}", metrics.body);
    assert!(metrics.body.contains("swim_ping_seconds_bucket"), "{}", metrics.body);
}

#[tokio::test]
async fn an_agent_answers_nobody_where_that_is_wanted_however_it_is_said() {
    let folder = Folder::new();
    let file = folder.write("agent.toml", "admin = 'off'\n");
    let agent = |flags: &[&str], environment: Option<&str>| {
        let mut command = swim();
        command.args(["agent", "--bind", "127.0.0.1:0"]).args(flags);
        command.envs(environment.map(|admin| ("SWIM_ADMIN", admin)));
        Process::start(&mut command)
    };
    for off in [
        agent(&["--admin", "off"], None),
        agent(&["--admin", "off"], Some("127.0.0.1:0")),
        agent(&[], Some("off")),
        agent(&["--config", &file], None),
    ] {
        assert_eq!(off.out.line("  admin ").await.trim_start(), "admin       off");
        off.out.line("joined:").await;
    }
    for on in [agent(&["--admin", "127.0.0.1:0"], Some("off")), agent(&["--config", &file], Some("127.0.0.1:0"))] {
        on.out.line("http://127.0.0.1:").await;
    }
}

#[tokio::test]
async fn a_stream_of_events_has_a_sign_of_life_each_second() {
    let agent = Agent::start(&[]).await;
    agent.process.out.line("joined:").await;
    let mut stream = BufReader::new(TcpStream::connect(agent.admin).await.unwrap()).lines();
    // Of this kind there are none.
    let request = request(agent.admin, "GET", "/v1/events?kinds=JoinFailed", "");
    stream.get_mut().write_all(request.as_bytes()).await.unwrap();
    let three = async {
        let mut signs = 0;
        while signs < 3 {
            let line = stream.next_line().await.unwrap().unwrap();
            assert!(!line.starts_with("event: ") || line == "event: Members", "{line}");
            signs += u32::from(line == ":");
        }
    };
    timeout(Duration::from_secs(10), three).await.expect("they come soon enough");
}

#[tokio::test]
async fn health_is_of_the_process_and_readiness_of_the_member() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let waiting = Agent::start(&["--join", &silent.local_addr().unwrap().to_string()]).await;
    assert_eq!(waiting.get("/health").await.status, 200);
    let ready = waiting.get("/ready").await;
    assert_eq!(ready.status, 503);
    assert!(ready.json()["error"].as_str().unwrap().contains("not joined"));

    let agent = Agent::start(&[]).await;
    agent.process.out.line("joined:").await;
    assert_eq!(agent.get("/ready").await.status, 200);
    assert_eq!(agent.post("/v1/leave").await.status, 200);
    assert_eq!(agent.get("/ready").await.status, 503);
    assert_eq!(agent.get("/health").await.status, 200);
}

#[tokio::test]
async fn an_agent_leaves_and_comes_back_when_it_is_asked_to() {
    let first = Agent::start(&[]).await;
    let second = Agent::joining(&first, &[]).await;
    first.until_status(second.address, "alive").await;
    let left = second.post("/v1/leave").await.json();
    assert_eq!(left, serde_json::json!({ "done": "left", "count": 1 }));
    first.until_status(second.address, "leave").await;
    let again = second.post("/v1/leave").await;
    assert_eq!(again.status, 409);
    assert!(again.json()["error"].as_str().unwrap().contains("left already"));
    assert_eq!(second.post("/v1/rejoin").await.status, 200);
    first.until_status(second.address, "alive").await;
}

#[tokio::test]
async fn labels_are_replaced_and_changed_one_by_one() {
    let first = Agent::start(&["--label", "zone=a"]).await;
    first.process.out.line("joined:").await;
    let patch = async |body: &str| first.ask("PATCH", "/v1/labels", body).await;
    assert_eq!(patch(r#"{"rack":"7"}"#).await.json(), serde_json::json!({ "rack": "7", "zone": "a" }));
    assert_eq!(patch(r#"{"zone":null}"#).await.json(), serde_json::json!({ "rack": "7" }));
    let put = first.ask("PUT", "/v1/labels", r#"{"a":"b"}"#).await;
    assert_eq!(put.json(), serde_json::json!({ "a": "b" }));
    assert_eq!(first.get("/v1/labels").await.json(), put.json());
    for bad in [r#"{"__a":"b"}"#, "[1]", "{", r#"{"a":7}"#] {
        let refused = patch(bad).await;
        assert!((400..500).contains(&refused.status), "{bad}: {refused:?}");
        assert!(!refused.json()["error"].as_str().unwrap().is_empty());
    }
    assert_eq!(first.get("/v1/labels").await.json(), put.json(), "they are as they were");
}

#[tokio::test]
async fn gossip_is_switched_off_and_on_and_done_once() {
    let agent = Agent::start(&[]).await;
    agent.process.out.line("joined:").await;
    assert_eq!(agent.post("/v1/gossip/off").await.status, 200);
    assert_eq!(agent.get("/v1/info").await.json()["gossiping"], false);
    assert_eq!(agent.post("/v1/gossip/tick").await.status, 200);
    assert_eq!(agent.post("/v1/gossip/on").await.status, 200);
    assert_eq!(agent.get("/v1/info").await.json()["gossiping"], true);
    let wrong = agent.post("/v1/gossip/sideways").await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.json()["error"].as_str().unwrap().contains("sideways"));
}

#[tokio::test]
async fn a_partition_is_played_and_healed() {
    let first = Agent::start(&["--allow-partitions"]).await;
    let second = Agent::joining(&first, &["--allow-partitions"]).await;
    first.until_status(second.address, "alive").await;
    for (agent, other) in [(&first, &second), (&second, &first)] {
        let cut = agent.ask("PUT", "/v1/cut", &format!("{{\"members\":[\"{}\"]}}", other.address)).await;
        assert_eq!(cut.json()["members"][0], other.address.to_string());
    }
    first.until_status(second.address, "faulty").await;
    second.until_status(first.address, "faulty").await;
    for agent in [&first, &second] {
        assert_eq!(agent.ask("DELETE", "/v1/cut", "").await.json(), serde_json::json!({ "members": [] }));
    }
    let healed = first.post(&format!("/v1/heal?target={}", second.address)).await;
    assert_eq!(healed.json(), serde_json::json!({ "done": "healed", "count": 1 }));
    let nobody = first.post("/v1/heal?target=nobody").await;
    assert_eq!(nobody.status, 400);
    assert!(nobody.json()["error"].as_str().unwrap().contains("target"), "{}", nobody.body);
    first.until_status(second.address, "alive").await;
    second.until_status(first.address, "alive").await;
}

#[tokio::test]
async fn partitions_are_refused_unless_the_agent_was_started_for_them() {
    let agent = Agent::start(&[]).await;
    for (method, body) in [("GET", ""), ("PUT", "{\"members\":[\"127.0.0.1:1\"]}"), ("DELETE", "")] {
        let refused = agent.ask(method, "/v1/cut", body).await;
        assert_eq!(refused.status, 403, "{method}");
        assert!(refused.json()["error"].as_str().unwrap().contains("--allow-partitions"));
    }
}

#[tokio::test]
async fn faulty_members_are_reaped() {
    let first = Agent::start(&[]).await;
    let mut second = Agent::joining(&first, &[]).await;
    second.process.child.kill().await.unwrap();
    first.until_status(second.address, "faulty").await;
    assert_eq!(first.post("/v1/reap").await.status, 200);
    assert_eq!(first.status(second.address).await.as_deref(), Some("tombstone"));
}

#[tokio::test]
async fn events_begin_with_the_list_and_go_on_with_what_changes() {
    let first = Agent::start(&[]).await;
    first.process.out.line("joined:").await;
    let mut stream = BufReader::new(TcpStream::connect(first.admin).await.unwrap()).lines();
    let path = "/v1/events?kinds=MemberlistChangesApplied,joinreceive";
    stream.get_mut().write_all(request(first.admin, "GET", path, "").as_bytes()).await.unwrap();
    let mut next = async |name: &str| {
        let name = format!("event: {name}");
        // Signs of life come all the time, so that the minute is for all lines together.
        let data = within(async {
            while stream.next_line().await.unwrap().unwrap() != name {}
            stream.next_line().await.unwrap().unwrap()
        });
        let data = data.await;
        serde_json::from_str::<serde_json::Value>(data.strip_prefix("data: ").unwrap()).unwrap()
    };
    let members = next("Members").await;
    assert_eq!(members["members"].as_array().unwrap().len(), 1);
    let second = Agent::joining(&first, &[]).await;
    assert_eq!(next("JoinReceive").await["source"], second.address.to_string());
    let applied = loop {
        let applied = next("MemberlistChangesApplied").await;
        if applied["changes"][0]["address"] == second.address.to_string() {
            break applied;
        }
    };
    assert_eq!(applied["num_members"], 2);
    let twice = first.get("/v1/events?kinds=Members&kinds=PingSend").await;
    assert_eq!((twice.status, twice.json()["error"].is_string()), (400, true));
    let wrong = first.get("/v1/events?kinds=Nonsense").await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.json()["error"].as_str().unwrap().contains("PingSend"), "the kinds are listed");
}

#[tokio::test]
async fn web_pages_are_turned_away() {
    let agent = Agent::start(&[]).await;
    let plain = request(agent.admin, "POST", "/v1/leave", "");
    for page in [
        plain.replace("\r\n\r\n", "\r\nOrigin: http://evil.example\r\n\r\n"),
        plain.replace(&format!("Host: {}", agent.admin), "Host: evil.example"),
    ] {
        assert_ne!(page, plain);
        assert_eq!(ask(agent.admin, &page).await.status, 403);
    }
    assert_eq!(agent.get("/v1/info").await.json()["status"], "alive");
    let local = plain.replace(&agent.admin.ip().to_string(), "localhost").replace("POST /v1/leave", "GET /v1/info");
    assert_eq!(ask(agent.admin, &local).await.status, 200);
}

#[tokio::test]
async fn nonsense_is_answered_and_bodies_are_bounded() {
    let agent = Agent::start(&[]).await;
    assert_eq!(agent.get("/v1/nothing").await.status, 404);
    assert_eq!(agent.get("/v1/leave").await.status, 405);
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(100_000));
    assert_eq!(agent.ask("PUT", "/v1/labels", &long).await.status, 413);
    assert_eq!(ask(agent.admin, "\u{1}\u{2}\r\n\r\n").await.status, 400);
    assert_eq!(agent.get("/health").await.status, 200);
}

#[tokio::test]
async fn connections_are_bounded_and_wait_for_their_turn() {
    let agent = Agent::start(&[]).await;
    let mut idle = Vec::new();
    for _ in 0..64 {
        idle.push(TcpStream::connect(agent.admin).await.unwrap());
    }
    let mut late = TcpStream::connect(agent.admin).await.unwrap();
    late.write_all(request(agent.admin, "GET", "/health", "").as_bytes()).await.unwrap();
    let mut first = [0];
    assert!(timeout(Duration::from_millis(700), late.read(&mut first)).await.is_err(), "all turns are taken");
    idle.pop();
    assert_eq!(within(late.read(&mut first)).await.unwrap(), 1, "one is free");
}
