//! Whether a value that the fast pass has cut out is one that its field can print.
//!
//! [`Class`] has the whole answer. Most values are of a few forms that can be looked at as a whole,
//! many bytes at a time; a [`Check`] does that, and asks the class about all others.

use wide::u8x32;

use super::class::Class;
use crate::record::Span;
use crate::shape::Shape;

/// How many bytes are looked at at a time.
const WIDE: usize = 32;

/// The quick way to check the values of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) field: usize,
    /// Whether `-` is printed for absent.
    dash: bool,
    form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// Up to so many digits.
    Digits(usize),
    Time(Box<Ranges>),
    Address,
    Protocol,
    /// Bytes without white space, or without white space and quotes, or more than those.
    Word,
    /// One for which only the class knows.
    Other,
}

/// A value of fixed length, in which each byte lies between two.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ranges {
    length: usize,
    least: [u8; WIDE],
    /// How much more each byte can be; behind the value all that a byte can hold.
    more: [u8; WIDE],
}

impl Check {
    /// The check for a field of this class; `None` when any bytes are a value of it.
    pub(super) fn new(field: usize, class: &Class) -> Option<Self> {
        let form = match class.shape() {
            _ if class.is_clipped() => Form::Other,
            Shape::Any => return None,
            Shape::Code => Form::Digits(3),
            Shape::Counter => Form::Digits(usize::MAX),
            Shape::Time => match class.time().and_then(Ranges::new) {
                Some(ranges) => Form::Time(Box::new(ranges)),
                None => Form::Other,
            },
            Shape::Address => Form::Address,
            Shape::Protocol => Form::Protocol,
            _ if class.is_word() => Form::Word,
            _ => Form::Other,
        };
        Some(Self { field, dash: class.is_dash(), form })
    }

    /// Whether the values are just those without white space, or without white space and quotes, or
    /// more than those.
    pub(super) fn is_word(&self) -> bool {
        self.form == Form::Word
    }

    /// Whether what stands at `span` of the line is surely a value of the field's class, by
    /// [`Class::is_certain`].
    #[inline(always)]
    pub(super) fn is_certain(&self, classes: &[Class], line: &[u8], span: Span) -> bool {
        let (start, end) = (span.start as usize, span.end as usize);
        let is_absent = self.dash && end == start + 1 && line.get(start) == Some(&b'-');
        let quick = is_absent
            || match &self.form {
                Form::Digits(most) => end - start <= *most && are_digits(line, start, end),
                Form::Time(ranges) => ranges.hold(line, start, end),
                Form::Address => is_ipv4_with_port(line, start, end),
                Form::Protocol => matches!(span.of(line), b"HTTP/1.1" | b"HTTP/2"),
                Form::Word | Form::Other => false,
            };
        quick || is_certain_to_class(self.field, classes, line, span)
    }
}

/// The checks of a format, one form after the other: in a line they come in turn, and which one comes
/// next would have to be guessed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Checks {
    /// Fields of digits, and how many those are at the most.
    digits: Vec<(usize, usize)>,
    /// Fields of addresses.
    addresses: Vec<usize>,
    others: Vec<Check>,
}

impl Checks {
    pub(super) fn new(checks: Vec<Check>) -> Self {
        let mut own = Self::default();
        for check in checks {
            match check.form {
                Form::Digits(most) => own.digits.push((check.field, most)),
                Form::Address => own.addresses.push(check.field),
                _ => own.others.push(check),
            }
        }
        own
    }

    /// Whether the values at `spans` are surely those of their fields.
    #[inline(always)]
    pub(super) fn are_certain(&self, classes: &[Class], line: &[u8], spans: &[Span]) -> bool {
        for &(field, most) in &self.digits {
            let Some(&span) = spans.get(field) else { return false };
            let (start, end) = (span.start as usize, span.end as usize);
            let quick = end - start <= most && are_digits(line, start, end);
            if !quick && !is_certain_to_class(field, classes, line, span) {
                return false;
            }
        }
        for &field in &self.addresses {
            let Some(&span) = spans.get(field) else { return false };
            let quick = is_ipv4_with_port(line, span.start as usize, span.end as usize);
            if !quick && !is_certain_to_class(field, classes, line, span) {
                return false;
            }
        }
        for check in &self.others {
            let Some(&span) = spans.get(check.field) else { return false };
            if !check.is_certain(classes, line, span) {
                return false;
            }
        }
        true
    }
}

/// Whether a value is surely one of its field where no quick look says so.
#[inline(never)]
fn is_certain_to_class(field: usize, classes: &[Class], line: &[u8], span: Span) -> bool {
    classes.get(field).is_some_and(|class| class.is_certain(span.of(line)))
}

/// Whether there are digits from `start` to `end`, fewer than eight and at least one. False, too, at
/// the start of a line.
#[inline(always)]
fn are_digits(line: &[u8], start: usize, end: usize) -> bool {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    let Some(last) = line.get(..end).and_then(<[u8]>::last_chunk) else { return false };
    let bits = 8 * (end - start);
    if bits == 0 || bits >= 64 {
        return false;
    }
    // The value in the lowest bytes, and zeros behind it.
    let digits = (u64::from_le_bytes(*last) >> (64 - bits)) | (ZEROS << bits);
    // A byte below `0` borrows, and one above `9` carries, into its highest bit.
    let not_digits = digits.wrapping_sub(ZEROS) | digits.wrapping_add(0x4646_4646_4646_4646);
    (not_digits | digits) & 0x8080_8080_8080_8080 == 0
}

/// Whether `1.2.3.4:80` stands from `start` to `end`. False, too, at the start of a line.
#[inline(always)]
fn is_ipv4_with_port(line: &[u8], start: usize, end: usize) -> bool {
    let length = end - start;
    let Some(last) = line.get(..end).and_then(<[u8]>::last_chunk::<WIDE>) else { return false };
    if !("1.2.3.4:5".len().."123.123.123.123:12345".len() + 1).contains(&length) {
        return false;
    }
    let bytes = u8x32::new(*last);
    let of = |found: u8x32| found.to_bitmask() >> (WIDE - length);
    let number = bytes - u8x32::splat(b'0');
    let digits = of(number.min(u8x32::splat(9)).simd_eq(number));
    let dots = of(bytes.simd_eq(u8x32::splat(b'.')));
    let colon = of(bytes.simd_eq(u8x32::splat(b':')));
    let separators = dots | colon;
    let (all, last) = ((1 << length) - 1, 1 << (length - 1));
    let two_digits = digits & (digits >> 1);
    let four_digits = two_digits & (two_digits >> 2);
    // Something stands before, between and behind the separators.
    let lone = separators & (separators << 1 | 1 | last);
    let wrong = (digits | separators) ^ all | lone | four_digits & colon.wrapping_sub(1);
    wrong == 0
        && separators.count_ones() == 4
        && colon.count_ones() == 1
        && colon > dots
        && colon << 5 >= last
}

impl Ranges {
    fn new(ranges: &[(u8, u8)]) -> Option<Self> {
        let mut own = Self { length: ranges.len(), least: [0; WIDE], more: [u8::MAX; WIDE] };
        if ranges.len() > WIDE {
            return None;
        }
        for ((least, more), (low, high)) in own.least.iter_mut().zip(&mut own.more).zip(ranges) {
            *least = *low;
            *more = high - low;
        }
        Some(own)
    }

    /// Whether the value from `start` to `end` is one of these. False, too, at the end of a line.
    #[inline(always)]
    fn hold(&self, line: &[u8], start: usize, end: usize) -> bool {
        let Some(text) = line.get(start..).and_then(<[u8]>::first_chunk::<WIDE>) else {
            return false;
        };
        let above = u8x32::new(*text) - u8x32::new(self.least);
        let fits = above.min(u8x32::new(self.more)).simd_eq(above);
        end - start == self.length && fits.to_bitmask() == u32::MAX
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A line in which a value stands, and where.
    fn placed(value: &str) -> (Vec<u8>, usize, usize) {
        let before = "[a b] 12 1.1.1.1:1 2026-11-20 \"1\" ";
        let line = format!("{before}{value} 1 1.1.1.1:1 2026-11-20T12:48:45.922Z");
        (line.into_bytes(), before.len(), before.len() + value.len())
    }

    fn digits(value: &str) -> bool {
        let (line, start, end) = placed(value);
        are_digits(&line, start, end)
    }

    fn ipv4(value: &str) -> bool {
        let (line, start, end) = placed(value);
        is_ipv4_with_port(&line, start, end)
    }

    #[test]
    fn every_byte_among_digits() {
        for byte in 0..=255_u8 {
            for at in 0..3 {
                let (mut line, start, end) = placed("123");
                line[start + at] = byte;
                assert_eq!(are_digits(&line, start, end), byte.is_ascii_digit(), "{byte}");
            }
        }
        assert!(digits("1") && digits("1234567"));
        assert!(!digits("") && !are_digits(b"12", 0, 2), "left to the class");
    }

    #[test]
    fn addresses() {
        for ok in ["1.2.3.4:5", "10.244.28.208:9080", "123.123.123.123:12345", "999.0.0.0:99999"] {
            assert!(ipv4(ok), "{ok}");
        }
        for bad in [
            "1.2.3.4",
            "1.2.3:5",
            "1.2.3.4.5:6",
            "1.2.3.4:",
            ":1.2.3.4",
            "1..3.4:5",
            ".2.3.4:5",
            "1.2.3.4.:5",
            "1.2.3.4:123456",
            "1234.2.3.4:5",
            "1.2.3.1234:5",
            "1.2.3:4.5",
            "1.2.3.4:5:6",
            "1.2.3.4a:5",
            "[::1]:80",
            "1.2.3.4:5-",
            "",
        ] {
            assert!(!ipv4(bad), "{bad}");
        }
    }

    proptest! {
        /// The quick looks say what the class says of the forms that they are for.
        #[test]
        fn addresses_are_those_of_the_class(value in "[0-9.:]{0,24}|([0-9]{0,4}[.:]){3,5}[0-9]{0,6}") {
            prop_assert_eq!(ipv4(&value), crate::read::address::is_ipv4_with_port(value.as_bytes()));
        }

        #[test]
        fn digits_are_digits(value in "[0-9]{0,9}|[/-:]{1,7}|\\PC{1,3}") {
            let few = (1..8).contains(&value.len());
            let expected = few && value.bytes().all(|byte| byte.is_ascii_digit());
            prop_assert_eq!(digits(&value), expected);
        }
    }
}
