//! The commands that talk to an agent.

mod act;
mod info;
mod label;
mod members;
mod watch;

use serde::Serialize;

#[cfg(unix)]
pub(crate) use self::act::encoded;
pub(crate) use self::act::{Gossip, HealArgs};
pub(crate) use self::label::LabelArgs;
use crate::client::{Client, PATIENCE};
use crate::exit::{Exit, Failure, OrExit};
use crate::output::print;
use crate::settings::ADMIN;
use crate::settings::flags::{self, AdminAt};

/// Which agent, and how its answer is printed.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AskArgs {
    /// The admin address of the agent.
    #[arg(long, value_name = "ADDRESS:PORT", env = "SWIM_ADMIN", default_value_t = AdminAt::Address(ADMIN),
          value_parser = flags::admin)]
    admin: AdminAt,
    /// How long the agent may be silent before it is given up; `watch` waits for three seconds at least.
    #[arg(long, value_name = "TIME", env = "SWIM_TIMEOUT", default_value_t = PATIENCE.into(),
          value_parser = |text: &str| flags::time(text).map(humantime::Duration::from))]
    timeout: humantime::Duration,
    /// Prints JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Members,
    Watch,
    Info,
    Leave,
    Rejoin,
    Reap,
    Heal(HealArgs),
    Gossip(Gossip),
    Label(LabelArgs),
}

impl AskArgs {
    /// Asks, and prints the answer.
    pub(crate) fn run(self, ask: Ask) -> Result<(), Failure> {
        let AdminAt::Address(admin) = self.admin else {
            let error = anyhow::anyhow!(
                "the admin address is `off`, in --admin or SWIM_ADMIN: that is for agents that answer nobody; pass --admin \
                 ADDRESS:PORT with the admin address of the agent to ask"
            );
            return Err(Failure::new(Exit::Mistake, error));
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().or_exit(Exit::Failed)?;
        let client = Client::new(admin, self.timeout.into());
        runtime.block_on(async {
            match ask {
                Ask::Members => members::run(&self, client).await,
                Ask::Watch => watch::run(&self, client).await,
                Ask::Info => info::run(&self, client).await,
                Ask::Leave => act::leave(&self, client).await,
                Ask::Rejoin => act::rejoin(&self, client).await,
                Ask::Reap => act::reap(&self, client).await,
                Ask::Heal(heal) => act::heal(&self, client, heal).await,
                Ask::Gossip(gossip) => act::gossip(&self, client, gossip).await,
                Ask::Label(label) => label::run(&self, client, label).await,
            }
        })
    }

    /// Prints `answer` as JSON where that is wanted, and as `text` otherwise.
    fn show(&self, answer: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        let text = if self.json { serde_json::to_string(answer).or_exit(Exit::Failed)? } else { text() };
        Ok(print(text)?)
    }
}
