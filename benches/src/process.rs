//! A program that we start and surely end, and what the kernel says of its time and memory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use narthex_model::{Error, Result};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

/// How long a program may take to end when asked to.
const STOP_MAX: Duration = Duration::from_secs(600);

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

/// Resident memory in bytes.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Now.
    pub(crate) resident: u64,
    /// The most since the start.
    pub(crate) peak: u64,
}

impl Process {
    /// Starts `program`; what it prints goes to the end of `log`.
    pub(crate) fn start(program: &Path, args: &[String], log: &Path) -> Result<Self> {
        let failed = |e: std::io::Error| {
            Error::unavailable(format!("cannot start {}", program.display())).with_source(e)
        };
        let out = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(failed)?;
        let errors = out.try_clone().map_err(failed)?;
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            .spawn()
            .map_err(failed)?;
        Ok(Self {
            child,
            log: log.to_owned(),
        })
    }

    /// An error if the program has ended by itself.
    pub(crate) fn check_running(&mut self) -> Result<()> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            _ => Err(Error::unavailable(format!(
                "it has ended: see {}",
                self.log.display()
            ))),
        }
    }

    /// User and system time so far, in seconds.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        cpu_ticks(&format!("/proc/{}/stat", self.child.id()), 13)
    }

    /// Resident memory.
    pub(crate) fn memory(&self) -> Memory {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(path).unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
        };
        Memory {
            resident: field("VmRSS:").unwrap_or(0),
            peak: field("VmHWM:").unwrap_or(0),
        }
    }

    /// Asks the program to end and waits for it. Returns all its processor time, its last work included, in seconds.
    pub(crate) fn stop(mut self) -> Result<f64> {
        let ended_before = children_cpu_seconds();
        if let Some(pid) = Pid::from_raw(self.child.id() as i32) {
            kill_process(pid, Signal::TERM).map_err(|e| {
                Error::unavailable("cannot end a program").with_source(std::io::Error::from(e))
            })?;
        }
        let status = self.wait(STOP_MAX)?;
        if status.code().is_some_and(|code| code != 0) {
            let log = self.log.display();
            return Err(Error::unavailable(format!(
                "it ended with {status}: see {log}"
            )));
        }
        Ok(children_cpu_seconds() - ended_before)
    }

    fn wait(&mut self, longest: Duration) -> Result<ExitStatus> {
        let until = Instant::now() + longest;
        while Instant::now() < until {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(Error::unavailable(format!(
            "it does not end: see {}",
            self.log.display()
        )))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already: then both are no-ops.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time of all children that have ended, in seconds.
fn children_cpu_seconds() -> f64 {
    cpu_ticks("/proc/self/stat", 15)
}

/// The sum of two neighbouring clock fields of a `stat` file, in seconds. Fields are counted from 0.
fn cpu_ticks(path: &str, field: usize) -> f64 {
    let stat = fs::read_to_string(path).unwrap_or_default();
    // The second field is the program's name in brackets and may hold blanks.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(field - 2).take(2);
    let ticks: u64 = ticks.filter_map(|text| text.parse::<u64>().ok()).sum();
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// Bytes of all files under `folder`, as their lengths say.
pub(crate) fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => folder_bytes(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
