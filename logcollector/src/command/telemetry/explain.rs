//! `telemetry explain`: why a proxy logs what it logs, or why there is no line of a call.

use mesh::injection::Injection;
use mesh::{ProxyKind, Workload, WorkloadKind};
use serde::Serialize;
use telemetry::Story;

use crate::cli::ExplainArgs;
use crate::cluster::Topic;
use crate::command::document::json;
use crate::command::mesh::capture::{Answer, answer, capture_of};
use crate::command::{Outcome, pretty, print};
use crate::error::Error;
use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::visible;

/// A story, and what comes before it: whether there is a proxy, and whether it sees a call.
#[derive(Debug, Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    story: &'a Story,
    #[serde(skip_serializing_if = "Option::is_none")]
    injection: Option<&'a Injection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capture: Option<&'a Answer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<Line>,
}

/// Whether a call has a line in the pod's access log.
#[derive(Debug, Serialize)]
struct Line {
    /// `no`, `yes`, or `filtered`: if a filter keeps it.
    expected: &'static str,
    because: String,
}

impl Line {
    fn of(answer: &Answer<'_>, story: &Story) -> Self {
        let no = |because: String| Self { expected: "no", because };
        let (side, name) = if answer.is_outbound() {
            (&story.row.client, "client")
        } else {
            (&story.row.server, "server")
        };
        let decision = side.as_deref().filter(|_| story.row.proxy != ProxyKind::None.as_str());
        let Some(decision) = decision else { return no("there is no Envoy".to_owned()) };
        if !answer.is_captured() {
            return no("the call goes past Envoy".to_owned());
        }
        if decision.loggers.is_empty() {
            return no(format!("the call passes Envoy, whose {name} side logs nothing"));
        }
        let filters: Vec<&str> =
            decision.loggers.iter().filter_map(|it| it.filter.as_deref()).collect();
        if filters.len() == decision.loggers.len() {
            let because = format!("only if a filter keeps it: {}", filters.join(", or "));
            return Self { expected: "filtered", because };
        }
        let because = "when it has ended; a connection that no filter chain takes has one of the \
                       listener, with NR and without a request";
        Self { expected: "yes", because: because.to_owned() }
    }

    fn text(&self) -> String {
        let expected = if self.expected == "filtered" { "perhaps" } else { self.expected };
        visible::lines(&format!("has the call a line? {expected}: {}\n", self.because))
    }
}

/// Runs `telemetry explain`.
pub(crate) fn run(args: &ExplainArgs) -> Result<Outcome, Error> {
    let notes = Notes::new();
    let manifests = Manifests::of(&args.objects, Topic::Telemetry, args.pod.place(), &notes)?;
    let workload = manifests.workloads().one(&args.pod)?;
    let cluster = manifests.telemetry(&notes);
    let stories = cluster.explain(workload, manifests.revision.as_deref());
    let injection = injection(&manifests, workload);
    let is_asked = args.flow.to.or(args.flow.from).is_some();
    let capture = is_asked.then(|| capture_of(&manifests, workload)).transpose()?;
    let answer = capture.as_ref().map(|capture| answer(&args.flow, workload, capture));
    let of = |story| Explained {
        story,
        injection: injection.as_ref(),
        capture: answer.as_ref(),
        line: answer.as_ref().map(|answer| Line::of(answer, story)),
    };
    let printed = match (pretty(args.output), stories.as_slice()) {
        (Some(_), stories) => {
            let before = answer.iter().map(Answer::text);
            let lines = stories.iter().filter_map(|story| Some(Line::of(answer.as_ref()?, story)));
            let lines: Vec<String> = lines.map(|line| line.text()).collect();
            let texts = before.chain(lines).chain(stories.iter().map(Story::to_string));
            let texts: Vec<String> = texts.chain(injection.as_ref().map(text)).collect();
            let texts: Vec<&str> = texts.iter().map(|text| text.trim_end()).collect();
            print(format!("{}\n", texts.join("\n\n")).as_bytes())
        }
        (None, [story]) => print(&json(&of(story))?),
        (None, stories) => print(&json(&stories.iter().map(of).collect::<Vec<_>>())?),
    }?;
    Ok(manifests.outcome(printed))
}

/// Why a pod has no proxy. Of controllers, the story itself tells.
fn injection(manifests: &Manifests, workload: &Workload) -> Option<Injection> {
    let is_meant = workload.kind == WorkloadKind::Pod && workload.proxy.kind == ProxyKind::None;
    let revision = manifests.revision.as_deref();
    is_meant.then(|| Injection::of(workload, &manifests.inventory, revision))
}

fn text(injection: &Injection) -> String {
    let reasons = injection.because.iter();
    let lines = reasons.map(|because| format!("  {}: {}\n", because.object, because.effect));
    visible::lines(&format!("why there is no Envoy:\n{}", lines.collect::<String>()))
}
