//! How each backend looks, wherever it is shown: a colour for light and dark pages, a symbol, a
//! dash.
//!
//! The hues are those of Okabe and Ito ("Color Universal Design", 2008), with the lightness changed
//! until neighbours stay apart for the colour-blind too; the tests here measure that. Symbols and
//! dashes say the same once more.

use std::{collections::BTreeSet, fmt::Write as _};

use serde::Serialize;

use crate::{export::measurement::Place, report::record::Entry};

/// The look of one backend.
struct Look {
    backend: &'static str,
    light: &'static str,
    dark: &'static str,
    /// Name of a symbol of Observable Plot.
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
    look("peer-crc", ["#3a2a10", "#ffe08a"], "plus", "6 3"),
    look("peer-crc-fast", ["#241a6b", "#8c76c8"], "times", "6 3"),
];

/// What other programs' backends look like.
const OTHER: Look = look("", ["#7a7f85", "#8d949b"], "asterisk", "2 2");

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
pub(super) fn series(entries: &[Entry]) -> Vec<Series> {
    let mut seen = BTreeSet::new();
    let of = |entry: &Entry| {
        let name = Place::of(entry).backend();
        let place = place(&entry.backend);
        let look = LOOKS.get(place).unwrap_or(&OTHER);
        let dash = if entry.software { SOFTWARE_DASH } else { look.dash };
        seen.insert(name.clone()).then_some(Series { name, place, symbol: look.symbol, dash })
    };
    entries.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry;

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
        for (page, colour) in ["#ffffff", "#15181c"].into_iter().zip(colours) {
            for (index, one) in LOOKS.iter().enumerate() {
                assert!(contrast(page, colour(one)) >= 3.0, "{} on {page}", one.backend);
                for other in &LOOKS[index + 1..] {
                    for sight in SIGHTS {
                        let [a, b] = [one, other].map(|look| lab(sight, colour(look)));
                        let apart = distance(a, b);
                        let (one, other) = (one.backend, other.backend);
                        assert!(apart > 14.0, "{one} and {other} on {page}: {apart:.1}");
                    }
                }
            }
        }
    }

    /// Symbols tell apart what colours do not reach, on paper without colours.
    #[test]
    fn symbols_are_told_apart() {
        let symbols: BTreeSet<&str> = looks().map(|look| look.symbol).collect();
        assert_eq!(symbols.len(), looks().count());
    }
}
