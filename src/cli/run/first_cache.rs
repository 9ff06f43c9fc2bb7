//! What is measured in the first cache before all else: where memory cannot hold a backend back,
//! and where caches cannot explain what differs.

use std::collections::BTreeMap;

use super::{
    lineup::Lineup,
    session::{Session, Trouble, refuse},
};
use crate::{
    bundle::readings::{self, Line},
    cli::Failure,
    host::fingerprint::Cache,
    measure::{Bench, Limits, Method, repeats, throughput},
    report::{ratio::RepeatsRecord, record::RunRecord},
    warning::Warning,
};

/// What backends take per record in the first cache, by id and batch length, in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct Ceilings(BTreeMap<(&'static str, usize), f64>);

impl Ceilings {
    fn put(&mut self, id: &'static str, batch_len: usize, nanos: f64) {
        self.0.insert((id, batch_len), nanos);
    }

    /// That of the longest batch that is no longer. Beyond the first cache, what a call costs no
    /// longer counts.
    pub(super) fn of(&self, id: &'static str, batch_len: usize) -> Option<f64> {
        self.0.range((id, 0)..=(id, batch_len)).next_back().map(|(_, nanos)| *nanos)
    }
}

impl Session<'_> {
    /// What each backend takes per record in the first cache, where memory cannot hold it back.
    pub(super) fn ceilings(
        &self,
        lineups: &mut [Lineup],
        caches: &[Cache],
    ) -> Result<Ceilings, Trouble> {
        let mut ceilings = Ceilings::default();
        if !self.plan.methods.contains(&Method::Throughput) {
            return Ok(ceilings);
        }
        let mut lineups: Vec<&mut Lineup> =
            lineups.iter_mut().filter(|one| one.threads() == 1 && one.is_of_host()).collect();
        if lineups.is_empty() {
            return Ok(ceilings);
        }
        let limits = Limits { budget: self.plan.limits.budget / 4, ..self.plan.limits };
        let bench = Bench { limits, ..self.bench };
        for case in self.plan.cases_in_first_cache(caches) {
            let mut rotations = self.verified_rotations(&mut lineups, &case)?;
            let contestants = self.contestants(&mut lineups, &mut rotations)?;
            let measured = throughput::measure(bench, contestants)?;
            self.keep_ceilings(&case, &lineups, &measured);
            for (lineup, one) in lineups.iter().zip(&measured) {
                if let Some(median) = one.per_record.median() {
                    ceilings.put(lineup.entry.id, case.batch_len, median.value);
                }
            }
        }
        Ok(ceilings)
    }

    /// Unique inputs against repeated ones in the first cache, for each backend of the host.
    pub(super) fn repeats(
        &self,
        lineups: &mut [Lineup],
        caches: &[Cache],
        record: &mut RunRecord,
    ) -> Result<(), Trouble> {
        record.repeats.clear();
        let Some(case) = self.plan.cases_in_first_cache(caches).pop() else { return Ok(()) };
        if !self.plan.methods.contains(&Method::Throughput) {
            return Ok(());
        }
        let len = case.batch_len * case.footprint.batch_count;
        let repeated = self.pool.repeating(repeats::TILE, len);
        for lineup in lineups.iter_mut().filter(|one| one.threads() == 1 && one.is_of_host()) {
            let id = lineup.entry.id;
            let mut rotations = self.verified_rotations(&mut [&mut *lineup], &case)?;
            let unique = &mut rotations[0][0];
            let count = case.footprint.batch_count;
            let mut again =
                repeated.rotation(case.batch_len, count, 0).map_err(Failure::internal)?;
            refuse(id, again.verify(&mut lineup.opened[0])?)?;
            let backend = &mut *lineup.host_backends()?[0];
            let both = [&mut *unique, &mut again];
            let [unique_samples, again_samples] = repeats::measure(self.bench, backend, both)?;
            refuse(id, unique.verify_measured())?;
            refuse(id, again.verify_measured())?;
            self.keeper.keep(|| {
                Ok(Line::Repeats(readings::Repeats {
                    backend: id.into(),
                    batch_len: case.batch_len,
                    unique_ns: unique_samples.units().to_vec(),
                    repeated_ns: again_samples.units().to_vec(),
                }))
            });
            let Some(speedup) = unique_samples.speedup_of(&again_samples) else { continue };
            let (ratio, records) = (speedup.value, repeats::TILE);
            if repeats::is_suspicious(&speedup) {
                let warning = Warning::RepeatsDiffer { backend: id, ratio, records };
                record.warnings.push(warning.record());
            }
            let (backend, batch_len) = (id.to_owned(), case.batch_len);
            record.repeats.push(RepeatsRecord {
                backend,
                batch_len,
                repeated_records: records,
                speedup,
            });
        }
        Ok(())
    }
}
