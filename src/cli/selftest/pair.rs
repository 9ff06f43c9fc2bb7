//! Two processes on one core, in lock step: while one reads, the other waits for its next line.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng as _};

use crate::{
    cli::{
        Exit, Failure,
        worker::{READY, Request, VERIFIED},
    },
    gate::{
        comparison,
        schedule::{self, Block, Turn},
        selftest::Sizing,
    },
    host::{layout::Layout, timer::Calibration},
    stats::quantile,
};

pub(super) use crate::gate::schedule::Turn as Side;

/// What every worker is started with.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) program: PathBuf,
    pub(super) backend: String,
    pub(super) batch_len: usize,
    pub(super) input: PathBuf,
    pub(super) hidden_features: String,
    pub(super) timer: Calibration,
}

/// A process that takes readings.
struct Worker {
    side: Side,
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// The name of a side in messages.
const fn name(side: Side) -> &'static str {
    match side {
        Side::Baseline => "baseline",
        Side::Candidate => "candidate",
    }
}

impl Worker {
    /// Starts it. It verifies while the caller does something else.
    fn start(spec: &Spec, side: Side, layout_seed: u64, launch: u32) -> Result<Self, Failure> {
        let (variable, value) = Layout::draw(layout_seed, launch).environment();
        let mut command = Command::new(&spec.program);
        command
            .args(["--hide-cpu", &spec.hidden_features])
            .args(["worker", "--backend", &spec.backend])
            .args(["--batch", &spec.batch_len.to_string()])
            .args(["--layout-seed", &layout_seed.to_string()])
            .args(["--launch", &launch.to_string()])
            .args(["--timer", &spec.timer.to_string()])
            .arg("--input")
            .arg(&spec.input)
            .env(variable, value)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // Ctrl-C is for the parent, which then ends its workers in order.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let failed = |what: &str| {
            Failure::internal(format!("cannot start a worker: {what}; is the machine full?"))
        };
        let mut child = command.spawn().map_err(|error| failed(&error.to_string()))?;
        let requests = child.stdin.take();
        let answers = child.stdout.take().ok_or_else(|| failed("it has no output"))?;
        Ok(Self { side, child, requests, answers: BufReader::new(answers) })
    }

    /// Sends a request. Where that cannot be done, the answer will be missing.
    fn send(&mut self, request: Request) {
        if let Some(requests) = &mut self.requests {
            // One write, so that the worker wakes once.
            let _ = requests.write_all(format!("{request}\n").as_bytes());
        }
    }

    fn answer(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(bytes) if bytes > 0 => Ok(line.trim().to_owned()),
            _ => Err(self.death()),
        }
    }

    fn expect(&mut self, expected: &str) -> Result<(), Failure> {
        let answer = self.answer()?;
        if answer == expected { Ok(()) } else { Err(self.nonsense(&answer)) }
    }

    fn nonsense(&self, answer: &str) -> Failure {
        Failure::internal(format!("the {} worker said `{answer}`: a bug", name(self.side)))
    }

    /// Picoseconds of one reading.
    fn read(&mut self, request: Request) -> Result<u64, Failure> {
        self.send(request);
        let answer = self.answer()?;
        answer.parse().map_err(|_| self.nonsense(&answer))
    }

    /// Lets it verify what it measured, and waits for it to end.
    fn end(mut self) -> Result<(), Failure> {
        self.send(Request::End);
        self.expect(VERIFIED)?;
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            _ => Err(self.death()),
        }
    }

    /// What became of a worker that does not answer: one line, with its own last words.
    fn death(&mut self) -> Failure {
        self.requests = None;
        let mut words = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            let _ = errors.read_to_string(&mut words);
        }
        let status = self.child.wait();
        let code = status.as_ref().ok().and_then(std::process::ExitStatus::code);
        let exit = code.and_then(|code| u8::try_from(code).ok()).and_then(Exit::of_code);
        let exit = exit.filter(|exit| *exit != Exit::Pass).unwrap_or(Exit::Failed);
        let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        let said: Vec<&str> =
            words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let said = match said.as_slice() {
            [] => "it said nothing".to_owned(),
            lines => lines.join("; ").trim_start_matches("nanogate: ").to_owned(),
        };
        let message = format!(
            "the {} worker died ({how}): {said}; what was measured before is kept",
            name(self.side)
        );
        Failure::new(exit, message)
    }
}

impl Drop for Worker {
    /// Whatever goes wrong, no worker is left behind.
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Baseline and candidate of one launch.
pub(super) struct Pair {
    baseline: Worker,
    candidate: Worker,
}

impl Pair {
    /// Starts both with the same layout, `first` before the other.
    pub(super) fn start(
        spec: &Spec,
        first: Side,
        layout_seed: u64,
        launch: u32,
    ) -> Result<Self, Failure> {
        let start = |side| Worker::start(spec, side, layout_seed, launch);
        let (mut baseline, mut candidate) = if first == Side::Baseline {
            let baseline = start(Side::Baseline)?;
            (baseline, start(Side::Candidate)?)
        } else {
            let candidate = start(Side::Candidate)?;
            (start(Side::Baseline)?, candidate)
        };
        baseline.expect(READY)?;
        candidate.expect(READY)?;
        Ok(Self { baseline, candidate })
    }

    fn worker(&mut self, side: Side) -> &mut Worker {
        match side {
            Side::Baseline => &mut self.baseline,
            Side::Candidate => &mut self.candidate,
        }
    }

    /// Picoseconds of a reading of so many batches. Extra work is the candidate's.
    pub(super) fn read(
        &mut self,
        side: Side,
        repetitions: u64,
        extra_ppm: u32,
    ) -> Result<u64, Failure> {
        let extra_ppm = if side == Side::Candidate { extra_ppm } else { 0 };
        self.worker(side).read(Request::Read { repetitions, extra_ppm })
    }

    /// Ends both. Their outputs were right, or there is no result.
    pub(super) fn end(self) -> Result<(), Failure> {
        self.baseline.end()?;
        self.candidate.end()
    }
}

/// What one comparison is to do.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) launches: u32,
    pub(super) extra_ppm: u32,
    /// The side that is killed in the first launch.
    pub(super) dying: Option<Side>,
}

/// What a comparison measured.
#[derive(Debug)]
pub(super) struct Compared {
    /// One of each launch.
    pub(super) log_ratios: Vec<f64>,
    /// Median time of the baseline for one batch.
    pub(super) baseline_ns: f64,
    /// Wall-clock time, processes and their start included.
    pub(super) seconds: f64,
}

/// What compares this program with itself.
pub(super) struct Comparer<'a> {
    pub(super) spec: &'a Spec,
    pub(super) sizing: &'a Sizing,
    pub(super) seed: u64,
}

impl Comparer<'_> {
    /// All launches. `None` where the user stopped it.
    pub(super) fn compare(
        &self,
        plan: &Plan,
        interrupted: &AtomicBool,
    ) -> Result<Option<Compared>, Failure> {
        let clock = Instant::now();
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        // Layouts are drawn from the streams with the numbers of the launches.
        rng.set_stream(u64::MAX);
        let mut log_ratios = Vec::new();
        let mut baseline_ns = Vec::new();
        for launch in 1..=plan.launches {
            if interrupted.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let is_baseline_first = schedule::coin(&mut rng);
            let first = if is_baseline_first { Side::Baseline } else { Side::Candidate };
            let blocks = schedule::blocks(&mut rng, self.sizing.blocks);
            let readings = self.launch(plan, launch, first, &blocks)?;
            let log_ratio = comparison::of_launch(&blocks, &readings).ok_or_else(|| {
                Failure::internal("a reading took no time at all: the timer is unfit")
            })?;
            log_ratios.push(log_ratio);
            baseline_ns.push(self.baseline_ns(&blocks, &readings));
        }
        baseline_ns.sort_by(f64::total_cmp);
        Ok(Some(Compared {
            log_ratios,
            baseline_ns: quantile(&baseline_ns, 0.5),
            seconds: clock.elapsed().as_secs_f64(),
        }))
    }

    /// The readings of one launch, in the order of its blocks.
    fn launch(
        &self,
        plan: &Plan,
        launch: u32,
        first: Side,
        blocks: &[Block],
    ) -> Result<Vec<u64>, Failure> {
        let mut pair = Pair::start(self.spec, first, self.seed, launch)?;
        if let Some(side) = plan.dying {
            let _ = pair.worker(side).child.kill();
        }
        let turns = blocks.iter().flat_map(|block| block.turns());
        let readings: Result<Vec<u64>, Failure> =
            turns.map(|turn| pair.read(turn, self.sizing.repetitions, plan.extra_ppm)).collect();
        let readings = readings?;
        pair.end()?;
        Ok(readings)
    }

    /// Median nanoseconds of the baseline for one batch.
    fn baseline_ns(&self, blocks: &[Block], readings: &[u64]) -> f64 {
        let turns = blocks.iter().flat_map(|block| block.turns());
        let of_baseline = turns.zip(readings).filter(|(turn, _)| *turn == Turn::Baseline);
        let per_batch = |picos: u64| picos as f64 / 1e3 / self.sizing.repetitions as f64;
        let mut sorted: Vec<f64> = of_baseline.map(|(_, picos)| per_batch(*picos)).collect();
        sorted.sort_by(f64::total_cmp);
        quantile(&sorted, 0.5)
    }
}
