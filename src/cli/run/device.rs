//! The methods that take a device's work apart.

use std::{collections::BTreeMap, fmt::Display};

use super::{
    lineup::Lineup,
    plan::Case,
    session::{Event, Session, Tell, Trouble, refuse},
};
use crate::{
    backend::{
        BackendEntry, BackendKind, Batch, HostBackend, OpenOptions, Opened, ProbeContext,
        device::DeviceBound,
    },
    bundle::readings::{self, DeviceBounds, Line, Place, Purpose, Role},
    cli::{Exit, Failure},
    clock::{Clock, ClockAgreement},
    host::{
        fingerprint::Cache,
        schedule::{Disturbance, Snapshot},
    },
    measure::{
        Bench, Limits, Method,
        break_even::{self, BreakEven, BreakEvenError},
        device::{AgreementError, EndToEnd, Placed, Shared, agreement},
        footprint, placed, stages,
        stream::{self, Streamed},
        throughput::Throughput,
    },
    registry,
    report::{
        device::{Bounded, Bounds, BreakEvenRecord, DeviceRecord, Mode},
        ratio::{Bound, Speedup},
        record::{Entry, Header, RunRecord, UPLOAD_ONLY},
    },
    warning::Warning,
};

/// Evidence of each device, by id of the backend, that its clock can be called the host's.
pub(super) type Agreements = BTreeMap<&'static str, ClockAgreement>;

/// Records on which the clocks are compared: as many as keep the device busy for long beside what a
/// call costs, from 3 to 384 MiB.
const AGREEMENT_RECORDS: [usize; 2] = [1 << 17, 1 << 24];
const AGREEMENT_NANOS: f64 = 1e6;

/// Batches that a stream has in rotation at the least, where the inputs allow it: more than any
/// device has in flight.
const STREAM_BATCHES_MIN: usize = 16;

/// Readings of each bound beside the stages.
const BOUND_READINGS: usize = 11;

/// Batches in rotation at the most at each length of a break-even.
const BREAK_EVEN_BATCHES: usize = 4;

/// Part of the budget that one contestant has at each length of a break-even.
const BREAK_EVEN_PART: u32 = 4;

impl Session<'_> {
    /// Writes down every device, and compares its clock with the host's.
    pub(super) fn devices(
        &self,
        lineups: &[Lineup],
        record: &mut RunRecord,
    ) -> Result<Agreements, Trouble> {
        let mut agreements = Agreements::new();
        record.devices.clear();
        for (id, shared) in devices(lineups) {
            let facts = shared.lock().facts().clone();
            let agreed = self.agreement(shared)?;
            let host_per_device_time = agreed.as_ref().ok().map(ClockAgreement::host_per_device);
            let software =
                facts.adapter.is_software().then(|| Warning::Software(format!("{id}'s device")));
            let no_time = agreed.as_ref().err().map(|reason| Warning::NoDeviceTime {
                backend: id.into(),
                reason: facts.timestamps_absent.clone().unwrap_or_else(|| reason.to_string()),
            });
            let warnings = software.into_iter().chain(no_time);
            record.warnings.extend(warnings.map(|warning| warning.record()));
            record.devices.push(DeviceRecord { backend: id.into(), facts, host_per_device_time });
            agreements.extend(agreed.ok().map(|agreement| (id, agreement)));
        }
        Ok(agreements)
    }

    /// What the records hold does not matter: only how long they take.
    fn agreement(
        &self,
        shared: &Shared,
    ) -> Result<Result<ClockAgreement, AgreementError>, Trouble> {
        let op = self.plan.op;
        let [mut records, records_max] = AGREEMENT_RECORDS;
        let bytes = vec![0; records_max * op.input_bytes()];
        let whole = Batch::new(op, &bytes).map_err(Failure::internal)?;
        while records < records_max {
            let mut device = shared.lock();
            device.place(whole.slice(0..records))?;
            let nanos = device.kernel_placed()?.map(Clock::in_units);
            if nanos.is_none_or(|nanos| nanos >= AGREEMENT_NANOS) {
                break;
            }
            records *= 2;
        }
        let batch = whole.slice(0..records);
        match agreement(self.bench, shared, batch) {
            Err(AgreementError::Submit(error)) => Err(error.into()),
            agreed => Ok(agreed),
        }
    }

    /// One method on every device: verified, measured, verified.
    pub(super) fn device_method(
        &self,
        lineups: &mut [Lineup],
        case: &Case,
        method: Method,
        agreements: &Agreements,
        record: &mut RunRecord,
        tell: &mut Tell<'_>,
    ) -> Result<(), Trouble> {
        for lineup in lineups.iter_mut().filter(|one| one.is_device()) {
            let Some(shared) = lineup.device.clone() else { continue };
            let before = Snapshot::take();
            let mut entry = match method {
                Method::Stages => {
                    let agreement = agreements.get(lineup.entry.id);
                    self.stages(lineup, &shared, case, agreement)?
                }
                Method::Stream => self.stream(lineup, &shared, case, &record.host.caches)?,
                _ => {
                    let agreement = agreements.get(lineup.entry.id);
                    self.resident(lineup, &shared, case, agreement)?
                }
            };
            entry.disturb(before.until(&Snapshot::take()));
            Self::push(record, entry, tell)?;
        }
        Ok(())
    }

    fn stages(
        &self,
        lineup: &mut Lineup,
        shared: &Shared,
        case: &Case,
        agreement: Option<&ClockAgreement>,
    ) -> Result<Entry, Trouble> {
        let mut rotations = self.verified_rotations(&mut [&mut *lineup], case)?;
        let rotation = &mut rotations[0][0];
        let measured = stages::measure(self.whole_bench(), shared, rotation, agreement)?;
        refuse(lineup.entry.id, rotation.verify_measured())?;
        // As many records as the stages take at a time: both find them in the same memory.
        let records = shared.lock().facts().piece_records_max.min(case.batch_len);
        let bounds = match agreement {
            Some(_) => bounds(shared, rotation.first().slice(0..records))?,
            None => Bounds::new(),
        };
        let launch_ns = launch_ns(shared);
        let bounded = Bounded { bounds: &bounds, records, launch_ns };
        let header = self.device_header(lineup, &case.footprint.home);
        let entry = Entry::of_stages(header, rotation, &measured, bounded);
        let entry = entry.map_err(Failure::internal)?;
        let (place, bounds) = (Place::of(&entry), DeviceBounds::of(&bounds, records, launch_ns));
        self.keeper.keep(|| Ok(Line::Stages(readings::Stages::of(place, &measured, bounds)?)));
        Ok(entry)
    }

    fn stream(
        &self,
        lineup: &mut Lineup,
        shared: &Shared,
        case: &Case,
        caches: &[Cache],
    ) -> Result<Entry, Trouble> {
        let id = lineup.entry.id;
        let count = self.pool.len() / case.batch_len;
        let count = case.footprint.batch_count.max(STREAM_BATCHES_MIN.min(count));
        let rotation = |()| self.pool.rotation(case.batch_len, count, 0).map_err(Failure::internal);
        let [upload_only, one_by_one, streamed] = [(); 3].map(rotation);
        let mut rotations = [upload_only?, one_by_one?, streamed?];
        for rotation in &mut rotations {
            refuse(id, rotation.verify(&mut lineup.opened[0])?)?;
        }
        let measured = stream::measure(self.whole_bench(), shared, rotations.each_mut())?;
        for rotation in &mut rotations[1..] {
            refuse(id, rotation.verify_measured())?;
        }
        let Streamed { upload_only, one_by_one, streamed } = &measured;
        let precision = self.plan.limits.precision;
        let home = footprint::home(caches, rotations[2].footprint_bytes());
        let header = self.device_header(lineup, &home);
        let mut entry = Entry::of_throughput(header, &rotations[2], streamed, precision);
        entry.method = Method::Stream;
        entry.overlap =
            Speedup::over("one at a time", Some(&one_by_one.per_record), &streamed.per_record);
        entry.bound = Bound::of(UPLOAD_ONLY, &upload_only.per_record, &streamed.per_record, None);
        let who = [Role::UploadRoof, Role::OneByOne, Role::Contender].map(|role| (id, role));
        let all = [upload_only, one_by_one, streamed];
        let place = (entry.batch_len, home.as_str());
        self.keep_contest(Purpose::Stream, place, who, lineup.is_software(), all);
        Ok(entry)
    }

    fn resident(
        &self,
        lineup: &mut Lineup,
        shared: &Shared,
        case: &Case,
        agreement: Option<&ClockAgreement>,
    ) -> Result<Entry, Trouble> {
        let mut rotation = self.pool.rotation(case.batch_len, 1, 0).map_err(Failure::internal)?;
        refuse(lineup.entry.id, rotation.verify(&mut lineup.opened[0])?)?;
        let mut measured = placed::measure(self.whole_bench(), shared, &mut rotation)?;
        if agreement.is_none() {
            measured.forget_device_time();
        }
        refuse(lineup.entry.id, rotation.verify_measured())?;
        let header = self.device_header(lineup, "device");
        let (precision, launch_ns) = (self.plan.limits.precision, launch_ns(shared));
        let entry = Entry::of_resident(header, &rotation, &measured, precision, launch_ns);
        let place = Place::of(&entry);
        self.keeper
            .keep(|| Ok(Line::Resident(readings::Resident::of(place, &measured, launch_ns))));
        Ok(entry)
    }

    /// What happened meanwhile is known when all is measured.
    fn device_header(&self, lineup: &Lineup, home: &str) -> Header {
        Header {
            backend: lineup.entry.id,
            software: lineup.is_software(),
            op: self.plan.op,
            threads: 1,
            footprint_home: home.into(),
            disturbance: Disturbance::default(),
        }
    }

    /// From which batch length each device beats the best backend of the host.
    pub(super) fn break_even(
        &self,
        lineups: &[Lineup],
        len_max: usize,
        record: &mut RunRecord,
        tell: &mut Tell<'_>,
    ) -> Result<(), Trouble> {
        let against = match fastest_of_host(record) {
            Some(entry) => entry,
            None => registry::best(&self.plan.context).map_err(Failure::internal)?,
        };
        for (id, shared) in devices(lineups) {
            let row = |mode, found: Option<BreakEven>, absent: Option<String>| BreakEvenRecord {
                backend: id.into(),
                against: against.id.into(),
                mode,
                found,
                absent,
            };
            if shared.lock().facts().adapter.is_software() {
                let reason = "a software driver is not compared as a GPU";
                let rows = Mode::ALL.map(|mode| row(mode, None, Some(reason.into())));
                record.break_even.extend(rows);
                continue;
            }
            let options = OpenOptions { op: self.plan.op, batch_len_max: len_max };
            let mut host = open_best(against, &self.plan.context, options)?;
            for mode in Mode::ALL {
                tell(Event::Begins(&format!("break-even of {id}, {}", mode.name())))?;
                let who = [against.id, id].map(|id| (id, Role::Contender));
                match self.search((mode, who), shared, host.as_mut(), len_max) {
                    Ok(found) => record.break_even.push(row(mode, Some(found), None)),
                    Err(error @ BreakEvenError::NoRatio(_)) => {
                        record.break_even.push(row(mode, None, Some(error.to_string())));
                    }
                    Err(BreakEvenError::Interrupted) => return Ok(()),
                    Err(BreakEvenError::Submit(error)) => return Err(error.into()),
                    Err(error @ BreakEvenError::Wrong { .. }) => {
                        let message = format!("break-even of {id}: {error}");
                        return Err(Failure::new(Exit::WrongResults, message).into());
                    }
                    Err(error) => return Err(Failure::internal(error).into()),
                }
            }
        }
        Ok(tell(Event::Measured(record))?)
    }

    /// Both are hot: a few batches in rotation on the host, one that stays on the device.
    fn search(
        &self,
        (mode, who): (Mode, [(&str, Role); 2]),
        shared: &Shared,
        host: &mut HostBackend,
        len_max: usize,
    ) -> Result<BreakEven, BreakEvenError> {
        let limits =
            Limits { budget: self.plan.limits.budget / BREAK_EVEN_PART, ..self.bench.limits };
        let bench = Bench { limits, ..self.bench };
        let rotations = |batch_len: usize| {
            let count = (self.pool.len() / batch_len).min(BREAK_EVEN_BATCHES);
            let rotation = |count| self.pool.rotation(batch_len, count, 0);
            let [first, second] = match mode {
                Mode::EndToEnd => [rotation(count)?, rotation(count)?],
                Mode::Resident => [rotation(count)?, rotation(1)?],
            };
            if mode == Mode::Resident {
                shared.lock().place(second.first())?;
            }
            Ok([first, second])
        };
        let keep = |batch_len: usize, measured: &[Throughput; 2]| {
            let purpose = Purpose::BreakEven(mode);
            self.keep_contest(purpose, (batch_len, "hot"), who, false, measured.each_ref());
        };
        let mut device: Box<HostBackend> = match mode {
            Mode::EndToEnd => Box::new(EndToEnd(shared.clone())),
            Mode::Resident => Box::new(Placed(shared.clone())),
        };
        break_even::measure(bench, [host, device.as_mut()], len_max, rotations, keep)
    }
}

/// A backend of the host, open for batches of up to `len_max` records.
fn open_best(
    entry: &'static BackendEntry,
    context: &ProbeContext,
    options: OpenOptions,
) -> Result<Box<HostBackend>, Failure> {
    let unfit = |error: &dyn Display| Failure::new(Exit::Unfit, format!("{}: {error}", entry.id));
    match registry::open(entry, context, options) {
        Ok(Opened::Host(opened)) => Ok(opened),
        Ok(_) => Err(unfit(&"the best backend is not one of the host")),
        Err(error) => Err(unfit(&error)),
    }
}

/// The devices that are to be measured, by id of the backend.
fn devices(lineups: &[Lineup]) -> impl Iterator<Item = (&'static str, &Shared)> {
    let devices = lineups.iter().filter(|one| one.is_device());
    devices.filter_map(|one| Some((one.entry.id, one.device.as_ref()?)))
}

/// The backend of the host that took least per record on one thread in the longest batches of this
/// run. `None` where none was measured.
fn fastest_of_host(record: &RunRecord) -> Option<&'static BackendEntry> {
    let of_host = |entry: &&Entry| {
        let kind = registry::find(&entry.backend).ok().map(|found| found.kind);
        matches!(kind, Some(BackendKind::Cpu | BackendKind::Simd))
            && (entry.method, entry.threads) == (Method::Throughput, 1)
    };
    let measured = || record.entries.iter().filter(of_host);
    let longest = measured().map(|entry| entry.batch_len).max()?;
    let nanos = |entry: &&Entry| entry.median().map_or(f64::INFINITY, |median| median.value);
    let fastest = measured()
        .filter(|entry| entry.batch_len == longest)
        .min_by(|one, other| nanos(one).total_cmp(&nanos(other)))?;
    registry::find(&fastest.backend).ok()
}

/// What the kernel takes for a single record. Zero without timestamps.
fn launch_ns(shared: &Shared) -> f64 {
    shared.lock().facts().launch_ns.unwrap_or_default()
}

/// The bounds on a batch.
fn bounds(shared: &Shared, batch: Batch<'_>) -> Result<Bounds, Trouble> {
    let mut device = shared.lock();
    device.place(batch)?;
    let mut bounds = Bounds::new();
    for _ in 0..BOUND_READINGS {
        for bound in DeviceBound::ALL {
            if let Some(elapsed) = device.bound(bound)? {
                bounds.entry(bound).or_default().push_mean(elapsed, batch.len() as f64);
            }
        }
    }
    Ok(bounds)
}
