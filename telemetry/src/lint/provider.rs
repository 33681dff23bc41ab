//! Providers that come to no logger, of Telemetry objects and of MeshConfig's defaults.

use mesh::DEFAULT_REVISION;

use super::{Code, Finding, code, entry, finding};
use crate::attach::View;
use crate::logger::Unresolved;

pub(super) fn check(view: &View<'_>, found: &mut Vec<Finding>) {
    for telemetry in view.seen() {
        for (index, logging) in telemetry.access_logging.iter().enumerate() {
            for (provider, name) in logging.providers.iter().enumerate() {
                let Some(problem) = problem(view, name) else { continue };
                let field = entry(index, &format!("providers[{provider}].name"));
                let finding = finding(problem.code, telemetry, field, problem.message);
                found.push(finding.instead(problem.instead));
            }
        }
    }
    let defaults = view.mesh().default_access_logging.iter().enumerate();
    found.extend(defaults.filter_map(|(index, name)| {
        let problem = problem(view, name)?;
        let field = format!("defaultProviders.accessLogging[{index}]");
        let finding = Finding::new(problem.code, mesh_config(view), field, problem.message);
        Some(finding.instead(problem.instead))
    }));
}

/// The MeshConfig of a view, by the name of the ConfigMap that istiod reads it from.
fn mesh_config(view: &View<'_>) -> String {
    let name = match view.istiod.revision.as_str() {
        "" | DEFAULT_REVISION => "istio".to_owned(),
        revision => format!("istio-{revision}"),
    };
    format!("MeshConfig/{}/{name}", view.mesh().root_namespace)
}

/// What is wrong with a provider that is named.
struct Problem {
    code: &'static Code,
    message: String,
    instead: Option<String>,
}

fn problem(view: &View<'_>, name: &str) -> Option<Problem> {
    let unresolved = match view.providers.find(name) {
        Ok(logger) => {
            let message = format!("`{name}`: {}", logger.refusal()?);
            return Some(Problem {
                code: &code::PROVIDER_REFUSED_BY_ENVOY,
                message,
                instead: None,
            });
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
    let instead = match unresolved {
        Unresolved::Unknown => view.providers.closest(name).map(str::to_owned),
        Unresolved::ServiceAmbiguous(service, namespaces) => {
            namespaces.first().map(|namespace| format!("{namespace}/{service}"))
        }
        _ => None,
    };
    Some(Problem { code, message: format!("`{name}` logs nothing: {unresolved}"), instead })
}
