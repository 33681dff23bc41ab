//! What Envoy refuses of a logger.

use accesslog::{Format, FormatOptions, WarningKind};

use super::{Logger, Sink};

impl Logger {
    /// Why Envoy refuses the logger, as far as that can be told.
    pub(crate) fn refusal(&self) -> Option<String> {
        let Sink::File(file) = &self.sink else { return None };
        if file.path.is_empty() {
            return Some("Envoy refuses an empty path".to_owned());
        }
        match file.compile(&FormatOptions::new()) {
            Ok(format) => unknown_operator(&format),
            Err(error) => Some(format!("Envoy refuses the format: {error}")),
        }
    }
}

/// An operator of a format that Envoy does not have. Lines are read in spite of it, as a newer Envoy
/// may have it.
fn unknown_operator(format: &Format) -> Option<String> {
    format.warnings().iter().find_map(|warning| match warning.kind() {
        WarningKind::UnknownOperator { name, closest } => {
            let close = closest.map(|closest| format!("; close is `%{closest}%`"));
            let close = close.unwrap_or_default();
            Some(format!("Envoy 1.40 refuses the format: it has no operator `%{name}%`{close}"))
        }
        _ => None,
    })
}
