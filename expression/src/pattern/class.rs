//! Classes of characters.

use regex_syntax::hir::{Class as Parsed, HirKind};

/// The last character of Unicode.
const LAST: u32 = 0x10_ffff;

/// A set of characters: ranges in order that neither overlap nor touch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Class {
    ranges: Vec<(u32, u32)>,
}

impl Class {
    /// The ranges, in order.
    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    /// Every character.
    pub(super) fn any() -> Self {
        Self { ranges: vec![(0, LAST)] }
    }

    /// The same without one character.
    pub(super) fn without(self, c: char) -> Self {
        let mut ranges = self.negated().ranges;
        ranges.push((u32::from(c), u32::from(c)));
        Self::new(ranges).negated()
    }

    /// A class of these ranges, in any order.
    pub(super) fn new(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match merged.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        Self { ranges: merged }
    }

    /// Every character that is not in the class.
    pub(super) fn negated(&self) -> Self {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = 0;
        for &(low, high) in &self.ranges {
            if low > next {
                ranges.push((next, low - 1));
            }
            next = high + 1;
        }
        if next <= LAST {
            ranges.push((next, LAST));
        }
        Self { ranges }
    }

    /// With the other cases of its characters.
    pub(super) fn folded(&self) -> Self {
        let range = |&(low, high): &(u32, u32)| {
            let of = |code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            regex_syntax::hir::ClassUnicodeRange::new(of(low), of(high))
        };
        let mut class = regex_syntax::hir::ClassUnicode::new(self.ranges.iter().map(range));
        class.case_fold_simple();
        Self { ranges: class.ranges().iter().map(|r| (r.start().into(), r.end().into())).collect() }
    }

    /// Whether the class is the same for `a` to `z` and for `A` to `Z`.
    pub(super) fn folds_ascii(&self) -> bool {
        let has = |code: u32| self.ranges.iter().any(|r| (r.0..=r.1).contains(&code));
        (u32::from('a')..=u32::from('z')).all(|code| has(code) == has(code - 32))
    }

    /// The class of a letter behind a backslash.
    pub(super) fn perl(letter: char) -> Option<Self> {
        let class = match letter.to_ascii_lowercase() {
            'd' => Self::posix("digit"),
            's' => Self::of(&[(9, 10), (12, 13), (32, 32)]),
            'w' => Self::posix("word"),
            _ => None,
        }?;
        Some(if letter.is_ascii_uppercase() { class.negated() } else { class })
    }

    /// A class of POSIX by name.
    pub(super) fn posix(name: &str) -> Option<Self> {
        let range = |low: char, high: char| (u32::from(low), u32::from(high));
        let digit = range('0', '9');
        let (upper, lower) = (range('A', 'Z'), range('a', 'z'));
        match name {
            "alnum" => Self::of(&[digit, upper, lower]),
            "alpha" => Self::of(&[upper, lower]),
            "ascii" => Self::of(&[(0, 0x7f)]),
            "blank" => Self::of(&[(9, 9), (32, 32)]),
            "cntrl" => Self::of(&[(0, 0x1f), (0x7f, 0x7f)]),
            "digit" => Self::of(&[digit]),
            "graph" => Self::of(&[range('!', '~')]),
            "lower" => Self::of(&[lower]),
            "print" => Self::of(&[range(' ', '~')]),
            "punct" => {
                Self::of(&[range('!', '/'), range(':', '@'), range('[', '`'), range('{', '~')])
            }
            "space" => Self::of(&[(9, 13), (32, 32)]),
            "upper" => Self::of(&[upper]),
            "word" => Self::of(&[digit, upper, range('_', '_'), lower]),
            "xdigit" => Self::of(&[digit, range('A', 'F'), range('a', 'f')]),
            _ => None,
        }
    }

    /// A category or script of Unicode by the names that RE2 knows: `N`, `Lu`, `Greek`, `Any`.
    pub(super) fn unicode(name: &str) -> Option<Self> {
        if name == "Any" {
            return Some(Self::any());
        }
        let mut letters = name.chars();
        let is_capitalised = letters.next().is_some_and(|c| c.is_ascii_uppercase())
            && letters.all(|c| c.is_ascii_alphabetic() || c == '_');
        let is_category = name.len() <= 2;
        let query =
            if is_category { format!("\\p{{gc={name}}}") } else { format!("\\p{{sc={name}}}") };
        if !is_capitalised {
            return None;
        }
        let parsed = regex_syntax::parse(&query).ok()?;
        match parsed.into_kind() {
            HirKind::Class(Parsed::Unicode(class)) => Some(Self {
                ranges: class.ranges().iter().map(|r| (r.start().into(), r.end().into())).collect(),
            }),
            _ => None,
        }
    }

    #[allow(clippy::unnecessary_wraps, reason = "the arms of a match that knows some names")]
    fn of(ranges: &[(u32, u32)]) -> Option<Self> {
        Some(Self { ranges: ranges.to_vec() })
    }
}
