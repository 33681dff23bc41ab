//! What an observed call would become under another scope.

mod calls;

use serde::Serialize;

use crate::class::{Class, Protocol};
use crate::observed::Observed;
use crate::outbound::{Fate, Outbound, Outcome, Speech};
use calls::Calls;

/// What becomes of a call, from the least to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It stays matched with its service.
    StaysMatched,
    /// It passes through, as it did.
    StaysUnmatched,
    /// It is blocked, as it was.
    StaysBlocked,
    /// It was not known, and now is.
    BecomesMatched,
    /// It was blocked, and now passes.
    PassesNow,
    /// The objects do not explain the record, or the record does not say where the call went.
    Unresolved,
    /// It goes where it went in another form: HTTP in a TCP record, or the other way round.
    ChangesForm,
    /// It goes to another service, subset or port, or by way of another proxy.
    ChangesDestination,
    /// It was known, and now passes through: without mTLS, load balancing, retries and routes.
    BecomesUnmatched,
    /// A ServiceEntry takes it that takes all of its port.
    BecomesCaptured,
    /// It is blocked.
    BecomesBlocked,
}

/// A verdict with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What becomes of the call.
    pub verdict: Verdict,
    /// What the objects make of the call as they are; `None` where the record does not say enough.
    pub before: Option<Outcome>,
    /// What they make of it under the other scope.
    pub after: Option<Outcome>,
    /// What the user should know beside, in words.
    pub note: Option<&'static str>,
}

/// Judges a call that was made under one scope by another.
///
/// What is not known of the call, such as what it speaks when its record is of TCP, is taken to be
/// whatever explains the record; of several verdicts the worst is given. Where nothing explains it, a
/// call is judged by the cluster that its record names, else nothing can be said of it.
pub fn judge(observed: &Observed<&str>, before: &Outbound<'_>, after: &Outbound<'_>) -> Judgement {
    Explained::new(*observed, before).judge(after)
}

/// A call with what the objects make of it as they are, to be judged by many scopes.
#[derive(Debug)]
pub(crate) struct Explained<'o> {
    observed: Observed<&'o str>,
    calls: Calls<'o>,
    /// What becomes of each of the calls.
    outcomes: Vec<Outcome>,
    fit: Fit,
}

/// How well the objects explain a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// They make the very record of one of the calls.
    Exact,
    /// They make one of its class: of another form, or another subset of its host.
    Near,
    /// They do not. Whether the proxy has the cluster that the record names is all that is known.
    None { has_cluster: bool },
}

impl<'o> Explained<'o> {
    pub(crate) fn new(observed: Observed<&'o str>, before: &Outbound<'o>) -> Self {
        let registry = before.registry();
        let made = |calls: Calls<'o>, fit| {
            let outcomes: Vec<Outcome> = calls.each().map(|call| before.call(&call)).collect();
            Self { observed, calls, outcomes, fit }
        };
        let exact = made(Calls::of(&observed, registry), Fit::Exact);
        if exact.is_explained() {
            return exact;
        }
        let near = Self { fit: Fit::Near, ..exact };
        if near.is_explained() {
            return near;
        }
        if observed.class == Class::OutboundMatched {
            let named = made(Calls::to_cluster(&observed, registry), Fit::Near);
            if named.is_explained() {
                return named;
            }
        }
        Self { fit: Fit::None { has_cluster: has_cluster(&observed, before) }, ..near }
    }

    fn is_explained(&self) -> bool {
        self.outcomes.iter().any(|outcome| self.fit.explains(outcome, &self.observed))
    }

    /// Judges the call by another scope.
    pub(crate) fn judge(&self, after: &Outbound<'_>) -> Judgement {
        let observed = &self.observed;
        if let Fit::None { has_cluster } = self.fit {
            return self.unexplained(has_cluster, after);
        }
        let mut judgement: Option<Judgement> = None;
        for (call, was) in self.calls.each().zip(&self.outcomes) {
            if !self.fit.explains(was, observed) {
                continue;
            }
            let is = after.call(&call);
            let verdict = self.fit.verdict(observed, was, &is);
            if judgement.as_ref().is_none_or(|worst| worst.verdict < verdict) {
                let maybe_http = observed.protocol == Protocol::Tcp
                    && matches!(call.speech, Speech::Http { .. })
                    && judgement.is_some();
                let note = match self.fit {
                    Fit::Exact => maybe_http.then_some("if the application speaks HTTP there"),
                    _ => Some("the objects explain the record only in part"),
                };
                let before = Some(was.clone());
                judgement = Some(Judgement { verdict, before, after: Some(is), note });
            }
        }
        judgement.unwrap_or_else(|| self.unexplained(false, after))
    }

    /// Judges a call that the objects do not explain: nothing can be said, unless it loses the cluster
    /// that its record names.
    fn unexplained(&self, has_cluster: bool, after: &Outbound<'_>) -> Judgement {
        let observed = &self.observed;
        if has_cluster && !self::has_cluster(observed, after) {
            let is = after.unknown(observed.protocol);
            let verdict = match is.fate {
                Fate::Blocked => Verdict::BecomesBlocked,
                _ => Verdict::BecomesUnmatched,
            };
            let note = Some("judged by the cluster that the record names alone");
            return Judgement { verdict, before: None, after: Some(is), note };
        }
        let first = self.calls.each().next().zip(self.outcomes.first());
        let (before, after) = match &first {
            Some((call, was)) => (Some((*was).clone()), Some(after.call(call))),
            None => (None, None),
        };
        let note = match (first, observed.class) {
            (Some(_), _) | (None, Class::OutboundMatched) => {
                "the objects do not explain the record"
            }
            (None, _) => "the record does not say where the call went",
        };
        Judgement { verdict: Verdict::Unresolved, before, after, note: Some(note) }
    }
}

/// Whether the sidecar has the cluster that a record names.
fn has_cluster(observed: &Observed<&str>, outbound: &Outbound<'_>) -> bool {
    match (observed.host, observed.port) {
        (Some(host), Some(port)) => outbound.has_cluster(host, port),
        _ => false,
    }
}

impl Fit {
    /// Whether an outcome leaves the record that was observed.
    fn explains(self, outcome: &Outcome, observed: &Observed<&str>) -> bool {
        (self != Self::Exact || outcome.protocol == observed.protocol)
            && match observed.class {
                Class::OutboundMatched => self.goes_where(&outcome.fate, observed),
                Class::OutboundBlocked => outcome.fate == Fate::Blocked,
                _ => outcome.fate.is_unmatched(),
            }
    }

    /// Whether a call is matched with the service that was observed.
    fn goes_where(self, fate: &Fate, observed: &Observed<&str>) -> bool {
        let Fate::Matched { destinations, .. } = fate else { return false };
        destinations.iter().any(|it| {
            Some(it.host.as_str()) == observed.host
                && (self != Self::Exact || it.subset == observed.subset.unwrap_or_default())
                && (it.port == observed.port || observed.port.is_none())
        })
    }

    /// What became of a call that the objects explain.
    fn verdict(self, observed: &Observed<&str>, was: &Outcome, is: &Outcome) -> Verdict {
        let same_form = |verdict| match is.protocol == was.protocol {
            true => verdict,
            false => Verdict::ChangesForm,
        };
        match (observed.class, &is.fate) {
            (Class::OutboundMatched, Fate::Matched { captured, .. }) => {
                match (self.goes_where(&is.fate, observed), captured) {
                    (true, _) => same_form(Verdict::StaysMatched),
                    (false, true) => Verdict::BecomesCaptured,
                    (false, false) => Verdict::ChangesDestination,
                }
            }
            (Class::OutboundMatched, Fate::Blocked | Fate::NoRoute { .. }) => {
                Verdict::BecomesBlocked
            }
            (Class::OutboundMatched, _) => Verdict::BecomesUnmatched,
            (Class::OutboundBlocked, Fate::Blocked) => same_form(Verdict::StaysBlocked),
            (Class::OutboundBlocked, Fate::NoRoute { .. }) => Verdict::StaysBlocked,
            (Class::OutboundBlocked, _) => Verdict::PassesNow,
            (_, Fate::Matched { captured: true, .. }) => Verdict::BecomesCaptured,
            (_, Fate::Matched { .. }) => Verdict::BecomesMatched,
            (_, Fate::Blocked | Fate::NoRoute { .. }) => Verdict::BecomesBlocked,
            (_, unmatched) if *unmatched != was.fate => Verdict::ChangesDestination,
            _ => same_form(Verdict::StaysUnmatched),
        }
    }
}

impl Verdict {
    /// The verdict as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StaysMatched => "stays-matched",
            Self::StaysUnmatched => "stays-unmatched",
            Self::StaysBlocked => "stays-blocked",
            Self::BecomesMatched => "becomes-matched",
            Self::PassesNow => "passes-now",
            Self::Unresolved => "unresolved",
            Self::ChangesForm => "changes-form",
            Self::ChangesDestination => "changes-destination",
            Self::BecomesUnmatched => "becomes-unmatched",
            Self::BecomesCaptured => "becomes-captured",
            Self::BecomesBlocked => "becomes-blocked",
        }
    }

    /// Whether the call is not what it was: whoever made it, or watches it, may notice.
    pub fn breaks(self) -> bool {
        self >= Self::ChangesForm
    }
}
