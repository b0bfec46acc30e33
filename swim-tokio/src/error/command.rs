//! Why the node did not do what a handle asked for.

use swim_core::CommandError;

use super::Stopped;

/// Declares an error of a command: which of swim-core's it can meet, which of this crate's own, and that the node may have
/// been stopped.
macro_rules! command_errors {
    ($(
        $(#[$doc:meta])*
        $name:ident {
            $( $(#[$variant_doc:meta])* $variant:ident = $core:ident, $text:literal ),* $(,)?
            $(; $( $(#[$own_doc:meta])* $own:ident, $own_text:literal ),* $(,)? )?
        }
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
            #[non_exhaustive]
            pub enum $name {
                $( $(#[$variant_doc])* #[error($text)] $variant, )*
                $( $( $(#[$own_doc])* #[error($own_text)] $own, )* )?
                /// The node was stopped, before or meanwhile.
                #[error("the node was stopped")]
                Stopped,
                /// The node refused for a reason that this version knows no better word for.
                #[error("the node refused")]
                Refused(#[source] CommandError),
            }

            impl From<CommandError> for $name {
                fn from(error: CommandError) -> Self {
                    match error {
                        $( CommandError::$core => Self::$variant, )*
                        CommandError::Destroyed => Self::Stopped,
                        other => Self::Refused(other),
                    }
                }
            }

            impl From<Stopped> for $name {
                fn from(_: Stopped) -> Self {
                    Self::Stopped
                }
            }
        )*
    };
}

command_errors! {
    /// Why a leave was not carried out. The node is as it was.
    LeaveError {
        /// The node has not joined yet: nobody that it asked has answered.
        NotReady = NotReady, "the node has not joined yet; there is nothing to leave",
        /// The node left before.
        AlreadyLeft = AlreadyLeft, "the node has left already",
        /// Another departure is under way.
        Busy = Busy, "another departure is under way; wait for it",
    }
    /// Why the node did not come back. The node is as it was.
    RejoinError {
        /// The node has not joined yet.
        NotReady = NotReady, "the node has not joined yet; there is nothing to come back to",
        /// The node is a member.
        NotLeft = NotLeft, "the node has not left, so it cannot come back",
        /// The node is at the highest incarnation.
        NoIncarnationLeft = NoIncarnationLeft, "no higher incarnation is left for this address; start the node under \
                                                another one",
        /// The departure is under way still.
        Busy = Busy, "the departure is under way still; wait for it",
    }
    /// Why a self-eviction was not carried out. The node is as it was.
    SelfEvictError {
        /// The node has not joined yet: nobody that it asked has answered.
        NotReady = NotReady, "the node has not joined yet; there is nothing to be evicted from",
        /// The node evicted itself before.
        AlreadyEvicted = AlreadyLeft, "the node has evicted itself already",
        /// Another departure is under way.
        Busy = Busy, "another departure is under way; wait for it",
    }
    /// Why labels were not set. They are as they were.
    SetLabelsError {
        /// The node is at the highest incarnation.
        NoIncarnationLeft = NoIncarnationLeft, "no higher incarnation is left for this address; start the node under \
                                                another one",
    }
    /// Why faulty members were not turned into tombstones.
    ReapError {}
    /// Why no partition was healed.
    HealError {
        /// The node has not joined yet.
        NotReady = NotReady, "the node has not joined yet; there is nothing to heal",
        /// The node left.
        AlreadyLeft = AlreadyLeft, "the node has left; rejoin first",
        /// No hosts could be found.
        DiscoveryFailed = DiscoveryFailed, "the hosts could not be found; the log says why",
        /// The target is alive, or is the node itself.
        NoCandidate = NoCandidate, "the target is pingable or is the node itself; there is nothing to heal",
        /// The target did not answer.
        Failed = HealFailed, "the target did not answer, or refused; check that it is up and of this cluster",
        /// Enough attempts are under way.
        Busy = Busy, "enough attempts to heal are under way; wait for one to end",
        ;
        /// The node advertises a loopback address, and the target is on another machine.
        Loopback, "the target is on another machine, which cannot reach this node's loopback address; start the node \
                   with an address that it can reach",
    }
    /// Why probing was not started, stopped or done once.
    GossipError {
        /// The node has not joined yet.
        NotReady = NotReady, "the node has not joined yet; it starts to probe when it has",
        /// The node left.
        AlreadyLeft = AlreadyLeft, "the node has left; rejoin first",
        /// A round is under way.
        Busy = Busy, "a round is under way; wait for it",
    }
}
