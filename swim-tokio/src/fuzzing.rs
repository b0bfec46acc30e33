//! What the fuzz targets of this crate do with their bytes; compiled and run over the corpora by the ordinary tests.

#[cfg(feature = "ringpop")]
mod tchannel;

use std::path::Path;

use swim_core::ClusterId;

use crate::discovery::hosts_file;
use crate::transport::seal::Seal;

#[cfg(feature = "ringpop")]
pub use self::tchannel::tchannel;

/// Reads `bytes` as a hosts file: a mistake names the file, and what is accepted is a list of hosts that is written as it was
/// read.
///
/// # Panics
/// Where one of these promises is broken.
pub fn hosts_file(bytes: &[u8]) {
    let read = |text: String| hosts_file::parse(Path::new(NAME), Ok(text));
    match read(String::from_utf8_lossy(bytes).into_owned()) {
        Ok(hosts) => {
            assert!(hosts.iter().all(|host| host.contains(':')), "each has a port: {hosts:?}");
            let written = serde_json::to_string(&hosts).expect("a list of text can be written");
            let again = read(written).expect("what was written can be read");
            assert_eq!(again, hosts);
        }
        Err(error) => assert!(error.to_string().contains(NAME), "the mistake names the file: {error}"),
    }
}

/// Opens `bytes` as what arrives: what is accepted is what the sender that it names would have sent, byte for byte.
///
/// # Panics
/// Where this promise is broken.
pub fn envelope(bytes: &[u8]) {
    let cluster = ClusterId(7);
    let ours = Seal::new(cluster, "127.0.0.1:7".parse().expect("it is an address"));
    if let Some(opened) = ours.open(bytes) {
        let mut again = Seal::new(cluster, opened.from).envelope().to_vec();
        again.extend_from_slice(opened.frame);
        assert_eq!(again, bytes, "{opened:?}");
    }
}

const NAME: &str = "hosts.json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_files_of_the_corpus_are_read_or_refused() {
        replay("hosts_file", hosts_file);
    }

    #[test]
    fn envelopes_of_the_corpus_are_opened_or_refused() {
        replay("envelope", envelope);
    }

    #[cfg(feature = "ringpop")]
    #[test]
    fn streams_of_the_corpus_are_survived_and_answered() {
        replay("tchannel", tchannel);
    }

    fn replay(target: &str, body: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
        let files: Vec<_> = std::fs::read_dir(folder).expect("there is a corpus").map(Result::unwrap).collect();
        assert!(!files.is_empty());
        for file in files {
            println!("{}", file.file_name().display());
            body(&std::fs::read(file.path()).unwrap());
        }
    }
}
