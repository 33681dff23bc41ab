//! What selectors select, and what is no selector.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::Selector;
use crate::meta::Labels;

/// Labels given as `a=b,c=d`.
fn labels(text: &str) -> Labels {
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap();
        (key.to_owned(), value.to_owned())
    };
    text.split(',').filter(|pair| !pair.is_empty()).map(pair).collect()
}

#[test]
fn selectors_of_kubectl_select() {
    let rows: &[(&str, &str, bool)] = &[
        ("", "", true),
        ("", "a=b", true),
        ("  ", "a=b", true),
        ("a=b", "a=b", true),
        ("a=b", "a=c", false),
        ("a=b", "", false),
        ("a==b", "a=b", true),
        (" a = b ", "a=b", true),
        ("a=", "a=", true),
        ("a=", "", false),
        ("a=,b=c", "a=,b=c", true),
        ("a!=b", "a=b", false),
        ("a!=b", "a=c", true),
        ("a!=b", "", true),
        ("a!=", "a=", false),
        ("a", "a=anything", true),
        ("a", "b=a", false),
        ("!a", "a=b", false),
        ("!a", "", true),
        ("! a", "", true),
        ("a in (b,c)", "a=c", true),
        ("a in (b,c)", "a=d", false),
        ("a in (b,c)", "", false),
        ("a in ( b , c )", "a=b", true),
        ("a in (b)", "a=b", true),
        ("a in (b,)", "a=", true),
        ("a in ()", "a=", true),
        ("a notin (b,c)", "a=c", false),
        ("a notin (b,c)", "a=d", true),
        ("a notin (b,c)", "", true),
        ("in in (in)", "in=in", true),
        ("a=b,c!=d,e in (f,g),!h,i", "a=b,e=g,i=x", true),
        ("a=b,c!=d,e in (f,g),!h,i", "a=b,e=g,i=x,h=y", false),
        ("app.kubernetes.io/name=x", "app.kubernetes.io/name=x", true),
        ("a=b_c.d-E", "a=b_c.d-E", true),
    ];
    for (selector, given, expected) in rows {
        let parsed = Selector::parse(selector).unwrap();
        assert_eq!(parsed.matches(&labels(given)), *expected, "`{selector}` on `{given}`");
        let again = Selector::parse(&parsed.to_string()).unwrap();
        assert_eq!(again, parsed, "`{selector}` printed and read");
    }
}

#[test]
fn what_is_no_selector_is_an_error_with_its_column() {
    let long = "a".repeat(64);
    let rows: &[(&str, &str)] = &[
        (",", "column 1: expected a label's key, found `,`"),
        ("a,", "column 3: expected a label's key, found the end"),
        ("a,,b", "column 3: expected a label's key, found `,`"),
        ("=b", "column 1: expected a label's key, found `=`"),
        ("a b", "column 3: expected `=`, `==`, `!=`, `in`, `notin` or `,`, found `b`"),
        ("a=b c", "column 5: expected `,` or the end, found `c`"),
        ("a=b=c", "column 4: expected `,` or the end, found `=`"),
        ("a===b", "column 4: expected a label's value, found `=`"),
        ("a>1", "column 2: expected `=`, `==`, `!=`, `in`, `notin` or `,`, found `>`"),
        ("a<1", "column 2: expected `=`, `==`, `!=`, `in`, `notin` or `,`, found `<`"),
        ("a in b", "column 6: expected `(`, found `b`"),
        ("a in (b", "column 8: expected `,` or `)`, found the end"),
        ("a in (b c)", "column 9: expected `,` or `)`, found `c`"),
        ("a in", "column 5: expected `(`, found the end"),
        ("!", "column 2: expected a label's key, found the end"),
        ("!a=b", "column 3: expected `,` or the end, found `=`"),
        ("-a=b", "column 1: expected a label's key, found `-a`"),
        ("a=-b", "column 3: expected a label's value, found `-b`"),
        ("a=b-", "column 3: expected a label's value, found `b-`"),
        ("a=*", "column 3: expected a label's value, found `*`"),
        ("a/b/c=d", "column 1: expected a label's key, found `a/b/c`"),
        ("/a=d", "column 1: expected a label's key, found `/a`"),
        ("A.b/c=d", "column 1: expected a label's key, found `A.b/c`"),
        ("é=b", "column 1: expected a label's key, found `é`"),
        ("a=b,é", "column 5: expected a label's key, found `é`"),
        ("a=ä ö", "column 3: expected a label's value, found `ä`"),
        (
            long.as_str(),
            "column 1: expected a label's key, found `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`",
        ),
    ];
    for (selector, expected) in rows {
        let error = Selector::parse(selector).unwrap_err();
        assert_eq!(error.to_string(), *expected, "`{selector}`");
    }
}

#[test]
fn selectors_of_objects_select() {
    let rows: &[(&str, &str, &str, bool)] = &[
        ("nothing", "{}", "a=b", true),
        ("labels", r#"{"matchLabels":{"a":"b"}}"#, "a=b,c=d", true),
        ("labels that differ", r#"{"matchLabels":{"a":"b"}}"#, "a=c", false),
        ("a star is a star", r#"{"matchLabels":{"a":"*"}}"#, "a=b", false),
        (
            "In",
            r#"{"matchExpressions":[{"key":"a","operator":"In","values":["b","c"]}]}"#,
            "a=c",
            true,
        ),
        (
            "NotIn without the label",
            r#"{"matchExpressions":[{"key":"a","operator":"NotIn","values":["b"]}]}"#,
            "",
            true,
        ),
        ("Exists", r#"{"matchExpressions":[{"key":"a","operator":"Exists"}]}"#, "a=x", true),
        (
            "DoesNotExist",
            r#"{"matchExpressions":[{"key":"a","operator":"DoesNotExist"}]}"#,
            "a=x",
            false,
        ),
        (
            "both must hold",
            r#"{"matchLabels":{"a":"b"},"matchExpressions":[{"key":"c","operator":"Exists"}]}"#,
            "a=b",
            false,
        ),
    ];
    for (label, selector, given, expected) in rows {
        let object: LabelSelector = serde_json::from_str(selector).unwrap();
        let selector = Selector::from_object(&object).unwrap();
        assert_eq!(selector.matches(&labels(given)), *expected, "{label}");
    }
}

#[test]
fn expressions_that_kubernetes_refuses_are_errors() {
    let rows: &[(&str, &str)] = &[
        (r#"{"key":"a","operator":"In"}"#, "`In` of `a` needs values"),
        (r#"{"key":"a","operator":"NotIn","values":[]}"#, "`NotIn` of `a` needs values"),
        (r#"{"key":"a","operator":"Exists","values":["b"]}"#, "`Exists` of `a` takes no values"),
        (
            r#"{"key":"a","operator":"in","values":["b"]}"#,
            "`in` of `a` is no operator; there are `In`, `NotIn`, `Exists` and `DoesNotExist`",
        ),
    ];
    for (expression, expected) in rows {
        let object: LabelSelector =
            serde_json::from_str(&format!(r#"{{"matchExpressions":[{expression}]}}"#)).unwrap();
        let error = Selector::from_object(&object).unwrap_err();
        assert_eq!(error.to_string(), *expected);
    }
}
