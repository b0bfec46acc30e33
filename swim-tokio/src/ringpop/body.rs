//! The bodies of ringpop's calls, as JSON, and the messages of swim-core that they stand for.
