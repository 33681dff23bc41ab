//! What ends a command before its time, with what to try instead.

use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;

use accesslog::FormatError;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource};

use crate::cli::as_typed;
use crate::cluster::Failure;
use crate::paint::{BOLD, Paint, RED};
use crate::visible;

/// Why a command could not start, or not end well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Marked(Box<Marked>),
    #[error("unknown preset `{}`", visible::clipped(.name.as_bytes(), 80))]
    UnknownPreset { name: String, closest: Vec<String> },
    #[error("the format string is still quoted: it comes out of a quoted YAML string")]
    QuotedYaml { unquoted: String },
    #[error("cannot read the format from {}: {error}", .path.display())]
    FormatFile { path: PathBuf, error: io::Error },
    #[error("preset `{preset}` is a {is} format, and `--encoding {asked}` asks for another")]
    OtherEncoding { preset: String, is: &'static str, asked: &'static str },
    #[error("the format has no field `{}`", visible::clipped(.name.as_bytes(), 80))]
    UnknownField { name: String, closest: Vec<String> },
    #[error("the format has no command operator `{}`", visible::clipped(.operator.as_bytes(), 80))]
    UnknownKey { operator: String, closest: Vec<String> },
    #[error("`{}` is no regular expression: {}", visible::clipped(.text.as_bytes(), 80), visible::lines(.message))]
    Expression { text: String, message: String },
    #[error("no pod is named `{}`", visible::clipped(.target.as_bytes(), 120))]
    NoPod { target: String },
    #[error("no pod has a container `{}`", visible::clipped(.container.as_bytes(), 80))]
    NoContainer { container: String },
    #[error("TYPE/NAME is in one namespace: --all-namespaces does not go with it")]
    NamespaceNeeded,
    #[error("`{}` is no type of objects that have pods", visible::clipped(.kind.as_bytes(), 80))]
    NoPodsOfType { kind: String },
    #[error("{kind}/{} has no selector that would tell its pods", visible::clipped(.name.as_bytes(), 120))]
    NoSelector { kind: String, name: String },
    #[error("{option} is for pods, and `{}` is no pod", visible::clipped(.target.as_bytes(), 80))]
    NoPods { option: &'static str, target: String },
    #[error(transparent)]
    Cluster(#[from] Failure),
    #[error("{}", visible::lines(&.0.to_string()))]
    CannotEnable(Box<telemetry::enable::Refusal>),
    #[error(
        "what decides for the whole mesh may not be read, so that it cannot be told what would change"
    )]
    NotKnown,
    #[error("not switched on")]
    NotWanted,
    #[error("this would change the cluster, and there is no terminal to ask on")]
    NobodyToAsk,
    #[error("the cluster has no Telemetry objects, or they may not be read")]
    NoTelemetries,
    #[error("nothing to switch off: name pods, or give --expired")]
    NothingToDisable,
    #[error("no manifests: name files or folders with -f")]
    NoManifests,
    #[error("{}: no manifests in this folder", .folder.display())]
    NoManifestsIn { folder: PathBuf },
    #[error("{}", visible::lines(&.0.to_string()))]
    MeshConfig(Box<mesh::LoadError>),
    #[error("no pod `{}` was found", visible::clipped(.name.as_bytes(), 120))]
    NoSuchPod { name: String, closest: Vec<String> },
    #[error("`{}`: no rules can be set: {}", visible::clipped(.workload.as_bytes(), 120), visible::lines(&.error.to_string()))]
    Capture { workload: String, error: mesh::capture::CaptureError },
    #[error("pod `{}` is in several namespaces: {}", visible::clipped(.name.as_bytes(), 120), visible::text(.namespaces.join(", ").as_bytes()))]
    SeveralPods { name: String, namespaces: Vec<String>, instead: String },
    #[error("waypoint `{}` logs its services differently", visible::clipped(.name.as_bytes(), 120))]
    SeveralServices { name: String },
    #[error("{}: {}", visible::clipped(.name.as_bytes(), 200), visible::lines(.message))]
    FilterConfiguration { name: String, message: String },
    #[error("{}: the configuration has no section `{section}`", visible::clipped(.name.as_bytes(), 200))]
    NoSection { name: String, section: &'static str },
    #[error("{}: the configuration has neither a section `attempts` nor `access_log`", visible::clipped(.name.as_bytes(), 200))]
    NoSections { name: String },
    #[error("this logcollector was built without the filter: `{module}` is not in it")]
    NoModule { module: &'static str },
    #[error("--code does not say whose code it is, and both parts of the filter are loaded")]
    CodeOfWhichRole,
    #[error("--code is given more than once for `{role}`")]
    CodeTwice { role: &'static str },
    #[error("pods with the labels {} are in several namespaces: {}", visible::clipped(.labels.as_bytes(), 120), visible::text(.namespaces.join(", ").as_bytes()))]
    SeveralNamespaces { labels: String, namespaces: Vec<String> },
    #[error("--format and the manifests both say what the format is")]
    FormatTwice,
    #[error("standard input is named more than once, and can be read only once")]
    StdinTwice,
    #[error("nothing to read: standard input is a terminal")]
    NothingToRead { command: &'static str },
    #[error("{}: {error}", visible::clipped(.name.as_bytes(), 200))]
    Input { name: String, error: io::Error },
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    #[error("cannot write {}: {error}", .path.display())]
    Write { path: PathBuf, error: io::Error },
    #[error("cannot start: {0}")]
    Start(io::Error),
}

/// Something wrong in a text that the user wrote, with its places marked.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
pub(crate) struct Marked {
    message: String,
    #[source_code]
    text: NamedSource<String>,
    #[label(collection)]
    labels: Vec<LabeledSpan>,
    #[help]
    help: Option<String>,
}

impl Error {
    /// The error for a format string that did not compile; `origin` says where it came from.
    pub(crate) fn bad_format(origin: &str, text: &str, error: &FormatError) -> Self {
        let place = error.offset()..error.offset() + error.length();
        Self::Marked(Box::new(Marked::new(
            "the format string is not one that Envoy accepts",
            (origin, text),
            &[(place, error.kind().to_string())],
            error.suggestion().map(str::to_owned),
        )))
    }

    /// What to try instead.
    fn help(&self) -> Option<String> {
        match self {
            Self::UnknownPreset { closest, .. } if closest.is_empty() => Some(format!(
                "presets: {}; a format string has command operators such as %START_TIME%",
                presets().join(", ")
            )),
            Self::UnknownPreset { closest, .. } => Some(format!(
                "did you mean {}? A format string has command operators such as %START_TIME%",
                or(closest)
            )),
            Self::QuotedYaml { unquoted } => {
                Some(format!("give it as --format {}", shell_quoted(unquoted)))
            }
            Self::OtherEncoding { preset, .. } if preset == "istio" => {
                Some("Istio's default JSON format is the preset `istio-json`".to_owned())
            }
            Self::OtherEncoding { .. } => {
                Some("leave out --encoding: a preset knows its own".to_owned())
            }
            Self::UnknownField { closest, .. } | Self::UnknownKey { closest, .. }
                if closest.is_empty() =>
            {
                Some("`logcollector format show` lists the fields of a format".to_owned())
            }
            Self::UnknownField { closest, .. } | Self::UnknownKey { closest, .. } => {
                Some(format!("did you mean {}?", or(closest)))
            }
            Self::Cluster(Failure::Forbidden(_)) => Some(
                "`kubectl auth can-i --list` tells what is allowed; deploy/rbac.yaml has the rights \
                 that are needed, and -f reads files in place of the cluster"
                    .to_owned(),
            ),
            Self::Cluster(Failure::Config(_) | Failure::Unreachable(_)) => Some(
                "--context and --kubeconfig choose the cluster, and `kubectl get pods` must work, too\n\
                 or read files in its place: -f cluster.yaml, made by\n\
                 kubectl get pods,namespaces,services,endpointslices,telemetries,sidecars,\
                 serviceentries,virtualservices,destinationrules,configmaps -A -o yaml"
                    .to_owned(),
            ),
            Self::CannotEnable(refusal) => {
                refusal.instead().map(|instead| visible::lines(&instead))
            }
            Self::NotKnown => Some(
                "ConfigMaps and Telemetry objects beside istiod are needed: deploy/rbac.yaml has the \
                 rights"
                    .to_owned(),
            ),
            Self::NobodyToAsk => Some("--yes goes on without a question".to_owned()),
            Self::NoTelemetries => {
                Some("`kubectl get crd telemetries.telemetry.istio.io` tells".to_owned())
            }
            Self::NothingToDisable => Some("logcollector telemetry disable deploy/NAME".to_owned()),
            Self::NoManifests => Some(
                "kubectl get pods,namespaces,services,endpointslices,telemetries,sidecars,\
                 serviceentries,virtualservices,destinationrules,configmaps -A -o yaml \
                 > cluster.yaml\nand then: -f cluster.yaml"
                    .to_owned(),
            ),
            Self::NoManifestsIn { .. } => Some(
                "names that end in .yaml, .yml or .json count; -R looks into folders".to_owned(),
            ),
            Self::MeshConfig(_) => Some(
                "a MeshConfig as it is, the ConfigMap `istio` that holds one, Helm values with a \
                 `meshConfig`, or an IstioOperator"
                    .to_owned(),
            ),
            Self::NoSuchPod { closest, .. } if closest.is_empty() => {
                Some("`logcollector telemetry who` lists the pods".to_owned())
            }
            Self::NoSuchPod { closest, .. } => Some(format!("did you mean {}?", or(closest))),
            Self::SeveralPods { instead, .. } => {
                Some(format!("say which with {}", visible::clipped(instead.as_bytes(), 200)))
            }
            Self::SeveralServices { .. } => {
                Some("give the filter of the service that is meant with --filter".to_owned())
            }
            Self::NoModule { .. } => Some(
                "make filter && cargo build --release -p logcollector\n\
                 or say where proxies find the code: --code file:PATH, --code https://URL#SHA256"
                    .to_owned(),
            ),
            Self::CodeOfWhichRole => Some(
                "put attempts= or access-log= in front of it, or load one part with --only"
                    .to_owned(),
            ),
            Self::SeveralNamespaces { .. } => Some("say which with --namespace".to_owned()),
            Self::NoSection { .. } => Some("leave out --only, or add the section".to_owned()),
            Self::FormatTwice => Some("leave out one of them".to_owned()),
            Self::StdinTwice => {
                Some("without a LOG, it is the log: name files for the others".to_owned())
            }
            Self::NoPodsOfType { .. } => Some(
                "pod, deploy, sts, ds, rs, job, cronjob or svc; a file has `/`, `./` or `../` in front"
                    .to_owned(),
            ),
            Self::NoPod { .. } => {
                Some("-n and -A choose the namespace; `kubectl get pods` lists them".to_owned())
            }
            Self::NoContainer { .. } => Some(
                "`logcollector mesh inject` tells why pods have no proxy; --container names another"
                    .to_owned(),
            ),
            Self::NamespaceNeeded => Some("say which with --namespace".to_owned()),
            Self::NoPods { .. } => {
                Some("leave it out, or name pods: logcollector tail deploy/NAME".to_owned())
            }
            Self::NothingToRead { command } => Some(format!(
                "kubectl logs deploy/NAME -c istio-proxy | logcollector {command}\n\
                 or name a file: logcollector {command} access.log{}",
                if *command == "tail" { "\nor pods: logcollector tail deploy/NAME" } else { "" }
            )),
            _ => None,
        }
    }

    /// Writes the error to standard error.
    pub(crate) fn report(&self) {
        let paint = Paint::stderr();
        let text = match self {
            Self::Marked(marked) => marked.render("error:", paint),
            _ => None,
        };
        let text = text.unwrap_or_else(|| {
            let mut text = format!("{} {self}", paint.text(RED.bold(), "error:"));
            if let Some(help) = self.help() {
                let mark = paint.text(BOLD, "help:");
                text.push_str(&format!("\n{mark} {}", help.replace('\n', "\n      ")));
            }
            text
        });
        // Nobody reads a closed standard error; the exit code tells.
        let _ = writeln!(io::stderr(), "{}", as_typed(text.trim_end().to_owned()));
    }
}

impl Marked {
    /// Marks places of `text`, which came from `origin`, each with what is to be said of it.
    pub(crate) fn new(
        message: impl Into<String>,
        (origin, text): (&str, &str),
        places: &[(Range<usize>, String)],
        help: Option<String>,
    ) -> Self {
        let label = |(place, said): &(Range<usize>, String)| {
            let start = place.start.min(text.len());
            let length = place.len().clamp(1, (text.len() - start).max(1));
            LabeledSpan::at((start, length), said.clone())
        };
        Self {
            message: message.into(),
            text: NamedSource::new(origin, shown(text)),
            labels: places.iter().map(label).collect(),
            help,
        }
    }

    /// The message with its text and marks; `kind` stands in front. Without a kind, and with an
    /// empty message, the text and marks alone.
    pub(crate) fn render(&self, kind: &str, paint: Paint) -> Option<String> {
        let mut theme = if paint.is_on() {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        theme.characters.error = kind.to_owned();
        let mut text = String::new();
        let handler = GraphicalReportHandler::new_themed(theme).with_width(100);
        handler.render_report(&mut text, self).ok()?;
        let text = text.trim_start_matches('\n');
        // The header stands further in than what it is printed among.
        Some(if kind.is_empty() { text } else { text.trim_start() }.to_owned())
    }
}

/// The text as a terminal may show it: what could move the cursor or reorder the line gives way to
/// signs of equal length, and at the end there is a blank for the mark to stand under.
fn shown(text: &str) -> String {
    let safe = |character: char| character == '\n' || visible::is_shown(character);
    let signs = |character: char| {
        let length = if safe(character) { 0 } else { character.len_utf8() };
        let kept = safe(character).then_some(character);
        kept.into_iter().chain(std::iter::repeat_n('?', length))
    };
    text.chars().flat_map(signs).chain([' ']).collect()
}

/// The names of all presets.
pub(crate) fn presets() -> Vec<&'static str> {
    accesslog::Preset::ALL.iter().map(accesslog::Preset::name).collect()
}

/// At most three of `names` that are close to `name`, closest first.
pub(crate) fn closest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let lower = name.to_ascii_lowercase();
    let likeness = |other: &'a str| (strsim::jaro_winkler(&lower, other), other);
    let mut close: Vec<(f64, &str)> = names.into_iter().map(likeness).collect();
    close.retain(|(likeness, _)| *likeness > 0.8);
    close.sort_by(|a, b| b.0.total_cmp(&a.0));
    close.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

/// Names as ``"`a`, `b` or `c`"``.
fn or(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// `text` as one word of a POSIX shell.
pub(crate) fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closest_names() {
        assert_eq!(closest("istioo", presets()).first().map(String::as_str), Some("istio"));
        assert_eq!(closest("Envoy", presets()), ["envoy"]);
        assert!(closest("nginx", presets()).is_empty());
    }

    #[test]
    fn quoting() {
        assert_eq!(shell_quoted("a \"b\" 'c'"), r#"'a "b" '\''c'\'''"#);
        assert_eq!(or(&["a".into(), "b".into(), "c".into()]), "`a`, `b` or `c`");
    }
}
