//! The merge beside a slow one that is written after Istio's, word for word.

use std::collections::{HashMap, HashSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// What a provider comes to: turned off, or on with this filter.
type Outcome = HashMap<String, Option<Option<String>>>;

/// `mergeLogs`, transcribed.
fn reference(levels: &[Vec<AccessLogging>], defaults: &[String], side: Side) -> Outcome {
    let mut providers = Outcome::new();
    if levels.is_empty() {
        for name in defaults {
            providers.insert(name.clone(), Some(None));
        }
        return providers;
    }
    let mut provider_names: Vec<String> = defaults.to_vec();
    let mut filters: HashMap<String, Option<String>> = HashMap::new();
    for level in levels {
        let mut names = HashSet::new();
        for entry in level {
            if !matches(entry.mode, side) {
                continue;
            }
            names.extend(entry.providers.iter().cloned());
            for provider in &entry.providers {
                filters.insert(provider.clone(), entry.filter.clone());
            }
        }
        if !names.is_empty() {
            provider_names = names.into_iter().collect();
        }
    }
    let in_scope: HashSet<String> = provider_names.into_iter().collect();
    let mut parent_providers: Vec<String> = defaults.to_vec();
    for level in levels {
        for entry in level {
            let mut provider_names = entry.providers.clone();
            if provider_names.is_empty() {
                provider_names = parent_providers.clone();
            }
            parent_providers.clone_from(&provider_names);
            for provider in provider_names {
                if !in_scope.contains(&provider) {
                    continue;
                }
                if !matches(entry.mode, side) {
                    continue;
                }
                if entry.disabled {
                    providers.insert(provider, None);
                    continue;
                }
                let filter = filters.get(&provider).cloned().flatten();
                providers.insert(provider, Some(filter));
            }
        }
    }
    providers
}

fn matches(mode: Mode, side: Side) -> bool {
    mode == Mode::ClientAndServer
        || mode == Mode::Client && side == Side::Client
        || mode == Mode::Server && side == Side::Server
}

fn outcome(merged: &Merged<'_>) -> Outcome {
    let one = |(name, spec): (&&str, &Spec<'_>)| {
        let outcome = (!spec.disabled).then(|| spec.filter.map(str::to_owned));
        ((*name).to_owned(), outcome)
    };
    merged.providers.iter().map(one).collect()
}

fn entry() -> impl Strategy<Value = AccessLogging> {
    let mode = prop_oneof![Just(Mode::ClientAndServer), Just(Mode::Client), Just(Mode::Server)];
    let filter = proptest::option::of(prop_oneof![Just("f".to_owned()), Just("g".to_owned())]);
    (mode, names(0..3), filter, any::<bool>()).prop_map(|(mode, providers, filter, disabled)| {
        AccessLogging { mode, providers, filter, disabled }
    })
}

fn names(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<String>> {
    vec(prop_oneof![Just("a"), Just("b"), Just("c")].prop_map(str::to_owned), count)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn merges_as_the_reference(
        levels in vec(vec(entry(), 1..4), 0..4),
        defaults in names(0..3),
    ) {
        for side in [Side::Client, Side::Server] {
            let slices: Vec<&[AccessLogging]> = levels.iter().map(Vec::as_slice).collect();
            let merged = merge(&slices, &defaults, side);
            prop_assert_eq!(outcome(&merged), reference(&levels, &defaults, side));
            for step in &merged.steps {
                prop_assert!(step.level < levels.len());
            }
            for spec in merged.providers.values() {
                prop_assert_eq!(spec.by.is_none(), levels.is_empty());
            }
        }
    }
}
