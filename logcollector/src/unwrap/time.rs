//! Times as container runtimes write them: RFC 3339, up to nanoseconds.

/// An RFC 3339 time at the start of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time<'a> {
    /// The time as it was written.
    pub text: &'a [u8],
    /// How many digits the fraction of a second has: 0 to 9.
    pub fraction_digits: usize,
    /// Whether the zone is `Z` rather than an offset.
    pub utc: bool,
}

impl<'a> Time<'a> {
    /// Splits `line` after an RFC 3339 time, if it starts with one.
    pub fn at_start(line: &'a [u8]) -> Option<(Self, &'a [u8])> {
        if !matches_pattern(line, b"0000-00-00T00:00:00") {
            return None;
        }
        let mut at = 19;
        let mut fraction_digits = 0;
        if line.get(at) == Some(&b'.') {
            fraction_digits =
                line.iter().skip(at + 1).take(10).take_while(|byte| byte.is_ascii_digit()).count();
            if !(1..=9).contains(&fraction_digits) {
                return None;
            }
            at += 1 + fraction_digits;
        }
        let zone = line.get(at..)?;
        let utc = zone.first() == Some(&b'Z');
        if !utc && !matches_pattern(zone, b"+00:00") && !matches_pattern(zone, b"-00:00") {
            return None;
        }
        let (text, rest) = line.split_at_checked(at + if utc { 1 } else { 6 })?;
        Some((Self { text, fraction_digits, utc }, rest))
    }
}

/// Whether `bytes` starts with `pattern`, in which `0` stands for any digit.
fn matches_pattern(bytes: &[u8], pattern: &[u8]) -> bool {
    bytes.len() >= pattern.len()
        && bytes.iter().zip(pattern).all(|(byte, wanted)| match wanted {
            b'0' => byte.is_ascii_digit(),
            _ => byte == wanted,
        })
}
