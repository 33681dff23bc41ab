//! The formats that the reading suite logs every request in.

use accesslog::{Encoding, Format, FormatOptions, Preset};

/// A text format under test.
#[derive(Debug, Clone)]
pub struct TextFormat {
    /// What the results table calls it.
    pub name: &'static str,
    /// The format string.
    pub text: String,
    /// Envoy's `omit_empty_values`.
    pub omit_empty_values: bool,
    /// Whether a client has to forge delimiters to make a line ambiguous.
    pub sound: bool,
}

impl TextFormat {
    /// The format as the crate compiles it.
    pub fn compile(&self) -> Format {
        let options = FormatOptions::new().omit_empty_values(self.omit_empty_values);
        options.compile(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

/// A JSON format under test.
#[derive(Debug, Clone)]
pub struct JsonFormat {
    /// What the results table calls it.
    pub name: &'static str,
    /// The JSON object.
    pub text: String,
    /// Envoy's `omit_empty_values`.
    pub omit_empty_values: bool,
}

impl JsonFormat {
    /// The format as the crate compiles it.
    pub fn compile(&self) -> Format {
        let options = FormatOptions::new().omit_empty_values(self.omit_empty_values);
        options.compile_json(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

/// Every JSON format of the suite.
pub fn json() -> Vec<JsonFormat> {
    let format = |name, text: &str, omit_empty_values| JsonFormat {
        name,
        text: text.to_owned(),
        omit_empty_values,
    };
    let presets = Preset::ALL.iter().filter(|preset| preset.encoding() == Encoding::Json);
    let mut formats: Vec<_> = presets.map(|p| format(p.name(), p.text(), false)).collect();
    formats.push(format("nested JSON", NESTED, false));
    formats.push(format("nested JSON, omit empty", NESTED, true));
    formats
}

const NESTED: &str = r#"{
    "http": {"method": "%REQ(:METHOD)%", "headers": {"agent": "%REQ(USER-AGENT)%"}},
    "gone": {"never": {"there": "%REQ(X-NOTHING)%"}},
    "code": "%RESPONSE_CODE%", "took": "%DURATION% ms", "flags": "%RESPONSE_FLAGS%",
    "two": "%REQ(X-FORWARDED-FOR)%/%REQ(X-REQUEST-ID)%", "half": "a%REQ(X-NOTHING)%b",
    "meta": "%DYNAMIC_METADATA(test)%", "client": "%DYNAMIC_METADATA(client:meta)%",
    "state": "%FILTER_STATE(test.client:TYPED)%", "cel": "%TYPED_CEL(response.code == 200)%",
    "one": 1, "yes": true, "text": "constant", "nothing": null,
    "list": ["%PROTOCOL%", "%REQ(X-NOTHING)%", "%BYTES_SENT%", 2]
}"#;

/// Every text format of the suite.
pub fn all() -> Vec<TextFormat> {
    let preset = |name| Preset::from_name(name).expect("a preset").text().to_owned();
    let mut formats: Vec<TextFormat> = PRESETS.iter().map(|p| sound(p, &preset(p))).collect();
    let istio = preset("istio");
    let line = istio.trim_end();
    formats.push(sound("istio + attempts", &format!("{line} %UPSTREAM_REQUEST_ATTEMPT_COUNT%\n")));
    formats.push(TextFormat { omit_empty_values: true, ..sound("istio, omit empty", &istio) });
    formats
        .push(TextFormat { omit_empty_values: true, ..sound("key=value, omit empty", KEY_VALUE) });
    formats.extend(SOUND.iter().map(|(name, text)| sound(name, text)));
    formats.extend(
        UNSOUND.iter().map(|(name, text)| TextFormat { sound: false, ..sound(name, text) }),
    );
    formats
}

fn sound(name: &'static str, text: &str) -> TextFormat {
    TextFormat { name, text: text.to_owned(), omit_empty_values: false, sound: true }
}

const PRESETS: [&str; 8] = [
    "envoy",
    "istio",
    "istio@1.1",
    "istio@1.2",
    "istio@1.3",
    "istio@1.8",
    "istio@1.9",
    "istio@1.23",
];

const KEY_VALUE: &str = concat!(
    "time=%START_TIME% method=%REQ(:METHOD)% path=%REQ(:PATH)% protocol=%PROTOCOL% ",
    "code=%RESPONSE_CODE% flags=%RESPONSE_FLAGS% details=%RESPONSE_CODE_DETAILS% ",
    "in=%BYTES_RECEIVED% out=%BYTES_SENT% ms=%DURATION% upstream=%UPSTREAM_HOST% ",
    "cluster=%UPSTREAM_CLUSTER% xff=\"%REQ(X-FORWARDED-FOR)%\" ua=\"%REQ(USER-AGENT)%\" ",
    "id=\"%REQ(X-REQUEST-ID)%\" answer=\"%RESP(X-ANSWER)%\" route=%ROUTE_NAME%\n",
);

/// Formats whose lines are ambiguous only when a client forges their delimiters.
const SOUND: &[(&str, &str)] = &[
    ("key=value", KEY_VALUE),
    (
        "JSON by hand",
        "{\"time\":\"%START_TIME%\",\"method\":\"%REQ(:METHOD)%\",\"path\":\"%REQ(:PATH)%\",\
         \"code\":%RESPONSE_CODE%,\"flags\":\"%RESPONSE_FLAGS%\",\"ms\":%DURATION%,\
         \"ua\":\"%REQ(USER-AGENT)%\",\"xff\":\"%REQ(X-FORWARDED-FOR)%\",\
         \"host\":\"%UPSTREAM_HOST%\",\"meta\":%DYNAMIC_METADATA(test)%}\n",
    ),
    (
        "combined log",
        "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% - - [%START_TIME(%d/%b/%Y:%H:%M:%S %z)%] \
         \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% \
         %BYTES_SENT% \"%REQ(REFERER)%\" \"%REQ(USER-AGENT)%\"\n",
    ),
    (
        "times",
        "%START_TIME% %START_TIME_LOCAL% [%START_TIME(%s)%] [%START_TIME(%s.%3f)%] \
         [%START_TIME(%s.%9f)%] [%START_TIME(%s%3f)%] %START_TIME(%f)% %START_TIME(%1f)% \
         %START_TIME(%6f)% %START_TIME(%E3S)% %START_TIME(%E*S)% %START_TIME(%E6f)% \
         %START_TIME(%Ez)% %START_TIME(%E4n)% %RESPONSE_CODE% %REQ(USER-AGENT)%\n",
    ),
    (
        "dates",
        "%REQ(USER-AGENT)% %START_TIME(%d/%b/%Y:%H:%M:%S %z)%;\
         %START_TIME(%a, %d %b %Y %H:%M:%S %Z)%;%START_TIME(%c)%;%START_TIME(%D %T)%;\
         %START_TIME(%I:%M:%S %p)%;%START_TIME(%H%t%M)%;%START_TIME(literal %% pct)%;%START_TIME_LOCAL(%Y%m%d %H%M)%;\
         %START_TIME(%A %B %e %j %y %F %R)%\n",
    ),
    (
        "metadata",
        "all=%DYNAMIC_METADATA(test)% text=%DYNAMIC_METADATA(test:text)% \
         int=%DYNAMIC_METADATA(test:int)% num=%DYNAMIC_METADATA(test:num)% \
         neg=%DYNAMIC_METADATA(test:neg)% flag=%DYNAMIC_METADATA(test:flag)% \
         list=%DYNAMIC_METADATA(test:list)% deep=%DYNAMIC_METADATA(test:deep:er)% \
         est=%DYNAMIC_METADATA(test:deep:er:est)% none=%DYNAMIC_METADATA(test:nothing)% \
         number_text=%DYNAMIC_METADATA(test:number_text)% cluster=%CLUSTER_METADATA(test)% \
         host=%UPSTREAM_METADATA(test)% n=%METADATA(CLUSTER:test:n)% r=%METADATA(ROUTE:test:r)% \
         l=%METADATA(LISTENER:test:l)% client=%DYNAMIC_METADATA(client:meta)% end\n",
    ),
    (
        "filter state",
        "typed=%FILTER_STATE(test.const)% plain=%FILTER_STATE(test.const:PLAIN)% \
         client=%FILTER_STATE(test.client:PLAIN)% quoted=%FILTER_STATE(test.client:TYPED)% \
         none=%FILTER_STATE(nobody)% code=%RESPONSE_CODE%\n",
    ),
    (
        "CEL",
        "s=%CEL(request.method)% n=%CEL(response.code)% t=%TYPED_CEL(response.code)% \
         b=%TYPED_CEL(response.code == 200)% p=%CEL('(' + ')')% u=%TYPED_CEL(request.useragent)% \
         x=%CEL(request.headers['x-nothing'])% f=%TYPED_CEL(request.size)% end\n",
    ),
    (
        "counters",
        "%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %REQUEST_DURATION% %RESPONSE_DURATION% \
         %RESPONSE_TX_DURATION% %DOWNSTREAM_WIRE_BYTES_SENT% %UPSTREAM_WIRE_BYTES_RECEIVED% \
         %REQUEST_HEADERS_BYTES% %COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)% %RESPONSE_CODE% \
         %RESPONSE_FLAGS_LONG% %UPSTREAM_REQUEST_ATTEMPT_COUNT% %GRPC_STATUS% \
         %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS_NUMBER% %UPSTREAM_PROTOCOL%\n",
    ),
    (
        "TLS, downstream",
        "%DOWNSTREAM_TLS_VERSION% %DOWNSTREAM_TLS_CIPHER% %REQUESTED_SERVER_NAME% \
         \"%DOWNSTREAM_PEER_SUBJECT%\" \"%DOWNSTREAM_PEER_ISSUER%\" \"%DOWNSTREAM_LOCAL_SUBJECT%\" \
         %DOWNSTREAM_PEER_URI_SAN% %DOWNSTREAM_PEER_DNS_SAN% %DOWNSTREAM_PEER_FINGERPRINT_256% \
         %DOWNSTREAM_PEER_SERIAL% %DOWNSTREAM_PEER_CERT_V_START% \
         %DOWNSTREAM_PEER_CERT_V_END(%b %d %H:%M:%S %Y %Z)% \
         \"%DOWNSTREAM_TRANSPORT_FAILURE_REASON%\" %TLS_JA4_FINGERPRINT% %FILTER_CHAIN_NAME%\n",
    ),
    (
        "TLS, upstream",
        "%UPSTREAM_TLS_VERSION% %UPSTREAM_TLS_CIPHER% \"%UPSTREAM_PEER_SUBJECT%\" \
         \"%UPSTREAM_PEER_ISSUER%\" %UPSTREAM_PEER_URI_SAN% %UPSTREAM_LOCAL_URI_SAN% \
         %UPSTREAM_PEER_CERT_V_START(%s)% \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" \
         %UPSTREAM_SERVER_NAME%\n",
    ),
    (
        "TCP",
        "[%START_TIME%] %DOWNSTREAM_REMOTE_ADDRESS% -> %UPSTREAM_HOST% via %UPSTREAM_CLUSTER% \
         %BYTES_RECEIVED%/%BYTES_SENT% bytes, %DURATION% ms, %RESPONSE_FLAGS%, \
         %CONNECTION_TERMINATION_DETAILS%, %UPSTREAM_TRANSPORT_FAILURE_REASON%, \
         %DOWNSTREAM_DETECTED_CLOSE_TYPE% %ACCESS_LOG_TYPE%\n",
    ),
    (
        "other names",
        "method=%REQUEST_HEADER(:METHOD)% path=%PATH% bare=%PATH(NQ:PATH)% \
         query=%QUERY_PARAMS% q=%QUERY_PARAM(q)% answer=%RESPONSE_HEADER(X-ANSWER)% \
         message=%RESPONSE_TRAILER(GRPC-MESSAGE)% stream=%STREAM_ID% \
         cluster=%UPSTREAM_CLUSTER_RAW% virtual=%VIRTUAL_CLUSTER_NAME% \
         reply=%LOCAL_REPLY_BODY% env=%ENVIRONMENT(ACCESS_LOG_TEST)% unset=%ENVIRONMENT(NO_SUCH)% \
         old=%REQ_WITHOUT_QUERY(:PATH)% secret=%SECRET(token)%\n",
    ),
    ("percent signs", "100%% of %RESPONSE_CODE% %%%REQ(USER-AGENT)%: %%d %RESPONSE_FLAGS%\n"),
];

/// Formats whose lines can be ambiguous without ill will: operators that touch, no quotes around
/// values, delimiters that ordinary values hold.
const UNSOUND: &[(&str, &str)] = &[
    (
        "addresses",
        "%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_DIRECT_LOCAL_ADDRESS% \
         %DOWNSTREAM_DIRECT_REMOTE_ADDRESS% %DOWNSTREAM_LOCAL_PORT% %DOWNSTREAM_REMOTE_PORT% \
         %UPSTREAM_REMOTE_ADDRESS% %UPSTREAM_REMOTE_PORT% %UPSTREAM_LOCAL_PORT% \
         %UPSTREAM_HOSTS_ATTEMPTED% %UPSTREAM_CONNECTION_IDS_ATTEMPTED% %CONNECTION_ID% \
         [%DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID%] [%UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID%] \
         %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT(8)% \
         %UPSTREAM_HOST%\n",
    ),
    (
        "types that touch",
        "%PROTOCOL%%RESPONSE_CODE%%RESPONSE_FLAGS% %START_TIME%%DURATION% %REQ(:PATH)%\n",
    ),
    (
        "pipes",
        "%START_TIME(%s.%3f)%|%REQ(:METHOD)%|%REQ(:AUTHORITY)%|%REQ(:PATH)%|%RESPONSE_CODE%|\
         %RESPONSE_FLAGS%|%DURATION%|%REQ(USER-AGENT)%|%REQ(X-FORWARDED-FOR)%|%UPSTREAM_HOST%|\
         %UPSTREAM_CLUSTER%|%REQ(X-REQUEST-ID)%\n",
    ),
    (
        "tabs",
        "%START_TIME%\t%REQ(:METHOD)%\t%REQ(:PATH)%\t%RESPONSE_CODE%\t%RESPONSE_FLAGS%\t\
         %BYTES_SENT%\t%DURATION%\t%REQ(USER-AGENT)%\t%REQ(REFERER)%\t%UPSTREAM_HOST%\t\
         %DOWNSTREAM_REMOTE_ADDRESS%\t%ROUTE_NAME%\n",
    ),
    (
        "lengths",
        "%REQ(USER-AGENT):20%|%REQ(X-FORWARDED-FOR):3%|%REQ(:PATH):10%|%REQ(:METHOD):2%|\
         %RESP(X-ANSWER):5%|%REQ(X-REQUEST-ID):0%|%DYNAMIC_METADATA(test:text):4%|\
         %REQ(:AUTHORITY):300%\n",
    ),
    (
        "values that touch",
        "%RESPONSE_CODE% %REQ(USER-AGENT)%%REQ(X-FORWARDED-FOR)%%UPSTREAM_HOST%\n",
    ),
    (
        "bare values",
        "%REQ(USER-AGENT)% %REQ(X-FORWARDED-FOR)% %RESPONSE_CODE% %REQ(X-REQUEST-ID)% %ROUTE_NAME%\n",
    ),
];
