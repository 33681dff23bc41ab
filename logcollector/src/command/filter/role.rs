//! The parts of the filter: what they are called, and where they leave what they make.

use crate::cli::Role;

impl Role {
    /// Both, in the order in which they are loaded and printed.
    pub(super) const ALL: [Self; 2] = [Self::Attempts, Self::AccessLog];

    /// Its section of the configuration, which is its root id, too.
    pub(super) fn section(self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::AccessLog => "access_log",
        }
    }

    /// Its value of an option.
    pub(super) fn option(self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::AccessLog => "access-log",
        }
    }

    /// The name of its extension configuration, of its plugin and of its VM: one of its own, as a
    /// trap takes a VM with all plugins in it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Attempts => "logcollector-attempts",
            Self::AccessLog => "logcollector-access-log",
        }
    }

    /// The file name of its module.
    pub(super) fn module(self) -> &'static str {
        match self {
            Self::Attempts => "logcollector_filter_attempts.wasm",
            Self::AccessLog => "logcollector_filter_access_log.wasm",
        }
    }

    /// The key of the filter state that it sets.
    fn key(self) -> &'static str {
        match self {
            Self::Attempts => filter::key::UPSTREAM_ATTEMPTS,
            Self::AccessLog => filter::key::ACCESS_LOG,
        }
    }

    /// The command operator that prints what it makes, without its percent signs.
    pub(super) fn operator(self) -> String {
        format!("FILTER_STATE({}:PLAIN)", self.key())
    }

    /// The key of its value in a JSON format.
    pub(super) fn json_key(self) -> &'static str {
        filter::key::own(self.key())
    }
}
