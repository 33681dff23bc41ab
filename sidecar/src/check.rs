//! What a change of objects would do to the calls that were observed.

use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::Timestamp;
use mesh::{Labels, ProxyKind};
use serde::Serialize;

use crate::calls::{Calls, Destination, WorkloadCalls};
use crate::judge::{Judgement, Verdict, judge};
use crate::observed::Observed;
use crate::outbound::Outbound;
use crate::scope::{Scope, Target};
use crate::view::View;

/// Judges calls that were made under one view by another.
#[derive(Debug, Clone, Copy)]
pub struct Checker<'a> {
    /// The objects as they are.
    pub before: &'a View,
    /// The objects as they would be.
    pub after: &'a View,
}

/// What a change would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// What was looked at.
    #[serde(flatten)]
    pub period: Period,
    /// How many destinations would break, over all workloads.
    pub broken: usize,
    /// How many destinations nothing can be said of.
    pub unresolved: usize,
    /// The workloads, by namespace and name.
    pub workloads: Vec<CheckedWorkload>,
}

/// What records were looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Period {
    /// How many records there were.
    pub records: u64,
    /// When the first of them began; null where none says.
    pub first: Option<Timestamp>,
    /// When the last of them began; null where none says.
    pub last: Option<Timestamp>,
    /// How many records do not say what became of their traffic.
    pub unclassified: u64,
    /// How many calls were left out, as their workload has too many destinations.
    pub beyond_limit: u64,
}

/// The destinations of a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckedWorkload {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub workload: String,
    /// The Sidecar that applies after the change; null when none does.
    pub sidecar: Option<String>,
    /// The destinations, the worst first, else the most called.
    pub destinations: Vec<Checked>,
}

/// A destination and what would become of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// What would become of it.
    pub verdict: Verdict,
    /// The call.
    #[serde(flatten)]
    pub observed: Observed,
    /// Where it goes as the objects are, in words; null where nothing can be said.
    pub before: Option<String>,
    /// Where it would go, in words; null where nothing can be said.
    pub after: Option<String>,
    /// What the user should know beside, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
    /// How often it was called.
    pub count: u64,
    /// When it was last called; null where no record says.
    pub last_seen: Option<Timestamp>,
    /// Some of the lines that tell of it.
    pub examples: Vec<String>,
}

impl Checker<'_> {
    /// Judges all calls. `labels` gives the labels of a workload by namespace and name; those of one
    /// that is not known are taken for none.
    ///
    /// ```
    /// use mesh::{Labels, Loader};
    /// use sidecar::{Calls, Checker, Class, Observed, Protocol, Settings, Verdict, View};
    ///
    /// let mut loader = Loader::new();
    /// loader.add("mesh.yaml", b"
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: reviews, namespace: bookinfo}
    /// spec: {clusterIP: 10.0.0.1, ports: [{name: http, port: 9080}]}
    /// ");
    /// let there = loader.finish().inventory;
    /// let mut loader = Loader::new();
    /// loader.add("new.yaml", b"
    /// apiVersion: networking.istio.io/v1
    /// kind: Sidecar
    /// metadata: {name: default, namespace: default}
    /// spec: {egress: [{hosts: ['./*']}]}
    /// ");
    /// let before = View::new(&there, Settings::default());
    /// let after = View::new(&there.with(loader.finish().inventory), Settings::default());
    ///
    /// let mut calls = Calls::new();
    /// let shell = calls.workload("default", "my-shell");
    /// let call = Observed {
    ///     class: Class::OutboundMatched,
    ///     protocol: Protocol::Http,
    ///     host: Some("reviews.bookinfo.svc.cluster.local"),
    ///     subset: None,
    ///     port: Some(9080),
    ///     destination: Some("10.0.0.1:9080".parse().unwrap()),
    ///     authority: Some("10.0.0.1:9080"),
    ///     server_name: None,
    /// };
    /// calls.note(shell, &call, None, b"a line");
    ///
    /// let checker = Checker { before: &before, after: &after };
    /// let report = checker.check(&calls, |_, _| Labels::new());
    /// assert_eq!(report.broken, 1);
    /// let destination = &report.workloads[0].destinations[0];
    /// assert_eq!(destination.verdict, Verdict::BecomesUnmatched);
    /// assert_eq!(destination.after.as_deref(), Some("TCP passed through"));
    /// ```
    pub fn check(&self, calls: &Calls, labels: impl Fn(&str, &str) -> Labels) -> CheckReport {
        let mut report = CheckReport {
            period: Period::of(calls.workloads()),
            broken: 0,
            unresolved: 0,
            workloads: Vec::new(),
        };
        for (first, groups) in self.groups(calls, labels) {
            let scope = Scope::without_reasons(self.before, &target(first.0, &first.1));
            let before = Outbound::new(self.before, &scope);
            for group in groups.into_values() {
                self.check_group(&group, &before, &mut report);
            }
        }
        report.workloads.sort_by(|one, other| {
            (&one.namespace, &one.workload).cmp(&(&other.namespace, &other.workload))
        });
        report
    }

    /// Judges the calls of workloads whose scopes and routes are the same.
    fn check_group(&self, group: &[Member<'_>], before: &Outbound<'_>, report: &mut CheckReport) {
        let Some((first, labels)) = group.first() else { return };
        let after_scope = Scope::without_reasons(self.after, &target(first, labels));
        let after = Outbound::new(self.after, &after_scope);
        let judged = |it: &Destination| judged(it, judge(&it.observed.as_ref(), before, &after));
        for (workload, _) in group {
            let mut destinations: Vec<Checked> = workload.destinations.iter().map(judged).collect();
            destinations.sort_by(|one, other| {
                let key = |it: &Checked| (Reverse(it.verdict), Reverse(it.count));
                key(one).cmp(&key(other)).then_with(|| one.observed.cmp(&other.observed))
            });
            let number =
                |is: fn(Verdict) -> bool| destinations.iter().filter(|it| is(it.verdict)).count();
            report.broken += number(Verdict::breaks);
            report.unresolved += number(|verdict| verdict == Verdict::Unresolved);
            report.workloads.push(CheckedWorkload {
                namespace: workload.namespace.clone(),
                workload: workload.name.clone(),
                sidecar: after_scope.sidecar.as_ref().map(|it| it.meta.qualified_name()),
                destinations,
            });
        }
    }

    /// The workloads whose scopes and routes are the same, so that they are made once: by those before
    /// the change, with one that has them, and among these by those after it.
    fn groups<'c>(
        &self,
        calls: &'c Calls,
        labels: impl Fn(&str, &str) -> Labels,
    ) -> Vec<(Member<'c>, BySidecar<'c>)> {
        let by_labels = self.before.looks_at_labels() || self.after.looks_at_labels();
        let mut groups: HashMap<_, (Member<'c>, BySidecar<'c>)> = HashMap::new();
        for workload in calls.workloads() {
            let own = labels(&workload.namespace, &workload.name);
            let sidecar = |view: &View| {
                view.sidecar_of(&target(workload, &own)).map(|it| it.meta.qualified_name())
            };
            let differs = by_labels.then(|| own.clone());
            let key = (workload.namespace.as_str(), sidecar(self.before), differs);
            let member = (workload, own.clone());
            let (_, among) = groups.entry(key).or_insert_with(|| (member.clone(), HashMap::new()));
            among.entry(sidecar(self.after)).or_default().push(member);
        }
        groups.into_values().collect()
    }
}

/// A workload with its labels.
type Member<'c> = (&'c WorkloadCalls, Labels);

/// Workloads by the Sidecar that applies to them after the change.
type BySidecar<'c> = HashMap<Option<String>, Vec<Member<'c>>>;

/// The proxy of a workload.
fn target<'t>(workload: &'t WorkloadCalls, labels: &'t Labels) -> Target<'t> {
    Target { namespace: &workload.namespace, labels, kind: ProxyKind::Sidecar }
}

impl Period {
    /// What was looked at of these workloads.
    pub(crate) fn of<'c>(workloads: impl IntoIterator<Item = &'c WorkloadCalls>) -> Self {
        let mut period = Self::default();
        for calls in workloads {
            period.records += calls.records;
            period.unclassified += calls.unclassified;
            period.beyond_limit += calls.beyond_limit;
            period.first = match (period.first, calls.first) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            period.last = period.last.max(calls.last);
        }
        period
    }
}

fn judged(destination: &Destination, judgement: Judgement) -> Checked {
    let Judgement { verdict, before, after, note } = judgement;
    Checked {
        verdict,
        observed: destination.observed.clone(),
        before: before.map(|it| it.to_string()),
        after: after.map(|it| it.to_string()),
        note,
        count: destination.count,
        last_seen: destination.last,
        examples: destination.examples.clone(),
    }
}
