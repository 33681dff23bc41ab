//! How evenly requests are spread over hosts.

use serde::Serialize;

/// Fewer requests a host than this say nothing about how they are spread.
const ENOUGH: f64 = 20.0;

/// Up to this coefficient of variation a spread is even: every host within about a quarter of an even
/// share.
const EVEN: f64 = 0.25;

/// Above this one it is lopsided: as with one idle host of four, or worse.
const LOPSIDED: f64 = 0.5;

/// How evenly requests are spread over the hosts of a service.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The verdict.
    pub evenness: Evenness,
    /// The standard deviation of the requests of the hosts, as a part of their mean: 0 when all have the
    /// same. To three decimals.
    pub coefficient_of_variation: f64,
    /// The requests of the busiest host, as a multiple of an even share. To three decimals.
    pub max_over_mean: f64,
}

/// A verdict on a spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evenness {
    /// There is one host.
    OneHost,
    /// There are fewer than 20 requests a host.
    TooFew,
    /// The coefficient of variation is 0.25 at most.
    Even,
    /// The coefficient of variation is 0.5 at most.
    Uneven,
    /// The coefficient of variation is above 0.5.
    Lopsided,
}

impl Spread {
    /// The spread of the requests of hosts; `None` where there are no hosts or no requests.
    pub(super) fn of(requests: &[u64]) -> Option<Self> {
        let hosts = requests.len() as f64;
        let total = requests.iter().fold(0.0, |total, it| total + *it as f64);
        if total == 0.0 {
            return None;
        }
        let mean = total / hosts;
        let squares = requests.iter().map(|it| (*it as f64 - mean).powi(2));
        let variation = (squares.sum::<f64>() / hosts).sqrt() / mean;
        let most = requests.iter().max().map_or(0.0, |most| *most as f64);
        Some(Self {
            evenness: match variation {
                _ if requests.len() == 1 => Evenness::OneHost,
                _ if mean < ENOUGH => Evenness::TooFew,
                variation if variation <= EVEN => Evenness::Even,
                variation if variation <= LOPSIDED => Evenness::Uneven,
                _ => Evenness::Lopsided,
            },
            coefficient_of_variation: rounded(variation),
            max_over_mean: rounded(most / mean),
        })
    }
}

/// To three decimals.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads() {
        for (label, requests, expected) in [
            ("nothing", vec![], None),
            ("no requests", vec![0, 0], None),
            ("one host", vec![50], Some((Evenness::OneHost, 0.0, 1.0))),
            ("the same for all", vec![100, 100, 100], Some((Evenness::Even, 0.0, 1.0))),
            ("nearly", vec![90, 100, 110], Some((Evenness::Even, 0.082, 1.1))),
            ("one has twice", vec![200, 100, 100], Some((Evenness::Uneven, 0.354, 1.5))),
            (
                "one of ten is idle",
                [vec![40; 9], vec![0]].concat(),
                Some((Evenness::Uneven, 0.333, 1.111)),
            ),
            ("one of four is idle", vec![40, 40, 40, 0], Some((Evenness::Lopsided, 0.577, 1.333))),
            ("all on one", vec![300, 0, 0], Some((Evenness::Lopsided, 1.414, 3.0))),
            ("too few", vec![30, 5], Some((Evenness::TooFew, 0.714, 1.714))),
        ] {
            let spread = Spread::of(&requests);
            let found =
                spread.map(|it| (it.evenness, it.coefficient_of_variation, it.max_over_mean));
            assert_eq!(found, expected, "{label}");
        }
    }
}
