//! Access loggers, as istiod would configure them.

mod format;
mod refusal;
mod resolve;

use format::preset;

use accesslog::{Format, FormatError, FormatOptions};
use serde_json::{Map, Value};

pub(crate) use resolve::{BUILTIN, Providers, fallback};
pub use resolve::{Hosts, Unresolved};

/// The paths of a container's log.
const CONTAINER_LOG: [&str; 2] = ["/dev/stdout", "/dev/stderr"];

/// An access logger without its filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Logger {
    /// The name of the provider as MeshConfig has it; `None` for a logger of MeshConfig's own
    /// `accessLogFile` or `enableEnvoyAccessLogService`.
    pub provider: Option<String>,
    /// Where records go, and in which form.
    pub sink: Sink,
}

/// Where records go, and in which form.
#[derive(Debug, Clone, PartialEq)]
pub enum Sink {
    /// A file.
    File(File),
    /// Envoy's access log service, by the logger for HTTP.
    HttpGrpc(Als),
    /// Envoy's access log service, by the logger for TCP.
    TcpGrpc(Als),
    /// OpenTelemetry.
    Otel(Otel),
    /// The access log service of the proxy's bootstrap, `enableEnvoyAccessLogService`.
    AlsMeshConfig,
}

/// A file logger.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// The path, such as `/dev/stdout`.
    pub path: String,
    /// The format.
    pub format: FileFormat,
    /// Whether what is absent is left out.
    pub omit_empty_values: bool,
}

/// The format of a file logger, exactly as istiod sends it.
#[derive(Debug, Clone, PartialEq)]
pub enum FileFormat {
    /// Text, its final newline included.
    Text(String),
    /// A JSON object.
    Json(Map<String, Value>),
    /// None is sent, and Envoy uses its own.
    EnvoyDefault,
}

/// A logger to an access log service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Als {
    /// The service.
    pub service: Upstream,
    /// The log's name.
    pub log_name: String,
    /// Names of filter state objects that go with a record.
    pub filter_state_objects: Vec<String>,
    /// Names of request headers that go with a record; none for TCP.
    pub request_headers: Vec<String>,
    /// Names of response headers that go with a record; none for TCP.
    pub response_headers: Vec<String>,
    /// Names of response trailers that go with a record; none for TCP.
    pub response_trailers: Vec<String>,
}

/// A logger to OpenTelemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otel {
    /// The service.
    pub service: Upstream,
    /// The log's name.
    pub log_name: String,
    /// The format of a record's body.
    pub body: String,
    /// A record's attributes, keys sorted.
    pub attributes: Vec<(String, String)>,
}

/// The service that a logger sends to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// The host, which is also the `:authority` of the calls.
    pub host: String,
    /// The port.
    pub port: u32,
}

impl Logger {
    /// Whether the logger writes to the log of the proxy's container.
    pub fn is_container_log(&self) -> bool {
        matches!(&self.sink, Sink::File(file) if CONTAINER_LOG.contains(&file.path.as_str()))
    }

    /// The logger in a few words, such as ``envoy` (/dev/stdout)`.
    pub(crate) fn describe(&self) -> String {
        let place = match &self.sink {
            Sink::File(file) => file.path.clone(),
            Sink::HttpGrpc(als) | Sink::TcpGrpc(als) => als.service.host.clone(),
            Sink::Otel(otel) => otel.service.host.clone(),
            Sink::AlsMeshConfig => "the access log service of the proxy".to_owned(),
        };
        match &self.provider {
            Some(provider) => format!("`{provider}` ({place})"),
            None => place,
        }
    }
}

impl Sink {
    /// The kind as it is printed.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::HttpGrpc(_) => "http_grpc",
            Self::TcpGrpc(_) => "tcp_grpc",
            Self::Otel(_) => "otel",
            Self::AlsMeshConfig => "als_mesh_config",
        }
    }
}

impl File {
    /// The format, compiled for reading what the logger writes.
    ///
    /// # Errors
    ///
    /// A format that Envoy refuses; such a proxy gets no listeners.
    pub fn compile(&self, options: &FormatOptions) -> Result<Format, FormatError> {
        let options = options.clone().omit_empty_values(self.omit_empty_values);
        match &self.format {
            FileFormat::Text(text) => options.compile(text),
            FileFormat::Json(object) => {
                options.compile_json(&Value::Object(object.clone()).to_string())
            }
            FileFormat::EnvoyDefault => options.compile(preset("envoy")),
        }
    }
}

impl FileFormat {
    /// The encoding as it is printed.
    pub fn encoding(&self) -> &'static str {
        match self {
            Self::Text(_) => "TEXT",
            Self::Json(_) => "JSON",
            Self::EnvoyDefault => "ENVOY_DEFAULT",
        }
    }
}

impl Upstream {
    /// The name of the cluster that istiod makes for the service.
    pub fn cluster(&self) -> String {
        format!("outbound|{}||{}", self.port, self.host)
    }
}
