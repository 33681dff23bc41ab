//! The default formats of Envoy and of each Istio generation, by name.

use crate::format::{Encoding, Format, FormatError, FormatOptions};

/// A default format that can be asked for by name.
///
/// The texts follow Envoy's `substitution_format_utility.cc` and Istio's
/// `pilot/pkg/model/telemetry_logging.go` (before 1.12 `pilot/pkg/networking/core`) of the release
/// that a name tells. A name without a release is the newest.
///
/// ```
/// use accesslog::Preset;
///
/// let preset = Preset::from_name("istio").expect("a preset");
/// assert!(preset.text().ends_with("%REQUESTED_SERVER_NAME% %ROUTE_NAME%\n"));
/// assert_eq!(preset.compile(&Default::default())?.fields().len(), 24);
/// # Ok::<(), accesslog::FormatError>(())
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Preset {
    name: &'static str,
    releases: &'static str,
    encoding: Encoding,
    text: &'static str,
}

macro_rules! request {
    () => {
        "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" \
         %RESPONSE_CODE% %RESPONSE_FLAGS% "
    };
}

macro_rules! transfer {
    () => {
        "%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \
         \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \
         \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\""
    };
}

macro_rules! connections {
    () => {
        " %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% \
         %REQUESTED_SERVER_NAME%"
    };
}

const MIXER: &str = concat!(
    request!(),
    "\"%DYNAMIC_METADATA(istio.mixer:status)%\" ",
    transfer!(),
    " %UPSTREAM_CLUSTER%",
    connections!(),
    "\n"
);
const MIXER_REASON: &str = concat!(
    request!(),
    "\"%DYNAMIC_METADATA(istio.mixer:status)%\" \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" ",
    transfer!(),
    " %UPSTREAM_CLUSTER%",
    connections!(),
    "\n"
);
const MIXER_ROUTE: &str = concat!(
    request!(),
    "\"%DYNAMIC_METADATA(istio.mixer:status)%\" \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" ",
    transfer!(),
    " %UPSTREAM_CLUSTER%",
    connections!(),
    " %ROUTE_NAME%\n"
);
const REASON: &str = concat!(
    request!(),
    "\"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" ",
    transfer!(),
    " %UPSTREAM_CLUSTER%",
    connections!(),
    " %ROUTE_NAME%\n"
);
const DETAILS: &str = concat!(
    request!(),
    "%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% ",
    "\"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" ",
    transfer!(),
    " %UPSTREAM_CLUSTER%",
    connections!(),
    " %ROUTE_NAME%\n"
);
const RAW_CLUSTER: &str = concat!(
    request!(),
    "%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% ",
    "\"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" ",
    transfer!(),
    " %UPSTREAM_CLUSTER_RAW%",
    connections!(),
    " %ROUTE_NAME%\n"
);

macro_rules! json {
    ($cluster:literal, $more:literal) => {
        concat!(
            r#"{"start_time":"%START_TIME%","route_name":"%ROUTE_NAME%","method":"%REQ(:METHOD)%","#,
            r#""path":"%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%","protocol":"%PROTOCOL%","#,
            r#""response_code":"%RESPONSE_CODE%","response_flags":"%RESPONSE_FLAGS%","#,
            $more,
            r#""bytes_received":"%BYTES_RECEIVED%","bytes_sent":"%BYTES_SENT%","#,
            r#""duration":"%DURATION%","#,
            r#""upstream_service_time":"%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%","#,
            r#""x_forwarded_for":"%REQ(X-FORWARDED-FOR)%","user_agent":"%REQ(USER-AGENT)%","#,
            r#""request_id":"%REQ(X-REQUEST-ID)%","authority":"%REQ(:AUTHORITY)%","#,
            r#""upstream_host":"%UPSTREAM_HOST%","upstream_cluster":"#,
            $cluster,
            r#","upstream_local_address":"%UPSTREAM_LOCAL_ADDRESS%","#,
            r#""downstream_local_address":"%DOWNSTREAM_LOCAL_ADDRESS%","#,
            r#""downstream_remote_address":"%DOWNSTREAM_REMOTE_ADDRESS%","#,
            r#""requested_server_name":"%REQUESTED_SERVER_NAME%","#,
            r#""upstream_transport_failure_reason":"%UPSTREAM_TRANSPORT_FAILURE_REASON%"}"#
        )
    };
}

const JSON: &str = json!(
    r#""%UPSTREAM_CLUSTER_RAW%""#,
    r#""response_code_details":"%RESPONSE_CODE_DETAILS%","connection_termination_details":"%CONNECTION_TERMINATION_DETAILS%","#
);
const JSON_CLUSTER: &str = json!(
    r#""%UPSTREAM_CLUSTER%""#,
    r#""response_code_details":"%RESPONSE_CODE_DETAILS%","connection_termination_details":"%CONNECTION_TERMINATION_DETAILS%","#
);
const JSON_REASON: &str = json!(r#""%UPSTREAM_CLUSTER%""#, "");
const JSON_MIXER: &str = json!(
    r#""%UPSTREAM_CLUSTER%""#,
    r#""istio_policy_status":"%DYNAMIC_METADATA(istio.mixer:status)%","#
);

const fn text(name: &'static str, releases: &'static str, text: &'static str) -> Preset {
    Preset { name, releases, encoding: Encoding::Text, text }
}

const fn json(name: &'static str, releases: &'static str, text: &'static str) -> Preset {
    Preset { name, releases, encoding: Encoding::Json, text }
}

impl Preset {
    /// All presets.
    pub const ALL: &'static [Self] = &[
        text("envoy", "Envoy; Istio 0.8 and 1.0", concat!(request!(), transfer!(), "\n")),
        text("istio", "Istio 1.23 and later", RAW_CLUSTER),
        text("istio@1.1", "Istio 1.1", MIXER),
        text("istio@1.2", "Istio 1.2", MIXER_REASON),
        text("istio@1.3", "Istio 1.3 to 1.7", MIXER_ROUTE),
        text("istio@1.8", "Istio 1.8", REASON),
        text("istio@1.9", "Istio 1.9 to 1.22", DETAILS),
        text("istio@1.23", "Istio 1.23 and later", RAW_CLUSTER),
        json("istio-json", "Istio 1.25 and later", JSON),
        json("istio-json@1.3", "Istio 1.3 to 1.7", JSON_MIXER),
        json("istio-json@1.8", "Istio 1.8", JSON_REASON),
        json("istio-json@1.9", "Istio 1.9 to 1.24", JSON_CLUSTER),
    ];

    /// The preset with this name. A release of Istio between those that changed the default stands
    /// for the last change: `istio@1.20` is `istio@1.9`.
    ///
    /// ```
    /// # use accesslog::Preset;
    /// assert_eq!(Preset::from_name("istio@1.20").map(Preset::name), Some("istio@1.9"));
    /// assert_eq!(Preset::from_name("istio@1.0").map(Preset::name), None);
    /// ```
    pub fn from_name(name: &str) -> Option<&'static Self> {
        let exact = Self::ALL.iter().find(|preset| preset.name == name);
        exact.or_else(|| {
            let (family, minor) = release(name)?;
            let older = Self::ALL.iter().filter_map(|preset| {
                let (own, since) = release(preset.name)?;
                (own == family && since <= minor).then_some((since, preset))
            });
            older.max_by_key(|(since, _)| *since).map(|(_, preset)| preset)
        })
    }

    /// The name: `envoy`, `istio`, `istio@1.9`, `istio-json`, ...
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The releases whose default this is, for people.
    pub fn releases(&self) -> &'static str {
        self.releases
    }

    /// The format string: text with its final newline, or the JSON object.
    pub fn text(&self) -> &'static str {
        self.text
    }

    /// Whether lines are text or JSON objects.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Compiles the preset.
    ///
    /// # Errors
    ///
    /// None: every preset is a format that Envoy accepts.
    pub fn compile(&self, options: &FormatOptions) -> Result<Format, FormatError> {
        match self.encoding {
            Encoding::Text => options.compile(self.text),
            Encoding::Json => options.compile_json(self.text),
        }
    }
}

/// The family and the minor release of `istio@1.20`.
fn release(name: &str) -> Option<(&str, u32)> {
    let (family, release) = name.split_once("@1.")?;
    Some((family, release.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_compiles_to_its_fields() {
        let counts: Vec<_> = Preset::ALL
            .iter()
            .map(|preset| {
                let format = preset.compile(&FormatOptions::new()).unwrap();
                (preset.name(), format.fields().len())
            })
            .collect();
        let expected = [
            ("envoy", 15),
            ("istio", 24),
            ("istio@1.1", 21),
            ("istio@1.2", 22),
            ("istio@1.3", 23),
            ("istio@1.8", 22),
            ("istio@1.9", 24),
            ("istio@1.23", 24),
            ("istio-json", 24),
            ("istio-json@1.3", 23),
            ("istio-json@1.8", 22),
            ("istio-json@1.9", 24),
        ];
        assert_eq!(counts, expected);
    }

    #[test]
    fn text_and_json_have_the_same_keys() {
        let keys = |name: &str| {
            let format = Preset::from_name(name).unwrap().compile(&FormatOptions::new()).unwrap();
            let mut keys: Vec<_> = format.fields().iter().map(|f| f.key().to_owned()).collect();
            keys.sort();
            keys
        };
        assert_eq!(keys("istio"), keys("istio-json"));
        assert_eq!(keys("istio@1.9"), keys("istio-json@1.9"));
        assert_eq!(keys("istio@1.8"), keys("istio-json@1.8"));
        assert_eq!(keys("istio@1.3"), keys("istio-json@1.3"));
    }

    #[test]
    fn the_current_text_is_what_istio_documents() {
        assert_eq!(
            Preset::from_name("istio").unwrap().text(),
            "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" \
             %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% \
             %CONNECTION_TERMINATION_DETAILS% \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" \
             %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \
             \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \
             \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% \
             %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% \
             %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n"
        );
    }
}
