//! How much memory this machine, or this container, has.

use std::fs;

/// Where control groups say how much memory a process may take, newest kind first.
const CGROUP_LIMITS: [&str; 2] = [
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
];

/// Taken where nothing can be learned.
const UNKNOWN_BYTES: u64 = 4 << 30;

/// Memory that the process can count on, in bytes: that of the machine, or of its control group if that is less.
pub(crate) fn memory_bytes() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok();
    let machine = machine.and_then(|text| total_bytes(&text));
    let groups = CGROUP_LIMITS.iter().filter_map(|path| {
        let text = fs::read_to_string(path).ok()?;
        text.trim().parse().ok()
    });
    machine
        .into_iter()
        .chain(groups)
        .min()
        .unwrap_or(UNKNOWN_BYTES)
}

/// The total in the text of `/proc/meminfo`.
fn total_bytes(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_total() {
        let text = "MemFree:  1 kB\nMemTotal:       24595816 kB\nBuffers: 2 kB\n";
        assert_eq!(total_bytes(text), Some(24_595_816 * 1024));
        assert_eq!(total_bytes("nothing"), None);
        assert!(memory_bytes() > 1 << 20);
    }
}
