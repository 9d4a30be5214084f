//! A fault at every single operation of the disk: nothing acknowledged is lost, nothing counts twice, queries go on, and
//! all is well once the disk is.
//!
//! A script of writes, flushes, merges and restarts runs once on a good disk to count its operations, then again for each
//! operation and kind of fault. `cargo test` tries some of them; `NARTHEX_FAULT_SEEDS=20` tries all of 20 scripts. A
//! failure prints the two variables that repeat it alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{ErrorKind, Labels, Result};

use super::disk::{Disk, Fault, Random};
use super::starts::write_started;
use super::support::{Samples, add, options, read_all, try_write};
use crate::{Engine, Options, WalSync, verify};

/// Steps of a script.
const STEPS: usize = 16;
/// About the operations of a script.
const OPERATIONS: u64 = 200;
/// Cases that a plain `cargo test` tries.
const CASES: u64 = 30;

type Batch = Vec<(u32, i64, f64)>;

#[derive(Debug, Clone)]
enum Step {
    Write(Batch),
    Flush,
    FlushDue,
    Compact,
    Condense,
    Restart,
}

/// Time goes on by about a window in four writes; some samples come late, some replace others.
fn script(seed: u64) -> Vec<Step> {
    let mut random = Random::new(seed);
    let (mut now, mut value) = (10_000_i64, 0.0);
    let mut write = |random: &mut Random| {
        now += random.below(600) as i64;
        let samples = 1 + random.below(16);
        let mut sample = |random: &mut Random| {
            value += 1.0;
            let late = if random.one_in(4) { 2_500 } else { 200 };
            (
                random.below(9) as u32,
                now - random.below(late) as i64,
                value,
            )
        };
        (0..samples).map(|_| sample(random)).collect()
    };
    let step = |_| match random.below(18) {
        0 => Step::Flush,
        1 | 2 => Step::FlushDue,
        3 | 4 => Step::Compact,
        5 => Step::Restart,
        6 | 7 => Step::Condense,
        _ => Step::Write(write(&mut random)),
    };
    (0..STEPS).map(step).collect()
}

/// A script that is being run.
struct Run {
    disk: Disk,
    engine: Option<Arc<Engine>>,
    /// What was acknowledged.
    model: Samples,
    /// Writes refused since the last one that was not: after a restart one of them may be there, as a whole.
    refused: Vec<Batch>,
    options: Options,
    /// What was on disk for certain, and what was acknowledged after that.
    on_disk: Samples,
    not_synced: Vec<Batch>,
    lost_power: bool,
}

impl Run {
    fn start(disk: Disk, options: Options) -> Self {
        Self {
            disk,
            engine: None,
            model: Samples::new(),
            refused: Vec::new(),
            options,
            on_disk: Samples::new(),
            not_synced: Vec::new(),
            lost_power: false,
        }
    }

    /// Does a step; gives what the engine said.
    fn step(&mut self, step: &Step) -> Result<()> {
        if let Step::Restart = step {
            self.engine = None;
        }
        let engine = self.engine()?;
        match step {
            Step::Write(batch) => {
                self.refused.push(batch.clone());
                // Some samples say since when they count: they need segments of their own.
                let receipt = match batch.len() % 2 {
                    0 => write_started(&engine, batch)?,
                    _ => try_write(&engine, batch)?,
                };
                assert_eq!(receipt.stored, batch.len() as u64);
                add(&mut self.model, batch);
                self.refused.clear();
                self.not_synced.push(batch.clone());
                if self.options.wal_sync == WalSync::Commit {
                    self.note_sync();
                }
            }
            Step::Flush => {
                engine.flush()?;
                self.note_sync();
            }
            Step::FlushDue => engine.flush_due()?,
            Step::Compact => engine.compact()?,
            Step::Condense => engine.condense()?,
            Step::Restart => {}
        }
        Ok(())
    }

    /// The engine, opened and checked if it was not open.
    fn engine(&mut self) -> Result<Arc<Engine>> {
        if let Some(engine) = &self.engine {
            return Ok(engine.clone());
        }
        let fs = self.disk.file_system();
        let options = self.options.clone();
        let engine = Engine::open_on(fs, &self.disk.store(), options, None)?;
        let read = read_all(&engine);
        if let Some(model) = self.possible().into_iter().find(|model| *model == read) {
            self.model = model;
        }
        self.note_sync();
        (self.refused, self.lost_power) = (Vec::new(), false);
        check(&read, &self.model, "opening");
        self.engine = Some(engine.clone());
        Ok(engine)
    }

    fn note_sync(&mut self) {
        self.on_disk = self.model.clone();
        self.not_synced.clear();
    }

    /// What may be found instead of the model.
    fn possible(&self) -> Vec<Samples> {
        let mut all = Vec::new();
        if self.lost_power {
            let mut model = self.on_disk.clone();
            for batch in &self.not_synced {
                all.push(model.clone());
                add(&mut model, batch);
            }
        }
        for batch in &self.refused {
            let mut model = self.model.clone();
            add(&mut model, batch);
            all.push(model);
        }
        all
    }

    /// Does a step on a disk that may fail: then it says so, and queries go on.
    fn try_step(&mut self, step: &Step) {
        let done = self.step(step);
        if let Err(error) = &done {
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        }
        if let Some(engine) = &self.engine
            && (done.is_err() || !matches!(step, Step::Write(_)))
        {
            check(&read_all(engine), &self.model, step);
        }
    }

    /// On a good disk everything works, at once and after a restart.
    fn check_recovery(&mut self) {
        let write = |t| Step::Write(vec![(1, t, t as f64), (20, t, 1.0)]);
        let steps = [
            write(20_000),
            Step::Flush,
            write(20_100),
            Step::Compact,
            Step::Condense,
            Step::Restart,
        ];
        for step in steps {
            self.step(&step).expect("the disk is good again");
            let engine = self.engine.as_ref().expect("open");
            check(&read_all(engine), &self.model, &step);
        }
        let damaged = verify(&self.disk.store()).expect("reads").damaged;
        assert_eq!(damaged, vec![]);
    }

    /// The power goes and comes back.
    fn lose_power(&mut self) {
        self.engine = None;
        self.disk = self.disk.after_power_loss();
        self.lost_power = true;
    }
}

/// Compares what is read with the model, and shows the difference alone.
fn check(read: &Samples, model: &Samples, after: impl Debug) {
    if read == model {
        return;
    }
    let rows = |samples: &Samples| -> BTreeSet<(Labels, i64, u64)> {
        let of = |(labels, times): (&Labels, &BTreeMap<i64, u64>)| {
            let row = |(t, v): (&i64, &u64)| (labels.clone(), *t, *v);
            times.iter().map(row).collect::<Vec<_>>()
        };
        samples.iter().flat_map(of).collect()
    };
    let (read, model) = (rows(read), rows(model));
    let missing: Vec<_> = model.difference(&read).collect();
    let wrong: Vec<_> = read.difference(&model).collect();
    panic!("after {after:?}: missing {missing:?}, wrong {wrong:?}");
}

/// Says how to repeat a failure.
struct Context(u64, Fault);

impl Drop for Context {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(seed, fault) = self;
            eprintln!("to repeat: NARTHEX_FAULT_SEED={seed} NARTHEX_FAULT='{fault:?}'");
        }
    }
}

fn run_case(seed: u64, fault: Fault) {
    let _context = Context(seed, fault);
    let mut run = Run::start(Disk::new(seed), options_of(seed));
    run.disk.set_fault(Some(fault));
    let began = fault.operation();
    let mut random = Random::new(seed ^ began);
    let mut bad_steps = random.below(8);
    for step in &script(seed) {
        run.try_step(step);
        if run.disk.is_dead() {
            break;
        }
        if run.disk.operations() >= began {
            if bad_steps == 0 {
                run.disk.set_fault(None);
            }
            bad_steps = bad_steps.saturating_sub(1);
        }
    }
    if !run.disk.is_dead() {
        run.disk.set_fault(None);
        if random.one_in(2) {
            run.check_recovery();
        } else {
            let restart = [Step::Restart, Step::Write(vec![(3, 30_000, 0.5)])];
            let done: Result<()> = restart.iter().try_for_each(|step| run.step(step));
            done.expect("the disk is good again");
        }
    }
    run.lose_power();
    run.check_recovery();
}

/// Every other script runs without an fsync per commit.
fn options_of(seed: u64) -> Options {
    let hour = Duration::from_secs(3600);
    let wal_sync = match seed % 2 {
        0 => WalSync::Interval(hour),
        _ => WalSync::Commit,
    };
    Options {
        wal_sync,
        ..options()
    }
}

fn kinds(at: u64) -> [Fault; 5] {
    [
        Fault::PowerLoss(at),
        Fault::BadOnce(at),
        Fault::BadFrom(at),
        Fault::FullOnce(at),
        Fault::FullFrom(at),
    ]
}

/// Every fault at every operation of a script.
fn cases(seed: u64) -> Vec<Fault> {
    let mut run = Run::start(Disk::new(seed), options_of(seed));
    for step in &script(seed) {
        run.try_step(step);
    }
    (1..=run.disk.operations()).flat_map(kinds).collect()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[test]
fn any_fault_at_any_operation() {
    let number = |name| variable(name).map(|v| v.parse::<u64>().expect("a number"));
    if let (Some(seed), Some(fault)) = (number("NARTHEX_FAULT_SEED"), variable("NARTHEX_FAULT")) {
        let mut faults = (1..10 * OPERATIONS).flat_map(kinds);
        let chosen = faults.find(|f| format!("{f:?}") == fault);
        return run_case(seed, chosen.expect("one of the faults"));
    }
    if let Some(seeds) = number("NARTHEX_FAULT_SEEDS") {
        for seed in 1..=seeds {
            let cases = cases(seed);
            println!("seed {seed}: {} cases", cases.len());
            cases.into_iter().for_each(|fault| run_case(seed, fault));
        }
        return;
    }
    for seed in 1..=CASES {
        let mut random = Random::new(seed);
        let [kind, at] = [random.below(5), 1 + random.below(OPERATIONS)];
        run_case(seed, kinds(at)[kind as usize]);
    }
}
