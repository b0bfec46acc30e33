//! `ringpop-node`: one member of a ringpop cluster, with the arguments that ringpop's own test program has.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use swim_tokio::ringpop::Ring;
use swim_tokio::swim_core::{ConfigError, Options, SuspicionTimeout};
use swim_tokio::{HostsFile, OwnLabels, SelfEvictError, StartError, Swim};
use tracing_subscriber::EnvFilter;

use self::voice::{LogLines, To};

#[path = "../swim/voice.rs"]
#[expect(dead_code, reason = "this one writes to stderr alone")]
mod voice;

/// A member of a ringpop cluster: speaks ringpop's protocol over TChannel and answers its admin endpoints.
///
/// SIGTERM and SIGINT make it tell the others that it is gone (self-eviction) and end with status 0; a second one ends it
/// at once. Logs go to stderr, by RUST_LOG. Status 1: the node could not start or join, or stopped by itself; 2: a mistake on the command line.
///
/// Example: ringpop-node --hosts=hosts.json --listen=127.0.0.1:3000
#[derive(Parser)]
#[command(name = "ringpop-node", version)]
struct Args {
    /// A JSON list of "ip:port", this node included. It is read again at every attempt to heal.
    #[arg(long, value_name = "FILE")]
    hosts: PathBuf,
    /// Where to listen. It is the node's name, so that it must be an address by which the others reach it.
    #[arg(long, value_name = "IP:PORT")]
    listen: SocketAddr,
    /// After how many milliseconds a suspect is declared faulty.
    #[arg(long, value_name = "MS", default_value_t = 5_000)]
    suspect_period: u64,
    /// After how many milliseconds a faulty member becomes a tombstone.
    #[arg(long, value_name = "MS", default_value_t = 86_400_000)]
    faulty_period: u64,
    /// After how many milliseconds a tombstone is forgotten.
    #[arg(long, value_name = "MS", default_value_t = 60_000)]
    tombstone_period: u64,
    /// The node's name on the hash ring [default: its address].
    #[arg(long, value_name = "NAME")]
    identity: Option<String>,
    /// The name of the application; processes of another one are not let in.
    #[arg(long, value_name = "NAME", default_value = "ringpop")]
    app: String,
}

fn main() -> ExitCode {
    let args = Args::parse();
    // One thread answers members and signals: no line that it writes may hold it up.
    voice::start();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    // What cannot be logged is lost: where the disk is full, saying so would fail as well, and end the process.
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(LogLines::default).log_internal_errors(false).init();
    let exit = match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let causes = error.chain().skip(1).map(|cause| format!("  because: {cause}\n"));
            let lines = std::iter::once(format!("error: {error}\n")).chain(causes).collect::<String>();
            // Where nobody listens there is nobody to tell.
            let _ = voice::write(To::Stderr, lines.as_bytes());
            ExitCode::FAILURE
        }
    };
    voice::end();
    exit
}

/// Each member may take a connection or two: as many descriptors as the system allows.
#[cfg(unix)]
fn raise_descriptors() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let raised =
        getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    if let Err(error) = raised {
        tracing::info!(%error, "the limit of open files stays as it is");
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    #[cfg(unix)]
    raise_descriptors();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(live(args));
    // A name that is being looked up or a file that is being read may hang; the threads that do it end with the process.
    runtime.shutdown_background();
    ended
}

async fn live(args: Args) -> anyhow::Result<()> {
    // Before the others can know of the node: from here on it never ends without telling them.
    let mut end = Signals::new().context("signals cannot be listened for")?;
    let node = tokio::select! {
        node = start(args) => node?,
        () = end.next() => return Ok(()),
    };
    tokio::select! {
        joined = node.joined() => {
            joined?;
            tokio::select! {
                () = end.next() => {}
                () = node.stopped() => anyhow::bail!("the node has stopped; its log says why"),
            }
        }
        () = end.next() => {}
    }
    tokio::select! {
        () = tell(&node) => {}
        // Who asks twice does not want to wait.
        () = end.next() => tracing::warn!("ended at once; the others may not have been told"),
    }
    node.shutdown().await;
    Ok(())
}

/// Tells the others that the node is gone.
async fn tell(node: &Swim) {
    loop {
        match node.self_evict().await {
            Ok(_) | Err(SelfEvictError::NotReady | SelfEvictError::AlreadyEvicted) => return,
            // A leave is being told, which takes no longer than a ping.
            Err(SelfEvictError::Busy) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => return tracing::warn!(%error, "the others were not told"),
        }
    }
}

async fn start(args: Args) -> anyhow::Result<Swim> {
    let mut options = Options { app: args.app, ..Options::ringpop() };
    options.state_timeouts.suspect = SuspicionTimeout::Fixed(Duration::from_millis(args.suspect_period));
    options.state_timeouts.faulty = Duration::from_millis(args.faulty_period);
    options.state_timeouts.tombstone = Duration::from_millis(args.tombstone_period);
    if let Some(identity) = args.identity {
        options.labels = OwnLabels::with_reserved([("__identity", identity)]).context("--identity cannot be used")?;
    }
    // On a thread: whoever waits for a disk that hangs can still end the process.
    let hosts = tokio::task::spawn_blocking(|| HostsFile::open(args.hosts)).await??;
    let node = Swim::builder().ringpop().options(options).bind(args.listen).discovery(hosts).ring(Ring::new());
    node.start().await.map_err(explain)
}

/// In the words of the command line.
fn explain(error: StartError) -> anyhow::Error {
    let advice = match &error {
        StartError::Options(ConfigError::Zero { .. }) => Some("give every period a millisecond at least"),
        StartError::CannotAdvertise { .. } => Some("give --listen an address by which the others reach this node"),
        _ => None,
    };
    let error = anyhow::Error::from(error);
    match advice {
        Some(advice) => error.context(advice),
        None => error,
    }
}

/// What asks the process to end.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_help_tells_every_option_with_its_default_the_statuses_and_an_example_that_is_understood() {
        let mut command = Args::command();
        command.build();
        command.clone().debug_assert();
        let help = command.clone().render_long_help().to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        for option in command.get_arguments().filter(|argument| argument.get_action().takes_values()) {
            let long = option.get_long().expect("each has a name");
            assert!(help.contains(&format!("--{long} <")), "--{long}: {help}");
            let text = option.get_help().map(ToString::to_string).unwrap_or_default();
            let defaults = option.get_default_values().iter().map(|default| default.to_string_lossy());
            let shown = defaults.map(|default| format!("[default: {default}]")).all(|default| help.contains(&default));
            let is_told = !option.get_default_values().is_empty() || text.contains("[default: ");
            assert!(shown && (is_told || option.is_required_set()), "--{long}: {text}");
        }
        for told in ["status 0", "Status 1:", "2: a mistake"] {
            assert!(help.contains(told), "no `{told}` in {help}");
        }
        let (_, example) = help.split_once("Example: ").expect("there is one");
        let (example, _) = example.split_once(" Usage:").expect("it stands before the usage");
        Args::try_parse_from(example.split(' ')).map(drop).expect("it is understood");
    }
}
