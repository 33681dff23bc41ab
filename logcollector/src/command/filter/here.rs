//! `filter manifest --print here`: an access log for some proxies in place of the mesh's.
//!
//! A Telemetry turns the providers off that log for these proxies, and EnvoyFilter patches attach the
//! same loggers anew, with formats that print what the filter makes. EnvoyFilters can only add access
//! logs: without the Telemetry each request would have two lines.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use telemetry::{Attached, File, Logger, Place, Sink};

use super::formats::{extended, file};
use super::object::{self, CONNECTION_MANAGER, extension};
use crate::cli::{Context, Role, Selected};
use crate::error::Error;

const TCP_PROXY: &str = "envoy.filters.network.tcp_proxy";

/// The provider that `accessLogFile` stands for where a Telemetry is to turn it off.
const BUILT_IN: &str = "envoy";

/// What logs for the proxies now.
#[derive(Debug)]
pub(super) struct Now {
    /// The loggers of calls that they make.
    pub(super) client: Vec<Attached>,
    /// The loggers of calls that they take; `None` for gateways, which have one side.
    pub(super) server: Option<Vec<Attached>>,
    /// Whether listeners log nothing of their own.
    pub(super) no_listener_log: bool,
}

/// The access log that is to be.
#[derive(Debug)]
pub(super) struct Here {
    /// The providers that are to log no more.
    pub(super) muted: BTreeSet<String>,
    /// The patches that attach the loggers anew.
    pub(super) patches: Vec<Value>,
}

impl Now {
    /// Whether a file is written.
    pub(super) fn writes(&self) -> bool {
        self.loggers().any(|attached| file(&attached.logger).is_some())
    }

    /// The loggers of both sides.
    pub(super) fn loggers(&self) -> impl Iterator<Item = &Attached> {
        self.client.iter().chain(self.server.iter().flatten())
    }
}

impl Here {
    /// The access log for proxies; `keeps` says that the filter decides what is worth a line.
    ///
    /// # Errors
    ///
    /// When a format in use is none that Envoy takes.
    pub(super) fn new(now: &Now, roles: &[Role], keeps: bool) -> Result<Self, Error> {
        let client = anew(&now.client, roles)?;
        let sides = match &now.server {
            None => vec![(Some(Context::Gateway), client)],
            Some(server) if *server == now.client => vec![(None, client)],
            Some(server) => vec![
                (Some(Context::Outbound), client),
                (Some(Context::Inbound), anew(server, roles)?),
            ],
        };
        let patches = sides
            .iter()
            .filter(|(_, loggers)| !loggers.is_empty())
            .flat_map(|(context, loggers)| patches(*context, loggers, keeps, now.no_listener_log));
        let files = now.loggers().filter(|attached| file(&attached.logger).is_some());
        let name = |attached: &Attached| {
            attached.logger.provider.clone().unwrap_or_else(|| BUILT_IN.to_owned())
        };
        Ok(Self { patches: patches.collect(), muted: files.map(name).collect() })
    }

    /// The Telemetry that turns the providers off.
    pub(super) fn telemetry(&self, namespace: Option<&str>, selector: &Selected) -> Value {
        let providers: Vec<Value> = self.muted.iter().map(|name| json!({"name": name})).collect();
        let spec = json!({
            "selector": {"matchLabels": selector.0},
            "accessLogging": [{"providers": providers, "disabled": true}],
        });
        object::telemetry(namespace, spec)
    }
}

/// The loggers that write files, with formats that print what the filter makes.
fn anew(loggers: &[Attached], roles: &[Role]) -> Result<Vec<Attached>, Error> {
    let files = loggers.iter().filter_map(|it| Some((file(&it.logger)?, &it.filter)));
    files
        .map(|(old, filter)| {
            let format = extended(&old.format, roles)?;
            let sink = Sink::File(File { format, ..old.clone() });
            Ok(Attached { logger: Logger { provider: None, sink }.into(), filter: filter.clone() })
        })
        .collect()
}

/// The patches that attach loggers on a side; `None` is on both.
fn patches(
    context: Option<Context>,
    loggers: &[Attached],
    keeps: bool,
    no_listener_log: bool,
) -> Vec<Value> {
    let http: Vec<Attached> =
        loggers.iter().map(|it| if keeps { kept(it) } else { it.clone() }).collect();
    let manager = "http_connection_manager.v3.HttpConnectionManager";
    let mut patches = vec![
        network_filter(
            context,
            CONNECTION_MANAGER,
            manager,
            &rendered(Place::HttpConnectionManager, &http),
        ),
        network_filter(
            context,
            TCP_PROXY,
            "tcp_proxy.v3.TcpProxy",
            &rendered(Place::TcpProxy, loggers),
        ),
    ];
    if !no_listener_log {
        let log = rendered(Place::Listener, loggers);
        patches.extend(listeners(context).into_iter().map(|name| listener(context, name, &log)));
    }
    patches
}

/// A logger of what the filter finds worth a line. Connections have no opinion of it, only requests.
fn kept(attached: &Attached) -> Attached {
    let keep = filter::KEEP_EXPRESSION;
    let expression = match attached.filter.as_deref() {
        None => keep.to_owned(),
        Some(own) => format!("({own}) && ({keep})"),
    };
    Attached { filter: Some(expression.into()), ..attached.clone() }
}

fn rendered(place: Place, loggers: &[Attached]) -> Vec<Value> {
    loggers.iter().filter_map(|attached| place.render(attached)).collect()
}

/// The listeners that take what no filter chain takes; a gateway's have no common name.
fn listeners(context: Option<Context>) -> Vec<Option<&'static str>> {
    match context {
        None => vec![Some("virtualInbound"), Some("virtualOutbound")],
        Some(Context::Outbound) => vec![Some("virtualOutbound")],
        Some(Context::Inbound) => vec![Some("virtualInbound")],
        Some(Context::Gateway) => vec![None],
    }
}

fn network_filter(context: Option<Context>, name: &str, kind: &str, log: &[Value]) -> Value {
    let typed = extension(&format!("filters.network.{kind}"));
    json!({
        "applyTo": "NETWORK_FILTER",
        "match": matched(context, json!({"filterChain": {"filter": {"name": name}}})),
        "patch": {
            "operation": "MERGE",
            "value": {"name": name, "typed_config": {"@type": typed, "access_log": log}},
        },
    })
}

fn listener(context: Option<Context>, name: Option<&str>, log: &[Value]) -> Value {
    let listener = name.map_or_else(|| json!({}), |name| json!({"name": name}));
    json!({
        "applyTo": "LISTENER",
        "match": matched(context, listener),
        "patch": {"operation": "MERGE", "value": {"access_log": log}},
    })
}

/// What a patch is for. The version of the proxy is left out: where the mesh's log is turned off, this
/// one has to be there.
fn matched(context: Option<Context>, listener: Value) -> Value {
    match context {
        Some(context) => json!({"context": context.as_str(), "listener": listener}),
        None => json!({"listener": listener}),
    }
}

#[cfg(test)]
mod tests;
