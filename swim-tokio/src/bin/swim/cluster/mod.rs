//! `swim cluster`: a cluster of processes on this machine, to kill, suspend, part and heal, from one terminal or script.

mod board;
mod line;
mod node;
mod view;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use hyper::Method;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use self::board::Board;
use self::line::{HELP, Line};
use self::node::{Life, Node, Plan};
use self::view::{Seen, View};
use crate::agent::signals::Signals;
use crate::api::{Cut, Done, Members};
use crate::ask::encoded;
use crate::exit::{Exit, Failure, OrExit};
use crate::help;
use crate::output::{Paint, print, say};

/// Starts a cluster of agents on this machine to play with: kill some, part them, and watch them notice and heal.
///
/// On a terminal the nodes are shown as they change, and `help` lists what can be typed. Lines that are piped in are
/// carried out one after another; the first that fails ends it with status 1. All agents end with this process.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = help::CLUSTER)]
pub(crate) struct ClusterArgs {
    /// How many nodes.
    #[arg(short, long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=64))]
    nodes: u16,
    /// The settings of the protocol: `local`, `lan` or `wan`.
    #[arg(long, default_value = "local", value_parser = ["local", "lan", "wan"])]
    preset: String,
    /// A folder to write each node's log to [default: none].
    #[arg(long, value_name = "FOLDER")]
    logs: Option<PathBuf>,
}

/// The cluster.
struct Cluster {
    plan: Plan,
    nodes: Vec<Node>,
    /// Who can reach whom: numbers of nodes. One side where nobody is cut off.
    sides: Vec<Vec<usize>>,
    board: Option<Board>,
}

/// What comes after a line.
enum Next {
    Line,
    End,
}

/// How often nodes are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// How long a node may take to say who is there.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// How long healing with one node is waited for.
const HEAL_MAX: Duration = Duration::from_secs(15);

impl ClusterArgs {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let program = std::env::current_exe().context("this program cannot be found").or_exit(Exit::Failed)?;
        if let Some(folder) = &self.logs {
            let made = std::fs::create_dir_all(folder);
            made.with_context(|| format!("the folder {} cannot be made", folder.display())).or_exit(Exit::Mistake)?;
        }
        let plan = Plan { program, preset: self.preset, logs: self.logs };
        // One thread, this one: on Linux a process that is to end with its parent ends with the thread that started it.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().or_exit(Exit::Failed)?;
        runtime.block_on(async {
            let mut signals = Signals::new().or_exit(Exit::Failed)?;
            // Whatever is dropped here ends its processes.
            tokio::select! {
                done = play(plan, self.nodes.into()) => Ok(done?),
                _ = signals.next() => Ok(()),
            }
        })
    }
}

async fn play(plan: Plan, nodes: usize) -> anyhow::Result<()> {
    let mut cluster = Cluster::start(plan, nodes).await?;
    let mut lines = read_lines();
    cluster.board = Board::open(nodes);
    if cluster.board.is_some() {
        print(HELP)?;
    }
    loop {
        if let Some(board) = &cluster.board {
            board.prompt();
        }
        let Some(line) = cluster.next_line(&mut lines).await else { break };
        match cluster.carry_out(&line).await {
            Ok(Next::Line) => {}
            Ok(Next::End) => break,
            Err(error) if cluster.board.is_some() => say(format_args!("{error:#}")),
            Err(error) => return Err(error.context(format!("`{}` failed", line.trim()))),
        }
    }
    cluster.end().await;
    Ok(())
}

impl Cluster {
    async fn start(plan: Plan, count: usize) -> anyhow::Result<Self> {
        let mut nodes: Vec<Node> = Vec::new();
        for number in 1..=count {
            let hosts: Vec<SocketAddr> = nodes.iter().map(|node| node.address).collect();
            nodes.push(Node::start(&plan, number, &hosts).await?);
        }
        let addresses: Vec<String> = nodes.iter().map(|node| node.address.to_string()).collect();
        print(format_args!("{count} nodes: {}", addresses.join(" ")))?;
        Ok(Self { plan, nodes, sides: vec![(1..=count).collect()], board: None })
    }

    /// The next line; meanwhile the board shows what happens.
    async fn next_line(&mut self, lines: &mut mpsc::Receiver<String>) -> Option<String> {
        if self.board.is_none() {
            return lines.recv().await;
        }
        loop {
            self.look().await;
            if let Ok(line) = timeout(LOOK_EVERY, lines.recv()).await {
                return line;
            }
        }
    }

    /// Looks at all nodes, and shows them where there is a board.
    async fn look(&mut self) -> View {
        for node in &mut self.nodes {
            if let Some(news) = node.look() {
                say(news);
            }
        }
        let mut answers = JoinSet::new();
        for (at, node) in self.nodes.iter().enumerate() {
            if let Ok(client) = node.client() {
                answers.spawn(async move { (at, timeout(ANSWER_MAX, client.get::<Members>("/v1/members")).await) });
            }
        }
        let mut lists: Vec<Option<Members>> = vec![None; self.nodes.len()];
        while let Some(answer) = answers.join_next().await {
            if let Ok((at, Ok(Ok(members)))) = answer {
                lists[at] = Some(members);
            }
        }
        let seen = |(node, members): (&Node, Option<Members>)| Seen {
            number: node.number,
            address: node.address,
            life: node.life(),
            side: self.side_of(node.number),
            members,
        };
        let view = View(self.nodes.iter().zip(lists).map(seen).collect());
        if let Some(board) = &mut self.board {
            board.draw(&view);
        }
        view
    }

    async fn carry_out(&mut self, line: &str) -> anyhow::Result<Next> {
        match Line::parse(line, self.nodes.len()).map_err(anyhow::Error::msg)? {
            Line::Empty => {}
            Line::Help => print(HELP)?,
            Line::Quit => return Ok(Next::End),
            Line::Kill(numbers) => {
                for number in numbers {
                    self.nodes[number - 1].kill().await?;
                    print(format_args!("node {number} is down"))?;
                }
            }
            Line::Revive(numbers) => self.revive(&numbers).await?,
            Line::Suspend(numbers) => {
                for number in numbers {
                    self.nodes[number - 1].suspend()?;
                    print(format_args!("node {number} is suspended"))?;
                }
            }
            Line::Resume(numbers) => {
                for number in numbers {
                    self.nodes[number - 1].resume()?;
                    print(format_args!("node {number} runs on"))?;
                }
            }
            Line::Leave(numbers) => self.ask_each(&numbers, "/v1/leave", "has left").await?,
            Line::Rejoin(numbers) => self.ask_each(&numbers, "/v1/rejoin", "is back").await?,
            Line::Partition(sides) => self.part(sides).await?,
            Line::Heal => self.heal().await?,
            Line::Members => {
                let view = self.look().await;
                print(view.table(usize::MAX, Paint::of_stdout()).join("\n"))?;
            }
            Line::WaitAgree(max) => self.wait_agree(max).await?,
            Line::Wait(time) => self.wait(time).await,
        }
        Ok(Next::Line)
    }

    async fn revive(&mut self, numbers: &[usize]) -> anyhow::Result<()> {
        for number in numbers {
            let hosts: Vec<SocketAddr> = self.nodes.iter().map(|node| node.address).collect();
            let cut = self.beyond(*number);
            self.nodes[number - 1].revive(&self.plan, &hosts, &cut).await?;
            print(format_args!("node {number} runs again"))?;
        }
        Ok(())
    }

    async fn ask_each(&self, numbers: &[usize], path: &str, done: &str) -> anyhow::Result<()> {
        for number in numbers {
            let client = self.nodes[number - 1].client()?;
            client.post::<Done>(path).await?;
            print(format_args!("node {number} {done}"))?;
        }
        Ok(())
    }

    /// Cuts the network between `sides`.
    async fn part(&mut self, sides: Vec<Vec<usize>>) -> anyhow::Result<()> {
        // Nobody is cut off before all can be.
        if let Some(node) = self.nodes.iter().find(|node| node.life() == Life::Suspended) {
            bail!("node {} is suspended and cannot be cut off; `resume {0}` first", node.number);
        }
        self.sides = sides;
        self.apply_sides().await?;
        let sides: Vec<String> = self.sides.iter().map(|side| listed(side)).collect();
        print(format_args!("the network is cut between {}", sides.join(" and ")))
    }

    /// Ends the partition, and asks a node of each side to heal with one of the first at once.
    async fn heal(&mut self) -> anyhow::Result<()> {
        if let Some(node) = self.nodes.iter().find(|node| node.life() == Life::Suspended) {
            bail!("node {} is suspended and would stay cut off; `resume {0}` first", node.number);
        }
        let all = (1..=self.nodes.len()).collect();
        let sides = std::mem::replace(&mut self.sides, vec![all]);
        self.apply_sides().await?;
        print("the network is whole")?;
        let running = |side: &Vec<usize>| {
            side.iter().map(|number| &self.nodes[number - 1]).find(|node| node.life() == Life::Running)
        };
        let firsts: Vec<&Node> = sides.iter().filter_map(running).collect();
        let Some((first, others)) = firsts.split_first() else { return Ok(()) };
        for other in others {
            let path = format!("/v1/heal?target={}", encoded(other.address));
            match timeout(HEAL_MAX, first.client()?.post::<Done>(&path)).await {
                Ok(Ok(_)) => print(format_args!("node {} heals with node {}", first.number, other.number))?,
                // They may not have noticed the partition yet, or have healed by themselves.
                Ok(Err(error)) => print(format_args!("node {} and node {}: {error}", first.number, other.number))?,
                Err(_) => print(format_args!("node {} still heals with node {}", first.number, other.number))?,
            }
        }
        Ok(())
    }

    /// Tells every node that runs whom it cannot reach.
    async fn apply_sides(&self) -> anyhow::Result<()> {
        for node in self.nodes.iter().filter(|node| node.life() == Life::Running) {
            let cut = Cut { members: self.beyond(node.number) };
            node.client()?.send::<Cut>(Method::PUT, "/v1/cut", &cut).await?;
        }
        Ok(())
    }

    async fn wait_agree(&mut self, max: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + max;
        loop {
            match self.look().await.agreed() {
                Ok(sides) => return print(format_args!("agreed: {}", sides.join("; "))),
                Err(reason) if Instant::now() >= until => bail!("they do not agree after {max:?}: {reason}"),
                Err(_) => sleep(LOOK_EVERY).await,
            }
        }
    }

    async fn wait(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            if self.board.is_some() {
                self.look().await;
            }
            sleep(LOOK_EVERY.min(until - Instant::now())).await;
        }
    }

    /// Ends all nodes, and waits for that.
    async fn end(&mut self) {
        for node in &mut self.nodes {
            if node.life() != Life::Down {
                // What cannot be killed here is when it is dropped, or ends by itself.
                let _ = node.kill().await;
            }
        }
    }

    fn side_of(&self, number: usize) -> usize {
        self.sides.iter().position(|side| side.contains(&number)).unwrap_or_default()
    }

    /// Who cannot be reached from node `number`.
    fn beyond(&self, number: usize) -> Vec<SocketAddr> {
        let side = self.side_of(number);
        self.nodes.iter().filter(|node| self.side_of(node.number) != side).map(|node| node.address).collect()
    }
}

fn listed(numbers: &[usize]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// The lines of stdin, read by a thread that ends with the process.
fn read_lines() -> mpsc::Receiver<String> {
    let (lines, read) = mpsc::channel(64);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            let Ok(line) = line else { break };
            if lines.blocking_send(line).is_err() {
                break;
            }
        }
    });
    read
}
