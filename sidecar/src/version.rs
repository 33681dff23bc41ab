//! The version of Istio, as far as a Sidecar means another thing in another version.

use std::fmt;
use std::str::FromStr;

/// A version of Istio, `MAJOR.MINOR`.
///
/// ```
/// use sidecar::IstioVersion;
///
/// let version: IstioVersion = "1.30.2".parse().unwrap();
/// assert_eq!(version.to_string(), "1.30");
/// assert!(version < IstioVersion::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IstioVersion {
    major: u16,
    minor: u16,
}

/// A text that is no version of Istio.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a version of Istio such as `1.31`, found `{0}`")]
pub struct VersionError(String);

impl IstioVersion {
    /// Whether a hostname is taken from one namespace only, Kubernetes Services first.
    pub(crate) fn has_unified_scoping(self) -> bool {
        self >= Self { major: 1, minor: 24 }
    }

    /// Whether the destination of a VirtualService is looked for in the best namespace, and not in
    /// the first by name.
    pub(crate) fn picks_best_namespace(self) -> bool {
        self >= Self { major: 1, minor: 30 }
    }

    /// Whether `~` before a namespace takes away, and is not the name of a namespace.
    pub(crate) fn excludes_by_tilde(self) -> bool {
        self >= Self { major: 1, minor: 31 }
    }

    /// Whether endpoints that are not ready are sent unless a DestinationRule forbids it.
    pub(crate) fn sends_unhealthy_endpoints(self) -> bool {
        self >= Self { major: 1, minor: 31 }
    }

    /// Whether there is the policy `ALLOW_ANY_DYNAMIC_DNS`.
    pub(crate) fn has_dynamic_dns_policy(self) -> bool {
        self >= Self { major: 1, minor: 31 }
    }

    /// Whether there is MeshConfig's `serviceEntryVisibility`.
    pub(crate) fn has_service_entry_visibility(self) -> bool {
        self >= Self { major: 1, minor: 31 }
    }
}

impl Default for IstioVersion {
    /// The newest that is known, 1.31.
    fn default() -> Self {
        Self { major: 1, minor: 31 }
    }
}

impl FromStr for IstioVersion {
    type Err = VersionError;

    /// Reads `1.31`, `1.31.0-rc.0` or `v1.31.0`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || VersionError(text.chars().take(40).collect());
        let mut parts = text.trim_start_matches('v').split(['.', '-']);
        let mut number = || parts.next()?.parse().ok();
        let major = number().ok_or_else(error)?;
        let minor = number().ok_or_else(error)?;
        Ok(Self { major, minor })
    }
}

impl fmt::Display for IstioVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, read) in [
            ("1.31", Some("1.31")),
            ("v1.24.3", Some("1.24")),
            ("1.31.0-rc.0", Some("1.31")),
            ("1.31-dev", Some("1.31")),
            ("1", None),
            ("master", None),
            ("", None),
            ("1.99999999", None),
        ] {
            let version = text.parse::<IstioVersion>().ok();
            assert_eq!(version.map(|it| it.to_string()).as_deref(), read, "{text}");
        }
        let error = "newest".parse::<IstioVersion>().unwrap_err();
        assert_eq!(error.to_string(), "expected a version of Istio such as `1.31`, found `newest`");
    }
}
