use super::*;

#[test]
fn err_where_and_what_to_write() {
    for (text, message, range, suggestion) in [
        ("", "the expression is empty", 0..0, None),
        (" // x", "the expression is empty", 0..5, None),
        ("a = b", "unexpected character `=`", 2..3, Some("==")),
        ("a === b", "unexpected character `=`", 4..5, None),
        ("a & b", "unexpected character `&`", 2..3, Some("&&")),
        ("a | b", "unexpected character `|`", 2..3, Some("||")),
        ("a and b", "unexpected `and`", 2..5, Some("&&")),
        ("a OR b", "unexpected `OR`", 2..4, Some("||")),
        ("a <> b", "unexpected `<>`", 2..4, Some("!=")),
        ("a;", "unexpected character `;`", 1..2, None),
        ("\u{201c}a\u{201d}", "unexpected character `\u{201c}`", 0..3, Some("\"")),
        ("a.matches('\\d+')", "`\\d` is no escape of CEL", 11..13, Some("\\\\d")),
        ("a == 'b", "the string has no closing quote", 5..7, None),
        ("(a", "`(` is not closed", 0..1, None),
        ("a)", "`)` closes nothing", 1..2, None),
        ("a ==", "the expression ends too early", 4..4, None),
        ("'é' 1", "unexpected `1`", 5..6, None),
        ("'é' ==\n package", "`package` is a reserved word", 9..16, None),
        ("has(request)", "`has()` takes a field, such as `request.path`", 4..11, None),
        ("has('é'['b'])", "`has()` takes a field, such as `request.path`", 8..9, None),
        ("x.map(1, 2)", "a simple name must stand here", 6..7, None),
        ("9223372036854775808", "the number `9223372036854775808` is too large", 0..19, None),
        ("1e400", "the number `1e400` is too large", 0..5, None),
        ("'\\ud800'", "`'\\ud800'` has an escape of no character", 0..8, None),
        ("a.?b", "`.` starts syntax that Istio does not turn on", 1..2, None),
        ("a.`b`", "`.` starts syntax that Istio does not turn on", 1..2, None),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.to_string(), message, "{text}");
        assert_eq!(error.range(), range, "{text}");
        assert_eq!(error.suggestion(), suggestion, "{text}");
    }
}

#[test]
fn ok_what_cel_go_parses() {
    for text in [
        "true",
        ".a.b",
        "a.package",
        "[1,]",
        "{,}",
        "-9223372036854775808",
        "x.all(y, y)",
        "optional.of(1)",
        "a ? b : c ? d : e",
        "Foo{a: 1}",
        "!!true",
        "1 // x",
    ] {
        assert!(parse(text).is_ok(), "{text}");
    }
}

#[test]
fn depth_and_length_have_limits() {
    let parentheses = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    assert!(parse(&parentheses(249)).is_ok());
    assert_eq!(*parse(&parentheses(250)).unwrap_err().kind(), SyntaxErrorKind::TooDeep);
    assert!(parse(&format!("a{}", ".b".repeat(40_000))).is_ok());
    assert!(parse(&format!("a{}", " + b".repeat(20_000))).is_ok());
    for text in [
        parentheses(MAX_PARSED - 1),
        format!("a{}", ".b".repeat(MAX_DEPTH - 3)),
        format!("a{}", "+b".repeat(MAX_DEPTH - 3)),
        format!("a{}", "[b".repeat(MAX_PARSED - 1) + &"]".repeat(MAX_PARSED - 1)),
        format!("{}c", "a?b:".repeat(MAX_PARSED - 1)),
        format!("{}a", "!".repeat(50_000)),
        vec!["a == 1"; 10_000].join(" || "),
    ] {
        assert!(parse(&text).unwrap().root.is_some(), "{text:.40} is parsed");
    }
    let long = format!("'{}'", "é".repeat(MAX_LENGTH));
    assert_eq!(*parse(&long).unwrap_err().kind(), SyntaxErrorKind::TooLong);
}
