//! Time formats of the `START_TIME` family, compiled to the bytes that they can print.
//!
//! Follows <https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage>
//! (`%f`, `%3f`) and absl's `FormatTime`, which Envoy hands the rest to.

/// A piece of a printed time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeItem {
    /// This byte.
    Byte(u8),
    /// A number of digits between these, both included.
    Digits(u8, u8),
    /// A blank or a digit (`%e`, `%k`).
    BlankOrDigit,
    /// One or more letters: names of days and months, `AM`, `PM`.
    Letters,
    /// One or more letters, digits and signs: the name of a time zone.
    Zone,
    /// `+` or `-`.
    Sign,
    /// A point and digits, or nothing (`%E*S`).
    Fraction,
}

/// What a time format can print. No pattern prints more than a few hundred bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimePattern {
    items: Box<[TimeItem]>,
    /// The least and the greatest byte at each place, when all texts have one length.
    fixed: Option<Box<[(u8, u8)]>>,
}

/// How long a run of letters or digits without a width of its own can get.
const LONGEST_RUN: u8 = 32;

impl TimePattern {
    /// Compiles a time format; `None` prints Envoy's default.
    ///
    /// Gives `None` for a format with a specifier whose text is not known.
    pub(crate) fn compile(format: Option<&str>, local: bool) -> Option<Self> {
        let default = if local { "%Y-%m-%dT%H:%M:%S.%3f%z" } else { "%Y-%m-%dT%H:%M:%S.%3fZ" };
        let mut items = Vec::new();
        push_format(format.unwrap_or(default), &mut items)?;
        let fixed = items.iter().map(TimeItem::ranges).collect::<Option<Vec<_>>>();
        Some(Self { items: items.into(), fixed: fixed.map(|ranges| ranges.concat().into()) })
    }

    /// The least and the greatest byte at each place, when all texts have one length.
    pub(crate) fn fixed(&self) -> Option<&[(u8, u8)]> {
        self.fixed.as_deref()
    }

    /// Calls `end` with every offset at which a time that starts at `start` of `line` can end.
    pub(crate) fn ends(&self, line: &[u8], start: usize, end: &mut dyn FnMut(usize)) {
        if let Some(ranges) = &self.fixed {
            let text = line.get(start..start + ranges.len());
            if text.is_some_and(|text| self.matches(text)) {
                end(start + ranges.len());
            }
            return;
        }
        let mut ends = vec![start];
        for item in &self.items {
            let mut next = Vec::new();
            for &at in &ends {
                item.ends(line, at, &mut next);
            }
            next.sort_unstable();
            next.dedup();
            if next.is_empty() {
                return;
            }
            ends = next;
        }
        ends.into_iter().for_each(end);
    }

    /// Whether `text` is a time of this format.
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        if let Some(ranges) = &self.fixed {
            let fits = |(byte, (low, high)): (&u8, &(u8, u8))| low <= byte && byte <= high;
            return text.len() == ranges.len() && text.iter().zip(ranges).all(fits);
        }
        let mut matched = false;
        self.ends(text, 0, &mut |end| matched |= end == text.len());
        matched
    }

    /// Whether a printed time can hold this byte.
    pub(crate) fn can_hold(&self, byte: u8) -> bool {
        self.items.iter().any(|item| item.can_hold(byte))
    }
}

impl TimeItem {
    /// The least and the greatest byte at each place; `None` when the item has several lengths or
    /// its bytes are no range.
    fn ranges(&self) -> Option<Vec<(u8, u8)>> {
        match *self {
            Self::Byte(byte) => Some(vec![(byte, byte)]),
            Self::Digits(min, max) if min == max => Some(vec![(b'0', b'9'); usize::from(min)]),
            _ => None,
        }
    }

    fn ends(self, line: &[u8], at: usize, out: &mut Vec<usize>) {
        let rest = line.get(at..).unwrap_or_default();
        let run = |most: u8, is: fn(&u8) -> bool| {
            rest.iter().take(usize::from(most)).take_while(|byte| is(byte)).count()
        };
        let (least, most) = match self {
            Self::Digits(min, max) => (usize::from(min), run(max, u8::is_ascii_digit)),
            Self::Letters => (1, run(LONGEST_RUN, u8::is_ascii_alphabetic)),
            Self::Zone => (1, run(LONGEST_RUN, is_zone)),
            Self::Fraction => {
                out.push(at);
                let digits = rest.iter().skip(1).take(18).take_while(|b| b.is_ascii_digit());
                match (rest.first(), digits.count()) {
                    (Some(b'.'), digits @ 1..) => (2, 1 + digits),
                    _ => return,
                }
            }
            Self::Byte(_) | Self::Sign | Self::BlankOrDigit => {
                (1, usize::from(rest.first().is_some_and(|&byte| self.can_hold(byte))))
            }
        };
        out.extend((least..=most).map(|length| at + length));
    }

    fn can_hold(self, byte: u8) -> bool {
        match self {
            Self::Byte(own) => byte == own,
            Self::Digits(..) => byte.is_ascii_digit(),
            Self::BlankOrDigit => byte == b' ' || byte.is_ascii_digit(),
            Self::Letters => byte.is_ascii_alphabetic(),
            Self::Zone => is_zone(&byte),
            Self::Sign => matches!(byte, b'+' | b'-'),
            Self::Fraction => byte == b'.' || byte.is_ascii_digit(),
        }
    }
}

fn is_zone(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-')
}

fn push_format(format: &str, items: &mut Vec<TimeItem>) -> Option<()> {
    let mut rest = format.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = if byte == b'%' {
            push_specifier(after, items)?
        } else {
            items.push(TimeItem::Byte(byte));
            after
        };
    }
    Some(())
}

/// Adds what the specifier at the start of `rest` prints, and gives what follows it.
fn push_specifier<'a>(rest: &'a [u8], items: &mut Vec<TimeItem>) -> Option<&'a [u8]> {
    let (&letter, after) = rest.split_first()?;
    match letter {
        b'E' => return push_absl(after, items),
        b'1'..=b'9' if after.first() == Some(&b'f') => {
            let digits = letter - b'0';
            items.push(TimeItem::Digits(digits, digits));
            return after.get(1..);
        }
        _ => {}
    }
    if let Some(expansion) = expansion(letter) {
        push_format(expansion, items)?;
        return Some(after);
    }
    items.push(match letter {
        b'Y' | b'G' => TimeItem::Digits(4, 4),
        b'm' | b'd' | b'H' | b'I' | b'M' | b'S' | b'y' | b'C' | b'U' | b'W' | b'V' | b'g' => {
            TimeItem::Digits(2, 2)
        }
        b'j' => TimeItem::Digits(3, 3),
        b'u' | b'w' => TimeItem::Digits(1, 1),
        b'f' => TimeItem::Digits(9, 9),
        b's' => TimeItem::Digits(1, 20),
        b'a' | b'A' | b'b' | b'B' | b'h' | b'p' | b'P' => TimeItem::Letters,
        b'Z' => TimeItem::Zone,
        b't' => TimeItem::Byte(b'\t'),
        b'%' => TimeItem::Byte(b'%'),
        b'e' | b'k' | b'l' => TimeItem::BlankOrDigit,
        b'z' => TimeItem::Sign,
        _ => return None,
    });
    match letter {
        b'e' | b'k' | b'l' => items.push(TimeItem::Digits(1, 1)),
        b'z' => items.push(TimeItem::Digits(4, 4)),
        _ => {}
    }
    Some(after)
}

/// The specifiers that stand for others.
fn expansion(letter: u8) -> Option<&'static str> {
    Some(match letter {
        b'c' => "%a %b %e %H:%M:%S %Y",
        b'D' | b'x' => "%m/%d/%y",
        b'F' => "%Y-%m-%d",
        b'R' => "%H:%M",
        b'r' => "%I:%M:%S %p",
        b'T' | b'X' => "%H:%M:%S",
        _ => return None,
    })
}

/// absl's own specifiers, after `%E`.
fn push_absl<'a>(rest: &'a [u8], items: &mut Vec<TimeItem>) -> Option<&'a [u8]> {
    if let Some(after) = rest.strip_prefix(b"z") {
        push_format("%z", items)?;
        items.pop();
        let digits = TimeItem::Digits(2, 2);
        items.extend([digits, TimeItem::Byte(b':'), digits]);
        return Some(after);
    }
    if let Some(after) = rest.strip_prefix(b"*S") {
        items.extend([TimeItem::Digits(2, 2), TimeItem::Fraction]);
        return Some(after);
    }
    if let Some(after) = rest.strip_prefix(b"*f") {
        items.push(TimeItem::Digits(1, 18));
        return Some(after);
    }
    if let Some(after) = rest.strip_prefix(b"4Y") {
        items.push(TimeItem::Digits(4, 4));
        return Some(after);
    }
    if let Some(after) = rest.strip_prefix(b"T") {
        items.push(TimeItem::Byte(b'T'));
        return Some(after);
    }
    let (&count, after) = rest.split_first().filter(|(count, _)| count.is_ascii_digit())?;
    let digits = count - b'0';
    match after.split_first()? {
        (b'S', after) => {
            items.push(TimeItem::Digits(2, 2));
            if digits > 0 {
                items.extend([TimeItem::Byte(b'.'), TimeItem::Digits(digits, digits)]);
            }
            Some(after)
        }
        (b'f', after) => {
            items.push(TimeItem::Digits(digits, digits));
            Some(after)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(format: Option<&str>, text: &str) -> bool {
        TimePattern::compile(format, false).unwrap().matches(text.as_bytes())
    }

    #[test]
    fn ok_what_envoy_prints() {
        let cases = [
            ("%s", "1795178925"),
            ("%s.%3f", "1795178925.922"),
            ("%s%3f", "1795178925922"),
            ("%f", "922063000"),
            ("%E3S", "45.922"),
            ("%E*S", "45.922063"),
            ("%E*S", "45"),
            ("%E6f", "922063"),
            ("%Ez", "+00:00"),
            ("%d/%b/%Y:%H:%M:%S %z", "20/Nov/2026:12:48:45 +0000"),
            ("%a, %d %b %Y %H:%M:%S %Z", "Fri, 20 Nov 2026 12:48:45 UTC"),
            ("%c", "Fri Nov 20 12:48:45 2026"),
            ("%D %T", "11/20/26 12:48:45"),
            ("%I:%M:%S %p", "12:48:45 PM"),
            ("literal %% pct", "literal % pct"),
            ("%FT%T%t", "2026-11-20T12:48:45\t"),
        ];
        for (format, text) in cases {
            assert!(matches(Some(format), text), "{format} {text}");
        }
        assert!(matches(None, "2026-11-20T12:48:45.922Z"));
        let local = TimePattern::compile(None, true).unwrap();
        assert!(local.matches(b"2026-11-20T07:48:45.922-0500"));
    }

    #[test]
    fn err_what_envoy_does_not_print() {
        for text in
            ["", "2026-11-20 12:48:45.922Z", "2026-11-20T12:48:45Z", "2026-11-20T12:48:45.922Zx"]
        {
            assert!(!matches(None, text), "{text}");
        }
        assert!(!matches(Some("%s"), "12a"));
        assert!(!matches(Some("%E*S"), "45."));
    }

    #[test]
    fn unknown_specifiers_are_not_guessed() {
        for format in ["%E4n", "%Q", "%", "%E"] {
            assert_eq!(TimePattern::compile(Some(format), false), None, "{format}");
        }
    }
}
