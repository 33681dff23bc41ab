//! JSON in visible ASCII: nothing in it can end a line, a word or a quoted field of a text log.

/// Appends text as a JSON string. Whatever is not visible ASCII, spaces among it, is escaped; bytes that
/// are not UTF-8 become U+FFFD.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    push_part(out, text);
    out.push(b'"');
}

/// Appends what stands between the quotes of a JSON string.
pub(crate) fn push_part(out: &mut Vec<u8>, text: &[u8]) {
    let plain = text.iter().position(|byte| !IS_PLAIN[usize::from(*byte)]).unwrap_or(text.len());
    let (plain, rest) = text.split_at(plain);
    out.extend_from_slice(plain);
    for chunk in rest.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '"' | '\\' => out.extend_from_slice(&[b'\\', char as u8]),
                char if u8::try_from(char).is_ok_and(is_plain) => out.push(char as u8),
                char => {
                    char.encode_utf16(&mut [0; 2]).iter().for_each(|unit| push_unit(out, *unit))
                }
            }
        }
        if !chunk.invalid().is_empty() {
            push_unit(out, 0xfffd);
        }
    }
}

/// Whether a byte stands for itself.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\')
}

/// [`is_plain`] by byte: texts are mostly plain, and a look is cheaper than the comparisons.
const IS_PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = is_plain(byte as u8);
        byte += 1;
    }
    table
};

fn push_unit(out: &mut Vec<u8>, unit: u16) {
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        let nibble = (unit >> shift & 15) as u8;
        out.push(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    }
}

/// Appends a whole number.
pub(crate) fn push_unsigned(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut rest = number;
    let mut count = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        count += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits.iter().skip(digits.len() - count));
}

/// Appends a whole number with its sign.
pub(crate) fn push_integer(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    push_unsigned(out, number.unsigned_abs());
}

/// Appends nanoseconds as milliseconds with as many decimals as there are.
pub(crate) fn push_milliseconds(out: &mut Vec<u8>, nanoseconds: i64) {
    if nanoseconds < 0 {
        out.push(b'-');
    }
    let total = nanoseconds.unsigned_abs();
    push_unsigned(out, total / 1_000_000);
    let mut rest = total % 1_000_000;
    if rest > 0 {
        out.push(b'.');
    }
    let mut unit = 100_000;
    while rest > 0 {
        out.push(b'0' + (rest / unit) as u8);
        rest %= unit;
        unit /= 10;
    }
}

/// Appends a number with at most six decimals; `null` where it is not finite, or too large to be exact.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "numbers out of range are sorted out before"
)]
pub(crate) fn push_number(out: &mut Vec<u8>, number: f64) {
    /// All whole numbers up to here are exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    const DECIMALS: f64 = 1_000_000.0;
    if number.is_nan() || number.abs() > EXACT {
        out.extend_from_slice(b"null");
    } else if number.fract() == 0.0 {
        push_integer(out, number as i64);
    } else if number.abs() > EXACT / DECIMALS {
        push_integer(out, number.round() as i64);
    } else {
        push_milliseconds(out, (number * DECIMALS).round() as i64);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn written(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ok_texts() {
        for (text, expected) in [
            (&b"plain"[..], r#""plain""#),
            (b"", r#""""#),
            (b"a \"b\"\\", r#""a\u0020\"b\"\\""#),
            (b"\n\0\x7f", r#""\u000a\u0000\u007f""#),
            ("é€😀".as_bytes(), r#""\u00e9\u20ac\ud83d\ude00""#),
            (b"\xff\xfea", r#""\ufffd\ufffda""#),
        ] {
            assert_eq!(written(|out| push_text(out, text)), expected);
        }
    }

    #[test]
    fn ok_numbers() {
        assert_eq!(written(|out| push_unsigned(out, 0)), "0");
        assert_eq!(written(|out| push_unsigned(out, u64::MAX)), "18446744073709551615");
        assert_eq!(written(|out| push_integer(out, i64::MIN)), "-9223372036854775808");
        assert_eq!(written(|out| push_milliseconds(out, 0)), "0");
        assert_eq!(written(|out| push_milliseconds(out, 12_000_000)), "12");
        assert_eq!(written(|out| push_milliseconds(out, 12_345_600)), "12.3456");
        assert_eq!(written(|out| push_milliseconds(out, 1)), "0.000001");
        assert_eq!(written(|out| push_milliseconds(out, -1_500_000)), "-1.5");
        assert_eq!(written(|out| push_number(out, 1.7e9)), "1700000000");
        assert_eq!(written(|out| push_number(out, -0.25)), "-0.25");
        assert_eq!(written(|out| push_number(out, 0.1 + 0.2)), "0.3");
        assert_eq!(written(|out| push_number(out, 1.234_567_89)), "1.234568");
        assert_eq!(written(|out| push_number(out, 9e14 + 0.5)), "900000000000001");
        assert_eq!(written(|out| push_number(out, -9_007_199_254_740_992.0)), "-9007199254740992");
        assert_eq!(written(|out| push_number(out, 1e300)), "null");
        assert_eq!(written(|out| push_number(out, f64::NAN)), "null");
    }

    proptest! {
        #[test]
        fn ok_any_text_is_visible_ascii_and_reads_back(text in prop::collection::vec(any::<u8>(), 0..64)) {
            let json = written(|out| push_text(out, &text));
            prop_assert!(json.bytes().all(|byte| byte.is_ascii_graphic()));
            let read: Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read, Value::String(String::from_utf8_lossy(&text).into_owned()));
        }
    }
}
