//! The table of cases.

use super::{Case, get, get2, random, raw, tcp};
use crate::client::Act;

/// Every case, in the order in which they are played.
pub fn all() -> Vec<Case> {
    [
        plain(),
        ways_in(),
        upstreams(),
        failures(),
        refusals(),
        over_tcp(),
        values(),
        forgeries(),
        random::forgeries(100),
    ]
    .concat()
}

/// The cases that are neither hostile nor slow, over every way in.
pub fn friendly() -> Vec<Case> {
    [plain(), ways_in(), upstreams(), over_tcp()].concat()
}

fn plain() -> Vec<Case> {
    vec![
        get("GET", "/ok").code(200).flags("-"),
        get("GET with a query", "/ok/api?q=1&r=a+b").header("referer", "http://x/y"),
        get("POST with a body", "/ok").post("POST", b"hello upstream"),
        get("PATCH", "/ok").post("PATCH", b"{}"),
        get("chunked body", "/ok/chunked")
            .post("PUT", b"3\r\nabc\r\n0\r\n\r\n")
            .without("content-length")
            .header("transfer-encoding", "chunked"),
        get("HEAD", "/ok").method("HEAD"),
        get("OPTIONS", "/ok").method("OPTIONS"),
        get("HTTP/1.0", "/ok").version("HTTP/1.0").without("host"),
        get("204", "/ok").upstream("204").code(204),
        get("404 from upstream", "/ok/nothing").upstream("404").code(404).flags("-"),
        get("503 from upstream", "/ok").upstream("503").code(503).flags("-"),
        get("direct response", "/direct").code(203),
        get("redirect", "/moved").code(301),
        get("rewritten path", "/rewritten/x?y=z"),
        get("everything a client can name", "/ok/all?q=v")
            .header("x-forwarded-for", "10.1.2.3, 172.16.0.9")
            .header("x-request-id", "my-own-id-1")
            .header("x-meta", "from the client")
            .header("x-state", "state of the client")
            .header("x-echo", "answer of the upstream")
            .header("accept-encoding", "gzip"),
        get("route name with spaces and quotes", "/spaces"),
        get("route name that ends in numbers", "/numbers"),
    ]
}

fn ways_in() -> Vec<Case> {
    let server = Some("server.example");
    vec![
        get2("HTTP/2", b"/ok").code(200),
        get2("HTTP/2, cookies", b"/ok").header("cookie", "a=b").again("cookie", "c=d"),
        get("edge", "/ok").via("edge").header("x-forwarded-for", "8.8.8.8, 192.0.2.2"),
        get2("edge over HTTP/2", b"/ok").via("edge"),
        get("IPv6", "/ok").via("v6"),
        get2("IPv6 over HTTP/2", b"/ok").via("v6"),
        get("unix socket", "/ok").via("unix"),
        get("unix socket, refused", "/refused").via("unix").flags("UF"),
        get("TLS", "/ok").via("tls").tls(server, false),
        get("TLS with a client certificate", "/ok").via("tls").tls(server, true),
        get2("TLS with HTTP/2", b"/ok").via("tls").tls(server, true),
        get("TLS without SNI", "/ok").via("tls").tls(None, false),
        get("TLS with another name", "/ok").via("tls").tls(Some("other.example"), true),
    ]
}

fn upstreams() -> Vec<Case> {
    vec![
        get("to IPv6", "/v6").code(200),
        get("to a unix socket", "/unix").code(200),
        get("to TLS", "/tls").code(200),
        get("to a cluster with another name", "/renamed").code(200),
        get("through an internal listener", "/internal").code(200).records(2),
        get2("gRPC", b"/grpc.ok/Call").header("content-type", "application/grpc").code(200),
        get2("gRPC with an error", b"/grpc.error/Call").header("content-type", "application/grpc"),
        get("retried once", "/retry").upstream("503,200").code(200).flags("-"),
        get("retried twice", "/retry").upstream("close,503,200").code(200).flags("-"),
        get("retries used up", "/retry").upstream("503").code(503).flags("URX"),
    ]
}

fn failures() -> Vec<Case> {
    let slow = Act::Say(b"POST /ok HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nslow".to_vec());
    let late = Act::Say(b"GET /ok HTTP/1.1\r\nhos".to_vec());
    vec![
        get("no route", "/nothing").code(404).flags("NR"),
        get("no cluster", "/missing").code(503).flags("NC"),
        get("no healthy host", "/empty").code(503).flags("UH"),
        get("connection refused", "/refused").code(503).flags("UF"),
        get("connection refused, retried", "/again-refused").code(503).flags("URX,UF"),
        get("circuit breaker open", "/full").code(503).flags("UO"),
        get("load dropped", "/dropping").code(503),
        get("upstream not trusted", "/distrusted").code(503).flags("UF"),
        get("upstream hangs up", "/ok").upstream("close").code(503).flags("UC"),
        get("upstream hangs up, retried", "/retry").upstream("close").flags("URX,UC"),
        get("upstream hangs up halfway", "/ok").upstream("half").code(200).flags("UPE"),
        get("upstream speaks nonsense", "/ok").upstream("garbage").code(502).flags("UPE"),
        get("upstream too slow", "/timeout").upstream("hold").code(504).flags("UT"),
        get("upstream stalls", "/timeout").upstream("stall").code(200).flags("UT"),
        get("upstream too slow, retried", "/impatient").upstream("hold").flags("URX,UT"),
        get("slow, then fast", "/impatient").upstream("hold,200").code(200).flags("-"),
        get("stream idle", "/idle").upstream("hold").flags("SI"),
        get("stream too long", "/short").upstream("stall"),
        get("client goes away", "/ok").upstream("hold").leaving().flags("DC"),
        get2("client resets", b"/ok").upstream("hold").leaving(),
        raw("request body too slow", "impatient", slow).flags("SI"),
        raw("request headers too slow", "impatient", late),
    ]
}

fn refusals() -> Vec<Case> {
    let say = |bytes: &[u8]| Act::Say(bytes.to_vec());
    vec![
        get("denied by policy", "/denied").code(403),
        get("fault: abort", "/aborted").code(418).flags("FI"),
        get("fault: delay", "/delayed").code(200).flags("DI"),
        get("rate limit, first", "/limited").code(200).flags("-"),
        get("rate limit, second", "/limited").code(429).flags("RL"),
        get("authorization fails", "/authorized").code(403).flags("UAEX"),
        get("bad x-envoy header", "/ok")
            .header("x-forwarded-for", "10.0.0.1")
            .header("x-envoy-max-retries", "many")
            .code(400)
            .flags("IH"),
        raw("no HTTP", "sidecar", say(b"this is not HTTP\r\n\r\n")).code(400).flags("DPE"),
        raw("path with a space", "sidecar", say(b"GET /a b HTTP/1.1\r\nhost: a\r\n\r\n"))
            .flags("DPE"),
        get("path with a raw byte", "/ok/\u{e9}").flags("DPE"),
        get("control character in a header", "/ok").agent(b"a\x01b").flags("DPE"),
        get("bad host", "/ok").host(b"a\"b c").code(400),
        get("no host", "/ok").without("host").code(400),
        get2("HTTP/2: space in the path", b"/a b").flags("DPE"),
        get2("HTTP/2: control character", b"/ok").agent(b"a\x01b").flags("DPE"),
        get2("HTTP/2: bad method", b"/ok").method("G\"ET").flags("DPE"),
    ]
}

fn over_tcp() -> Vec<Case> {
    let server = Some("server.example");
    vec![
        tcp("TCP", "tcp").flags("-"),
        tcp("TCP over TLS", "tcp_tls").tls(server, true),
        tcp("TCP over TLS without SNI", "tcp_tls").tls(None, false),
        tcp("TCP refused", "tcp_refused").flags("UF,URX"),
        tcp("TCP to a missing socket", "tcp_no_socket").flags("UF,URX"),
        tcp("TCP without hosts", "tcp_empty").flags("UH"),
        tcp("TCP without cluster", "tcp_missing").flags("NC"),
        tcp("TCP reset by upstream", "tcp_resetting"),
        tcp("TCP through an internal listener", "tcp_internal").records(2),
        tcp("TCP denied by policy", "tcp_denied"),
        raw("TCP for too long", "tcp_short", Act::Say(b"abc".to_vec())).flags("DT"),
        raw("TCP idle", "tcp_idle", Act::Say(b"abc".to_vec())),
        raw("plain text on a TLS port", "strict", Act::Say(b"GET / HTTP/1.1\r\n\r\n".to_vec()))
            .flags("NR"),
        tcp("unknown server name", "strict").tls(Some("other.example"), true).flags("NR"),
        tcp("no client certificate", "strict").tls(server, false),
    ]
}

/// Values that are odd but hold no delimiter of a quoted field.
fn values() -> Vec<Case> {
    vec![
        get("agent empty", "/ok").agent(""),
        get("agent missing", "/ok").without("user-agent"),
        get("agent is a dash", "/ok").agent("-"),
        get("agent with quotes", "/ok").agent("foo \"bar\" baz"),
        get("agent is a quote", "/ok").agent("\""),
        get("agent with backslashes", "/ok").agent("\\ \\n \\\\ \\"),
        get("agent with a tab", "/ok").agent("tab\there").header("referer", "a\tb"),
        get("agent in Latin-1", "/ok").agent(b"caf\xe9 \xfcber"),
        get("agent in UTF-8", "/ok").agent("中文 ☕ é"),
        get("agent cut inside UTF-8", "/ok")
            .agent("123456789012345678é")
            .header("x-echo", "1234中"),
        get("agent not UTF-8", "/ok").agent(b"\xff\xfe\xfd \x80 \xc3\xa9 \xc3"),
        get("agent with pipes", "/ok").agent("a|b||c|"),
        get("agent folded", "/ok").agent("folded\r\n  continued"),
        get("agent twice", "/ok").agent("one").again("user-agent", "two"),
        get("agent of braces and percents", "/ok").agent("{\"a\": %REQ(X)% 100%}"),
        get("path with quotes", "/ok/\"q\"?\"=\""),
        get("path with pipes and braces", "/ok/a|b{c}\\d"),
        get("addresses forwarded", "/ok").header("x-forwarded-for", "1.1.1.1,  2.2.2.2"),
        get("forwarded for nobody", "/ok").header("x-forwarded-for", ""),
        get("forwarded twice", "/ok")
            .header("x-forwarded-for", "1.1.1.1")
            .again("x-forwarded-for", "2.2.2.2"),
        get("forwarded for a host", "/ok").header("x-forwarded-for", "not an address \"x\""),
        get("id with quotes", "/ok").header("x-request-id", "my \"id\" x"),
        get("id replaced at the edge", "/ok").via("edge").header("x-request-id", "my \"id\" x"),
        get("id empty", "/ok").header("x-request-id", ""),
        get("answer with quotes", "/ok").header("x-echo", "say \"x\" \\ é \t."),
        get("answer in Latin-1", "/ok").header("x-echo", b"caf\xe9"),
        get("answer is a dash", "/ok").header("x-echo", "-"),
        get("metadata with quotes", "/ok")
            .header("x-meta", "a \"b\" c")
            .header("x-state", "a \"b\""),
        get("metadata in Latin-1", "/ok").header("x-state", b"caf\xe9"),
        get("metadata looks like JSON", "/ok")
            .header("x-meta", "42")
            .header("x-state", "{\"a\":1}"),
        get("metadata is a dash", "/ok").header("x-meta", "-").header("x-state", "-"),
        get("authority with a port", "/ok").header("host", "[2001:db8::1]:8443"),
        get("method unknown", "/ok").method("M-SEARCH"),
        get2("HTTP/2: path in UTF-8", "/ok/café".as_bytes()),
        get2("HTTP/2: path not UTF-8", b"/ok/\xff\xfe"),
        get2("HTTP/2: blanks around a value", b"/ok").agent(b" lead \"q\" \xff "),
        get2("HTTP/2: quotes in everything", b"/ok/\"\"")
            .agent("\"\"")
            .header("x-request-id", "\"\"")
            .header("x-forwarded-for", "\"\""),
        get("everything long", "/ok/long").agent("long ".repeat(400)),
    ]
}

/// Values that hold the delimiters of log lines, up to whole lines.
fn forgeries() -> Vec<Case> {
    let line = r#"[2026-11-20T00:00:00.000Z] "GET /forged HTTP/1.1" 200 - via_upstream - "-" 0 1 2 3 "-" "agent" "id" "host" "1.2.3.4:80" up 1.2.3.4:1 1.2.3.4:2 1.2.3.4:3 - default"#;
    let tail = r#"x" "id" "host" "1.2.3.4:80" up 1.2.3.4:1 1.2.3.4:2 1.2.3.4:3 - default"#;
    let head = r#"/x HTTP/1.1" 200 - via_upstream - "-" 0 1 2 3 "1.1.1.1" "agent" "id" "host" "1.2.3.4:80" up 1.2.3.4:1 1.2.3.4:2 1.2.3.4:3 - default"#;
    let original = "x-envoy-original-path";
    let forged = "x-forwarded-for";
    let case = |name| get(name, "/ok").forging();
    vec![
        case("agent is a separator").agent("\" \""),
        case("agent of several values").agent("x\" \"y\" \"z\" \"w"),
        case("agent ends in a separator").agent("x\" \""),
        case("agent with an escaped separator").agent("\\\" \\\""),
        case("agent is a whole line").agent(line),
        case("agent is the tail of a line").agent(tail),
        case("agent is two tails").agent(format!("{tail} {tail}")),
        case("agent is a line of pipes").agent("a|1.1.1.1|1.2.3.4:80|up|id"),
        case("agent is tabbed").agent("a\t-\t1.2.3.4:80\t1.2.3.4:1\tdefault"),
        case("agent is keys and values").agent("a\" id=\"x\" answer=\"-\" route=default"),
        case("agent is hand-written JSON")
            .agent("a\",\"xff\":\"-\",\"host\":\"1.2.3.4:80\",\"meta\":{}}"),
        case("agent of dates").agent("x 20/Nov/2026:12:48:45 +0000; 200 - y"),
        case("agent of many separators").agent("\" \"".repeat(60)),
        case("forwarded for a separator").header(forged, "a\" \"b"),
        case("forwarded for a whole line").header(forged, line),
        case("forwarded for the tail of a line").header(forged, format!("1.1.1.1\" \"{tail}")),
        case("id is a separator").header("x-request-id", "a\" \"b"),
        case("id is the tail of a line").header(
            "x-request-id",
            r#"id" "host" "1.2.3.4:80" up 1.2.3.4:1 1.2.3.4:2 1.2.3.4:3 - x"#,
        ),
        case("id is a whole line").header("x-request-id", line),
        case("all three forge")
            .agent("b\" \"c")
            .header(forged, "a\" \"")
            .header("x-request-id", "\" \"d"),
        case("original path with quotes").header(original, "/x y \"z\" HTTP/1.1\" 200"),
        case("original path is the head of a line").header(original, head),
        case("original path is a whole line").header(original, line),
        case("original path with a second status").header(original, "/x HTTP/1.1\" 503 UF y"),
        case("original path removed at the edge").via("edge").header(original, head),
        case("original path and agent").header(original, "/x HTTP/1.1\" 200 - y").agent("a\" \"b"),
        case("metadata forges").header("x-meta", "x end").header("x-state", "a none=- code=200"),
        case("metadata is a quoted end")
            .header("x-meta", "a client=b")
            .header("x-state", "x\" none=\"y"),
        case("answer forges").header("x-echo", "x\" route=\"y;-;z|q"),
        get2("HTTP/2: agent forges", b"/ok").agent("x\" \"y").forging(),
        get2("HTTP/2: a path of quotes", b"/ok\"-\"\"-\"").agent("\" \"").forging(),
        case("direct response, forged").agent(line).header(forged, "a\" \"b"),
        get("denied, forged", "/denied").agent(tail).forging(),
        get("refused, forged", "/again-refused").agent(tail).flags("URX,UF").forging(),
        get("spaces, forged", "/spaces").agent(tail).forging(),
    ]
}
