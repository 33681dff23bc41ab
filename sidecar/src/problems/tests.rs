use super::*;

/// Problems as they are told, each after `error` or `warning`.
fn told(kind: &str, spec: &str) -> Vec<String> {
    let mut loader = mesh::Loader::new();
    let text = format!(
        "apiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: test, namespace: shop}}\n\
         spec: {spec}\n"
    );
    loader.add("f", text.as_bytes());
    let loaded = loader.finish();
    assert_eq!(loaded.errors, [], "{spec}");
    let told = |problem: &Problem| match problem.rejected_by {
        Some(_) => format!("error {problem}"),
        None => format!("warning {problem}"),
    };
    problems(&loaded.inventory.objects[0]).iter().map(told).collect()
}

const EMPTY: &str = "error `spec`: expected one of `egress`, `ingress`, `outboundTrafficPolicy` and \
                     `inboundConnectionPool`, found none";

#[test]
fn sidecars_of_wrong_types_and_unknown_fields() {
    // The spec, and what is wrong with it.
    let cases: &[(&str, &[&str])] = &[
        ("{egress: [{hosts: ['./*', istio-system/*]}]}", &[]),
        ("{egress: [{hosts: ['./*'], bind: null}], ingress: null}", &[]),
        ("5", &["error `spec`: expected an object, found the number `5`"]),
        ("{egress: 5}", &["error `spec.egress`: expected a list, found the number `5`"]),
        ("{egress: [5]}", &["error `spec.egress[0]`: expected an object, found the number `5`"]),
        ("{egress: [null]}", &["error `spec.egress[0]`: expected an object, found null"]),
        (
            "{egres: [{hosts: ['./*']}]}",
            &[
                "warning `spec.egres`: there is no such field, an API server drops it; is `egress` \
                 meant?",
                EMPTY,
            ],
        ),
        (
            "{outboundTrafficPolicy: REGISTRY_ONLY}",
            &["error `spec.outboundTrafficPolicy`: expected an object, found the string \
               `REGISTRY_ONLY`"],
        ),
        (
            "{outboundTrafficPolicy: {mode: FOO}}",
            &[
                "error `spec.outboundTrafficPolicy.mode`: expected `REGISTRY_ONLY`, `ALLOW_ANY`, found \
               the string `FOO`",
            ],
        ),
        (
            "{outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}}",
            &[
                "error `spec.outboundTrafficPolicy.mode`: expected `REGISTRY_ONLY`, `ALLOW_ANY`, found \
               the string `ALLOW_ANY_DYNAMIC_DNS`",
            ],
        ),
        (
            "{egress: [{hosts: './*'}]}",
            &["error `spec.egress[0].hosts`: expected a list, found the string `./*`"],
        ),
        (
            "{egress: [{hosts: ['./*', 7]}]}",
            &["error `spec.egress[0].hosts[1]`: expected a string, found the number `7`"],
        ),
        (
            "{workloadSelector: {matchLabels: {app: a}}, egress: [{hosts: ['./*']}]}",
            &[
                "warning `spec.workloadSelector.matchLabels`: there is no such field, an API server \
                 drops it",
                "warning `spec.workloadSelector.labels`: there are no labels: the Sidecar is for all \
                 pods of its namespace",
            ],
        ),
        (
            "{workloadSelector: {labels: {app: 1}}, egress: [{hosts: ['./*']}]}",
            &["error `spec.workloadSelector.labels[app]`: expected a string, found the number `1`"],
        ),
        (
            "{egress: [{hosts: ['./*'], port: 80}]}",
            &["error `spec.egress[0].port`: expected an object, found the number `80`"],
        ),
        (
            "{egress: [{hosts: ['./*'], captureMode: none}]}",
            &[
                "error `spec.egress[0].captureMode`: expected `DEFAULT`, `IPTABLES`, `NONE`, found the \
               string `none`",
            ],
        ),
        (
            "{inboundConnectionPool: {tcp: {maxConnections: many}}}",
            &[
                "error `spec.inboundConnectionPool.tcp.maxConnections`: expected a whole number, found \
               the string `many`",
            ],
        ),
    ];
    for (spec, wanted) in cases {
        assert_eq!(told("Sidecar", spec), *wanted, "{spec}");
    }
}

#[test]
fn hosts_that_the_webhook_refuses() {
    let form = "`NAMESPACE/DNS`, such as `./*`";
    let namespace = "`*`, `.`, `~` or a namespace before the `/`";
    let full = "`*` or a full name after the `/`, such as `reviews.shop.svc.cluster.local`";
    let whole = "no `*` after the `/` but for all of the first label";
    let dns = "a DNS name after the `/`";
    let cases = [
        ("./*", None),
        ("*/*", None),
        ("~/*", None),
        ("~shop/*", None),
        ("shop/*.example.com", None),
        ("shop/a-b.example.com.", None),
        ("*", Some(form)),
        ("reviews.shop.svc.cluster.local", Some(form)),
        ("/*", Some(form)),
        ("shop/", Some(form)),
        ("sh_op/*", Some(namespace)),
        ("*shop/*", Some(namespace)),
        ("./reviews", Some(full)),
        ("./*example.com", Some(whole)),
        ("./a*.example.com", Some(whole)),
        ("./*.*.example.com", Some(whole)),
        ("./-a.example.com", Some(dns)),
        ("./a..example.com", Some(dns)),
        ("./10.0.0.1", Some(dns)),
        ("./a/b.example.com", Some(dns)),
    ];
    for (host, wanted) in cases {
        let wanted: Vec<String> = wanted
            .map(|it| format!("error `spec.egress[0].hosts[0]`: expected {it}, found `{host}`"))
            .into_iter()
            .collect();
        assert_eq!(
            told("Sidecar", &format!("{{egress: [{{hosts: ['{host}']}}]}}")),
            wanted,
            "{host}"
        );
    }
}

#[test]
fn what_else_the_webhook_refuses_or_warns_of() {
    let cases: &[(&str, &[&str])] = &[
        ("{}", &[EMPTY]),
        ("", &[EMPTY]),
        ("{egress: [], workloadSelector: {labels: {app: a}}}", &[EMPTY]),
        (
            "{workloadSelector: {labels: {'': a}}, egress: [{hosts: ['./*']}]}",
            &[
                "error `spec.workloadSelector.labels`: expected keys, and no `*` in a label, found `=a`",
            ],
        ),
        (
            "{workloadSelector: {labels: {app: 'a*'}}, egress: [{hosts: ['./*']}]}",
            &["error `spec.workloadSelector.labels`: expected keys, and no `*` in a label, found \
               `app=a*`"],
        ),
        ("{egress: [{}]}", &["error `spec.egress[0].hosts`: is missing"]),
        (
            "{egress: [{hosts: []}]}",
            &["error `spec.egress[0].hosts`: expected a host at least, found none"],
        ),
        (
            "{egress: [{hosts: ['./*']}, {port: {number: 80, protocol: HTTP}, hosts: ['./*']}]}",
            &[
                "error `spec.egress[0].port`: only the last listener, and no other, can be without a \
               port",
            ],
        ),
        (
            "{egress: [{hosts: ['./*']}, {hosts: ['./*']}]}",
            &[
                "error `spec.egress[0].port`: only the last listener, and no other, can be without a \
               port",
            ],
        ),
        (
            "{egress: [{port: {number: 80}, hosts: ['./*']}, {port: {number: 80}, hosts: ['./*']}]}",
            &["error `spec.egress[1].port.number`: expected a port of its own, found 80 again"],
        ),
        (
            "{egress: [{port: {number: 70000, protocol: FOO, name: a_b, targetPort: 1}, hosts: ['./*']}]}",
            &[
                "error `spec.egress[0].port.name`: expected a name, found `a_b`",
                "error `spec.egress[0].port.protocol`: expected a protocol such as `HTTP` or `TCP`, \
                 found `FOO`",
                "error `spec.egress[0].port.targetPort`: expected none, as a Sidecar has no use for it",
                "error `spec.egress[0].port.number`: expected a port from 1 to 65535, found the number \
                 `70000`",
            ],
        ),
        (
            "{egress: [{port: {number: 80}, bind: localhost, hosts: ['./*']}]}",
            &["error `spec.egress[0].bind`: expected an IP address, found `localhost`"],
        ),
        ("{egress: [{port: {number: 0}, bind: 'unix:///a', hosts: ['./*']}]}", &[]),
        (
            "{egress: [{port: {}, captureMode: IPTABLES, hosts: ['./*']}]}",
            &[
                "error `spec.egress[0].bind`: expected `unix:///PATH` for a port of 0, found ``",
                "error `spec.egress[0].captureMode`: expected `DEFAULT` or `NONE` for a socket, found \
                 `IPTABLES`",
            ],
        ),
        (
            "{egress: [{hosts: [./a.example.com, shop/a.example.com, 'shop/*']}]}",
            &[
                "warning `spec.egress[0].hosts[1]`: `shop/a.example.com` is there twice",
                "warning `spec.egress[0].hosts[2]`: `shop/*` is there twice",
            ],
        ),
        (
            "{egress: [{hosts: ['*/*', './*']}]}",
            &[
                "warning `spec.egress[0].hosts`: `*/*` imports everything: the other hosts add nothing",
            ],
        ),
        (
            "{outboundTrafficPolicy: {egressProxy: {host: a.b, port: {number: 1}}}}",
            &[
                "error `spec.outboundTrafficPolicy.egressProxy`: expected none, as the `mode` is not \
               `ALLOW_ANY`",
            ],
        ),
        (
            "{outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: '*', subset: a_b}}}",
            &[
                "error `spec.outboundTrafficPolicy.egressProxy.host`: expected a DNS name, found `*`",
                "error `spec.outboundTrafficPolicy.egressProxy.subset`: expected a subset's name, found \
                 `a_b`",
                "error `spec.outboundTrafficPolicy.egressProxy.port`: is missing",
            ],
        ),
        ("{ingress: [{}]}", &["error `spec.ingress[0].port`: is missing"]),
        ("{ingress: [{port: {number: 80, protocol: HTTP}, defaultEndpoint: '[::1]:80'}]}", &[]),
        (
            "{ingress: [{port: {number: 80, protocol: TCP}, defaultEndpoint: '10.0.0.1:80', tls: {mode: \
             SIMPLE, httpsRedirect: true}, connectionPool: {http: {}}}]}",
            &[
                "error `spec.ingress[0].defaultEndpoint`: expected `127.0.0.1:PORT`, `0.0.0.0:PORT`, \
                 `[::1]:PORT`, `[::]:PORT` or `unix:///PATH`, found `10.0.0.1:80`",
                "error `spec.ingress[0].tls.httpsRedirect`: expected none, as a Sidecar does not support \
                 it",
                "error `spec.ingress[0].tls`: expected none, as the port is not of HTTPS or TLS",
                "warning `spec.ingress[0].connectionPool.http`: the port is not of HTTP: only `tcp` \
                 counts",
            ],
        ),
        (
            "{ingress: [{port: {number: 80}}, {port: {number: 80}}, {port: {}}]}",
            &[
                "error `spec.ingress[1].port.number`: expected a port of its own, found 80 again",
                "error `spec.ingress[2].port.number`: expected a port from 1 to 65535",
            ],
        ),
    ];
    for (spec, wanted) in cases {
        assert_eq!(told("Sidecar", spec), *wanted, "{spec}");
    }
}

#[test]
fn other_kinds() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("VirtualService", "{hosts: [a], http: [{route: [{destination: {host: a}}]}]}", &[]),
        (
            "VirtualService",
            "{hosts: a, http: [{route: {destination: {host: a}}, retries: 5}]}",
            &[
                "error `spec.hosts`: expected a list, found the string `a`",
                "error `spec.http[0].route`: expected a list, found an object",
            ],
        ),
        (
            "VirtualService",
            "{http: [{routes: [], match: [{port: '80'}]}]}",
            &[
                "warning `spec.http[0].routes`: there is no such field, an API server drops it; is \
                 `route` meant?",
                "error `spec.http[0].match[0].port`: expected a whole number, found the string `80`",
            ],
        ),
        (
            "VirtualService",
            "{tls: [{route: [{}]}]}",
            &[
                "error `spec.tls[0].match`: is missing",
                "error `spec.tls[0].route[0].destination`: is missing",
            ],
        ),
        ("DestinationRule", "{host: a, subsets: [{name: v1, labels: {version: v1}}]}", &[]),
        (
            "DestinationRule",
            "{subsets: [{labels: [v1]}], trafficPolicy: {loadBalancer: {simple: round}}}",
            &[
                "error `spec.host`: is missing",
                "error `spec.subsets[0].name`: is missing",
                "error `spec.subsets[0].labels`: expected an object, found a list",
                "error `spec.trafficPolicy.loadBalancer.simple`: expected `UNSPECIFIED`, `LEAST_CONN`, \
                 `RANDOM`, `PASSTHROUGH`, `ROUND_ROBIN`, `LEAST_REQUEST`, found the string `round`",
            ],
        ),
        ("Gateway", "{servers: 5}", &[]),
    ];
    for (kind, spec, wanted) in cases {
        assert_eq!(told(kind, spec), *wanted, "{kind} {spec}");
    }
}

#[test]
fn errors_are_kept_where_there_are_too_many_warnings() {
    let hosts = "'a/a.b', ".repeat(500);
    let found = told("Sidecar", &format!("{{egress: [{{hosts: [{hosts}5]}}, 6]}}"));
    assert_eq!(found.len(), MOST);
    assert_eq!(found.iter().filter(|it| it.starts_with("error")).count(), 3);
    let found = told("Sidecar", &format!("{{egress: [{{hosts: [{hosts}a]}}]}}"));
    assert_eq!(found.len(), MOST);
    assert_eq!(found.iter().filter(|it| it.starts_with("error")).count(), 1);
}
