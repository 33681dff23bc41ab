//! JSON text: writing strings as Envoy's JSON logger does, and checking JSON values in place.

mod scan;

pub(crate) use scan::{Scanner, StringSpan, is_json_value};

/// Appends `bytes` as a JSON string, quotes included, as Envoy's JSON logger writes it.
///
/// Quotes, backslashes and control characters are escaped; valid UTF-8 is written raw. A value
/// with any invalid UTF-8 byte is written byte by byte, every byte from 0x80 up as `\u0080` to
/// `\u00ff`, so that no byte is lost.
///
/// ```
/// let mut out = Vec::new();
/// accesslog::write_json_string(b"caf\xe9 \"x\"", &mut out);
/// assert_eq!(out, br#""caf\u00e9 \"x\"""#);
/// ```
pub fn write_json_string(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    if are_plain(bytes) {
        out.extend_from_slice(bytes);
    } else if std::str::from_utf8(bytes).is_ok() {
        write_escaped(bytes, out, |byte| byte >= 0x80 || is_plain(byte));
    } else {
        write_escaped(bytes, out, is_plain);
    }
    out.push(b'"');
}

/// Whether all bytes stand for themselves in a JSON string and are ASCII.
#[inline]
pub(crate) fn are_plain(bytes: &[u8]) -> bool {
    // Without an early end the compiler makes this a loop over many bytes at a time.
    bytes.iter().fold(true, |plain, &byte| plain & is_plain(byte))
}

/// Whether a byte stands for itself in a JSON string and is ASCII.
pub(crate) fn is_plain(byte: u8) -> bool {
    (0x20..0x80).contains(&byte) & (byte != b'"') & (byte != b'\\')
}

fn write_escaped(bytes: &[u8], out: &mut Vec<u8>, as_is: impl Fn(u8) -> bool) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let hex = |nibble: u8| HEX.get(usize::from(nibble & 0xf)).copied().unwrap_or(b'0');
    let mut rest = bytes;
    out.reserve(bytes.len());
    loop {
        let run = rest.iter().position(|&byte| !as_is(byte)).unwrap_or(rest.len());
        let (plain, others) = rest.split_at(run);
        out.extend_from_slice(plain);
        let Some((&byte, behind)) = others.split_first() else { return };
        rest = behind;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            _ => out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte)]),
        }
    }
}

/// Appends the digits of a number so that they are a JSON number: without leading zeros.
pub(crate) fn write_json_number(digits: &[u8], out: &mut Vec<u8>) {
    if is_plain_number(digits) {
        return out.extend_from_slice(digits);
    }
    let (sign, digits) = match digits.split_first() {
        Some((b'-', rest)) => (&b"-"[..], rest),
        _ => (&b""[..], digits),
    };
    let zeros = digits
        .windows(2)
        .take_while(|pair| matches!(pair, [b'0', next] if next.is_ascii_digit()))
        .count();
    out.extend_from_slice(sign);
    out.extend_from_slice(digits.get(zeros..).unwrap_or_default());
}

/// Whether digits are a JSON number as they stand.
pub(crate) fn is_plain_number(digits: &[u8]) -> bool {
    matches!(digits, [b'1'..=b'9', ..] | [b'0'])
}

/// Appends the bytes that the body of a JSON string (without its quotes) stands for, as UTF-8.
///
/// Envoy writes a value that is not valid UTF-8 with every byte from 0x80 up as `\u0080` to
/// `\u00ff`, and valid UTF-8 raw; so a body that has such an escape gives back those bytes.
pub(crate) fn unescape(body: &[u8], out: &mut Vec<u8>) {
    let mut rest = body;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(at);
        out.extend_from_slice(plain);
        rest = unescape_one(escape, out);
    }
    out.extend_from_slice(rest);
}

/// Decodes the escape that `escape` starts with and gives what follows it.
fn unescape_one<'a>(escape: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let simple = match escape.get(1) {
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(b'u') => return unescape_unicode(escape, out),
        Some(&other) => other,
        None => return &[],
    };
    out.push(simple);
    escape.get(2..).unwrap_or_default()
}

fn unescape_unicode<'a>(escape: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let rest = escape.get(6..).unwrap_or_default();
    match hex4(escape) {
        Some(unit @ 0x80..=0xff) => {
            out.extend(u8::try_from(unit));
            rest
        }
        Some(high @ 0xd800..=0xdbff) if rest.starts_with(b"\\u") => match hex4(rest) {
            Some(low @ 0xdc00..=0xdfff) => {
                push_char(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00), out);
                rest.get(6..).unwrap_or_default()
            }
            _ => {
                push_char(u32::MAX, out);
                rest
            }
        },
        unit => {
            push_char(unit.unwrap_or(u32::MAX), out);
            rest
        }
    }
}

/// The code unit of an escape `\uXXXX`.
fn hex4(escape: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(escape.get(2..6)?).ok()?;
    u32::from_str_radix(digits, 16).ok()
}

fn push_char(code: u32, out: &mut Vec<u8>) {
    let char = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        write_json_string(bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_written_as_envoy_writes_them() {
        assert_eq!(string(b""), r#""""#);
        assert_eq!(string(b"a/b"), r#""a/b""#);
        assert_eq!(string(b"\"\\\t\n\r\x01\x1f\x7f"), "\"\\\"\\\\\\t\\n\\r\\u0001\\u001f\x7f\"");
        assert_eq!(string("中 é".as_bytes()), "\"中 é\"");
        assert_eq!(string("中\"".as_bytes()), "\"中\\\"\"");
        assert_eq!(string(b"caf\xe9"), r#""caf\u00e9""#);
        assert_eq!(string(b"\xff\xfe\xc3\xa9"), r#""\u00ff\u00fe\u00c3\u00a9""#);
    }

    #[test]
    fn numbers_lose_leading_zeros() {
        let number = |digits: &[u8]| {
            let mut out = Vec::new();
            write_json_number(digits, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(number(b"0"), "0");
        assert_eq!(number(b"000"), "0");
        assert_eq!(number(b"007"), "7");
        assert_eq!(number(b"-07"), "-7");
        assert_eq!(number(b"0.5"), "0.5");
        assert_eq!(number(b"200"), "200");
    }

    #[test]
    fn escapes_give_back_the_bytes() {
        let plain = |body: &[u8]| {
            let mut out = Vec::new();
            unescape(body, &mut out);
            out
        };
        assert_eq!(plain(br#"a\"b\\c\/\n"#), b"a\"b\\c/\n");
        assert_eq!(plain(br"caf\u00e9"), b"caf\xe9");
        assert_eq!(plain(br"\u0041\u4e2d"), "A中".as_bytes());
        assert_eq!(plain(br"\ud83d\ude00"), "😀".as_bytes());
        assert_eq!(plain(br"\ud83dx"), "\u{fffd}x".as_bytes());
    }
}
