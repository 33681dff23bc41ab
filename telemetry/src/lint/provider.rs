//! Providers that come to no logger.

use super::{Finding, code, entry};
use crate::attach::View;
use crate::logger::Unresolved;

pub(super) fn check(view: &View<'_>, found: &mut Vec<Finding>) {
    for telemetry in view.seen() {
        for (index, logging) in telemetry.access_logging.iter().enumerate() {
            for (provider, name) in logging.providers.iter().enumerate() {
                let Err(unresolved) = view.providers.find(name) else { continue };
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
                let field = entry(index, &format!("providers[{provider}].name"));
                let message = format!("`{name}` logs nothing: {unresolved}");
                found.push(Finding::new(code, telemetry, field, message).instead(close));
            }
        }
    }
}
