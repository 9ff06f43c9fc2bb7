//! Many tests at once: the error of the whole family is held.
//!
//! The least p-value must be below the error over the number of tests, the next one below the error
//! over one fewer, and so on; the first that is not ends it. However the tests depend on one
//! another, the probability of claiming anything that is not there stays below the error. Source:
//! Holm, "A Simple Sequentially Rejective Multiple Test Procedure" (Scandinavian Journal of
//! Statistics 6, 1979).

/// What each p-value is held against: the number of tests that have one at least as large, itself
/// included. The threshold of a test is the error over its factor. Equals keep their order.
#[must_use]
pub fn factors(p_values: &[f64]) -> Vec<usize> {
    let mut factors = vec![0; p_values.len()];
    for (rank, index) in order(p_values).into_iter().enumerate() {
        factors[index] = p_values.len() - rank;
    }
    factors
}

/// Adjusted p-values, in the order of the given ones: a test may claim a difference if its own is
/// at most the error of the family.
#[must_use]
pub fn adjust(p_values: &[f64]) -> Vec<f64> {
    let factors = factors(p_values);
    let mut adjusted = vec![0.0; p_values.len()];
    let mut least = 0.0f64;
    for index in order(p_values) {
        // What comes after a test that claims nothing claims nothing.
        least = least.max(p_values[index] * factors[index] as f64).min(1.0);
        adjusted[index] = least;
    }
    adjusted
}

/// Indices from the least p-value to the greatest.
fn order(p_values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&one, &other| p_values[one].total_cmp(&p_values[other]));
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The procedure as it is defined: the tests that it rejects at this error, step by step.
    fn rejected(p_values: &[f64], error: f64) -> Vec<bool> {
        let mut rejected = vec![false; p_values.len()];
        loop {
            let open = (0..p_values.len()).filter(|&index| !rejected[index]);
            let least = open.clone().min_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
            match least {
                Some(index) if p_values[index] * open.count() as f64 <= error => {
                    rejected[index] = true;
                }
                _ => return rejected,
            }
        }
    }

    proptest! {
        /// An adjusted value is at most an error exactly where the procedure rejects at it, for
        /// ties and for errors that are adjusted values themselves too.
        #[test]
        fn adjusted_values_are_the_procedure(
            p_values in prop::collection::vec(
                prop_oneof![0.0..1.0, 0.0..0.01, Just(0.0), Just(0.01), Just(1.0)], 0..40),
            error in 0.0..0.999f64,
        ) {
            let adjusted = adjust(&p_values);
            let at_ends = adjusted.iter().copied().filter(|&one| one < 1.0);
            for error in at_ends.chain([error]) {
                let claims: Vec<bool> = adjusted.iter().map(|&p| p <= error).collect();
                prop_assert_eq!(&claims, &rejected(&p_values, error));
            }
        }

        /// No test gains by being one of many, none is adjusted beyond certainty, and their order
        /// stays.
        #[test]
        fn adjusting_never_helps(p_values in prop::collection::vec(0.0..1.0f64, 1..40)) {
            let adjusted = adjust(&p_values);
            for (one, &p) in p_values.iter().enumerate() {
                prop_assert!(adjusted[one] >= p && adjusted[one] <= 1.0);
                for (other, &larger) in p_values.iter().enumerate() {
                    prop_assert!(p > larger || adjusted[one] <= adjusted[other]);
                }
            }
        }
    }

    /// The example of Holm's own kind: 0.01, 0.04, 0.03 and 0.005 become 0.03, 0.06, 0.06, 0.02.
    #[test]
    fn a_worked_example_comes_out() {
        let p_values = [0.01, 0.04, 0.03, 0.005];
        assert_eq!(factors(&p_values), [3, 1, 2, 4]);
        let wanted = [0.03, 0.06, 0.06, 0.02];
        let is_near = |(one, other): (f64, f64)| (one - other).abs() < 1e-12;
        assert!(adjust(&p_values).into_iter().zip(wanted).all(is_near));
        assert_eq!((adjust(&[]), factors(&[])), (vec![], vec![]));
    }
}
