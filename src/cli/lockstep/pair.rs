//! Two processes on one core, in lock step: while one reads, the other waits for its next line.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Seek as _, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::{Side, Spec};
use crate::{
    cli::{
        Exit, Failure,
        worker::{ABSENT, READY, Request, VERIFIED},
    },
    host::layout::Layout,
    stats::latency::PERCENTILES,
};

/// A process that takes readings.
struct Worker {
    side: Side,
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// What it says on standard error.
    words: File,
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
        let failed = |what: &str| {
            Failure::internal(format!("cannot start a worker: {what}; is the machine full?"))
        };
        // A file and no pipe: a driver may say more than a pipe holds, and nobody would read it.
        let words = tempfile::tempfile().map_err(|error| failed(&error.to_string()))?;
        let (variable, value) = Layout::draw(layout_seed, launch).environment();
        let mut command = Command::new(spec.programs.of(side));
        command
            .args(&spec.flags)
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
            .stderr(words.try_clone().map_err(|error| failed(&error.to_string()))?);
        // Ctrl-C is for the parent, which then ends its workers in order.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|error| failed(&error.to_string()))?;
        let requests = child.stdin.take();
        let answers = child.stdout.take().ok_or_else(|| failed("it has no output"))?;
        Ok(Self { side, child, requests, answers: BufReader::new(answers), words })
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

    /// Nanoseconds of each percentile of all that it sampled. Absent where not earned.
    fn percentiles(&mut self) -> Result<Vec<Option<f64>>, Failure> {
        self.send(Request::Percentiles);
        let answer = self.answer()?;
        let one = |word: &str| if word == ABSENT { Ok(None) } else { word.parse().map(Some) };
        match answer.split_whitespace().map(one).collect::<Result<Vec<_>, _>>() {
            Ok(all) if all.len() == PERCENTILES.len() => Ok(all),
            _ => Err(self.nonsense(&answer)),
        }
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
        let status = self.child.wait();
        let mut words = String::new();
        let _ = self.words.rewind().and_then(|()| self.words.read_to_string(&mut words));
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
pub(in crate::cli) struct Pair {
    baseline: Worker,
    candidate: Worker,
}

impl Pair {
    /// Starts both with the same layout, `first` before the other.
    pub(in crate::cli) fn start(
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
    pub(in crate::cli) fn read(
        &mut self,
        side: Side,
        repetitions: u64,
        extra_ppm: u32,
    ) -> Result<u64, Failure> {
        let extra_ppm = if side == Side::Candidate { extra_ppm } else { 0 };
        self.worker(side).read(Request::Read { repetitions, extra_ppm })
    }

    /// Picoseconds of so many batches, each of them read by itself.
    pub(in crate::cli) fn sample(&mut self, side: Side, count: u64) -> Result<u64, Failure> {
        self.worker(side).read(Request::Sample { count })
    }

    /// Nanoseconds of each percentile of all samples of a side. Absent where not earned.
    pub(in crate::cli) fn percentiles(&mut self, side: Side) -> Result<Vec<Option<f64>>, Failure> {
        self.worker(side).percentiles()
    }

    /// Kills a side, to see that it is said.
    pub(in crate::cli) fn kill(&mut self, side: Side) {
        let _ = self.worker(side).child.kill();
    }

    /// Ends both. Their outputs were right, or there is no result.
    pub(in crate::cli) fn end(self) -> Result<(), Failure> {
        self.baseline.end()?;
        self.candidate.end()
    }
}
