//! The name that was probably meant, where one that is not known was given.

/// How alike two names must be to be taken for one another, from 0 to 1.
const ALIKE: f64 = 0.65;

/// Letters from which on a part of a name stands for the name: `avx2` for `simd-avx2`.
const PART_MIN: usize = 3;

/// The most similar of the names there are, if any is similar. Of several, the first.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let all = known.into_iter().map(|one| (likeness(name, one), one));
    let alike = all.filter(|(likeness, _)| *likeness > ALIKE);
    // The least of the reversed order is the first of the greatest.
    alike.min_by(|(one, _), (other, _)| other.total_cmp(one)).map(|(_, found)| found)
}

/// What is added to an error about a name: the one that was probably meant, or nothing.
#[must_use]
pub fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"))
}

/// By letters that both have near one another, and by slips that lead from one to the other: the
/// former is for long names, the latter for short ones.
fn likeness(name: &str, known: &str) -> f64 {
    let (name, known) = (name.to_lowercase(), known.to_lowercase());
    if name.len() >= PART_MIN && known.contains(&name) {
        return 1.0;
    }
    let slips = strsim::normalized_damerau_levenshtein(&name, &known);
    strsim::jaro(&name, &known).max(slips)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 4] = ["scalar", "simd-avx2", "simd-avx512", "gpu-wgpu"];

    /// A slip of the finger and a part find what was meant, whatever the case; what is like
    /// nothing does not.
    #[test]
    fn slips_and_parts_are_understood() {
        for (given, meant) in [
            ("scaler", "scalar"),
            ("SIMD-AVX2", "simd-avx2"),
            ("simd_avx512", "simd-avx512"),
            ("avx512", "simd-avx512"),
            ("gpu", "gpu-wgpu"),
            ("simd", "simd-avx2"),
        ] {
            assert_eq!(nearest(given, KNOWN), Some(meant), "{given}");
        }
        assert_eq!(nearest("rnu", ["verify", "run"]), Some("run"));
        assert_eq!(nearest("quux", KNOWN), None);
        assert_eq!(nearest("av", KNOWN), None);
        assert_eq!(nearest("scalar", []), None);
    }

    /// The hint ends a sentence, or is not there at all.
    #[test]
    fn hints_are_whole_or_absent() {
        assert_eq!(hint("gpu-wpgu", KNOWN), "; did you mean `gpu-wgpu`?");
        assert_eq!(hint("", KNOWN), "");
    }
}
