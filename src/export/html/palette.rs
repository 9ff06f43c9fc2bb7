//! How each backend looks, wherever it is shown: a colour for light and dark pages, a symbol, a
//! dash; and the colours of stages.
//!
//! The hues are those of Okabe and Ito ("Color Universal Design", 2008), with the lightness changed
//! until neighbours stay apart for the colour-blind too; the tests here measure that. Symbols and
//! dashes say the same once more.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;

use crate::{export::measurement::Place, report::record::RunRecord};

/// The look of one backend.
struct Look {
    backend: &'static str,
    light: &'static str,
    dark: &'static str,
    /// Name of a symbol that can be hollow: of Observable Plot, or of `assets/frame.js`.
    symbol: &'static str,
    /// Lengths of dashes, in CSS pixels. Empty for a whole line.
    dash: &'static str,
}

const fn look(
    backend: &'static str,
    [light, dark]: [&'static str; 2],
    symbol: &'static str,
    dash: &'static str,
) -> Look {
    Look { backend, light, dark, symbol, dash }
}

/// A look for each backend that this program knows.
const LOOKS: [Look; 9] = [
    look("simd-avx512", ["#00508f", "#4c86ff"], "diamond", ""),
    look("simd-avx2", ["#4a90e2", "#a0d2ff"], "triangle", ""),
    look("simd-neon", ["#b0689c", "#d08bbb"], "star", ""),
    look("scalar", ["#cc8100", "#e69f00"], "square", ""),
    look("reference", ["#555a60", "#c9cdd2"], "circle", ""),
    look("gpu-wgpu", ["#00a06a", "#16c98a"], "cross", ""),
    look("fpga-verilator", ["#b03a05", "#ee6a45"], "wye", ""),
    look("peer-crc", ["#3a2a10", "#ffe08a"], "hexagon", "6 3"),
    look("peer-crc-fast", ["#241a6b", "#8c76c8"], "down", "6 3"),
];

/// What other programs' backends look like.
const OTHER: Look = look("", ["#7a7f85", "#8d949b"], OTHER_SHAPES[0].0, OTHER_SHAPES[0].1);

/// Symbols and dashes by which several others are told apart, in the order in which they come.
const OTHER_SHAPES: [(&str, &str); 4] =
    [("tall", "2 2"), ("flat", "8 2 2 2"), ("left", "10 4"), ("right", "1 3")];

/// Stages of a batch, in their order: those of the host are grey, those of the device have colours.
/// Each bears black text, on light pages and dark ones.
const STAGES: [(&str, &str); 6] = [
    ("write", "#f4f6f7"),
    ("upload", "#169cde"),
    ("queue", "#7a7b86"),
    ("kernel", "#62faa0"),
    ("download", "#e0c41c"),
    ("decode", "#b9bcbb"),
];

/// Dashes of a device that a driver imitates.
const SOFTWARE_DASH: &str = "3 3";

fn looks() -> impl Iterator<Item = &'static Look> {
    LOOKS.iter().chain([&OTHER])
}

/// Index of the look of a backend.
fn place(backend: &str) -> usize {
    LOOKS.iter().position(|look| look.backend == backend).unwrap_or(LOOKS.len())
}

/// Classes of an element that names a backend.
pub(super) fn class(backend: &str) -> String {
    format!("b b-{}", place(backend))
}

/// The colours as properties, which pages in the dark and on paper have their own of.
pub(super) fn css() -> String {
    let properties = |colour: fn(&Look) -> &'static str| {
        looks().enumerate().fold(String::new(), |mut all, (index, look)| {
            let _ = write!(all, "--b-{index}:{};", colour(look));
            all
        })
    };
    let mut css = format!(":root{{{}}}\n", properties(|look| look.light));
    for (stage, colour) in STAGES {
        let _ = writeln!(css, ":root{{--s-{stage}:{colour}}}");
    }
    let dark = properties(|look| look.dark);
    let _ = writeln!(css, "@media screen and (prefers-color-scheme: dark){{:root{{{dark}}}}}");
    for index in 0..looks().count() {
        let _ = writeln!(css, ".b-{index}{{--c:var(--b-{index})}}");
    }
    css
}

/// The look of a name, for charts.
#[derive(Debug, Serialize)]
pub(super) struct Series {
    name: String,
    place: usize,
    symbol: &'static str,
    dash: &'static str,
}

/// The looks of all names in a record, labels included.
pub(super) fn series(record: &RunRecord) -> Vec<Series> {
    let entries = record.entries.iter();
    let entries = entries.map(|one| (Place::of(one).backend(), one.backend.as_str(), one.software));
    let pairs = record.break_even.iter().flat_map(|row| [&row.backend, &row.against]);
    let pairs = pairs.map(|name| (name.clone(), name.as_str(), false));
    let mut all: Vec<Series> = Vec::new();
    let mut others: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, backend, is_software) in entries.chain(pairs) {
        if all.iter().any(|one| one.name == name) {
            continue;
        }
        let place = place(backend);
        let (symbol, dash) = LOOKS.get(place).map_or_else(
            || {
                let order = others.len();
                let order = *others.entry(backend).or_insert(order);
                OTHER_SHAPES[order % OTHER_SHAPES.len()]
            },
            |look| (look.symbol, look.dash),
        );
        let dash = if is_software { SOFTWARE_DASH } else { dash };
        all.push(Series { name, place, symbol, dash });
    }
    all
}

/// The look of a name that no record has.
pub(super) fn other() -> Series {
    let Look { symbol, dash, .. } = OTHER;
    Series { name: String::new(), place: LOOKS.len(), symbol, dash }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{registry, report::device::STAGES as MEASURED};

    /// What is seen of linear light with all cones, and without those for long, middle and short
    /// waves.
    ///
    /// Source: Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of
    /// Color Vision Deficiency", 2009, severity 1.
    const SIGHTS: [[[f64; 3]; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ];

    /// Linear light of `#rrggbb`.
    fn light(colour: &str) -> [f64; 3] {
        [1, 3, 5].map(|at| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn dot(row: [f64; 3], light: [f64; 3]) -> f64 {
        row.iter().zip(light).map(|(one, other)| one * other).sum::<f64>().clamp(0.0, 1.0)
    }

    /// Relative luminance, as the guidelines for accessible content define it.
    fn luminance(colour: &str) -> f64 {
        dot([0.2126, 0.7152, 0.0722], light(colour))
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// CIE Lab of what is seen.
    fn lab(sight: [[f64; 3]; 3], colour: &str) -> [f64; 3] {
        let seen = sight.map(|row| dot(row, light(colour)));
        let curve = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        let [x, y, z] = [
            dot([0.4124, 0.3576, 0.1805], seen) / 0.9505,
            dot([0.2126, 0.7152, 0.0722], seen),
            dot([0.0193, 0.1192, 0.9505], seen) / 1.089,
        ]
        .map(curve);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn distance(one: [f64; 3], other: [f64; 3]) -> f64 {
        one.iter().zip(other).map(|(one, other)| (one - other).powi(2)).sum::<f64>().sqrt()
    }

    /// Every backend and every peer of this program has a look of its own.
    #[test]
    fn every_backend_has_a_look() {
        let places: BTreeSet<usize> = registry::all().map(|entry| place(entry.id)).collect();
        assert_eq!(places.len(), registry::all().count());
        assert!(!places.contains(&LOOKS.len()), "a backend looks like none of ours");
        assert_eq!(class("no-such-backend"), format!("b b-{}", LOOKS.len()));
    }

    /// Any two colours differ for people who see all colours and for those who do not, on light
    /// pages and dark ones, and each stands out from the page.
    #[test]
    fn colours_are_told_apart() {
        let colours: [fn(&Look) -> &'static str; 2] = [|look| look.light, |look| look.dark];
        for (page, colour) in ["#ffffff", "#1b1f24"].into_iter().zip(colours) {
            for one in looks() {
                assert!(contrast(page, colour(one)) >= 3.0, "{} on {page}", one.backend);
            }
            assert_apart(&LOOKS.map(|look| (look.backend, colour(&look))));
        }
    }

    fn assert_apart(colours: &[(&str, &str)]) {
        for (index, (one, a)) in colours.iter().enumerate() {
            for (other, b) in &colours[index + 1..] {
                for sight in SIGHTS {
                    let apart = distance(lab(sight, a), lab(sight, b));
                    assert!(apart > 14.0, "{one} and {other}, {a} and {b}: {apart:.1}");
                }
            }
        }
    }

    /// Stages are told apart as backends are, and black text can be read on each. Each stage that
    /// is measured has its colour.
    #[test]
    fn stages_are_told_apart() {
        assert_apart(&STAGES);
        for (stage, colour) in STAGES {
            assert!(contrast("#000000", colour) >= 4.5, "{stage}");
        }
        let names = MEASURED.map(|stage| stage.split('/').next_back().unwrap());
        assert_eq!(STAGES.map(|(stage, _)| stage), names);
    }

    /// Backends of other programs have one colour, and symbols and dashes of their own; so have
    /// names that only the break-even search knows.
    #[test]
    fn others_are_told_apart() {
        let text = include_str!("../../../tests/fixtures/full-run.json");
        let mut record: RunRecord = serde_json::from_str(text).unwrap();
        let known = |record: &RunRecord, name: &str| {
            let all = series(record);
            let one = all.into_iter().find(|one| one.name == name).unwrap();
            (one.place, one.symbol, one.dash)
        };
        record.entries.retain(|entry| entry.backend != "gpu-wgpu");
        assert_eq!(known(&record, "gpu-wgpu").0, place("gpu-wgpu"));
        record.entries[0].backend = "one".into();
        record.entries[1].backend = "another".into();
        let (one, another) = (known(&record, "one"), known(&record, "another"));
        assert_eq!((one.0, another.0), (LOOKS.len(), LOOKS.len()));
        assert!(one.1 != another.1 && one.2 != another.2);
    }

    /// Symbols tell apart what colours do not reach, on paper without colours.
    #[test]
    fn symbols_are_told_apart() {
        let others = OTHER_SHAPES.iter().map(|(symbol, _)| *symbol);
        let symbols: BTreeSet<&str> = LOOKS.iter().map(|look| look.symbol).chain(others).collect();
        assert_eq!(symbols.len(), LOOKS.len() + OTHER_SHAPES.len());
    }
}
