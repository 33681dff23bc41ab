//! Providers that come to no logger.

use accesslog::FormatOptions;

use super::{Finding, code, entry};
use crate::attach::View;
use crate::logger::{Logger, Sink, Unresolved};

pub(super) fn check(view: &View<'_>, found: &mut Vec<Finding>) {
    for telemetry in view.seen() {
        for (index, logging) in telemetry.access_logging.iter().enumerate() {
            for (provider, name) in logging.providers.iter().enumerate() {
                let field = entry(index, &format!("providers[{provider}].name"));
                let unresolved = match view.providers.find(name) {
                    Ok(logger) => {
                        let refusal = refusal(logger).map(|why| format!("`{name}`: {why}"));
                        found.extend(refusal.map(|message| {
                            Finding::new(
                                &code::PROVIDER_REFUSED_BY_ENVOY,
                                telemetry,
                                field,
                                message,
                            )
                        }));
                        continue;
                    }
                    Err(unresolved) => unresolved,
                };
                let code = match unresolved {
                    Unresolved::Unknown => &code::UNKNOWN_PROVIDER,
                    Unresolved::NoAccessLogs(_) => &code::PROVIDER_WITHOUT_LOGS,
                    Unresolved::NoService
                    | Unresolved::ServiceNotFound(_)
                    | Unresolved::ServiceAmbiguous(..) => &code::PROVIDER_SERVICE,
                };
                let close = match unresolved {
                    Unresolved::Unknown => view.providers.closest(name).map(str::to_owned),
                    Unresolved::ServiceAmbiguous(service, namespaces) => {
                        namespaces.first().map(|namespace| format!("{namespace}/{service}"))
                    }
                    _ => None,
                };
                let message = format!("`{name}` logs nothing: {unresolved}");
                found.push(Finding::new(code, telemetry, field, message).instead(close));
            }
        }
    }
}

/// Why Envoy refuses a logger, as far as that can be told.
fn refusal(logger: &Logger) -> Option<String> {
    let Sink::File(file) = &logger.sink else { return None };
    if file.path.is_empty() {
        return Some("Envoy refuses an empty path".to_owned());
    }
    let error = file.compile(&FormatOptions::new()).err()?;
    Some(format!("Envoy refuses the format: {error}"))
}
