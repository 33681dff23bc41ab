//! Lines as Envoy writes nearly all: one flat object without blanks between its parts, and without a
//! byte that JSON would escape. Their quotes tell where everything stands.

use super::value;
use crate::format::{Field, Format};
use crate::json::Scanner;
use crate::record::{Member, MemberKind, Span};

/// Reads such a line, whose quotes stand at `quotes`; `None` says nothing, and members are then of no
/// meaning.
pub(super) fn read(
    line: &[u8],
    format: &Format,
    mut quotes: &[u32],
    members: &mut Vec<Member>,
) -> Option<()> {
    let mut next_field = 0;
    // The byte before a member.
    let mut before = 0;
    if line.first() != Some(&b'{') {
        return None;
    }
    loop {
        let ([open, close], behind) = quotes.split_first_chunk()?;
        let (open, close) = (*open as usize, *close as usize);
        if open != before + 1 || line.get(close + 1) != Some(&b':') {
            return None;
        }
        let field = field_at(line, open, close, format, &mut next_field);
        let start = close + 2;
        let (kind, value);
        (kind, value, before) = if *line.get(start)? == b'"' {
            let ([open, close], behind_value) = behind.split_first_chunk()?;
            quotes = behind_value;
            let (open, close) = (*open as usize, *close as usize);
            // That the value's first quote is the next one goes without saying.
            (MemberKind::String { escaped: false }, Span::within(open + 1, close), close + 1)
        } else {
            quotes = behind;
            scalar(line, start)?
        };
        members.push(Member { key: Span::within(open + 1, close), field, kind, value });
        match line.get(before)? {
            b',' => {}
            b'}' => return (before + 1 == line.len()).then_some(()),
            _ => return None,
        }
    }
}

/// The field of the key between two quotes: mostly the one after the last.
#[inline]
fn field_at(
    line: &[u8],
    open: usize,
    close: usize,
    format: &Format,
    next: &mut usize,
) -> Option<u16> {
    let key = line.get(open + 1..close)?;
    let is = |field: &Field| matches!(field.path.as_slice(), [own] if own.as_bytes() == key);
    let fields = format.fields.as_slice();
    let found = match fields.get(*next) {
        Some(field) if is(field) => *next,
        _ => fields.iter().position(is)?,
    };
    *next = found + 1;
    u16::try_from(found).ok()
}

/// A value that is no string, object or array, and the offset behind it.
#[inline]
fn scalar(line: &[u8], start: usize) -> Option<(MemberKind, Span, usize)> {
    let rest = line.get(start..)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let ends = matches!(rest.get(digits), Some(b',' | b'}'));
    if ends && (digits == 1 || (digits > 1 && rest.first() != Some(&b'0'))) {
        let end = start + digits;
        return Some((MemberKind::Number, Span::within(start, end), end));
    }
    let byte = *rest.first().filter(|byte| b"-0123456789tfn".contains(byte))?;
    let mut scanner = Scanner::new(rest);
    let (kind, _) = value(byte, &mut scanner)?;
    let end = start + scanner.at();
    Some((kind, Span::within(start, end), end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::{Flat, JsonScratch};
    use super::*;
    use crate::simd;

    const FORMAT: &str = r#"{"code":"%RESPONSE_CODE%","path":"%REQ(:PATH)%","flags":"%RESPONSE_FLAGS%",
        "host":"%UPSTREAM_HOST%","nested":{"code":"%RESPONSE_CODE%"}}"#;

    fn flat(line: &[u8], format: &Format) -> Option<Vec<Member>> {
        let mut scratch = JsonScratch::default();
        let plain = simd::run(Flat { line, format, scratch: &mut scratch });
        plain.then_some(scratch.members)
    }

    fn slow(line: &[u8], format: &Format) -> Option<Vec<Member>> {
        let mut scratch = JsonScratch::default();
        let mut scanner = Scanner::new(line);
        let read = scratch.object(&mut scanner, line, format);
        (read.is_some() && scanner.at_end()).then_some(scratch.members)
    }

    #[test]
    fn what_envoy_writes_is_flat() {
        let format = Format::compile_json(FORMAT).unwrap();
        for line in [
            r#"{"code":200,"path":"/a b","flags":"-","host":null}"#,
            r#"{"host":"10.0.0.1:80","other":"x","code":-1.5e3,"path":"","flags":true}"#,
        ] {
            assert!(flat(line.as_bytes(), &format).is_some(), "{line}");
        }
    }

    #[test]
    fn what_is_not_flat_is_left() {
        let format = Format::compile_json(FORMAT).unwrap();
        for line in [
            "",
            "{",
            "{}",
            r#"{"code"}"#,
            r#"{"code":}"#,
            r#"{"code":200"#,
            r#"{"code":200}x"#,
            r#"{"code":200,}"#,
            r#"{"code": 200}"#,
            r#"{"code":007}"#,
            r#"{"path":"a\"b"}"#,
            r#"{"nested":{"code":200}}"#,
            r#"{"path":["a"]}"#,
            r#"x"code":200}"#,
            r#"{"path":"é"}"#,
            r#"{"path":"a""#,
            r#"{"path":"#,
            r#"{"path"#,
            r#"{code":200}"#,
        ] {
            assert_eq!(flat(line.as_bytes(), &format), None, "{line}");
        }
    }

    /// Members, and what can go wrong between them.
    fn line() -> impl Strategy<Value = String> {
        let key = select(vec!["code", "path", "flags", "host", "nested", "other", ""]);
        let value = select(vec![
            "200",
            "0",
            "-1",
            "007",
            "1.5",
            "null",
            "true",
            "false",
            "nul",
            "\"a b\"",
            "\"\"",
            "\"-\"",
            "\"a\\\"b\"",
            "\"\u{e9}\"",
            "{\"code\":1}",
            "[1,\"a\"]",
            " 1",
            "",
            "\"",
        ]);
        let between = select(vec![",", ",", ",", ",", ", ", "", "}", ":"]);
        let parts = proptest::collection::vec((key, value, between), 1..6);
        (parts, select(vec!["}", "}", "}", "", "} ", "}}"])).prop_map(|(parts, end)| {
            let mut line = String::from("{");
            for (at, (key, value, between)) in parts.iter().enumerate() {
                line.push_str(if at > 0 { between } else { "" });
                line.push_str(&format!("\"{key}\":{value}"));
            }
            line + end
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        /// Where the flat way gives an answer, the scanner gives the same.
        #[test]
        fn flat_lines_are_what_the_scanner_says(line in line()) {
            let format = Format::compile_json(FORMAT).unwrap();
            if let Some(members) = flat(line.as_bytes(), &format) {
                prop_assert_eq!(Some(members), slow(line.as_bytes(), &format));
            }
        }

        /// And its JSON is what is written member by member.
        #[test]
        fn flat_records_are_written_alike(line in line(), skip in any::<bool>()) {
            let format = Format::compile_json(FORMAT).unwrap();
            let mut reader = crate::Reader::new(format.into());
            let Ok(record) = reader.read(line.as_bytes()) else { return Ok(()) };
            let (mut whole, mut parts) = (Vec::new(), Vec::new());
            record.write_json_members(&mut whole, skip);
            for index in (0..record.len()).filter(|&at| !(skip && record.value(at).is_absent())) {
                if !parts.is_empty() {
                    parts.push(b',');
                }
                record.write_json_member(index, &mut parts);
            }
            let nested = line.contains("nested");
            prop_assert!(nested || whole == parts, "{}", whole.escape_ascii());
        }
    }
}
