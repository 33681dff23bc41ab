//! Which texts a field can print, and where a text that starts somewhere can end.

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
}

/// Where the last run of bytes that was looked at ends, so that no byte is looked at twice.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RunMemo {
    end: usize,
    valid: bool,
}

/// Every protocol that Envoy has a name for.
const PROTOCOLS: &[&[u8]] = &[b"HTTP/1.1", b"HTTP/2", b"HTTP/1.0", b"HTTP/3"];

/// The longest list of response flags, and the longest bare IP address.
const LONGEST_LIST: usize = 1024;
const LONGEST_IP: usize = 64;

impl Class {
    pub(super) fn new(field: &Field, omit_empty: bool) -> Self {
        let (dash, empty) = match field.absent() {
            Absent::Never => (false, false),
            Absent::Dash => (!omit_empty, omit_empty),
            Absent::LiteralDash => (true, false),
            Absent::EmptyString => (false, true),
            Absent::EmptyOrDash | Absent::EmptyStringOrDash => (!omit_empty, true),
        };
        Self {
            shape: field.shape(),
            time: field.time().cloned(),
            dash,
            empty,
            max_length: field.max_length().unwrap_or(usize::MAX),
        }
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
            Shape::Code => (1..=3).contains(&text.len()) && text.iter().all(u8::is_ascii_digit),
            Shape::Counter => !text.is_empty() && text.iter().all(u8::is_ascii_digit),
            Shape::Time => self.time.as_ref().is_some_and(|time| time.matches(text)),
            Shape::Protocol => {
                matches!(text, b"HTTP/1.1" | b"HTTP/2" | b"HTTP/1.0" | b"HTTP/3")
            }
            Shape::Address => {
                is_ipv4_with_port(text) || has_free_prefix(text) || {
                    address(text).is_some_and(|(low, high)| (low..=high).contains(&text.len()))
                }
            }
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
            Shape::Flags => list_ends(rest, start, run),
            Shape::Protocol => {
                for protocol in PROTOCOLS.iter().filter(|protocol| rest.starts_with(protocol)) {
                    run(start + protocol.len(), start + protocol.len());
                }
            }
            Shape::Address => address_ends(rest, start, line.len(), run),
            Shape::AddressWithoutPort => bare_address_ends(rest, start, line.len(), run),
            Shape::Uuid => {
                if is_uuid(rest) {
                    run(start + 36, start + 36);
                }
            }
            Shape::Time => {
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
            Shape::Any => byte != b'\n',
            Shape::NoSpace | Shape::Path | Shape::Name | Shape::Token => holds(self.shape, byte),
            Shape::Code | Shape::Counter => byte.is_ascii_digit(),
            Shape::Signed => byte.is_ascii_digit() || byte == b'-',
            Shape::Flags => is_item(byte) || byte == b',',
            Shape::Protocol => b"HTP/.0123".contains(&byte),
            Shape::Address => is_ip(byte) || b"tcp://".contains(&byte),
            Shape::AddressWithoutPort => is_ip(byte),
            Shape::Uuid => byte.is_ascii_hexdigit() || byte == b'-',
            Shape::Time => self.time.as_ref().is_some_and(|time| time.can_hold(byte)),
        }
    }

    /// Whether `text` is one that the field can print, and no other text that starts the same way
    /// and is longer could be: an address of free text could always go on.
    pub(super) fn is_certain(&self, text: &[u8]) -> Option<()> {
        let goes_on = !self.is_plain() && has_free_prefix(text);
        (!goes_on && self.matches(text)).then_some(())
    }

    /// Whether the texts are just those without white space, or without white space and quotes, or
    /// more than those.
    pub(super) fn is_word(&self) -> bool {
        let word = matches!(self.shape, Shape::NoSpace | Shape::Path | Shape::Name | Shape::Token);
        word && self.max_length == usize::MAX
    }

    /// Whether all texts of the class are ones that [`Self::can_hold`] tells of.
    pub(super) fn is_plain(&self) -> bool {
        !matches!(self.shape, Shape::Address | Shape::AddressWithoutPort)
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

fn is_item(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// `-`, or items joined by commas.
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

fn has_free_prefix(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'/' | b'@')) || text.starts_with(b"envoy://")
}

/// A byte of an IP address, its port, its prefix length, or its zone.
fn is_ip(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'[' | b']' | b'%' | b'/')
}

fn address_ends(rest: &[u8], start: usize, line_end: usize, run: &mut dyn FnMut(usize, usize)) {
    if has_free_prefix(rest) {
        let prefix = if rest.starts_with(b"envoy://") { 8 } else { 1 };
        return run(start + prefix, line_end);
    }
    if let Some((low, high)) = address(rest) {
        run(start + low, start + high);
    }
}

/// Whether all of `text` is `1.2.3.4:80`: most addresses are.
fn is_ipv4_with_port(text: &[u8]) -> bool {
    let (mut separators, mut digits) = (0, 0);
    for &byte in text {
        if byte.is_ascii_digit() {
            digits += 1;
            continue;
        }
        let separator = if separators < 3 { b'.' } else { b':' };
        if byte != separator || separators > 3 || digits == 0 || digits > 3 {
            return false;
        }
        separators += 1;
        digits = 0;
    }
    separators == 4 && (1..=5).contains(&digits)
}

/// The least and the greatest length of an IP address with a port at the start of `text`.
fn address(text: &[u8]) -> Option<(usize, usize)> {
    let scheme = if text.starts_with(b"tcp://") { 6 } else { 0 };
    let ip = text.get(scheme..)?;
    let host = match ip.first()? {
        b'[' => bracketed_length(ip),
        _ => ipv4_length(ip),
    };
    if host == 0 || ip.get(host) != Some(&b':') {
        return None;
    }
    let port = ip.iter().skip(host + 1).take(5).take_while(|b| b.is_ascii_digit()).count();
    let colon = scheme + host;
    (port > 0).then_some((colon + 2, colon + 1 + port))
}

/// The length of `[::1]` at the start of `ip`; 0 when there is none.
fn bracketed_length(ip: &[u8]) -> usize {
    let inside = ip.iter().skip(1).take(LONGEST_IP);
    let is_inside = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'.' | b'%');
    let close = 1 + inside.take_while(is_inside).count();
    if ip.get(close) == Some(&b']') { close + 1 } else { 0 }
}

/// The length of `1.2.3.4` at the start of `ip`; 0 when there is none.
fn ipv4_length(ip: &[u8]) -> usize {
    let mut at = 0;
    for octet in 0..4 {
        if octet > 0 {
            match ip.get(at) {
                Some(b'.') => at += 1,
                _ => return 0,
            }
        }
        let digits = ip.iter().skip(at).take(3).take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return 0;
        }
        at += digits;
    }
    at
}

fn bare_address_ends(
    rest: &[u8],
    start: usize,
    line_end: usize,
    run: &mut dyn FnMut(usize, usize),
) {
    if has_free_prefix(rest) {
        let prefix = if rest.starts_with(b"envoy://") { 8 } else { 1 };
        return run(start + prefix, line_end);
    }
    let Some((low, high)) = bare_ip(rest) else { return };
    run(start + low, start + high);
    if rest.get(high) == Some(&b'/') {
        let bits = rest.iter().skip(high + 1).take(3).take_while(|b| b.is_ascii_digit()).count();
        run_if(start + high + 2, start + high + 1 + bits, run);
    }
}

/// The least and the greatest length of an IP address without a port at the start of `text`.
fn bare_ip(text: &[u8]) -> Option<(usize, usize)> {
    let ipv4 = ipv4_length(text);
    if ipv4 > 0 {
        let last = text.get(..ipv4)?.rsplit(|&byte| byte == b'.').next()?.len();
        return Some((ipv4 - last + 1, ipv4));
    }
    let hex =
        |at: usize| text.iter().skip(at).take(4).take_while(|b| b.is_ascii_hexdigit()).count();
    let first = hex(0);
    let second = first + 1 + hex(first + 1);
    if text.get(first) != Some(&b':') || text.get(second) != Some(&b':') {
        return None;
    }
    let is_inside = |b: &&u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let end = text.iter().take(LONGEST_IP).take_while(is_inside).count();
    Some((second + 1, end))
}

fn is_uuid(text: &[u8]) -> bool {
    let head = text.get(..36).unwrap_or_default();
    head.len() == 36
        && head.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
