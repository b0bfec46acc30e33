//! Settings: [`Options`] are what people write, [`Config`] is what the protocol runs on.

mod checked;
mod error;
mod options;
mod presets;

pub use checked::Config;
pub(crate) use checked::SuspicionSettings;
pub use error::ConfigError;
pub use options::{
    ExchangeMode, FullSyncMode, GossipOptions, HealOptions, Hearsay, JoinOptions, Options, ProbeOrder, ProtocolPeriod,
    StateTimeouts, SuspicionTimeout, Unproven,
};
