//! What `parse` and `tail` have in common: from their options to a pipeline, and its end.

use std::io::{self, IsTerminal, Stdout};

use accesslog::{Detector, Encoding, Format, FormatOptions};
use mesh::Inventory;

use super::{Outcome, formatting, pod_formats};
use crate::cli::{FormatArgs, ManifestArgs, OtherArg, OutputArg, PodFormatArgs, ReadArgs};
use crate::enrich::Enricher;
use crate::error::{Error, closest};
use crate::formats::{Choice, PodFormats};
use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::output::{Guard, Output, Stop};
use crate::paint::Paint;
use crate::pipeline::{Finished, OtherLines, Pipeline, Settings};
use crate::pods::PodName;
use crate::select::{self, Replay, Selection, Where};
use crate::sink::{Columns, RECORD_KEYS, Sink, WRAPPER_KEYS};

/// A pipeline to standard output, and how its end is judged.
pub(crate) struct Reading {
    pub(crate) pipeline: Pipeline<Stdout>,
    strict: bool,
    /// What the work ends with if nothing is wrong with it: manifests may not be all there.
    outcome: Outcome,
}

/// Why an input was not read to its end.
pub(crate) enum End {
    Input(Error),
    Output(Stop),
}

impl From<Stop> for End {
    fn from(stop: Stop) -> Self {
        Self::Output(stop)
    }
}

impl Reading {
    /// The pipeline that the options ask for.
    pub(crate) fn new(args: ReadArgs) -> Result<Self, Error> {
        let notes = Notes::new();
        let manifests = manifests(&args.pods, &notes)?;
        let format = choice(&args, manifests.as_ref(), &notes)?;
        let inventory = manifests.as_ref().map(|it| &it.inventory);
        let outcome = manifests.as_ref().map_or(Outcome::Done, |it| it.outcome(Outcome::Done));
        let reading = Self::with(args, format, inventory, false, notes)?;
        Ok(Self { outcome, ..reading })
    }

    /// The pipeline for pods of a cluster, whose formats are in `given` if they are known; whether these
    /// formats, or others that the options ask for, are to be used. `namespaces` says that pods are named
    /// with theirs.
    pub(crate) fn live(
        args: ReadArgs,
        given: Option<(PodFormats, &Inventory)>,
        namespaces: bool,
    ) -> Result<(Self, bool), Error> {
        if has_own_format(&args) {
            let notes = Notes::new();
            let manifests = manifests(&args.pods, &notes)?;
            let format = choice(&args, manifests.as_ref(), &notes)?;
            let inventory = given.map(|(_, inventory)| inventory);
            return Ok((Self::with(args, format, inventory, namespaces, notes)?, false));
        }
        let (format, inventory) = match given {
            Some((formats, inventory)) => {
                let detector = Detector::new(options(&args.format));
                (Choice::Pods(formats, detector), Some(inventory))
            }
            None => (asked(&args.format, &Notes::new())?, None),
        };
        let known = inventory.is_some();
        Ok((Self::with(args, format, inventory, namespaces, Notes::new())?, known))
    }

    fn with(
        args: ReadArgs,
        format: Choice,
        inventory: Option<&Inventory>,
        namespaces: bool,
        notes: Notes,
    ) -> Result<Self, Error> {
        let terminal = io::stdout().is_terminal();
        if let Choice::Fixed(format) = &format {
            formatting::check_keys(format, &args.format.keys)?;
            check_fields(format, args.fields.as_deref().unwrap_or_default())?;
        }
        let selection = args.filter.map(|text| chosen(&text, &format, &notes)).transpose()?;
        let default = if terminal { OutputArg::Pretty } else { OutputArg::Json };
        let output = args.output.unwrap_or(default);
        let columns = args.fields.map(Columns::chosen);
        let settings = Settings {
            format,
            pod: args.pods.pod,
            enricher: args.enrich.then(|| Enricher::new(args.pod_ip, inventory)),
            selection: selection.map(Selection::Where),
            max_line: args.format.max_line,
            other: other_lines(args.other, output),
            sink: sink(output, columns, args.skip_absent, namespaces),
        };
        let output = Output::new(io::stdout(), guard(output, terminal));
        let pipeline = Pipeline::new(settings, output, notes);
        Ok(Self { pipeline, strict: args.strict, outcome: Outcome::Done })
    }

    /// A pipeline that prints nothing and counts what `replay` would have kept.
    pub(crate) fn replaying(args: FormatArgs, replay: Replay, notes: Notes) -> Result<Self, Error> {
        let format = asked(&args, &notes)?;
        let selection = Selection::Replay(Box::new(replay));
        Ok(Self::silent(args.max_line, format, None, None, selection, notes))
    }

    /// A pipeline that prints nothing and gathers what records tell of their traffic, in a selection.
    pub(crate) fn gathering(
        args: FormatArgs,
        pod: Option<PodName>,
        manifests: Option<&Manifests>,
        selection: Selection,
        notes: Notes,
    ) -> Result<Self, Error> {
        let format = match manifests.filter(|_| is_auto(&args)) {
            Some(manifests) => {
                pod_formats::choice(manifests, pod.as_ref(), options(&args), &notes)?
            }
            None => asked(&args, &notes)?,
        };
        let enricher = Enricher::new(None, manifests.map(|it| &it.inventory));
        Ok(Self::silent(args.max_line, format, pod, Some(enricher), selection, notes))
    }

    /// A pipeline that prints nothing: what it is for is in the selection.
    fn silent(
        max_line: usize,
        format: Choice,
        pod: Option<PodName>,
        enricher: Option<Enricher>,
        selection: Selection,
        notes: Notes,
    ) -> Self {
        let settings = Settings {
            format,
            pod,
            enricher,
            selection: Some(selection),
            max_line,
            other: OtherLines::Dropped,
            sink: Sink::None,
        };
        let output = Output::new(io::stdout(), Guard::Off);
        let pipeline = Pipeline::new(settings, output, notes);
        Self { pipeline, strict: false, outcome: Outcome::Done }
    }

    /// Ends the work, and prints the account. `stopped` is why it ended before its time, if it did.
    pub(crate) fn finish(self, stopped: Result<(), Stop>) -> Result<Outcome, Error> {
        let (strict, outcome) = (self.strict, self.outcome);
        let Some(finished) = self.end(stopped)? else { return Ok(Outcome::Done) };
        let rejected = strict && finished.account.has_unparsed();
        Ok(if rejected && outcome == Outcome::Done { Outcome::No } else { outcome })
    }

    /// Ends the work, prints the account, and gives what is left; `None` when whoever read standard
    /// output has gone.
    pub(crate) fn end(self, stopped: Result<(), Stop>) -> Result<Option<Finished>, Error> {
        let mut finished = self.pipeline.finish();
        match stopped.and(std::mem::replace(&mut finished.flushed, Ok(()))) {
            Ok(()) => {}
            // Who closes standard output has seen enough, and an account of a part is no account.
            Err(Stop::Closed) => return Ok(None),
            Err(Stop::Failed(error)) => return Err(Error::Output(error)),
            Err(Stop::Refused(error)) => return Err(*error),
        }
        finished.notes.print(&finished.account.to_string());
        Ok(Some(finished))
    }
}

/// The manifests that `--manifests` names, if any.
fn manifests(args: &PodFormatArgs, notes: &Notes) -> Result<Option<Manifests>, Error> {
    if args.manifests.is_empty() {
        return Ok(None);
    }
    let args = ManifestArgs {
        files: args.manifests.clone(),
        recursive: false,
        mesh_config: args.mesh_config.clone(),
        revision: None,
    };
    Manifests::read(&args, notes).map(Some)
}

/// How lines are read.
fn choice(args: &ReadArgs, manifests: Option<&Manifests>, notes: &Notes) -> Result<Choice, Error> {
    let asked_for = !is_auto(&args.format);
    match manifests {
        // Under --enrich, manifests are of use beside a format.
        Some(_) if asked_for && !args.enrich => Err(Error::FormatTwice),
        Some(manifests) if !asked_for => {
            pod_formats::choice(manifests, args.pods.pod.as_ref(), options(&args.format), notes)
        }
        _ => match &args.pods.mesh_config {
            Some(_) if asked_for => Err(Error::FormatTwice),
            Some(path) if manifests.is_none() => {
                let mesh = Manifests::mesh_config(path, notes)?;
                Ok(pod_formats::of_mesh(&mesh, options(&args.format), notes))
            }
            _ => asked(&args.format, notes),
        },
    }
}

/// Whether the format is left to be found out.
fn is_auto(args: &FormatArgs) -> bool {
    args.format == "auto"
}

/// Whether the options say what the format is, or where to take it from.
fn has_own_format(args: &ReadArgs) -> bool {
    !is_auto(&args.format) || !args.pods.manifests.is_empty() || args.pods.mesh_config.is_some()
}

/// How formats are compiled.
pub(super) fn options(args: &FormatArgs) -> FormatOptions {
    formatting::options(&args.keys, args.omit_empty_values)
}

/// The format that the options ask for; what is to be known about it is said.
fn asked(args: &FormatArgs, notes: &Notes) -> Result<Choice, Error> {
    let (format, remarks) = formatting::choice(&args.format, args.encoding, options(args))?;
    remarks.iter().for_each(|remark| notes.say(remark));
    Ok(format)
}

/// The choice of records that `--where` asks for.
fn chosen(text: &str, format: &Choice, notes: &Notes) -> Result<Where, Error> {
    let mut chosen = Where::new(select::expression(select::WHERE, text, notes)?);
    if let Choice::Fixed(format) = format {
        chosen.check(0, format)?;
    }
    Ok(chosen)
}

fn sink(output: OutputArg, columns: Option<Columns>, skip_absent: bool, namespaces: bool) -> Sink {
    match output {
        OutputArg::Pretty => Sink::pretty(columns, Paint::stdout(), namespaces),
        OutputArg::Json => Sink::json(columns, skip_absent),
        OutputArg::Raw => Sink::Raw,
        OutputArg::Logfmt => Sink::logfmt(columns, skip_absent),
        OutputArg::Csv => Sink::csv(columns),
        OutputArg::Table => Sink::table(columns),
        OutputArg::None => Sink::None,
    }
}

/// What a terminal must be guarded from. Pretty and table make everything visible themselves.
fn guard(output: OutputArg, terminal: bool) -> Guard {
    match output {
        _ if !terminal => Guard::Off,
        OutputArg::Json => Guard::Json,
        OutputArg::Raw | OutputArg::Logfmt | OutputArg::Csv => Guard::Text,
        OutputArg::Pretty | OutputArg::Table | OutputArg::None => Guard::Off,
    }
}

fn other_lines(asked: Option<OtherArg>, output: OutputArg) -> OtherLines {
    match (asked, output) {
        (None | Some(OtherArg::Show), OutputArg::Pretty) => OtherLines::Between(Paint::stdout()),
        (Some(OtherArg::Show), _) => OtherLines::Aside,
        (None | Some(OtherArg::Drop), _) => OtherLines::Dropped,
    }
}

/// Sees that a text format has the fields that were asked for. A JSON log may have any.
fn check_fields(format: &Format, fields: &[String]) -> Result<(), Error> {
    if format.encoding() == Encoding::Json {
        return Ok(());
    }
    let keys = || format.fields().iter().map(accesslog::Field::key);
    let ours = || WRAPPER_KEYS.into_iter().chain(RECORD_KEYS);
    let unknown = fields.iter().find(|name| !keys().chain(ours()).any(|key| key == name.as_str()));
    unknown.map_or(Ok(()), |name| {
        Err(Error::UnknownField {
            name: name.clone(),
            closest: closest(name, keys().chain(ours())),
        })
    })
}
