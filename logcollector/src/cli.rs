//! The command line as users type it. What runs is built from it in [`crate::command`].

mod cluster;
mod filter;
mod mesh;
mod program;
mod read;
mod sidecar;
mod tail;
mod telemetry;

use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub(crate) use cluster::{KubeArgs, ObjectArgs};
pub(crate) use filter::{
    CodeArg, CodeForm, Context, FilterCheckArgs, FilterCommand, FilterManifestArgs, ManifestOutput,
    PrintArg, Role, Selected,
};
pub(crate) use mesh::{CaptureArgs, FamilyArg, FlowArgs, InjectArgs, MeshCommand};
pub(crate) use program::as_typed;
pub(crate) use read::{FormatArgs, OtherArg, OutputArg, PodFormatArgs, ReadArgs};
pub(crate) use sidecar::{
    BalanceArgs, CheckArgs, IstioArgs, LogsArgs, PolicyArg, ReachArgs, SidecarCommand,
    SidecarLintArgs, SuggestArgs,
};
pub(crate) use tail::{LookArgs, OrderArg, TailArgs, TargetArgs};
pub(crate) use telemetry::{
    AmongArgs, DisableArgs, EnableArgs, ExplainArgs, LintArgs, ManifestArgs, OnePodArgs, PodArgs,
    RenderArgs, ReplayArgs, SeverityArg, TelemetryCommand, WhoArgs,
};

/// Read Envoy and Istio access logs, in whatever format the mesh writes them
///
/// Turns each line into a record whose values are those that Envoy's own JSON logger would have
/// printed. Formats, wrappers (kubectl, container runtimes) and the other logs in the same stream
/// are recognised from the lines themselves.
#[derive(Debug, Parser)]
#[command(name = "logcollector", version, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  kubectl logs -f deploy/reviews -c istio-proxy | logcollector tail
  logcollector parse access.log.gz --fields response_code,path,duration
  logcollector format show istio")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Parse(ParseArgs),
    Tail(TailArgs),
    #[command(subcommand)]
    Format(FormatCommand),
    #[command(subcommand)]
    Telemetry(TelemetryCommand),
    #[command(subcommand)]
    Sidecar(SidecarCommand),
    #[command(subcommand)]
    Mesh(MeshCommand),
    #[command(subcommand)]
    Filter(FilterCommand),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// Print the records of files or of standard input
///
/// Files compressed with gzip or zstd are recognised by their content; what arrives on a pipe is
/// printed at once. Every line read stands in the account that ends the run, on standard error.
/// Exit code: 0 done, 1 with --strict when a line could not be read, 2 when something could not be
/// opened.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl logs deploy/reviews -c istio-proxy | logcollector parse
  logcollector parse access.log.1.gz access.log -o csv --fields start_time,response_code,path
  logcollector parse access.log --where 'response.code >= 500 || request.path.startsWith(\"/api\")'
  logcollector parse --format '[%START_TIME%] %RESPONSE_CODE% %REQ(:PATH)%' access.log")]
pub(crate) struct ParseArgs {
    /// Files to read; `-` or none is standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Taken for kubectl's sake: a pipe is read as it comes, and to its end, in any case
    #[arg(short = 'f', long, hide_short_help = true)]
    pub(crate) follow: bool,

    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// Explain format strings
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  logcollector format show istio
  logcollector format list")]
pub(crate) enum FormatCommand {
    Show(FormatShowArgs),
    List(FormatListArgs),
}

/// Show what a format string means: its operators, their keys and types
///
/// Names what cannot be read back for sure from a line of this format.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logcollector format show istio
  logcollector format show '[%START_TIME%] %RESPONSE_CODE% \"%REQ(USER-AGENT)%\"' -o json")]
pub(crate) struct FormatShowArgs {
    /// A preset's name, a format string, or @FILE to read one from a file
    #[arg(value_name = "PRESET|STRING|@FILE")]
    pub(crate) format: String,

    /// How the proxy writes its records, as MeshConfig's accessLogEncoding
    #[arg(long, value_enum, default_value_t, hide_default_value = true)]
    pub(crate) encoding: EncodingArg,

    /// Give the values of an operator a key of their own; may be repeated
    #[arg(long = "key", value_name = "OPERATOR=NAME", value_parser = read::rename)]
    pub(crate) keys: Vec<(String, String)>,

    /// How to print [default: pretty on a terminal, json otherwise]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DocumentOutput>,
}

/// List every command operator: its argument, type, unit and meaning
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logcollector format list
  logcollector format list -o json | jq -r '.[] | select(.unit == \"ms\") | .operator'")]
pub(crate) struct FormatListArgs {
    /// How to print [default: pretty on a terminal, json otherwise]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DocumentOutput>,
}

/// Print the completion script of a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  source <(logcollector completions bash)
  logcollector completions zsh > ~/.zfunc/_logcollector")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Print the manual page, or write one for each command
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logcollector man | man -l -
  logcollector man --dir /usr/local/share/man/man1")]
pub(crate) struct ManArgs {
    /// Write one page for each command into this folder
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
}

/// MeshConfig's `accessLogEncoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum EncodingArg {
    /// A format string, even one that starts with a brace (the default)
    #[default]
    Text,
    /// A JSON object of keys to operators
    Json,
}

/// How documents, such as an explanation, are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DocumentOutput {
    /// For a person
    Pretty,
    /// One JSON document
    Json,
}

/// Reads the command line of this process; a mistake in it, or a call for help, ends the process.
pub(crate) fn parse() -> Cli {
    let found = Cli::from_arg_matches(&definition().get_matches());
    found.unwrap_or_else(|error| error.exit())
}

/// The command line's definition, for completions and manual pages.
pub(crate) fn definition() -> clap::Command {
    program::named(Cli::command())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_is_sound() {
        super::definition().debug_assert();
    }
}
