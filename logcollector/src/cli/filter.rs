//! `filter`: the filter that adds to access logs what Envoy cannot log.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::DocumentOutput;
use super::telemetry::ManifestArgs;

/// Load the filter that adds to access logs what Envoy cannot log, and check its configuration
///
/// The filter is carried inside of this command. It keeps the history of a request's upstream
/// attempts, packs configured fields into one, and decides which requests are worth a line.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  logcollector filter manifest -n bookinfo | kubectl apply -f -
  logcollector filter manifest --print mesh-config
  logcollector filter check filter.json")]
pub(crate) enum FilterCommand {
    Manifest(FilterManifestArgs),
    Check(FilterCheckArgs),
}

/// Print the EnvoyFilter that loads the filter, with its code inside
///
/// Nothing else is needed: no image, no web server, no volume. What the filter makes is printed by
/// the access log's format, which --print changes. Exit code: 0 done, 2 when it could not be done.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logcollector filter manifest | kubectl apply -f -
  logcollector filter manifest -n bookinfo -l app=reviews --config filter.json | kubectl apply -f -
  logcollector filter manifest -l app=reviews --print here -f cluster.yaml | kubectl apply -f -
  logcollector filter manifest --print mesh-config --mesh-config mesh.yaml
  logcollector filter manifest --only attempts --code file:/var/filter/attempts.wasm")]
pub(crate) struct FilterManifestArgs {
    /// The namespace; that of istiod is the whole mesh [default: kubectl's current one]
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,

    /// The proxies with these labels, as `app=reviews,version=v1` [default: all of the namespace]
    #[arg(short = 'l', long, value_name = "LABELS", value_parser = labels)]
    #[arg(required_if_eq("print", "here"))]
    pub(crate) selector: Option<Selected>,

    /// The side of the proxies; may be repeated
    #[arg(long, value_enum, value_name = "CONTEXT", default_values = ["outbound"])]
    pub(crate) context: Vec<Context>,

    /// The filter's configuration, JSON; `-` is standard input [default: a configuration that
    /// `filter check` explains]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Load one part of the filter [default: those that the configuration has a section for]
    #[arg(long, value_enum, value_name = "ROLE")]
    pub(crate) only: Option<Role>,

    /// Where proxies find the code: inline, file:PATH or https://URL#SHA256, with attempts= or
    /// access-log= in front where both are loaded [default: inline]
    #[arg(long, value_name = "[ROLE=]CODE", value_parser = code)]
    pub(crate) code: Vec<CodeArg>,

    /// Print what makes access logs show what the filter makes
    #[arg(long, value_enum, value_name = "WHERE")]
    pub(crate) print: Option<PrintArg>,

    #[command(flatten)]
    pub(crate) manifests: ManifestArgs,

    /// How to print [default: yaml]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<ManifestOutput>,
}

/// Check a configuration of the filter, and say what it does
///
/// The filter reads it by the same code. Exit code: 1 when it is not valid, 2 when it cannot be
/// read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logcollector filter check filter.json
  logcollector filter check - -o json < filter.json")]
pub(crate) struct FilterCheckArgs {
    /// The configuration, JSON; `-` is standard input [default: that of `filter manifest`]
    #[arg(value_name = "CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// How to print [default: pretty on a terminal, json otherwise]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DocumentOutput>,
}

/// A part of the filter, a module of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// The history of a request's upstream attempts
    Attempts,
    /// Configured fields, and which requests are worth a line
    AccessLog,
}

/// A side of a proxy, EnvoyFilter's `context`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Context {
    /// Calls that a sidecar's pod makes
    Outbound,
    /// Calls that a sidecar's pod takes
    Inbound,
    /// Calls through a gateway
    Gateway,
}

/// What is printed of the access log's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PrintArg {
    /// Formats for MeshConfig or for a provider and its Telemetry
    MeshConfig,
    /// With the EnvoyFilter, an access log for the selected proxies in place of the mesh's
    Here,
}

/// How manifests are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ManifestOutput {
    /// YAML, with what to know in comments
    Yaml,
    /// One JSON document
    Json,
}

/// Labels that select proxies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selected(pub(crate) BTreeMap<String, String>);

impl std::fmt::Display for Selected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pairs: Vec<String> =
            self.0.iter().map(|(key, value)| format!("{key}={value}")).collect();
        f.write_str(&pairs.join(","))
    }
}

/// Where proxies find the code of a role; of the only one, where none is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodeArg {
    pub(crate) role: Option<Role>,
    pub(crate) form: CodeForm,
}

/// Where proxies find code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CodeForm {
    /// In the EnvoyFilter.
    Inline,
    /// In a file that they see.
    File(String),
    /// At an address, from which the agent fetches it.
    Remote { url: String, sha256: String },
}

/// Reads `key=value[,key=value]`.
fn labels(text: &str) -> Result<Selected, String> {
    let pair = |pair: &str| {
        let found = pair.split_once('=').map(|(key, value)| (key.trim(), value.trim()));
        let is_plain =
            |text: &str| text.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_./".contains(&it));
        match found {
            Some((key, value)) if !key.is_empty() && is_plain(key) && is_plain(value) => {
                Ok((key.to_owned(), value.to_owned()))
            }
            _ => Err(format!("expected labels as `app=reviews,version=v1`, found `{pair}`")),
        }
    };
    text.split(',').map(pair).collect::<Result<_, _>>().map(Selected)
}

/// Reads `[ROLE=]CODE`.
fn code(text: &str) -> Result<CodeArg, String> {
    let role = |name| text.strip_prefix(name);
    let (role, form) = match (role("attempts="), role("access-log=")) {
        (Some(form), _) => (Some(Role::Attempts), form),
        (_, Some(form)) => (Some(Role::AccessLog), form),
        _ => (None, text),
    };
    Ok(CodeArg { role, form: code_form(form)? })
}

fn code_form(text: &str) -> Result<CodeForm, String> {
    if text == "inline" {
        return Ok(CodeForm::Inline);
    }
    if let Some(path) = text.strip_prefix("file:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return match path.starts_with('/') {
            true => Ok(CodeForm::File(path.to_owned())),
            false => {
                Err(format!("expected a path in the proxy's container from `/` on, found `{path}`"))
            }
        };
    }
    if !text.starts_with("https://") {
        return Err("expected `inline`, `file:PATH` or `https://URL#SHA256`, with `attempts=` or \
                    `access-log=` in front where both are loaded"
            .to_owned());
    }
    let Some((url, sha256)) = text.split_once('#') else {
        return Err(
            "expected the SHA-256 of the module behind `#`, as sha256sum prints it".to_owned()
        );
    };
    if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let found = sha256.len();
        return Err(format!("expected 64 hexadecimal digits behind `#`, found {found} characters"));
    }
    Ok(CodeForm::Remote { url: url.to_owned(), sha256: sha256.to_ascii_lowercase() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_equalities() {
        let read = |text: &str| labels(text).map(|it| it.to_string());
        assert_eq!(read("version=v1, app=reviews").unwrap(), "app=reviews,version=v1");
        assert_eq!(read("sidecar.istio.io/inject=").unwrap(), "sidecar.istio.io/inject=");
        for wrong in ["", "app", "app!=reviews", "app in (reviews)", "app==reviews", "=x", "a=b,"] {
            assert!(labels(wrong).unwrap_err().contains("expected labels"), "{wrong}");
        }
    }

    #[test]
    fn codes_have_a_form_and_perhaps_a_role() {
        let form = |text: &str| code(text).map(|it| (it.role, it.form));
        let file = CodeForm::File("/a=b.wasm".to_owned());
        assert_eq!(form("inline").unwrap(), (None, CodeForm::Inline));
        assert_eq!(form("attempts=inline").unwrap(), (Some(Role::Attempts), CodeForm::Inline));
        assert_eq!(
            form("access-log=file:/a=b.wasm").unwrap(),
            (Some(Role::AccessLog), file.clone())
        );
        assert_eq!(form("file:///a=b.wasm").unwrap(), (None, file));
        let digest = "AB".repeat(32);
        let url = "https://example.com/a?b=c".to_owned();
        let remote = CodeForm::Remote { url: url.clone(), sha256: digest.to_ascii_lowercase() };
        assert_eq!(form(&format!("{url}#{digest}")).unwrap(), (None, remote));
    }

    #[test]
    fn codes_that_are_wrong_say_what_is_expected() {
        let cases = [
            ("file:a.wasm", "from `/` on"),
            ("oci://example.com/filter", "expected `inline`"),
            ("http://example.com/filter", "expected `inline`"),
            ("https://example.com/a", "behind `#`"),
            ("https://example.com/a#abc", "found 3 characters"),
            ("router=inline", "expected `inline`"),
        ];
        for (text, said) in cases {
            let error = code(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
