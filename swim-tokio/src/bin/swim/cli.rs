//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::agent;
use crate::ask::{Ask, AskArgs, Gossip, HealArgs, LabelArgs};
#[cfg(unix)]
use crate::cluster::ClusterArgs;
use crate::exit::Failure;
use crate::help;
use crate::settings::flags::AgentFlags;
use crate::voice;

/// Membership for clusters: who is there, who is dead, and how two halves that lost each other become one again.
///
/// `swim cluster` shows all of it on one terminal. `swim agent` makes this machine a member; the other commands talk to
/// an agent over its admin address.
#[derive(Clone, Debug, Parser)]
#[command(version, after_help = help::SWIM, max_term_width = 120)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What the program can do.
#[derive(Clone, Debug, Subcommand)]
enum Command {
    Agent(Box<AgentFlags>),
    #[cfg(unix)]
    Cluster(ClusterArgs),
    /// Lists the members that an agent knows.
    ///
    /// The dead are among them, until they are forgotten: a partition could not be healed otherwise. Agents that show the
    /// same checksum have the same list.
    #[command(after_help = help::MEMBERS)]
    Members(AskArgs),
    /// Lists the members, and from then on shows every change, until Ctrl-C.
    ///
    /// It ends with status 5 when the agent ends or says nothing any more.
    #[command(after_help = help::WATCH)]
    Watch(AskArgs),
    /// Shows what an agent says of itself.
    ///
    /// Local health is 0 where the agent keeps up with its peers; above that it gives them more time to answer, because
    /// it is probably slow itself.
    #[command(after_help = help::INFO)]
    Info(AskArgs),
    /// Makes an agent leave its cluster; it keeps running, and can rejoin.
    ///
    /// It returns once others know. To end the agent as well, send it SIGTERM instead: it then leaves by itself.
    #[command(after_help = help::LEAVE)]
    Leave(AskArgs),
    /// Makes an agent come back after `leave`.
    #[command(after_help = help::REJOIN)]
    Rejoin(AskArgs),
    /// Looks for partitions and heals them now, instead of some time soon.
    ///
    /// The sides come together within seconds after that; `swim watch` shows it.
    #[command(after_help = help::HEAL)]
    Heal {
        #[command(flatten)]
        heal: HealArgs,
        #[command(flatten)]
        ask: AskArgs,
    },
    /// Shows or changes the labels of an agent: `swim label zone=a old-`.
    ///
    /// All members see them. There are at most 5, with keys of up to 32 bytes and values of up to 128.
    #[command(after_help = help::LABEL)]
    Label {
        #[command(flatten)]
        label: LabelArgs,
        #[command(flatten)]
        ask: AskArgs,
    },
    /// Turns the faulty members of an agent's list into tombstones, to be forgotten soon.
    #[command(after_help = help::REAP)]
    Reap(AskArgs),
    /// Starts or stops an agent's probing, or runs one protocol period.
    #[command(after_help = help::GOSSIP)]
    Gossip {
        /// What to do.
        gossip: Gossip,
        #[command(flatten)]
        ask: AskArgs,
    },
}

impl Args {
    /// Does what the command line asks for.
    pub(crate) fn run(self) -> ExitCode {
        let exit = match self.command.run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.report(),
        };
        voice::end();
        exit
    }
}

impl Command {
    fn run(self) -> Result<(), Failure> {
        match self {
            Self::Agent(flags) => agent::run(*flags),
            #[cfg(unix)]
            Self::Cluster(cluster) => cluster.run(),
            Self::Members(ask) => ask.run(Ask::Members),
            Self::Watch(ask) => ask.run(Ask::Watch),
            Self::Info(ask) => ask.run(Ask::Info),
            Self::Leave(ask) => ask.run(Ask::Leave),
            Self::Rejoin(ask) => ask.run(Ask::Rejoin),
            Self::Reap(ask) => ask.run(Ask::Reap),
            Self::Heal { heal, ask } => ask.run(Ask::Heal(heal)),
            Self::Label { label, ask } => ask.run(Ask::Label(label)),
            Self::Gossip { gossip, ask } => ask.run(Ask::Gossip(gossip)),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, CommandFactory};

    use super::*;
    use crate::settings::flags::AdminAt;
    use crate::settings::{Preset, Settings};

    /// The commands, but for the one that shows help.
    fn commands() -> Vec<clap::Command> {
        let mut swim = Args::command();
        swim.build();
        swim.get_subcommands().filter(|command| command.get_name() != "help").cloned().collect()
    }

    /// The options and arguments of `command` that its help shows, but for --help.
    fn shown(command: &clap::Command) -> Vec<&Arg> {
        let all = command.get_arguments();
        all.filter(|argument| !argument.is_hide_set() && argument.get_id() != "help").collect()
    }

    /// The help of `command`, where lines end as they happen to, on one line.
    fn help_of(command: &clap::Command) -> String {
        let help = command.clone().render_long_help().to_string();
        help.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What the text of an option says its default is, where the code has it and not the command line.
    fn told_default(command: &clap::Command, option: &str) -> String {
        let argument = shown(command).into_iter().find(|argument| argument.get_long() == Some(option));
        let help = argument.and_then(Arg::get_help).map(ToString::to_string);
        let help = help.unwrap_or_else(|| panic!("no help of --{option}"));
        let (_, default) = help.split_once("[default: ").unwrap_or_else(|| panic!("no default of --{option}: {help}"));
        default.split_once(']').map(|(default, _)| default.to_owned()).unwrap_or_default()
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_help_tells_of_every_option_with_its_default_and_variable() {
        for command in commands() {
            let (name, help) = (command.get_name(), help_of(&command));
            for argument in shown(&command) {
                let text = argument.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(text.len() > 8, "{name} does not explain {argument}");
                let Some(long) = argument.get_long() else { continue };
                assert!(help.contains(&format!("--{long}")), "{name} does not name --{long}: {help}");
                let defaults = argument.get_default_values();
                for default in defaults.iter().filter(|_| argument.get_action().takes_values()) {
                    let default = format!("[default: {}]", default.to_string_lossy());
                    assert!(help.contains(&default), "{name} does not show {default} of --{long}: {help}");
                }
                // Where the command line does not know the default, the text has to.
                let is_told = text.contains("[default: ");
                assert!(is_told || !defaults.is_empty(), "{name} does not tell the default of --{long}: {text}");
                if let Some(variable) = argument.get_env().map(|variable| variable.to_string_lossy()) {
                    assert!(help.contains(&format!("[env: {variable}=")), "{name} does not name {variable}");
                    let of_option = format!("SWIM_{}", long.to_uppercase().replace('-', "_"));
                    assert!(*variable == of_option || *variable == format!("{of_option}S"), "--{long} is {variable}");
                }
            }
        }
    }

    #[test]
    fn every_help_ends_with_examples_that_are_understood_and_with_its_statuses() {
        for command in commands() {
            let name = command.get_name();
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let (examples, statuses) =
                after.split_once("\n\nExit status: 0 ").unwrap_or_else(|| panic!("{name}: {after}"));
            assert!(statuses.contains("; 1 ") && statuses.contains("; 2 a mistake"), "{name}: {statuses}");
            let examples = examples.strip_prefix("Examples:\n").unwrap_or_else(|| panic!("{name}: {after}"));
            for example in examples.lines() {
                // What follows two blanks is a remark.
                let line = example.trim_start().split("  ").next().unwrap_or_default();
                let line = line.rsplit_once(" | ").map_or(line, |(_, line)| line);
                assert!(line.split(' ').take(2).eq(["swim", name]), "{name}: {example}");
                if let Err(error) = Args::try_parse_from(line.split(' ')) {
                    panic!("{example}: {error}");
                }
            }
        }
    }

    #[test]
    fn the_defaults_that_the_help_of_the_agent_tells_are_those_that_hold() {
        let commands = commands();
        let agent = commands.iter().find(|command| command.get_name() == "agent").expect("there is one");
        let told = |option| told_default(agent, option);
        let Settings { bind, admin, options, .. } = Settings::resolve(AgentFlags::default()).expect("it has defaults");
        assert_eq!(told("bind"), bind.to_string());
        assert_eq!(told("cluster"), options.app);
        assert_eq!(told("join-timeout"), humantime::format_duration(options.join.max_duration).to_string());
        assert_eq!(told("admin"), "127.0.0.1, the port of --bind plus 1000");
        assert_eq!(admin, AdminAt::Address(([127, 0, 0, 1], bind.port() + 1000).into()));
        assert_eq!(<Preset as clap::ValueEnum>::from_str(&told("preset"), false), Ok(Preset::default()));
        for of_the_asking in commands.iter().filter(|command| !["agent", "cluster"].contains(&command.get_name())) {
            let admin = shown(of_the_asking).into_iter().find(|argument| argument.get_long() == Some("admin"));
            let default = admin.expect("it asks an agent").get_default_values();
            assert_eq!(default, [std::ffi::OsStr::new("127.0.0.1:8946")], "{}", of_the_asking.get_name());
        }
    }

    #[test]
    fn the_guide_has_every_command_and_every_option_of_the_agent() {
        let guide = include_str!("../../../../docs/AGENT.md");
        for command in commands() {
            assert!(guide.contains(&format!("swim {}", command.get_name())), "{}", command.get_name());
            if command.get_name() != "agent" {
                continue;
            }
            for argument in shown(&command) {
                let long = argument.get_long().unwrap_or_default();
                let variable = argument.get_env().unwrap_or_default().to_string_lossy();
                let row = guide.lines().find(|line| {
                    line.starts_with(&format!("| `--{long}`")) || line.starts_with(&format!("| `--{long} "))
                });
                assert!(row.is_some_and(|row| row.contains(&format!("`{variable}`"))), "--{long}: {row:?}");
            }
        }
    }
}
