//! What the help of each command teaches after its options: examples, each of which is a command line that is understood,
//! and the exit statuses.

pub(crate) const SWIM: &str = "\
Examples:
  swim cluster -n 5                                         five members on this machine, to play with
  swim agent                                                a member, with its admin address at 127.0.0.1:8946
  swim agent --bind 127.0.0.1:7947 --join 127.0.0.1:7946    a second one beside it
  swim members                                              who is there
  swim watch                                                ... and who comes and goes
  swim label zone=a

Exit status: 0 done; 1 failed otherwise; 2 a mistake on the command line, in the environment, or in a file; 3 a port or an \
address cannot be used; 4 the cluster was not joined; 5 no agent answers; 6 the agent refused.";

pub(crate) const AGENT: &str = "\
Examples:
  swim agent                                                a cluster of one on this machine
  swim agent --bind 127.0.0.1:7947 --join 127.0.0.1:7946    a second member beside it
  swim agent --bind 0.0.0.0:7946 --advertise 10.0.0.5:7946 --hosts-file /etc/swim/hosts.json
  swim agent --config /etc/swim/agent.toml --label zone=a

Exit status: 0 it left when it was asked to; 1 it failed otherwise; 2 a mistake on the command line, in the environment, or \
in a file; 3 a port or an address cannot be used; 4 the cluster was not joined.";

#[cfg(unix)]
pub(crate) const CLUSTER: &str = "\
Examples:
  swim cluster                           five nodes and a prompt: try `kill 2`, `partition 1,2|3,4,5`, `heal`
  swim cluster -n 9 --preset lan --logs .
  printf 'kill 2\\nwait-agree\\nmembers\\n' | swim cluster -n 3

Exit status: 0 all was done; 1 a line failed, or the nodes did not agree in time; 2 a mistake on the command line.";

/// Examples of a command that asks an agent, and how such a command ends.
macro_rules! asking {
    ($($example:literal)+) => {
        concat!(
            "Examples:\n",
            $("  ", $example, "\n",)+
            "\nExit status: 0 done; 1 failed otherwise; 2 a mistake on the command line or in the environment; 5 no agent \
             answers; 6 the agent refused."
        )
    };
}

pub(crate) const MEMBERS: &str = asking!(
    "swim members                             those that the agent on this machine knows"
    "swim members --admin 127.0.0.1:8947      those that another one knows"
    "swim members --json"
);
pub(crate) const WATCH: &str = asking!(
    "swim watch                               until Ctrl-C, or until the agent ends or falls silent"
    "swim watch --json                        one event a line, the list first"
);
pub(crate) const INFO: &str = asking!(
    "swim info                                status, checksum, counts, health"
    "swim info --json --timeout 2s            for a script that cannot wait"
);
pub(crate) const LEAVE: &str = asking!(
    "swim leave                               the others see it leave, and suspect nobody"
    "swim leave --admin 127.0.0.1:8947"
);
pub(crate) const REJOIN: &str = asking!("swim rejoin                              undoes `swim leave`");
pub(crate) const HEAL: &str = asking!(
    "swim heal                                with whoever may be beyond a partition"
    "swim heal 10.0.0.2:7946                  with the side of this member alone"
);
pub(crate) const LABEL: &str = asking!(
    "swim label                               shows the labels"
    "swim label zone=a old-                   sets `zone`, drops `old`, and leaves the others as they are"
);
pub(crate) const REAP: &str =
    asking!("swim reap                                forgets the dead within minutes instead of a day");
pub(crate) const GOSSIP: &str = asking!(
    "swim gossip off                          the agent accuses nobody any more"
    "swim gossip tick                         one round of probing, by hand"
    "swim gossip on"
);
