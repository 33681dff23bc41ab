//! Which texts a field can print, and where a text that starts somewhere can end.

use super::address::{self, has_free_prefix, is_address};
use crate::format::{Field, TimePattern};
use crate::operator::Absent;
use crate::shape::Shape;

/// The set of texts that a field can print: values of its shape, and what stands for absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    shape: Shape,
    time: Option<TimePattern>,
    /// Whether `-` is printed for absent.
    dash: bool,
    /// Whether nothing is printed for absent.
    empty: bool,
    max_length: usize,
    /// The bytes that can come where a text starts, one bit each.
    starts: [u64; 4],
}

/// Where the last run of bytes that was looked at ends, so that no byte is looked at twice.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RunMemo {
    end: usize,
    valid: bool,
}

/// The longest list of flags of extensions that is read.
const LONGEST_LIST: usize = 256;

impl Class {
    pub(super) fn new(field: &Field, omit_empty: bool) -> Self {
        let (dash, empty) = match field.absent() {
            Absent::Never => (false, false),
            Absent::Dash => (!omit_empty, omit_empty),
            Absent::LiteralDash => (true, false),
            Absent::EmptyString => (false, true),
            Absent::EmptyOrDash | Absent::EmptyStringOrDash => (!omit_empty, true),
        };
        let class = Self {
            shape: field.shape(),
            time: field.time().cloned(),
            dash,
            empty,
            max_length: field.max_length().unwrap_or(usize::MAX),
            starts: [0; 4],
        };
        Self { starts: class.starting_bytes(), ..class }
    }

    /// Whether `text` is one that the field can print.
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        match text {
            b"" if self.empty => true,
            b"-" if self.dash => true,
            _ => text.len() <= self.max_length && self.has_shape(text),
        }
    }

    fn has_shape(&self, text: &[u8]) -> bool {
        match self.shape {
            Shape::Any => true,
            Shape::NoSpace | Shape::Path | Shape::Name | Shape::Token => {
                run_length(self.shape, text) == text.len()
            }
            Shape::Object => text.first() == Some(&b'{') && text.iter().all(u8::is_ascii_graphic),
            Shape::Code => (1..=3).contains(&text.len()) && text.iter().all(u8::is_ascii_digit),
            Shape::Counter => !text.is_empty() && text.iter().all(u8::is_ascii_digit),
            Shape::Time => self.time.as_ref().is_some_and(|time| time.matches(text)),
            Shape::Flags => {
                let fits = !self.empty || text.len() <= LONGEST_LIST;
                fits && text.split(|&byte| byte == b',').all(is_list_item)
            }
            Shape::Protocol => is_protocol(text),
            Shape::Address => address::matches(text),
            _ => {
                let mut found = false;
                let mut memo = RunMemo::default();
                self.shape_ends(text, 0, &mut memo, &mut |low, high| {
                    found |= (low..=high).contains(&text.len());
                });
                found
            }
        }
    }

    /// The length of the value that `text` starts with, when no value can hold `stop`, the byte
    /// that follows it.
    pub(super) fn length_before(&self, text: &[u8], stop: u8) -> Option<usize> {
        match self.shape {
            Shape::NoSpace | Shape::Path | Shape::Name | Shape::Token => {
                Some(run_length(self.shape, text))
            }
            _ => text.iter().position(|&byte| byte == stop),
        }
    }

    /// Calls `run` with ranges, both ends included, of all offsets at which a text that starts at
    /// `start` of `line` can end. Calls with the same memo must have ascending starts.
    pub(super) fn ends(
        &self,
        line: &[u8],
        start: usize,
        memo: &mut RunMemo,
        run: &mut dyn FnMut(usize, usize),
    ) {
        if self.empty {
            run(start, start);
        }
        if self.dash && line.get(start) == Some(&b'-') {
            run(start + 1, start + 1);
        }
        let longest = start.saturating_add(self.max_length);
        self.shape_ends(line, start, memo, &mut |low, high| {
            let high = high.min(longest);
            if low <= high {
                run(low, high);
            }
        });
    }

    fn shape_ends(
        &self,
        line: &[u8],
        start: usize,
        memo: &mut RunMemo,
        run: &mut dyn FnMut(usize, usize),
    ) {
        let rest = line.get(start..).unwrap_or_default();
        let shape = self.shape;
        match shape {
            Shape::Any => run(start, line.len()),
            Shape::NoSpace | Shape::Path | Shape::Name | Shape::Token => {
                run(start, memo.run_end(line, start, |byte| holds(shape, byte)));
            }
            Shape::Object => {
                if rest.first() == Some(&b'{') {
                    run(start + 1, memo.run_end(line, start, |byte| byte.is_ascii_graphic()));
                }
            }
            Shape::Code | Shape::Counter => {
                let end = memo.run_end(line, start, |byte| byte.is_ascii_digit());
                let most = if shape == Shape::Code { 3 } else { usize::MAX };
                run_if(start + 1, end.min(start.saturating_add(most)), run);
            }
            Shape::Signed => {
                let digits = start + usize::from(rest.first() == Some(&b'-'));
                let end = memo.run_end(line, digits, |byte| byte.is_ascii_digit());
                run_if(digits + 1, end, run);
            }
            Shape::Flags if self.empty => list_ends(rest, start, run),
            Shape::Flags => {
                if rest.first().is_some_and(|&byte| is_item(byte)) {
                    run(start + 1, memo.list_end(line, start));
                }
            }
            _ => self.pattern_ends(line, start, run),
        }
    }

    /// [`Self::shape_ends`] of the shapes that are no runs of bytes.
    fn pattern_ends(&self, line: &[u8], start: usize, run: &mut dyn FnMut(usize, usize)) {
        let rest = line.get(start..).unwrap_or_default();
        match self.shape {
            Shape::Protocol => {
                for length in ["HTTP/2".len(), "HTTP/1.1".len()] {
                    if rest.get(..length).is_some_and(is_protocol) {
                        run(start + length, start + length);
                    }
                }
            }
            Shape::Address => address::ends(rest, start, line.len(), run),
            Shape::AddressWithoutPort => address::bare_ends(rest, start, line.len(), run),
            Shape::Uuid => {
                if is_uuid(rest) {
                    run(start + 36, start + 36);
                }
            }
            _ => {
                if let Some(time) = &self.time {
                    time.ends(line, start, &mut |end| run(end, end));
                }
            }
        }
    }

    /// Whether a text of this class that the fast pass takes can hold `byte`. The fast pass leaves
    /// addresses that hold free text to the search.
    pub(super) fn can_hold(&self, byte: u8) -> bool {
        if self.dash && byte == b'-' {
            return true;
        }
        match self.shape {
            Shape::Any => true,
            Shape::NoSpace | Shape::Path | Shape::Name | Shape::Token => holds(self.shape, byte),
            Shape::Object => byte.is_ascii_graphic(),
            Shape::Code | Shape::Counter => byte.is_ascii_digit(),
            Shape::Signed => byte.is_ascii_digit() || byte == b'-',
            Shape::Flags => is_item(byte) || byte == b',',
            Shape::Protocol => b"HTP/.0123".contains(&byte),
            Shape::Address | Shape::AddressWithoutPort => is_address(byte),
            Shape::Uuid => byte.is_ascii_hexdigit() || byte == b'-',
            Shape::Time => self.time.as_ref().is_some_and(|time| time.can_hold(byte)),
        }
    }

    /// Whether a text of this class can stand where `byte` comes next: it starts with the byte, or is
    /// empty.
    #[inline]
    pub(super) fn can_start(&self, byte: u8) -> bool {
        let [word, bit] = [byte / 64, byte % 64].map(usize::from);
        self.starts.get(word).is_some_and(|bits| bits >> bit & 1 != 0)
    }

    /// The bytes of [`Self::can_start`], one bit each.
    fn starting_bytes(&self) -> [u64; 4] {
        let is_never_empty = matches!(
            self.shape,
            Shape::Code | Shape::Counter | Shape::Signed | Shape::Flags | Shape::Protocol
        );
        let mut starts = [0; 4];
        for byte in 0..=u8::MAX {
            let can_be_first = match self.shape {
                Shape::Protocol => byte == b'H' || self.dash && byte == b'-',
                _ => self.can_hold(byte),
            };
            let starting = self.empty || !is_never_empty || can_be_first;
            if let Some(word) = starts.get_mut(usize::from(byte / 64)) {
                *word |= u64::from(starting) << (byte % 64);
            }
        }
        starts
    }

    /// Whether `text` is one that the field can print, and no other text that starts the same way
    /// and is longer could be: an address of free text could always go on.
    pub(super) fn is_certain(&self, text: &[u8]) -> bool {
        let goes_on = !self.is_plain() && has_free_prefix(text);
        !goes_on && self.matches(text)
    }

    /// Whether the texts are just those without white space, or without white space and quotes, or
    /// more than those.
    pub(super) fn is_word(&self) -> bool {
        let word = matches!(self.shape, Shape::NoSpace | Shape::Path | Shape::Name | Shape::Token);
        word && !self.is_clipped()
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// The least and the greatest byte at each place of a time, when all times have one length.
    pub(super) fn time(&self) -> Option<&[(u8, u8)]> {
        self.time.as_ref()?.fixed()
    }

    /// Whether `-` is printed for absent.
    pub(super) fn is_dash(&self) -> bool {
        self.dash
    }

    /// Whether texts are clipped to a length.
    pub(super) fn is_clipped(&self) -> bool {
        self.max_length != usize::MAX
    }

    /// Whether the texts are JSON objects, which hold quotes but no white space.
    pub(super) fn is_object(&self) -> bool {
        self.shape == Shape::Object
    }

    /// Whether a text of this class surely starts behind the last `stop` before its end.
    pub(super) fn starts_behind(&self, stop: u8) -> bool {
        self.is_plain() && !self.can_hold(stop)
    }

    /// Whether all texts of the class are ones that [`Self::can_hold`] tells of.
    pub(super) fn is_plain(&self) -> bool {
        !matches!(self.shape, Shape::Address | Shape::AddressWithoutPort)
    }

    /// Whether [`Self::ends`] gives too many ends: those behind a comma, which no list ends in. They
    /// are given so that a list of many items is one range; where nothing at all is a text too, an
    /// end behind a comma can be right, and each item is a range.
    pub(super) fn ends_behind_commas(&self) -> bool {
        self.shape == Shape::Flags && !self.empty
    }

    /// Whether every text can be continued by any bytes, so that of several starts only the first
    /// matters.
    pub(super) fn is_free(&self) -> bool {
        self.shape == Shape::Any && self.max_length == usize::MAX
    }
}

impl RunMemo {
    /// Where the run of bytes that pass `holds` ends which starts at `start`.
    fn run_end(&mut self, line: &[u8], start: usize, holds: impl Fn(u8) -> bool) -> usize {
        if !self.valid || start >= self.end {
            let rest = line.get(start..).unwrap_or_default();
            let length = rest.iter().position(|&byte| !holds(byte)).unwrap_or(rest.len());
            *self = Self { end: start + length, valid: true };
        }
        self.end
    }

    /// Where the run of items joined by single commas ends in which `start` lies.
    fn list_end(&mut self, line: &[u8], start: usize) -> usize {
        if !self.valid || start >= self.end {
            let rest = line.get(start..).unwrap_or_default();
            let holds = |pair: &[u8]| match pair {
                [b',', next, ..] => is_item(*next),
                [byte, ..] => is_item(*byte),
                [] => false,
            };
            let ends = (0..rest.len()).find(|&at| !holds(rest.get(at..).unwrap_or_default()));
            *self = Self { end: start + ends.unwrap_or(rest.len()), valid: true };
        }
        self.end
    }
}

fn run_if(low: usize, high: usize, run: &mut dyn FnMut(usize, usize)) {
    if low <= high {
        run(low, high);
    }
}

/// Whether a text of one of the shapes that are runs of bytes can hold `byte`.
fn holds(shape: Shape, byte: u8) -> bool {
    HELD[usize::from(byte)] & held_bit(shape) != 0
}

/// How many bytes at the start of `text` a value of such a shape can hold.
fn run_length(shape: Shape, text: &[u8]) -> usize {
    let bit = held_bit(shape);
    let end = text.iter().position(|&byte| HELD[usize::from(byte)] & bit == 0);
    end.unwrap_or(text.len())
}

const fn held_bit(shape: Shape) -> u8 {
    match shape {
        Shape::NoSpace => 1,
        Shape::Path => 2,
        Shape::Name => 4,
        _ => 8,
    }
}

/// For each byte, the shapes that can hold it, as bits.
static HELD: [u8; 256] = {
    let mut held = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let space = byte == 0x20 || (0x09 <= byte && byte <= 0x0d);
        let blank = byte == 0x20 || byte == 0x0a;
        let quote = byte == 0x22;
        held[byte] = (!space as u8) * held_bit(Shape::NoSpace)
            + (!blank as u8) * held_bit(Shape::Path)
            + (!blank && !quote) as u8 * held_bit(Shape::Name)
            + (!space && !quote) as u8 * held_bit(Shape::Token);
        byte += 1;
    }
    held
};

/// Items joined by commas, each end in a range of its own.
fn list_ends(rest: &[u8], start: usize, run: &mut dyn FnMut(usize, usize)) {
    let rest = rest.get(..LONGEST_LIST).unwrap_or(rest);
    let mut at = 0;
    loop {
        let tail = rest.get(at..).unwrap_or_default();
        let item = tail.iter().take_while(|&&byte| is_item(byte)).count();
        run_if(start + at + 1, start + at + item, run);
        at += item;
        if item == 0 || rest.get(at) != Some(&b',') {
            return;
        }
        at += 1;
    }
}

fn is_list_item(item: &[u8]) -> bool {
    !item.is_empty() && item.iter().all(|&byte| is_item(byte))
}

fn is_item(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether the text is a protocol that Envoy has a name for.
fn is_protocol(text: &[u8]) -> bool {
    matches!(text, b"HTTP/1.1" | b"HTTP/2" | b"HTTP/1.0" | b"HTTP/3")
}

fn is_uuid(text: &[u8]) -> bool {
    let head = text.get(..36).unwrap_or_default();
    head.len() == 36
        && head.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
