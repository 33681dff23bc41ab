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
        let (seconds, after) = line.split_first_chunk()?;
        if !fits(seconds, b"0000-00-00T00:00:00") {
            return None;
        }
        let fraction_digits = match after.split_first() {
            Some((b'.', fraction)) => fraction_digits(fraction)?,
            _ => 0,
        };
        let at = seconds.len() + if fraction_digits > 0 { 1 + fraction_digits } else { 0 };
        let zone = line.get(at..)?;
        let utc = zone.first() == Some(&b'Z');
        if !utc && !starts_with_offset(zone) {
            return None;
        }
        let (text, rest) = line.split_at_checked(at + if utc { 1 } else { 6 })?;
        Some((Self { text, fraction_digits, utc }, rest))
    }
}

/// How many digits a fraction of a second has: 1 to 9, and no more.
fn fraction_digits(fraction: &[u8]) -> Option<usize> {
    let digit = |at| fraction.get(at).is_some_and(u8::is_ascii_digit);
    // As runtimes write it.
    let nine = fraction.first_chunk().is_some_and(|nine| fits(nine, b"000000000"));
    let digits = if nine { 9 } else { (0..9).take_while(|&at| digit(at)).count() };
    (digits > 0 && !digit(digits)).then_some(digits)
}

fn starts_with_offset(zone: &[u8]) -> bool {
    zone.first_chunk().is_some_and(|zone| fits(zone, b"+00:00") || fits(zone, b"-00:00"))
}

/// Whether `bytes` are like `pattern`, in which `0` stands for any digit. Without an early end the
/// compiler makes this a comparison of many bytes at a time.
#[inline]
fn fits<const N: usize>(bytes: &[u8; N], pattern: &[u8; N]) -> bool {
    bytes.iter().zip(pattern).fold(true, |fits, (byte, wanted)| {
        let most = if *wanted == b'0' { 9 } else { 0 };
        fits & (byte.wrapping_sub(*wanted) <= most)
    })
}
