//! Time formats as regular expressions.

/// What a time in this format looks like.
pub(super) fn pattern(format: Option<&str>, local: bool) -> String {
    let Some(format) = format.filter(|format| !format.is_empty()) else {
        let zone = if local { r"[+-]\d{4}" } else { "Z" };
        return format!(r"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}{zone}");
    };
    let mut out = String::new();
    let mut rest = format.chars();
    while let Some(first) = rest.next() {
        match first {
            '%' => out.push_str(&conversion(&mut rest)),
            literal => out.push_str(&regex::escape(&literal.to_string())),
        }
    }
    out
}

/// The conversion that follows a percent sign.
fn conversion(rest: &mut std::str::Chars<'_>) -> String {
    let digits = |count: &dyn std::fmt::Display| format!(r"\d{{{count}}}");
    match rest.next() {
        None => "%".to_owned(),
        Some('E') => extension(rest),
        Some('f') => digits(&9),
        Some(count @ '1'..='9') if rest.as_str().starts_with('f') => {
            rest.next();
            digits(&count)
        }
        Some(kind) => standard(kind),
    }
}

/// The extensions of absl: `%E3S`, `%E*S`, `%E6f`, `%E*f`, `%Ez`; all else is literal.
fn extension(rest: &mut std::str::Chars<'_>) -> String {
    let text: String = rest.as_str().chars().take(2).collect();
    let (count, kind) = text.split_at(text.len().min(1));
    let (pattern, length) = match (count, kind) {
        ("z", _) => (r"[+-]\d\d:\d\d".to_owned(), 1),
        ("*", "S") => (r"\d\d(\.\d+)?".to_owned(), 2),
        ("*", "f") => (r"\d+".to_owned(), 2),
        (n, "S") if n.parse::<u8>().is_ok() => (format!(r"\d\d\.\d{{{n}}}"), 2),
        (n, "f") if n.parse::<u8>().is_ok() => (format!(r"\d{{{n}}}"), 2),
        _ => return "%E".to_owned(),
    };
    rest.nth(length - 1);
    pattern
}

fn standard(kind: char) -> String {
    let two = r"\d\d";
    // Names are a class of bytes, not a list.
    let word = "[A-Za-z]{1,32}";
    match kind {
        '%' => "%".to_owned(),
        't' => r"\t".to_owned(),
        'd' | 'm' | 'y' | 'H' | 'M' | 'S' | 'I' | 'C' | 'U' | 'W' | 'V' | 'g' => two.to_owned(),
        'Y' | 'G' => r"\d{4}".to_owned(),
        'j' => r"\d{3}".to_owned(),
        'e' | 'k' | 'l' => r"[ \d]\d".to_owned(),
        'a' | 'A' | 'b' | 'B' | 'h' | 'p' | 'P' => word.to_owned(),
        'u' | 'w' => r"\d".to_owned(),
        's' => r"\d+".to_owned(),
        'z' => r"[+-]\d{4}".to_owned(),
        'Z' => "[A-Za-z0-9+-]{1,32}".to_owned(),
        'D' | 'x' => format!("{two}/{two}/{two}"),
        'F' => format!(r"\d{{4}}-{two}-{two}"),
        'T' | 'X' => format!("{two}:{two}:{two}"),
        'R' => format!("{two}:{two}"),
        'r' => format!("{two}:{two}:{two} {word}"),
        'c' => format!(r"{word} {word} [ \d]\d {two}:{two}:{two} \d{{4}}"),
        _ => r"[^\n]*".to_owned(),
    }
}
