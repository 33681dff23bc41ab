//! Where proxies find the filter's code.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::cli::{CodeArg, CodeForm, Role};
use crate::error::Error;

// The modules that this binary was built with: `ATTEMPTS` and `ACCESS_LOG`.
include!(concat!(env!("OUT_DIR"), "/filter_modules.rs"));

/// The code of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Code {
    /// In the object itself.
    Inline(&'static [u8]),
    /// In a file that the proxies see.
    File(String),
    /// At an address, from which Istio's agent fetches it.
    Remote {
        /// The address.
        url: String,
        /// The SHA-256 of what is there.
        sha256: String,
    },
}

impl Code {
    /// Envoy's `vm_config.code`.
    pub(super) fn source(&self) -> Value {
        match self {
            Self::Inline(module) => json!({"local": {"inline_bytes": STANDARD.encode(module)}}),
            Self::File(path) => json!({"local": {"filename": path}}),
            // As Istio writes it for its WasmPlugin: the agent fetches, so that no cluster is needed.
            // Follows `pilot/pkg/model/extensions.go`.
            Self::Remote { url, sha256 } => json!({"remote": {
                "http_uri": {"uri": url, "timeout": "30s", "cluster": "_"},
                "sha256": sha256,
            }}),
        }
    }
}

/// The module of a part that is in this binary.
pub(super) fn embedded(role: Role) -> Option<&'static [u8]> {
    match role {
        Role::Attempts => ATTEMPTS,
        Role::AccessLog => ACCESS_LOG,
    }
}

/// The code of each part that is loaded.
///
/// # Errors
///
/// When it is not clear which part is meant, or when the code is not in this binary.
pub(super) fn choose(
    roles: &[Role],
    args: &[CodeArg],
    embedded: impl Fn(Role) -> Option<&'static [u8]>,
) -> Result<Vec<Code>, Error> {
    let unnamed = |arg: &&CodeArg| arg.role.is_none() && arg.form != CodeForm::Inline;
    if roles.len() > 1 && args.iter().any(|arg| unnamed(&arg)) {
        return Err(Error::CodeOfWhichRole);
    }
    let of = |role: Role| {
        let mut meant = args.iter().filter(|arg| arg.role.is_none_or(|it| it == role));
        let form = meant.next().map_or(&CodeForm::Inline, |arg| &arg.form);
        if meant.next().is_some() {
            return Err(Error::CodeTwice { role: role.option() });
        }
        match form {
            CodeForm::Inline => {
                let module = embedded(role).map(Code::Inline);
                module.ok_or(Error::NoModule { module: role.module() })
            }
            CodeForm::File(path) => Ok(Code::File(path.clone())),
            CodeForm::Remote { url, sha256 } => {
                Ok(Code::Remote { url: url.clone(), sha256: sha256.clone() })
            }
        }
    };
    roles.iter().map(|role| of(*role)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &[u8] = b"\0asm\x01\0\0\0";

    fn arg(role: Option<Role>, path: &str) -> CodeArg {
        CodeArg { role, form: CodeForm::File(path.to_owned()) }
    }

    #[test]
    fn each_part_has_its_code() {
        let args = [arg(Some(Role::AccessLog), "/a.wasm")];
        let codes = choose(&Role::ALL, &args, |_| Some(MODULE)).unwrap();
        assert_eq!(codes, [Code::Inline(MODULE), Code::File("/a.wasm".to_owned())]);
        assert_eq!(codes[0].source().to_string(), r#"{"local":{"inline_bytes":"AGFzbQEAAAA="}}"#);
        let codes = choose(&[Role::Attempts], &[arg(None, "/b.wasm")], |_| None).unwrap();
        assert_eq!(codes, [Code::File("/b.wasm".to_owned())]);
    }

    #[test]
    fn what_is_not_clear_is_an_error() {
        let unnamed = choose(&Role::ALL, &[arg(None, "/a")], |_| Some(MODULE));
        assert!(matches!(unnamed, Err(Error::CodeOfWhichRole)));
        let named = arg(Some(Role::Attempts), "/a");
        let twice = choose(&[Role::Attempts], &[named.clone(), named], |_| None);
        assert!(matches!(twice, Err(Error::CodeTwice { role: "attempts" })));
        let none = choose(&[Role::AccessLog], &[], |_| None);
        assert!(matches!(
            none,
            Err(Error::NoModule { module: "logcollector_filter_access_log.wasm" })
        ));
    }

    #[test]
    fn remote_code_is_for_the_agent_to_fetch() {
        let code =
            Code::Remote { url: "https://example.com/a.wasm".to_owned(), sha256: "ab".repeat(32) };
        assert_eq!(code.source()["remote"]["http_uri"]["cluster"], "_");
    }
}
