//! What the fuzz targets of this crate do with their bytes; compiled and run over the corpora by the ordinary tests.

#[cfg(feature = "ringpop")]
mod ring;
#[cfg(feature = "ringpop")]
mod tchannel;

use std::path::Path;

use swim_core::ClusterId;
#[cfg(feature = "ringpop")]
use swim_core::{Kind, Labels, Options, Seq, Ticket};

use crate::discovery::hosts_file;
#[cfg(feature = "ringpop")]
use crate::ringpop::translate::{Asked, Endpoint, Words, error_body, refused};
use crate::transport::seal::Seal;

#[cfg(feature = "ringpop")]
pub use self::{ring::ringpop_ring, tchannel::tchannel};

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

/// Reads `bytes` as a body of ringpop, the first byte saying whose: what is accepted is written as what is read again.
///
/// # Panics
/// Where this promise is broken.
#[cfg(feature = "ringpop")]
pub fn ringpop_bodies(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else { return };
    let (options, local, seq) = (Options::ringpop(), ([127, 0, 0, 1], 3000).into(), Seq(7));
    let words = Words::new(&options, local);
    let asked = [Asked::Join, Asked::Ping { seq }, Asked::PingReq { seq, target: local }];
    match usize::from(first % 7) {
        at @ 0..=2 => match words.asked(Endpoint::ALL[at], body, seq) {
            Ok(request) => {
                let message = request.message.as_message();
                let is_ours = !matches!(message.kind, Kind::Join { app } if app != ClusterId::from_name(&options.app));
                let speaker = Words::new(&options, request.from);
                let call = speaker.request(Ticket(7), &message, Labels::NONE).expect("it can be asked");
                let again = words.asked(call.asked.endpoint(), &call.body, seq).expect("what was written can be read");
                assert_eq!((again.from, again.dropped.total()), (request.from, 0));
                assert!(!is_ours || again.message.as_message() == message, "{message:?} became {again:?}");
            }
            Err(error) => drop(refused(&error_body(&error))),
        },
        at @ 3..=5 => {
            if let Ok(answer) = words.answered(asked[at - 3], body) {
                let message = answer.message.as_message();
                let written = words.reply(&message).expect("it is no refusal");
                let again = words.answered(asked[at - 3], &written).expect("what was written can be read");
                assert_eq!(again.dropped.total(), 0);
                assert_eq!(again.message.as_message(), message);
            }
        }
        _ => {
            let message = refused(body);
            let written = words.reply(&message.as_message()).expect_err("it is a refusal");
            assert_eq!(refused(&written).as_message(), message.as_message());
        }
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
    fn ringpop_bodies_of_the_corpus_are_read_or_refused() {
        replay("ringpop_bodies", ringpop_bodies);
    }

    #[cfg(feature = "ringpop")]
    #[test]
    fn streams_of_the_corpus_are_survived_and_answered() {
        replay("tchannel", tchannel);
    }

    #[cfg(feature = "ringpop")]
    #[test]
    fn rings_of_the_corpus_are_as_if_built_from_scratch() {
        replay("ringpop_ring", ringpop_ring);
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
