//! Remembers the members on disk, so that a cluster all of which was down finds itself again without hosts.
//!
//! Everyone listed is remembered but tombstones: when a cluster goes down, whoever goes last has seen the others leave.
//! The file is written beside its place, brought to the disk, and then moved there, so that it is always whole. One that
//! is damaged all the same is reported and put aside: what is remembered is a help, not a need.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use swim_core::Status;
use swim_tokio::Membership;

/// The file of one agent. Clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    path: PathBuf,
    cluster: String,
    /// Held while the file is written, so that no two threads do so at once.
    writing: Arc<Mutex<()>>,
}

/// What the file holds.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remembered {
    form: u32,
    cluster: String,
    members: Vec<SocketAddr>,
}

/// The form that this version writes.
const FORM: u32 = 1;
/// No more members than this are remembered, the reachable ones first: a few that answer are enough.
const MEMBERS_MAX: usize = 1024;
/// A longer file is not one of ours.
const BYTES_MAX: u64 = 1 << 20;

/// What is wrong with what was remembered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MemoryError {
    #[error("the file of remembered members {} cannot be read; check that it may be", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("the file of remembered members {} is damaged ({problem}); {}", .path.display(), aside(.moved))]
    Damaged { path: PathBuf, problem: String, moved: Result<PathBuf, io::Error> },
    #[error("the members cannot be remembered in {}; check its folder, the space there, and that it may be written", .path.display())]
    Unwritable { path: PathBuf, source: io::Error },
}

fn aside(moved: &Result<PathBuf, io::Error>) -> String {
    match moved {
        Ok(to) => format!("it was put aside as {}, and a new one is written", to.display()),
        Err(error) => format!("it could not be put aside either: {error}"),
    }
}

impl Memory {
    pub(crate) fn new(path: PathBuf, cluster: &str) -> Self {
        Self { path, cluster: cluster.into(), writing: Arc::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Who was remembered; nobody where there is no file yet.
    pub(crate) fn recall(&self) -> Result<Vec<SocketAddr>, MemoryError> {
        let mut text = Vec::new();
        let read = File::open(&self.path).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut text));
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(MemoryError::Unreadable { path: self.path.clone(), source }),
            Ok(_) => {}
        }
        self.parse(&text).map_err(|problem| self.put_aside(problem))
    }

    fn parse(&self, text: &[u8]) -> Result<Vec<SocketAddr>, String> {
        if text.len() as u64 > BYTES_MAX {
            return Err(format!("longer than {BYTES_MAX} bytes"));
        }
        let Remembered { form, cluster, mut members } =
            serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if form != FORM {
            return Err(format!("of form {form}, not {FORM}"));
        }
        if cluster != self.cluster {
            return Err(format!("of the cluster `{cluster}`, not `{}`", self.cluster));
        }
        members.truncate(MEMBERS_MAX);
        Ok(members)
    }

    fn put_aside(&self, problem: String) -> MemoryError {
        let to = with_ending(&self.path, ".damaged");
        let moved = fs::rename(&self.path, &to).map(|()| to);
        MemoryError::Damaged { path: self.path.clone(), problem, moved }
    }

    /// Remembers these in the place of those before. Waits for the disk, for as long as that takes.
    pub(crate) fn remember(&self, members: Vec<SocketAddr>) -> Result<(), MemoryError> {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let remembered = Remembered { form: FORM, cluster: self.cluster.clone(), members };
        self.write(&remembered).map_err(|source| MemoryError::Unwritable { path: self.path.clone(), source })
    }

    fn write(&self, remembered: &Remembered) -> io::Result<()> {
        let beside = with_ending(&self.path, ".new");
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec_pretty(remembered)?)?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)?;
        // The move itself is on the disk only once its folder is.
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }
}

/// Who of `members` is worth remembering.
pub(crate) fn worth_remembering(members: &Membership) -> Vec<SocketAddr> {
    let others = || members.iter().filter(|member| member.address != members.local());
    let dead = others().filter(|member| matches!(member.status, Status::Faulty | Status::Leave));
    let reachable = others().filter(|member| member.status.is_pingable());
    reachable.chain(dead).map(|member| member.address).take(MEMBERS_MAX).collect()
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(name: &str) -> Memory {
        let folder = std::env::temp_dir().join(format!("swim-memory-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Memory::new(folder.join("members.json"), "shop")
    }

    fn forget(memory: &Memory) {
        fs::remove_dir_all(memory.path().parent().unwrap()).unwrap();
    }

    #[test]
    fn what_was_remembered_is_recalled() {
        let memory = memory("whole");
        assert_eq!(memory.recall().unwrap(), []);
        let members = vec!["10.0.0.1:7".parse().unwrap(), "[::1]:7".parse().unwrap()];
        memory.remember(members.clone()).unwrap();
        memory.remember(members.clone()).unwrap();
        assert_eq!(memory.recall().unwrap(), members);
        assert!(!with_ending(memory.path(), ".new").exists());
        forget(&memory);
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_is_put_aside() {
        let memory = memory("cut");
        memory.remember(vec!["10.0.0.1:7".parse().unwrap()]).unwrap();
        let whole = fs::read(memory.path()).unwrap();
        for len in 0..whole.len() {
            fs::write(memory.path(), &whole[..len]).unwrap();
            assert!(matches!(memory.recall(), Err(MemoryError::Damaged { moved: Ok(_), .. })), "{len} bytes");
            assert!(!memory.path().exists());
            assert_eq!(fs::read(with_ending(memory.path(), ".damaged")).unwrap(), whole[..len]);
        }
        forget(&memory);
    }

    #[test]
    fn a_file_of_another_cluster_or_form_is_not_taken() {
        let memory = memory("other");
        for text in [
            r#"{"form":1,"cluster":"bank","members":[]}"#,
            r#"{"form":2,"cluster":"shop","members":[]}"#,
            r#"{"form":1,"cluster":"shop","members":["nobody"]}"#,
        ] {
            fs::write(memory.path(), text).unwrap();
            assert!(matches!(memory.recall(), Err(MemoryError::Damaged { .. })), "{text}");
        }
        forget(&memory);
    }
}
