//! What an observed call would become under another scope.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::Serialize;

use crate::class::{Class, Protocol};
use crate::observed::Observed;
use crate::outbound::{Call, Fate, Outbound, Outcome, Speech};
use crate::registry::Registry;

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
/// whatever explains the record; of several verdicts the worst is given.
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
}

impl<'o> Explained<'o> {
    pub(crate) fn new(observed: Observed<&'o str>, before: &Outbound<'o>) -> Self {
        let calls = Calls::of(&observed, before.registry());
        let outcomes = calls.each().map(|call| before.call(&call)).collect();
        Self { observed, calls, outcomes }
    }

    /// Judges the call by another scope.
    pub(crate) fn judge(&self, after: &Outbound<'_>) -> Judgement {
        let observed = &self.observed;
        let mut judgement: Option<Judgement> = None;
        let mut unexplained: Option<(Outcome, Outcome)> = None;
        for (call, was) in self.calls.each().zip(&self.outcomes) {
            let is = after.call(&call);
            if !explains(was, observed) {
                unexplained.get_or_insert((was.clone(), is));
                continue;
            }
            let verdict = verdict(observed, was, &is);
            if judgement.as_ref().is_none_or(|worst| worst.verdict < verdict) {
                let maybe_http = observed.protocol == Protocol::Tcp
                    && matches!(call.speech, Speech::Http { .. })
                    && judgement.is_some();
                let note = maybe_http.then_some("if the application speaks HTTP there");
                let before = Some(was.clone());
                judgement = Some(Judgement { verdict, before, after: Some(is), note });
            }
        }
        judgement.unwrap_or_else(|| unresolved(observed, unexplained))
    }
}

/// A call that the objects do not explain: nothing can be said, unless nothing changes.
fn unresolved(observed: &Observed<&str>, outcomes: Option<(Outcome, Outcome)>) -> Judgement {
    let Some((was, is)) = outcomes else {
        let note = Some("the record does not say where the call went");
        return Judgement { verdict: Verdict::Unresolved, before: None, after: None, note };
    };
    let verdict = if was == is { stays(observed.class) } else { Verdict::Unresolved };
    let note = Some("the objects do not explain the record");
    Judgement { verdict, before: Some(was), after: Some(is), note }
}

fn stays(class: Class) -> Verdict {
    match class {
        Class::OutboundMatched => Verdict::StaysMatched,
        Class::OutboundBlocked => Verdict::StaysBlocked,
        _ => Verdict::StaysUnmatched,
    }
}

/// Whether an outcome leaves the record that was observed.
fn explains(outcome: &Outcome, observed: &Observed<&str>) -> bool {
    outcome.protocol == observed.protocol
        && match observed.class {
            Class::OutboundMatched => goes_where(&outcome.fate, observed),
            Class::OutboundBlocked => outcome.fate == Fate::Blocked,
            _ => outcome.fate.is_unmatched(),
        }
}

/// Whether a call is matched with the service that was observed.
fn goes_where(fate: &Fate, observed: &Observed<&str>) -> bool {
    let Fate::Matched { destinations, .. } = fate else { return false };
    destinations.iter().any(|it| {
        Some(it.host.as_str()) == observed.host
            && it.subset == observed.subset.unwrap_or_default()
            && (it.port == observed.port || observed.port.is_none())
    })
}

/// What became of a call that the objects explain.
fn verdict(observed: &Observed<&str>, was: &Outcome, is: &Outcome) -> Verdict {
    let same_form = |verdict| match is.protocol == observed.protocol {
        true => verdict,
        false => Verdict::ChangesForm,
    };
    match (observed.class, &is.fate) {
        (Class::OutboundMatched, Fate::Matched { captured, .. }) => {
            match (goes_where(&is.fate, observed), captured) {
                (true, _) => same_form(Verdict::StaysMatched),
                (false, true) => Verdict::BecomesCaptured,
                (false, false) => Verdict::ChangesDestination,
            }
        }
        (Class::OutboundMatched, Fate::Blocked | Fate::NoRoute { .. }) => Verdict::BecomesBlocked,
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

/// The calls that may have left a record.
#[derive(Debug)]
struct Calls<'o> {
    at: Option<(IpAddr, u16)>,
    /// What it may have spoken, the likeliest first.
    speeches: Vec<Spoken<'o>>,
}

/// What a call may have spoken, with a name that had to be made up.
#[derive(Debug)]
enum Spoken<'o> {
    Http(&'o str),
    HttpTo(String),
    Tls(&'o str),
    Other,
}

impl<'o> Calls<'o> {
    fn of(observed: &Observed<&'o str>, registry: &'o Registry) -> Self {
        let at = address(observed, registry);
        let guess = |at: Option<(IpAddr, u16)>| match (named(at, registry), observed.host, at) {
            (Some(host), ..) | (None, Some(host), _) => Spoken::Http(host),
            (None, None, Some((address, _))) => Spoken::HttpTo(address.to_string()),
            (None, None, None) => Spoken::Other,
        };
        let speeches = match (observed.protocol, observed.authority, observed.server_name) {
            (Protocol::Http, Some(authority), _) => vec![Spoken::Http(authority)],
            (Protocol::Http, None, _) => vec![guess(at)],
            (Protocol::Tcp, _, Some(name)) => vec![Spoken::Tls(name)],
            (Protocol::Tcp, _, None) => vec![Spoken::Other, guess(at)],
        };
        Self { at, speeches }
    }

    fn each(&self) -> impl Iterator<Item = Call<'_>> {
        let at = self.at;
        self.speeches.iter().filter_map(move |spoken| {
            let (address, port) = at?;
            let speech = match spoken {
                Spoken::Http(authority) => Speech::Http { authority },
                Spoken::HttpTo(authority) => Speech::Http { authority },
                Spoken::Tls(name) => Speech::Tls { server_name: Some(name) },
                Spoken::Other => Speech::Other,
            };
            Some(Call { address, port, speech })
        })
    }
}

/// The host of the service whose address was called.
fn named(at: Option<(IpAddr, u16)>, registry: &Registry) -> Option<&str> {
    let (address, port) = at?;
    let found = registry.by_address(address).find(|service| service.port(port).is_some());
    found.map(|service| service.host.as_str())
}

/// Where a call went: what the record says, else the address of the service that it was matched with,
/// else what the authority says.
fn address(observed: &Observed<&str>, registry: &Registry) -> Option<(IpAddr, u16)> {
    if let Some(destination) = observed.destination {
        return Some((destination.ip(), destination.port()));
    }
    let authority = observed.authority.unwrap_or_default();
    let by_port = authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    if let (Some(host), Some(port)) = (observed.host, observed.port) {
        let service = registry.by_host(host).next()?;
        let endpoints = registry.endpoints(&service.host, &service.namespace);
        let addresses = service.addresses.iter().chain(endpoints.iter().map(|it| &it.address));
        let address = addresses.filter_map(|it| it.parse().ok()).next();
        // A service without an address is known by its host, wherever that is.
        return Some((address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), port));
    }
    let address = match authority.parse::<SocketAddr>() {
        Ok(at) => at.ip(),
        Err(_) if authority.is_empty() => return None,
        Err(_) => authority.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
    };
    Some((address, observed.port.or(by_port).unwrap_or(80)))
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
