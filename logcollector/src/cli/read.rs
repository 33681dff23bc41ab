//! The options of every command that reads access logs.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::EncodingArg;
use crate::pods::PodName;

/// How to read and how to print.
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    pub(crate) format: FormatArgs,

    #[command(flatten)]
    pub(crate) pods: PodFormatArgs,

    /// Say what kind of traffic each record tells of: its class, direction, service and port
    ///
    /// With --manifests, also the workloads at both ends.
    #[arg(long, help_heading = "Reading")]
    pub(crate) enrich: bool,

    /// The address of the pod that wrote the lines, where nothing else tells it
    #[arg(long, value_name = "IP", requires = "enrich", help_heading = "Reading")]
    pub(crate) pod_ip: Option<IpAddr>,

    /// Exit with 1 when a line could not be read
    #[arg(long, help_heading = "Reading")]
    pub(crate) strict: bool,

    /// Print only records that Envoy would log under this filter, a CEL expression such as
    /// 'response.code >= 500 || request.duration > duration("1s")'
    ///
    /// Names and rules are those of Istio's Telemetry filters. A record whose line does not tell is
    /// printed, and counted at the end. A format that cannot carry what the expression asks for
    /// ends the run with exit code 2.
    #[arg(long = "where", value_name = "CEL", help_heading = "Printing")]
    pub(crate) filter: Option<String>,

    /// How to print records [default: pretty on a terminal, json otherwise]
    #[arg(short, long, value_enum, help_heading = "Printing")]
    pub(crate) output: Option<OutputArg>,

    /// Print only these fields, in this order; namespace, pod, container, stream, time, extra, ambiguous and,
    /// with --enrich, traffic may be among them
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_parser = field)]
    #[arg(help_heading = "Printing")]
    pub(crate) fields: Option<Vec<String>>,

    /// Leave absent fields out (json, logfmt)
    #[arg(long, help_heading = "Printing")]
    pub(crate) skip_absent: bool,

    /// What to do with lines of other logs: Envoy's own, the agent's, kubectl's notices
    /// [default: show with pretty, drop otherwise]
    #[arg(long, value_enum, help_heading = "Printing")]
    pub(crate) other: Option<OtherArg>,
}

/// The format of the lines, and how long they may be.
#[derive(Debug, Args)]
pub(crate) struct FormatArgs {
    /// The access log's format: `auto`, a preset (`istio`, `istio@1.9`, `istio-json`, `envoy`, ...),
    /// a format string, or @FILE to read one from a file
    #[arg(long, value_name = "FORMAT", default_value = "auto", help_heading = "Reading")]
    pub(crate) format: String,

    /// How the proxy writes its records, as MeshConfig's accessLogEncoding
    #[arg(long, value_enum, hide_default_value = true, default_value_t, help_heading = "Reading")]
    pub(crate) encoding: EncodingArg,

    /// Give the values of an operator a key of their own; may be repeated
    #[arg(long = "key", value_name = "OPERATOR=NAME", value_parser = rename)]
    #[arg(help_heading = "Reading")]
    pub(crate) keys: Vec<(String, String)>,

    /// The logger was configured with omit_empty_values: what is absent prints as nothing
    #[arg(long, help_heading = "Reading")]
    pub(crate) omit_empty_values: bool,

    /// Count and skip lines that are longer, without holding them (bytes, or with KiB, MiB)
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = size)]
    #[arg(help_heading = "Reading")]
    pub(crate) max_line: usize,
}

/// Formats from manifests, pod by pod.
#[derive(Debug, Args)]
pub(crate) struct PodFormatArgs {
    /// Take the format of each pod's lines from these manifests (pods, Telemetry, MeshConfig): a
    /// file or a folder; may be repeated
    ///
    /// Pods are known from kubectl's --prefix, from the names of their log files, or from --pod.
    #[arg(long, value_name = "FILE|DIR", help_heading = "Reading")]
    pub(crate) manifests: Vec<PathBuf>,

    /// MeshConfig, for --manifests or to take the mesh's own format from: a bare one, the ConfigMap,
    /// Helm values or an IstioOperator
    #[arg(long, value_name = "FILE", help_heading = "Reading")]
    pub(crate) mesh_config: Option<PathBuf>,

    /// The pod that wrote the lines, where they and the file's name do not tell
    #[arg(long, value_name = "[NAMESPACE/]POD", value_parser = PodName::parse)]
    #[arg(requires = "manifests", help_heading = "Reading")]
    pub(crate) pod: Option<PodName>,
}

impl PodFormatArgs {
    /// All that is to be read.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.manifests.iter().chain(&self.mesh_config)
    }
}

/// How records are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputArg {
    /// One line a record, for a person
    Pretty,
    /// One JSON object a line
    Json,
    /// The line as the proxy wrote it, without its wrapper
    Raw,
    /// key=value pairs; an absent value is `key=`, an empty one `key=""`
    Logfmt,
    /// RFC 4180 with a header; an absent value is empty, an empty one `""`
    Csv,
    /// Aligned columns
    Table,
    /// Nothing but the account
    None,
}

/// What is done with lines of other logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OtherArg {
    /// Between the records with pretty, on standard error otherwise
    Show,
    /// Count them only
    Drop,
}

/// Reads `OPERATOR=NAME`; the operator may hold equal signs itself.
pub(super) fn rename(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('=') {
        Some((operator, name)) if !operator.is_empty() && !name.is_empty() => {
            Ok((operator.to_owned(), name.to_owned()))
        }
        _ => Err("expected OPERATOR=NAME, such as 'REQ(X-TENANT)=tenant'".to_owned()),
    }
}

/// Reads the name of a field; blanks around it do not count.
fn field(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("expected the names of fields, such as response_code,path".to_owned()),
        name => Ok(name.to_owned()),
    }
}

/// Reads a number of bytes, perhaps with a unit.
fn size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match text.strip_prefix(digits).unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err("expected a number of bytes, such as 65536, 64KiB or 1MiB".to_owned()),
    };
    let number: usize = digits.parse().map_err(|_| "expected a number of bytes".to_owned())?;
    match number.checked_mul(unit) {
        // Positions in a line are 32 bits wide.
        Some(size) if (1..u32::MAX as usize).contains(&size) => Ok(size),
        _ => Err("expected at least 1 byte and less than 4 GiB".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let cases = [("1", 1), ("64KiB", 65536), ("2m", 2 << 20), ("1MiB", 1 << 20)];
        for (text, expected) in cases {
            assert_eq!(size(text), Ok(expected), "{text}");
        }
        for text in ["", "x", "0", "-1", "1TiB", "4GiB", "MiB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn renames() {
        assert_eq!(rename("REQ(X-A)=a"), Ok(("REQ(X-A)".to_owned(), "a".to_owned())));
        assert_eq!(rename("CEL(a == b)=c"), Ok(("CEL(a == b)".to_owned(), "c".to_owned())));
        for text in ["REQ(X-A)", "=a", "REQ(X-A)="] {
            assert!(rename(text).is_err(), "{text}");
        }
    }
}
