use super::*;

#[test]
fn err_what_re2_refuses() {
    for (text, reason) in [
        ("[", "missing ]: ["),
        ("(", "missing )"),
        ("a)", "unexpected ): a)"),
        ("a**", "bad repetition operator: **"),
        ("*", "no argument for repetition operator: *"),
        ("(?i)*", "no argument for repetition operator: *"),
        ("(?=a)", "invalid perl operator: (?="),
        ("(?!api)", "invalid perl operator: (?!"),
        ("(?<=a)b", "invalid perl operator: (?<"),
        ("(?x)a", "invalid perl operator: (?x"),
        ("(a)\\1", "invalid escape sequence: \\1"),
        ("\\Z", "invalid escape sequence: \\Z"),
        ("\\u0041", "invalid escape sequence: \\u"),
        ("a{1001}", "invalid repetition size: {1001}"),
        ("a{2,1}", "invalid repetition size: {2,1}"),
        ("[z-a]", "invalid character class range: z-a"),
        ("[[:nope:]]", "invalid character class range: [:nope:]"),
        ("\\p{Nope}", "invalid character class range: \\p{Nope}"),
        ("a\\", "trailing \\"),
    ] {
        assert_eq!(Pattern::new(text).refusal(), Some(reason), "{text}");
    }
}

#[test]
fn ok_what_re2_takes() {
    for text in [
        "",
        "a{,2}",
        "a{",
        "[]a]",
        "[a&&b]",
        "[[a]",
        "(?P<n>a)(?P<n>b)",
        "\\Qa*\\E",
        "\\C",
        "\\pZ",
        "a(?i)*",
        "[a-z-9]",
        "\\x{e9}\\x41\\07",
        "(?i-s:a)",
        "(a|)",
        "\\_\\/",
    ] {
        let pattern = Pattern::new(text);
        assert_eq!((pattern.refusal(), pattern.is_too_large()), (None, false), "{text}");
        assert!(pattern.is_match(b"x").is_some(), "{text} runs");
    }
}

/// The most repetitions that Envoy 1.40.0 takes.
#[test]
fn sizes_are_those_of_re2() {
    for (pattern, most) in [
        ("a{N}", 96),
        ("^(?:a{N})", 96),
        ("^a{N}$", 98),
        ("^xa{N}", 96),
        ("^x?a{N}", 94),
        ("^(a{N})", 94),
        ("(?:^a){3}b{N}", 91),
        ("(?:a?){3,}b{N}", 91),
        ("(?:a*)+b{N}", 95),
        ("(?:|a)+b{N}", 93),
        ("(?:\\b\\b){3}b{N}", 94),
        ("(?:a|^b)c{N}", 93),
        ("[a-z0-9]{N}", 48),
        ("[0-9]{1,N}", 48),
    ] {
        let is_taken = |n: u32| !Pattern::new(&pattern.replace('N', &n.to_string())).is_too_large();
        let found = (1..=120).take_while(|&n| is_taken(n)).last();
        assert_eq!(found, Some(most), "{pattern}");
    }
}

#[test]
fn searches_are_those_of_re2() {
    for (pattern, text, found) in [
        ("\\d", "\u{663}", false),
        ("^\\w$", "\u{e9}", false),
        ("^.$", "\u{e9}", true),
        ("(?i)\u{e9}", "\u{c9}", true),
        ("(?i)k", "\u{212a}", true),
        ("a.b", "a\nb", false),
        ("(?s)a.b", "a\nb", true),
        ("b$", "b\n", false),
        ("(?m)^b", "a\nb", true),
        ("\\bb", "a b", true),
        ("a{,2}", "a{,2}", true),
        ("[a&&b]", "&", true),
        ("\\Qa.c\\E", "abc", false),
    ] {
        assert_eq!(Pattern::new(pattern).is_match(text.as_bytes()), Some(found), "{pattern}");
    }
    assert_eq!(Pattern::new("caf.").is_match(b"caf\xe9"), Some(false));
    assert_eq!(Pattern::new("caf\\C").is_match(b"caf\xe9"), Some(true));
}

#[test]
fn patterns_that_would_be_huge_are_given_up() {
    let nested = format!("{}a{}", "(?:".repeat(90), "){9}".repeat(90));
    for text in [&"(a{500}b{500})".repeat(2_000), &nested] {
        let pattern = Pattern::new(text);
        assert!(pattern.is_too_large() || pattern.refusal().is_some());
    }
    let alternatives: Vec<String> = (0..20_000).map(|n| format!("a{n}")).collect();
    assert!(Pattern::new(&alternatives.join("|")).is_too_large());
    let class: String = (0x100..0x8000).step_by(2).filter_map(char::from_u32).collect();
    assert!(Pattern::new(&format!("[{class}]")).is_too_large());
}
