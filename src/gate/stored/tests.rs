use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

use super::*;
use crate::{op::Op, stats::binomial::Proportion};

fn key(batch_len: usize) -> Key {
    Key {
        backend: "scalar".into(),
        op: Op::Decide,
        method: "throughput".into(),
        batch_len,
        threads: 1,
        home: "L1".into(),
        metric: "host/per_record/p50".into(),
    }
}

/// Launches of these values, each known to half a percent.
fn measured(values: &[f64]) -> Figure {
    let launch = |&value: &f64| Estimate { value, low: 0.995 * value, high: 1.005 * value };
    Figure::Measured { launches: values.iter().map(launch).collect(), resolution: 0.0 }
}

fn pair(batch_len: usize, baseline: Option<Figure>, candidate: Option<Figure>) -> Pair {
    let launch_budget_s = Some(0.5);
    Pair { key: key(batch_len), unit: "ns", baseline, candidate, launch_budget_s }
}

fn judge_one(baseline: &[f64], candidate: &[f64], criteria: &Criteria) -> Judged {
    let pair = pair(1, Some(measured(baseline)), Some(measured(candidate)));
    judge(&[pair], criteria).remove(0)
}

/// A nearly normal number with deviation 1: twelve uniform ones.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| f64::from(rng.next_u32()) / f64::from(u32::MAX)).sum::<f64>() - 6.0
}

/// Launches around 100 whose logarithms are shifted by `shift`, and scatter by `deviation`.
fn drawn(rng: &mut ChaCha8Rng, count: usize, shift: f64, deviation: f64) -> Figure {
    let values: Vec<f64> =
        (0..count).map(|_| 100.0 * (shift + deviation * normal(rng)).exp()).collect();
    measured(&values)
}

/// Families of which any row claims a difference, of so many.
fn alarmed(seed: u64, families: u64, launches: [usize; 2], deviations: [f64; 2]) -> Proportion {
    // Without a threshold of noise: the test alone has to hold its error.
    let criteria = Criteria { noise: 0.0, ..Criteria::default() };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut one = |_: &u64| {
        let mut side =
            |index: usize| Some(drawn(&mut rng, launches[index], 0.0, deviations[index]));
        let pairs: Vec<Pair> = (0..20).map(|row| pair(row, side(0), side(1))).collect();
        judge(&pairs, &criteria).iter().any(|judged| judged.row.verdict.is_alarm())
    };
    Proportion::exact((0..families).filter(|family| one(family)).count() as u64, families)
}

/// Of runs of identical programs whose launches differ, no more than one family in twenty has an
/// alarm, also where one side scatters ten times as much or has more launches; and the error is
/// not held by never raising any. With Satterthwaite's degrees of freedom this fails.
#[test]
fn false_alarms_keep_to_the_error_of_the_family() {
    let error = Criteria::default().family_error;
    let mut alarms = 0;
    for (seed, launches, deviations) in [
        (1, [3, 3], [0.02, 0.02]),
        (2, [3, 3], [0.01, 0.1]),
        (3, [3, 10], [0.03, 0.02]),
        (4, [10, 10], [0.02, 0.02]),
    ] {
        let share = alarmed(seed, 400, launches, deviations);
        assert!(share.low <= error, "{launches:?} {deviations:?}: {share:?}");
        alarms += share.count;
    }
    assert!(alarms > 10, "{alarms}: the test is not so timid");
}

/// A planted slowdown and a planted gain are found in the right direction among rows without any,
/// and those rows stay quiet.
#[test]
fn planted_shifts_are_found() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for _ in 0..50 {
        let mut side = |shift| Some(drawn(&mut rng, 10, shift, 0.01));
        let shifts = [0.0, 0.1, 0.0, -0.1, 0.0, 0.0, 0.0, 0.0];
        let pairs: Vec<Pair> =
            shifts.into_iter().map(|shift| pair(1, side(0.0), side(shift))).collect();
        let found: Vec<Verdict> =
            judge(&pairs, &Criteria::default()).iter().map(|one| one.row.verdict).collect();
        assert_eq!((found[1], found[3]), (Verdict::Slower, Verdict::Faster), "{found:?}");
        assert_eq!(found.iter().filter(|verdict| verdict.is_alarm()).count(), 2, "{found:?}");
    }
}

/// A difference within noise is no alarm however sure; the same is said only where the whole
/// interval is within the margin; and the ratio is that of the means of logarithms.
#[test]
fn verdicts_need_more_than_significance() {
    let criteria = Criteria::default();
    let verdict =
        |baseline: &[f64], candidate: &[f64]| judge_one(baseline, candidate, &criteria).row.verdict;
    let base = [100.0; 20];
    assert_eq!(verdict(&base, &[101.5; 20]), Verdict::Same, "sure, and noise");
    assert_eq!(verdict(&base, &[103.0; 20]), Verdict::Slower, "beyond noise, within the margin");
    assert_eq!(verdict(&base, &[97.0; 20]), Verdict::Faster);
    assert_eq!(verdict(&[100.0, 104.0, 96.0], &[102.0, 97.0, 104.0]), Verdict::CannotTell);
    let slower = judge_one(&[100.0, 100.1, 99.9], &[110.0, 110.1, 109.9], &criteria).row;
    assert_eq!((slower.verdict, slower.reason), (Verdict::Slower, Reason::BeyondNoise));
    assert_eq!(slower.effect, Effect::Fails);
    let ratio = slower.ratio.unwrap();
    assert!((ratio.value - 1.1).abs() < 1e-3 && ratio.low > 1.08 && ratio.high < 1.12);
}

/// The same difference that is sure alone is not among a hundred rows: the error is the family's.
#[test]
fn rows_pay_for_their_number() {
    let criteria = Criteria::default();
    let slow = || pair(1, Some(measured(&[100.0, 101.0, 99.0])), Some(measured(&[107.0, 106.0])));
    let quiet = |row| pair(row, Some(measured(&[100.0, 101.0])), Some(measured(&[101.0, 100.0])));
    let alone = judge(&[slow()], &criteria).remove(0);
    assert!(alone.row.p_value == alone.row.p_adjusted, "{alone:?}");
    let mut pairs = vec![slow()];
    pairs.extend((0..99).map(quiet));
    let among = judge(&pairs, &criteria).remove(0);
    assert_eq!(among.row.p_value, alone.row.p_value);
    let wanted = (100.0 * alone.row.p_value.unwrap()).min(1.0);
    assert!((among.row.p_adjusted.unwrap() - wanted).abs() < 1e-12, "{among:?}");
    let steps = among.steps.unwrap();
    assert_eq!((steps.family, steps.factor), (100, 100));
    assert!((steps.threshold - 0.0005).abs() < 1e-12);
}

/// What cannot be told names launches that would tell: as many launches of the same kind do, and
/// one fewer do not. What no number of launches settles names none.
#[test]
fn what_would_settle_it_settles_it() {
    let criteria = Criteria::default();
    // Launches at equal distances from 103, whose mean has the same variance whatever their count.
    let spread = |count: usize| -> Vec<f64> {
        let scale = 4.0 * ((count as f64 - 1.0) / count as f64).sqrt();
        let sign = |index: usize| if index.is_multiple_of(2) { 1.0 } else { -1.0 };
        (0..count).map(|index| 100.0 * (0.01 * scale * sign(index)).exp()).collect()
    };
    let open = judge_one(&spread(4), &spread(4), &criteria);
    assert_eq!(open.row.verdict, Verdict::CannotTell);
    let needed = open.steps.unwrap().settle_launches.unwrap();
    assert!(needed > 4 && open.row.settle_budget_s == Some(0.5 * needed as f64), "{open:?}");
    let even = needed.next_multiple_of(2);
    assert_eq!(judge_one(&spread(even), &spread(even), &criteria).row.verdict, Verdict::Same);
    let fewer = even - 4;
    let still = judge_one(&spread(fewer), &spread(fewer), &criteria).row.verdict;
    assert_eq!(still, Verdict::CannotTell, "{needed}");
    let wild = judge_one(&[50.0, 200.0], &[60.0, 190.0], &criteria);
    assert_eq!((wild.steps.unwrap().settle_launches, wild.row.settle_budget_s), (None, None));
}

/// Counted cycles are compared exactly, without noise, and are no part of the family.
#[test]
fn counts_are_exact() {
    let exact = |baseline, candidate| {
        let figures = (Some(Figure::Exact(baseline)), Some(Figure::Exact(candidate)));
        let timed = pair(2, Some(measured(&[1.0, 1.0])), Some(measured(&[1.0, 1.0])));
        let judged = judge(&[pair(1, figures.0, figures.1), timed], &Criteria::default());
        assert_eq!(judged[1].steps.unwrap().family, 1);
        assert_eq!((judged[0].steps, judged[0].row.p_value), (None, None));
        judged[0].row.clone()
    };
    let same = exact(5.0, 5.0);
    assert_eq!((same.verdict, same.reason), (Verdict::Same, Reason::ExactlyEqual));
    let slower = exact(262_149.0, 262_150.0);
    assert_eq!((slower.verdict, slower.reason), (Verdict::Slower, Reason::ExactlyDifferent));
    assert_eq!((slower.effect, slower.noise), (Effect::Fails, 0.0));
    assert_eq!(exact(6.0, 5.0).verdict, Verdict::Faster);
    assert_eq!(exact(0.0, 2.0).ratio, None, "nothing is no multiple of nothing");
}

/// What one side lacks, or has too few launches of, has no ratio: what is new passes, the rest
/// leaves the comparison open.
#[test]
fn what_cannot_be_compared_has_no_number() {
    let one = |baseline, candidate| {
        let row = judge(&[pair(1, baseline, candidate)], &Criteria::default()).remove(0).row;
        assert_eq!((row.verdict, row.ratio, row.p_value), (Verdict::CannotTell, None, None));
        (row.reason, row.effect)
    };
    let figure = || Some(measured(&[1.0, 1.0, 1.0]));
    assert_eq!(one(None, figure()), (Reason::NewInCandidate, Effect::Passes));
    assert_eq!(one(figure(), None), (Reason::MissingInCandidate, Effect::Undecided));
    let single = one(figure(), Some(measured(&[1.0])));
    assert_eq!(single, (Reason::TooFewLaunches, Effect::Undecided));
}

/// Two latencies that are one step of a coarse clock apart in every launch are not told apart; on
/// a fine clock they are.
#[test]
fn a_step_of_the_clock_is_no_difference() {
    let on = |resolution: f64| {
        let side = |value: f64| {
            let launch = Estimate { value, low: value, high: value };
            Some(Figure::Measured { launches: vec![launch; 3], resolution })
        };
        judge(&[pair(1, side(40.0), side(50.0))], &Criteria::default()).remove(0).row.verdict
    };
    assert_eq!((on(10.0), on(0.01)), (Verdict::CannotTell, Verdict::Slower));
}
