//! Routes: one for each way in which a request can go well or fail.

use serde_json::{Value, json};

use super::{SOON, typed};

/// The route configuration of every HTTP listener.
pub(super) fn configuration() -> Value {
    let mut routes = plain();
    routes.extend(retrying());
    routes.extend(timing_out());
    routes.extend(failing());
    routes.extend(refusing());
    json!({
        "name": "routes",
        "validate_clusters": false,
        "virtual_hosts": [{
            "name": "everything",
            "domains": ["*"],
            "include_request_attempt_count": true,
            "virtual_clusters": [{
                "name": "vc api",
                "headers": [{"name": ":path", "string_match": {"prefix": "/ok/api"}}],
            }],
            "metadata": {"filter_metadata": {"test": {"host": "v h"}}},
            "typed_per_filter_config": {
                "envoy.filters.http.ext_authz":
                    typed("filters.http.ext_authz.v3.ExtAuthzPerRoute", json!({"disabled": true})),
            },
            "routes": routes,
        }],
    })
}

fn plain() -> Vec<Value> {
    let mut spaces = to("up", "/spaces", json!({}));
    spaces["name"] = json!("route with spaces \"q\"");
    let mut numbers = to("up", "/numbers", json!({}));
    numbers["name"] = json!("ends in 7 8");
    let mut default = to("up", "/ok", json!({}));
    default["name"] = json!("default");
    default["metadata"] = json!({"filter_metadata": {"test": {"r": [1, "two"]}}});
    vec![
        default,
        spaces,
        numbers,
        to("up", "/rewritten", json!({"prefix_rewrite": "/ok"})),
        to("up_v6", "/v6", json!({})),
        to("up_unix", "/unix", json!({})),
        to("up_renamed", "/renamed", json!({})),
        to("up_tls", "/tls", json!({})),
        to("grpc_ok", "/grpc.ok", json!({})),
        to("grpc_error", "/grpc.error", json!({})),
        to("internal", "/internal", json!({"prefix_rewrite": "/ok"})),
        json!({
            "name": "direct",
            "match": {"prefix": "/direct"},
            "direct_response": {"status": 203, "body": {"inline_string": "by myself\n"}},
        }),
        json!({"match": {"prefix": "/moved"}, "redirect": {"path_redirect": "/a b"}}),
    ]
}

fn retrying() -> Vec<Value> {
    let policy = |retries: u32| {
        json!({"retry_policy": {
            "retry_on": "5xx,reset,connect-failure",
            "num_retries": retries,
            "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.002s"},
        }})
    };
    let mut impatient = policy(1);
    impatient["retry_policy"]["per_try_timeout"] = json!(SOON);
    vec![
        to("up", "/retry", policy(2)),
        to("up", "/impatient", impatient),
        to("refused", "/again-refused", policy(2)),
    ]
}

fn timing_out() -> Vec<Value> {
    vec![
        to("up", "/timeout", json!({"timeout": SOON})),
        to("up", "/idle", json!({"timeout": "0s", "idle_timeout": SOON})),
        to("up", "/short", json!({"max_stream_duration": {"max_stream_duration": SOON}})),
    ]
}

fn failing() -> Vec<Value> {
    vec![
        to("refused", "/refused", json!({})),
        to("up_distrusted", "/distrusted", json!({})),
        to("full", "/full", json!({})),
        to("dropping", "/dropping", json!({})),
        to("empty", "/empty", json!({})),
        to("missing", "/missing", json!({})),
    ]
}

/// Routes on which a filter answers in place of the upstream.
fn refusing() -> Vec<Value> {
    let always = json!({"numerator": 100});
    let rules = json!({"rbac": {"rules": {"action": "DENY", "policies": {
        "my policy \"x\" {y}": {"permissions": [{"any": true}], "principals": [{"any": true}]},
    }}}});
    let once = json!({
        "stat_prefix": "once",
        "token_bucket": {"max_tokens": 1, "fill_interval": "3600s"},
        "filter_enabled": {"default_value": always},
        "filter_enforced": {"default_value": always},
    });
    let abort = json!({"abort": {"http_status": 418, "percentage": always}});
    let delay = json!({"delay": {"fixed_delay": "0.01s", "percentage": always}});
    let check = json!({"check_settings": {}});
    vec![
        filtered("/denied", "envoy.filters.http.rbac", "rbac.v3.RBACPerRoute", rules),
        filtered("/aborted", "envoy.filters.http.fault", "fault.v3.HTTPFault", abort),
        filtered("/delayed", "envoy.filters.http.fault", "fault.v3.HTTPFault", delay),
        filtered(
            "/limited",
            "envoy.filters.http.local_ratelimit",
            "local_ratelimit.v3.LocalRateLimit",
            once,
        ),
        filtered(
            "/authorized",
            "envoy.filters.http.ext_authz",
            "ext_authz.v3.ExtAuthzPerRoute",
            check,
        ),
    ]
}

fn filtered(prefix: &str, filter: &str, kind: &str, config: Value) -> Value {
    let mut route = to("up", prefix, json!({}));
    let config = typed(&format!("filters.http.{kind}"), config);
    route["typed_per_filter_config"] = json!({filter: config});
    route
}

fn to(cluster: &str, prefix: &str, mut action: Value) -> Value {
    action["cluster"] = json!(cluster);
    json!({"match": {"prefix": prefix}, "route": action})
}
