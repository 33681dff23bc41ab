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
        let (seconds, after) = line.split_at_checked(19)?;
        let parts = [(DATE, 0), (MIDDLE, 8), (CLOCK, 11)];
        if !parts.into_iter().all(|(pattern, at)| pattern.fits_at(seconds, at)) {
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
    let nine = DIGITS.fits_at(fraction, 0) && DIGITS.fits_at(fraction, 1);
    let digits = if nine { 9 } else { (0..9).take_while(|&at| digit(at)).count() };
    (digits > 0 && !digit(digits)).then_some(digits)
}

fn starts_with_offset(zone: &[u8]) -> bool {
    let [b'+' | b'-', h, k, b':', m, n, ..] = zone else { return false };
    [h, k, m, n].into_iter().all(u8::is_ascii_digit)
}

/// The parts of a time up to its seconds; the last one begins in the middle one.
const DATE: Pattern = Pattern::new(*b"0000-00-");
const MIDDLE: Pattern = Pattern::new(*b"00T00:00");
const CLOCK: Pattern = Pattern::new(*b"00:00:00");
const DIGITS: Pattern = Pattern::new(*b"00000000");

/// Eight bytes, in which `0` stands for any digit, compared at once.
#[derive(Clone, Copy)]
struct Pattern {
    bytes: u64,
    /// What makes a byte's difference from the pattern reach 0x80 when it is too much: 10 from a digit,
    /// 1 from anything else.
    rest: u64,
}

impl Pattern {
    const fn new(text: [u8; 8]) -> Self {
        let mut rest = [0x7f; 8];
        let mut at = 0;
        while at < 8 {
            if text[at] == b'0' {
                rest[at] = 0x76;
            }
            at += 1;
        }
        Self { bytes: u64::from_le_bytes(text), rest: u64::from_le_bytes(rest) }
    }

    /// Whether `text` has it at this place.
    #[inline]
    fn fits_at(self, text: &[u8], at: usize) -> bool {
        const HIGH: u64 = 0x8080_8080_8080_8080;
        let Some(bytes) = text.get(at..).and_then(<[u8]>::first_chunk) else { return false };
        // Digits differ from `0` by their value in the lower four bits.
        let different = u64::from_le_bytes(*bytes) ^ self.bytes;
        let too_much = (different & !HIGH) + self.rest;
        (too_much | different) & HIGH == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// [`Time::at_start`] byte by byte.
    fn one_by_one(line: &[u8]) -> Option<usize> {
        let mut at = 0;
        let mut take = |pattern: &[u8]| {
            let fits = pattern.iter().enumerate().all(|(offset, wanted)| {
                line.get(at + offset).is_some_and(|byte| match wanted {
                    b'0' => byte.is_ascii_digit(),
                    _ => byte == wanted,
                })
            });
            at += if fits { pattern.len() } else { 0 };
            fits
        };
        take(b"0000-00-00T00:00:00").then_some(())?;
        if take(b".") {
            let digits = (0..10).take_while(|_| take(b"0")).count();
            (1..=9).contains(&digits).then_some(())?;
        }
        (take(b"Z") || take(b"+00:00") || take(b"-00:00")).then_some(at)
    }

    proptest! {
        #[test]
        fn eight_bytes_at_once_are_as_good_as_one(
            time in "2[0-9]{3}-[01][0-9]-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,10})?(Z|[+-]0[0-9]:00)",
            change in proptest::option::of((0_usize..40, any::<u8>())),
        ) {
            let mut line = format!("{time} x").into_bytes();
            if let Some((at, byte)) = change
                && let Some(place) = line.get_mut(at)
            {
                *place = byte;
            }
            let found = Time::at_start(&line).map(|(time, _)| time.text.len());
            prop_assert_eq!(found, one_by_one(&line));
        }
    }
}
