use super::*;
use crate::syntax;

/// Looks nothing up: every name is unknown to Envoy.
struct Nothing;

impl<'v> Lookup<'v> for Nothing {
    fn value(&self, _: usize) -> Outcome<'v> {
        Outcome::Error
    }

    fn has(&self, _: usize) -> Truth {
        Truth::ERROR
    }
}

fn truth(text: &str) -> Truth {
    let tree = syntax::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    eval(&tree.root.unwrap(), &Nothing).as_truth()
}

/// Expressions without attributes, and whether Envoy 1.40.0 logged with them.
#[rustfmt::skip]
const MEASURED: &[(bool, &str)] = &[
    (true, r#".size("a") == 1"#),
    (true, r#".size([1]) == 1"#),
    (true, r#".startsWith("a","a")"#),
    (true, r#".re.extract("a","a","a") == "a""#),
    (false, r#".matches("a","[")"#),
    (false, r#""a".matches(b"[")"#),
    (false, r#""a".matches("a" + "[")"#),
    (false, r#"1.size() == 1"#),
    (true, r#"{}.size() == 0"#),
    (true, r#"size({}) == 0"#),
    (false, r#"!has(nosuch.a)"#),
    (true, r#"has(nosuch.a) || true"#),
    (true, r#"type(1) == int"#),
    (true, r#"type(1u) == uint"#),
    (true, r#"type(1.0) == double"#),
    (true, r#"type(null) == null_type"#),
    (true, r#"type(true) == bool"#),
    (true, r#"type([]) == list"#),
    (true, r#"type(type(1)) == type"#),
    (false, r#"type(1) == string"#),
    (true, r#"string == string"#),
    (true, r#"timestamp("2020-01-01T00:00:00Z") == timestamp(1577836800)"#),
    (false, r#"timestamp("2020-01-01T00:00:00Z") == 1577836800"#),
    (true, r#"int(timestamp("2020-01-01T00:00:00Z")) == 1577836800"#),
    (true, r#"duration("1h") - duration("1m") == duration("59m")"#),
    (true, r#"duration("1h") + duration("1m") == duration("61m")"#),
    (false, r#"-duration("1h") == duration("-1h")"#),
    (true, r#"duration("1h30m") == duration("90m")"#),
    (true, r#"duration("1.5h") == duration("90m")"#),
    (true, r#"duration("100ms") == duration("0.1s")"#),
    (true, r#"duration("1us") == duration("1000ns")"#),
    (false, r#"duration("1µs") == duration("1000ns")"#),
    (false, r#"duration(" 1s") == duration("1s")"#),
    (false, r#"duration("1S") == duration("1s")"#),
    (false, r#"duration("1s ") == duration("1s")"#),
    (true, r#"duration("0") == duration("0s")"#),
    (false, r#"duration("") == duration("0s")"#),
    (true, r#"duration("+1s") == duration("1s")"#),
    (false, r#"duration("inf") > duration("1s")"#),
    (true, r#"duration("-1.5s") < duration("0s")"#),
    (false, r#"duration("1e3s") == duration("1000s")"#),
    (true, r#"duration(".5s") == duration("500ms")"#),
    (true, r#"duration("1.s") == duration("1s")"#),
    (true, r#"duration("1h1h") == duration("2h")"#),
    (true, r#"duration("1m1h") == duration("61m")"#),
    (true, r#"duration("315576000000s") > duration("1s")"#),
    (false, r#"duration("315576000001s") > duration("1s")"#),
    (false, r#"duration(1) == duration("1s")"#),
    (true, r#"duration("1h").getHours() == 1"#),
    (true, r#"duration("90m").getHours() == 1"#),
    (true, r#"duration("90m").getMinutes() == 90"#),
    (true, r#"duration("90.5s").getSeconds() == 90"#),
    (true, r#"duration("90.5s").getMilliseconds() == 500"#),
    (false, r#"duration("90.5s").getMilliseconds() == 90500"#),
    (true, r#"duration("-90.5s").getSeconds() == -90"#),
    (false, r#"duration("1h").getHours("UTC") == 1"#),
    (true, r#"timestamp("2020-03-04T05:06:07.089Z").getFullYear() == 2020"#),
    (true, r#"timestamp("2020-03-04T05:06:07.089Z").getMonth() == 2"#),
    (true, r#"timestamp("2020-03-04T05:06:07.089Z").getDayOfYear() == 63"#),
    (true, r#"timestamp("2020-03-04T05:06:07.089Z").getDayOfMonth() == 3"#),
    (true, r#"timestamp("2020-03-04T05:06:07.089Z").getDate() == 4"#),
    (true, r#"timestamp("2020-03-04T05:06:07.089Z").getDayOfWeek() == 3"#),
    (true, r#"timestamp("2020-03-01T05:06:07.089Z").getDayOfWeek() == 0"#),
    (true, r#"timestamp("2020-03-04T05:06:07.089Z").getHours() == 5"#),
    (true, r#"timestamp("2020-03-04T05:06:07.089Z").getMinutes() == 6"#),
    (true, r#"timestamp("2020-03-04T05:06:07.089Z").getSeconds() == 7"#),
    (true, r#"timestamp("2020-03-04T05:06:07.089Z").getMilliseconds() == 89"#),
    (true, r#"timestamp("2020-03-04T05:06:07.089Z").getHours("+02:00") == 7"#),
    (true, r#"timestamp("2020-03-04T05:06:07.089Z").getHours("02:00") == 7"#),
    (true, r#"timestamp("2020-03-04T05:06:07.089Z").getHours("-02:30") == 2"#),
    (true, r#"timestamp("2020-03-04T05:06:07.089Z").getHours("UTC") == 5"#),
    (true, r#"timestamp("2020-03-04T05:06:07.089Z").getHours("") == 5"#),
    (true, r#"int("42") == 42"#),
    (true, r#"int(" 42") == 42"#),
    (true, r#"int("+42") == 42"#),
    (true, r#"int("-42") == -42"#),
    (false, r#"int("0x1F") == 31"#),
    (false, r#"int("1.5") == 1"#),
    (false, r#"int("") == 0"#),
    (true, r#"int(1.9) == 1"#),
    (true, r#"int(-1.9) == -1"#),
    (false, r#"int(9223372036854775807.0) == 1"#),
    (true, r#"int(1e18) == 1000000000000000000"#),
    (false, r#"int(1e19) == 1"#),
    (false, r#"int(18446744073709551615u) == 1"#),
    (true, r#"int(true) == 1"#),
    (false, r#"int(null) == 0"#),
    (false, r#"int(duration("1s")) == 1"#),
    (true, r#"uint("42") == 42u"#),
    (false, r#"uint("-1") == 1u"#),
    (false, r#"uint(-1) == 1u"#),
    (true, r#"uint(1.9) == 1u"#),
    (false, r#"uint(-0.5) == 0u"#),
    (false, r#"uint(1e20) == 1u"#),
    (true, r#"uint(42) == 42u"#),
    (true, r#"double("1.5") == 1.5"#),
    (true, r#"double("1e3") == 1000.0"#),
    (true, r#"double("inf") > 1.0"#),
    (false, r#"double("nan") == double("nan")"#),
    (true, r#"double("nan") != double("nan")"#),
    (false, r#"double("x") == 1.0"#),
    (true, r#"double(1) == 1.0"#),
    (true, r#"double(1u) == 1.0"#),
    (true, r#"bool("true")"#),
    (true, r#"bool("True")"#),
    (true, r#"bool("TRUE")"#),
    (true, r#"bool("t")"#),
    (true, r#"bool("1")"#),
    (true, r#"bool("0") == false"#),
    (true, r#"bool("f") == false"#),
    (false, r#"bool("yes")"#),
    (false, r#"bool(1)"#),
    (true, r#"bytes("é") == b"\xc3\xa9""#),
    (true, r#"bytes(b"a") == b"a""#),
    (false, r#"bytes(1) == b"1""#),
    (true, r#"dyn(1) == 1"#),
    (true, r#"1 == 1.0"#),
    (true, r#"1u == 1"#),
    (true, r#"1u == 1.0"#),
    (true, r#"1 < 1.5"#),
    (true, r#"1u < 2"#),
    (true, r#"2 > 1u"#),
    (true, r#"1.5 < 2u"#),
    (true, r#"-1 < 1u"#),
    (true, r#"9223372036854775807 < 9223372036854775808u"#),
    (true, r#"9007199254740993 == 9007199254740992.0"#),
    (false, r#"9007199254740993 > 9007199254740992.0"#),
    (false, r#"1 == "1""#),
    (true, r#"1 != "1""#),
    (false, r#"1 < "2""#),
    (true, r#""a" < "b""#),
    (false, r#""a" < "B""#),
    (true, r#"b"a" < b"b""#),
    (true, r#"true > false"#),
    (true, r#"true >= true"#),
    (false, r#"null == false"#),
    (true, r#"null != 0"#),
    (false, r#"null < null"#),
    (true, r#"[1] == [1.0]"#),
    (true, r#"[1] != [2]"#),
    (false, r#"[1] < [2]"#),
    (true, r#"{"a":1} == {"a":1.0}"#),
    (false, r#"{"a":1} == {"a":2}"#),
    (true, r#"{1:1} == {1u:1}"#),
    (true, r#"{"a":1,"b":2} == {"b":2,"a":1}"#),
    (false, r#"{"a":1,"a":1}["a"] == 1"#),
    (true, r#"{1:"a", 1u:"b"}[1] == "a""#),
    (false, r#"{1.0:"a"}[1] == "a""#),
    (false, r#"{null:1}[null] == 1"#),
    (true, r#"{true:1}[true] == 1"#),
    (true, r#"1 in [1.0]"#),
    (true, r#"1u in [1]"#),
    (true, r#"1.0 in [1]"#),
    (false, r#""1" in [1]"#),
    (false, r#"1 in ["1"]"#),
    (true, r#"null in [null]"#),
    (false, r#"1 in [1, nosuch]"#),
    (true, r#"1 in {1:2}"#),
    (true, r#"1u in {1:2}"#),
    (true, r#"1.0 in {1:2}"#),
    (true, r#""a" in {"a":1}"#),
    (false, r#"1 in {}"#),
    (false, r#""a" in []"#),
    (false, r#""a" in "abc""#),
    (false, r#"nosuch in []"#),
    (true, r#"[1,2,3][1] == 2"#),
    (true, r#"[1,2,3][1u] == 2"#),
    (true, r#"[1,2,3][1.0] == 2"#),
    (false, r#"[1,2,3][1.5] == 2"#),
    (false, r#"[1,2,3][3] == 2"#),
    (false, r#"[1,2,3][-1] == 2"#),
    (false, r#"[1,2,3]["a"] == 2"#),
    (false, r#"{"a":1}["b"] == 1"#),
    (true, r#"{"a":1}.a == 1"#),
    (false, r#"{"a":1}.b == 1"#),
    (false, r#"{1:1}.a == 1"#),
    (false, r#"{"a":nosuch}.a == 1"#),
    (false, r#"{"a":nosuch}["b"] == 1"#),
    (false, r#"size({"a":nosuch}) == 1"#),
    (false, r#"[1,nosuch][0] == 1"#),
    (true, r#"size("é") == 1"#),
    (true, r#"size("😀") == 1"#),
    (true, r#"size(b"é") == 2"#),
    (true, r#"size("") == 0"#),
    (true, r#"size([]) == 0"#),
    (false, r#"size(1) == 1"#),
    (false, r#"size(null) == 0"#),
    (true, r#"1 + 1 == 2"#),
    (false, r#"1 + 1.0 == 2.0"#),
    (true, r#"1u + 1u == 2u"#),
    (false, r#"1u + 1 == 2u"#),
    (true, r#"1.5 + 1.5 == 3.0"#),
    (false, r#"9223372036854775807 + 1 == 1"#),
    (false, r#"-9223372036854775808 - 1 == 1"#),
    (false, r#"9223372036854775807 * 2 == 1"#),
    (false, r#"-9223372036854775808 / -1 == 1"#),
    (false, r#"-(-9223372036854775808) == 1"#),
    (false, r#"1u - 2u == 1u"#),
    (false, r#"18446744073709551615u + 1u == 0u"#),
    (false, r#"1 / 0 == 1"#),
    (false, r#"1u / 0u == 1u"#),
    (true, r#"1.0 / 0.0 > 1.0"#),
    (true, r#"-1.0 / 0.0 < 1.0"#),
    (false, r#"0.0 / 0.0 == 0.0"#),
    (true, r#"0.0 / 0.0 != 0.0"#),
    (false, r#"0.0 / 0.0 < 1.0"#),
    (false, r#"0.0 / 0.0 > 1.0"#),
    (true, r#"!(0.0 / 0.0 < 1.0)"#),
    (false, r#"1 % 0 == 1"#),
    (true, r#"5 % 3 == 2"#),
    (true, r#"-5 % 3 == -2"#),
    (true, r#"5 % -3 == 2"#),
    (false, r#"5.0 % 3.0 == 2.0"#),
    (true, r#"7u % 4u == 3u"#),
    (true, r#"-7 / 2 == -3"#),
    (true, r#"7 / 2 == 3"#),
    (false, r#"-1u == 1u"#),
    (true, r#"-1.5 == -1.5"#),
    (false, r#"-true"#),
    (false, r#"-"a" == "a""#),
    (false, r#"!1"#),
    (false, r#"!null"#),
    (false, r#"!nosuch"#),
    (true, r#"!nosuch || true"#),
    (true, r#"nosuch || true"#),
    (true, r#"true || nosuch"#),
    (false, r#"nosuch && false"#),
    (true, r#"!(nosuch && false)"#),
    (true, r#"!(false && nosuch)"#),
    (true, r#"1 || true"#),
    (true, r#"true || 1"#),
    (false, r#"false || 1"#),
    (true, r#"!(1 && false)"#),
    (true, r#"!(false && 1)"#),
    (true, r#""a" || true"#),
    (false, r#"!("a" && true)"#),
    (false, r#"nosuch == nosuch"#),
    (false, r#"nosuch != 1"#),
    (false, r#"nosuch ? true : true"#),
    (true, r#"true ? true : nosuch"#),
    (true, r#"false ? nosuch : true"#),
    (false, r#"1 ? true : false"#),
    (false, r#""a" ? true : true"#),
    (false, r#"null ? true : true"#),
    (true, r#"(true ? 1 : "a") == 1"#),
    (true, r#""a" == 'a'"#),
    (true, r#""abc".startsWith("")"#),
    (true, r#""abc".contains("")"#),
    (true, r#""abc".endsWith("bc")"#),
    (false, r#""abc".startsWith(b"a")"#),
    (false, r#"b"abc".startsWith(b"a")"#),
    (false, r#"b"abc".contains(b"a")"#),
    (false, r#""abc".startsWith(1)"#),
    (true, r#""abc".startsWith(nosuch) || true"#),
    (true, r#""abc".matches("b")"#),
    (false, r#""abc".matches("^b")"#),
    (true, r#""abc".matches("")"#),
    (false, r#""a\nb".matches("a.b")"#),
    (true, r#""a\nb".matches("(?s)a.b")"#),
    (false, r#""a\nb".matches("^b")"#),
    (true, r#""a\nb".matches("(?m)^b")"#),
    (true, r#""é".matches("^.$")"#),
    (true, r#""É".matches("(?i)é")"#),
    (false, r#""abc".matches(b"b")"#),
    (false, r#"b"abc".matches("b")"#),
    (false, r#""ab".matches("[" + "a]")"#),
    (true, r#"re.extract("foo.com", "(o+)\\.(com)", "\\2-\\1") == "com-oo""#),
    (false, r#"re.extract("foo.com", "x", "y") == "y""#),
    (true, r#"re.capture("foo.com", "fo(o).com") == "o""#),
    (false, r#"re.capture("foo.com", "fo(o)") == "o""#),
    (false, r#"re.capture("foo", "foo") == "foo""#),
];

/// What Envoy can tell and this crate cannot: it has no database of time zones, and so on.
const OPEN: &[&str] = &[
    r#"timestamp("2020-03-04T05:06:07.089Z").getHours("Europe/Berlin") == 6"#,
    r#"timestamp("2020-03-04T05:06:07.089Z").getHours("nonsense") == 5"#,
    r#"re.captureN("foo.com", "(?P<a>foo)\\.(com)") == {"a":"foo","2":"com"}"#,
    r#"re.captureN("foo.com", "(?P<a>foo)\\.(com)")["a"] == "foo""#,
];

#[test]
fn measured_expressions_come_out_as_in_envoy() {
    let wrong: Vec<_> = MEASURED
        .iter()
        .filter(|(logged, text)| {
            let found = truth(text);
            found.may_be(Truth::TRUE) != *logged || *logged && found != Truth::TRUE
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_cannot_be_told_is_said() {
    for text in OPEN {
        let found = truth(text);
        assert!(found.may_be(Truth::TRUE) && found != Truth::TRUE, "{text}: {found:?}");
    }
}

#[test]
fn or_knows_every_result_that_is_possible() {
    let each = [Truth::TRUE, Truth::FALSE, Truth::ERROR];
    for a in 1..8_u8 {
        for b in 1..8_u8 {
            let of = |bits: u8| {
                let has = move |(index, _): &(usize, &Truth)| bits & 1 << index != 0;
                each.iter().enumerate().filter(has).map(|(_, truth)| *truth)
            };
            let union = |bits| of(bits).reduce(Truth::or).unwrap();
            let mut expected: Option<Truth> = None;
            for left in of(a) {
                for right in of(b) {
                    let one = match (left, right) {
                        (Truth::TRUE, _) | (_, Truth::TRUE) => Truth::TRUE,
                        (Truth::ERROR, _) | (_, Truth::ERROR) => Truth::ERROR,
                        _ => Truth::FALSE,
                    };
                    expected = Some(expected.map_or(one, |all| all.or(one)));
                }
            }
            assert_eq!(Some(either(union(a), union(b))), expected, "{a} || {b}");
        }
    }
}
