//! What the API server answers when it does not give what was asked for.

use kube::core::Status;

use crate::visible;

/// How much of a message is shown.
const SHOWN: usize = 600;

/// Why the cluster did not give what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// There is no usable kubeconfig, or not the context that was named.
    #[error("no cluster: {0}")]
    Config(String),
    /// Nothing answers.
    #[error("cannot reach the cluster: {0}")]
    Unreachable(String),
    /// 401.
    #[error("the cluster does not know the user: {0}")]
    Unauthorized(String),
    /// 403.
    #[error("{0}")]
    Forbidden(String),
    /// 404.
    #[error("{0}")]
    NotFound(String),
    /// 409.
    #[error("{0}")]
    Conflict(String),
    /// Any other refusal, with its HTTP status.
    #[error("{message}")]
    Refused { code: u16, message: String },
    /// An answer that is none.
    #[error("the cluster's answer cannot be read: {0}")]
    Unreadable(String),
}

impl Failure {
    /// Whether the same request may be answered later: the server is away, overloaded or failing.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { code, .. } => *code == 429 || *code >= 500,
            _ => false,
        }
    }

    fn of_status(status: &Status) -> Self {
        let message = shown(&status.message);
        match status.code {
            401 => Self::Unauthorized(message),
            403 => Self::Forbidden(message),
            404 => Self::NotFound(message),
            409 => Self::Conflict(message),
            code => Self::Refused { code, message },
        }
    }
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::of_status(&status),
            kube::Error::Auth(error) => Self::Config(shown(&chain(&error))),
            kube::Error::Service(error) => Self::Unreachable(shown(&chain(&*error))),
            kube::Error::HyperError(error) => Self::Unreachable(shown(&chain(&error))),
            kube::Error::ReadEvents(error) => Self::Unreachable(shown(&chain(&error))),
            error @ (kube::Error::SerdeError(_)
            | kube::Error::FromUtf8(_)
            | kube::Error::LinesCodecMaxLineLengthExceeded) => {
                Self::Unreadable(shown(&chain(&error)))
            }
            error => Self::Config(shown(&chain(&error))),
        }
    }
}

/// An error with what caused it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}

fn shown(text: &str) -> String {
    visible::clipped(text.as_bytes(), SHOWN)
}
