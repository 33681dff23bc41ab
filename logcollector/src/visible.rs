//! Making bytes safe to show: nothing that a client sent may move the cursor or reorder a line.

/// Appends `bytes` with control characters, format characters (bidirectional overrides, zero-width
/// characters) and invalid UTF-8 written as escapes: `\t`, `\x1b`, `\u{202e}`, `\xff`.
pub(crate) fn write(bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        out.extend_from_slice(bytes);
        return;
    }
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            write_char(character, out);
        }
        for byte in chunk.invalid() {
            write_byte(*byte, out);
        }
    }
}

/// The text of [`write()`] as a string.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    write(bytes, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The text made visible, but for the newlines between its lines.
pub(crate) fn lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| self::text(line.as_bytes())).collect();
    lines.join("\n")
}

/// The beginning of `bytes`, made visible, in about `limit` bytes; `...` tells that there is more.
pub(crate) fn clipped(bytes: &[u8], limit: usize) -> String {
    // A character takes at most four bytes, so that a cut one is behind the limit.
    let start = bytes.get(..limit + 4).unwrap_or(bytes);
    let mut shown = Vec::with_capacity(limit);
    let mut taken = 0;
    'clip: for chunk in start.utf8_chunks() {
        for character in chunk.valid().chars() {
            if shown.len() >= limit {
                break 'clip;
            }
            write_char(character, &mut shown);
            taken += character.len_utf8();
        }
        for byte in chunk.invalid() {
            if shown.len() >= limit {
                break 'clip;
            }
            write_byte(*byte, &mut shown);
            taken += 1;
        }
    }
    let mut text = String::from_utf8_lossy(&shown).into_owned();
    if taken < bytes.len() {
        text.push_str("...");
    }
    text
}

/// Appends `json`, which is JSON text, with the characters that a terminal could act on as `\u`
/// escapes. The text means the same.
pub(crate) fn write_json(json: &[u8], out: &mut Vec<u8>) {
    if json.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        out.extend_from_slice(json);
        return;
    }
    for chunk in json.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_shown(character) {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
        }
        out.extend_from_slice("\u{fffd}".repeat(chunk.invalid().len()).as_bytes());
    }
}

fn write_byte(byte: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
}

fn write_char(character: char, out: &mut Vec<u8>) {
    if is_shown(character) {
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        return;
    }
    let escape = match character {
        '\t' => "\\t".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\0'..='\x7f' => format!("\\x{:02x}", u32::from(character)),
        _ => format!("\\u{{{:x}}}", u32::from(character)),
    };
    out.extend_from_slice(escape.as_bytes());
}

/// Whether a character stands for itself: neither a control nor a format character, and not one
/// that ends lines.
pub(crate) fn is_shown(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{ad}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        let cases: &[(&str, &[u8], &str)] = &[
            ("plain", b"GET /x?y=1", "GET /x?y=1"),
            ("letters", "caf\u{e9} \u{4e2d}".as_bytes(), "caf\u{e9} \u{4e2d}"),
            ("tab", b"a\tb", "a\\tb"),
            ("escape sequence", b"\x1b[2J", "\\x1b[2J"),
            ("delete", b"\x7f", "\\x7f"),
            ("C1 control", "\u{9b}2J".as_bytes(), "\\u{9b}2J"),
            ("right-to-left override", "a\u{202e}b".as_bytes(), "a\\u{202e}b"),
            ("zero width", "a\u{200b}b".as_bytes(), "a\\u{200b}b"),
            ("line separator", "a\u{2028}b".as_bytes(), "a\\u{2028}b"),
            ("Latin-1", b"caf\xe9", "caf\\xe9"),
            ("cut character", b"\xe4\xb8", "\\xe4\\xb8"),
            ("backslash stays", b"a\\b", "a\\b"),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(text(bytes), *expected, "{name}");
        }
    }

    #[test]
    fn clips() {
        assert_eq!(clipped(b"abc", 3), "abc");
        assert_eq!(clipped(b"abcd", 3), "abc...");
        assert_eq!(clipped("a\u{e9}b".as_bytes(), 2), "a\u{e9}...", "a character is not cut");
        assert_eq!(clipped(b"\0\0\0", 5), "\\x00\\x00...", "escapes count as they are shown");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let mut out = Vec::new();
        write_json("{\"a\":\"\u{9b}x\u{202e}\u{e9}\u{e0001}\\u001b\"}".as_bytes(), &mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "{\"a\":\"\\u009bx\\u202e\u{e9}\\udb40\\udc01\\u001b\"}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["a"], "\u{9b}x\u{202e}\u{e9}\u{e0001}\x1b");
    }
}
