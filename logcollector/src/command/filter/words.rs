//! What stands in comments above the objects.

use super::code::Code;
use super::formats::operators;
use super::object::{NAME, Part};
use crate::cli::{FilterManifestArgs, PrintArg, Role};

/// What the objects do, how what they make is printed, and how they are removed.
pub(super) fn comment(
    args: &FilterManifestArgs,
    parts: &[Part],
    printed: &[Role],
    root_namespace: &str,
) -> String {
    let mut text = format!("The filter of logcollector for {}.\n", proxies(args, root_namespace));
    for part in parts {
        text.push_str(&format!("{}\n", does(part.role)));
    }
    text.push_str(
        "\nIf it fails while it runs, no request fails: its field is `-` from then on, until the filter is\n\
         loaded anew, with the proxy at the latest. (fail_open: Envoy logs that it is deprecated; under\n\
         what came in its place, requests fail.) As long as code is missing or bad, a no-op stands in\n\
         its place: requests pass, and the field is `-`.\n",
    );
    if parts.iter().any(|part| matches!(part.code, Code::Remote { .. })) {
        text.push_str("Code at an address is fetched by the agent of each proxy.\n");
    }
    text.push_str(&prints(args, printed));
    let namespace = args.namespace.as_ref().map(|it| format!(" -n {it}")).unwrap_or_default();
    let kinds = match args.print {
        Some(PrintArg::Here) => "envoyfilter,telemetry",
        _ => "envoyfilter",
    };
    text.push_str(&format!("\nTo remove it: kubectl delete {kinds} {NAME}{namespace}\n"));
    text
}

fn proxies(args: &FilterManifestArgs, root_namespace: &str) -> String {
    let whose = match &args.selector {
        Some(selector) => format!("proxies with the labels {selector}"),
        None => "all proxies".to_owned(),
    };
    match args.namespace.as_deref() {
        Some(namespace) if namespace == root_namespace => format!("{whose} of the mesh"),
        Some(namespace) => format!("{whose} in the namespace {namespace}"),
        None => format!("{whose} in the namespace that it is applied to"),
    }
}

fn does(role: Role) -> &'static str {
    match role {
        Role::Attempts => "attempts keeps the history of a request's upstream attempts.",
        Role::AccessLog => {
            "access_log packs configured fields into one, and decides which requests are worth a line."
        }
    }
}

/// How what the parts make gets into the log.
fn prints(args: &FilterManifestArgs, printed: &[Role]) -> String {
    if args.print == Some(PrintArg::Here) {
        return "\nThe Telemetry turns the access log off that these proxies write now, and the patches\n\
                write it anew, with what the filter makes at the end of each line.\n"
            .to_owned();
    }
    let operators = operators(printed).into_iter().map(|(operator, _)| format!("  %{operator}%\n"));
    format!(
        "\nThe log's format has to print it; these operators do, the first one without the filter:\n\
         {}logcollector filter manifest --print mesh-config has the formats for the mesh, and\n\
         --print here changes the log of these proxies only.\n",
        operators.collect::<String>()
    )
}
