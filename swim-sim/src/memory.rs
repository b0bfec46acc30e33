//! How much memory the process took, where the system tells.

/// The most memory that the process ever had in use, in bytes; `None` where there is no `/proc`.
pub fn peak() -> Option<u64> {
    field("VmHWM:")
}

/// The memory that the process has in use now, in bytes; `None` where there is no `/proc`.
pub fn current() -> Option<u64> {
    field("VmRSS:")
}

fn field(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}
