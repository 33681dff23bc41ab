//! RE2's syntax: from a pattern to a tree, or to RE2's reason to refuse it.
//!
//! Follows <https://github.com/google/re2/wiki/Syntax> with the flags that Envoy's CEL uses, and
//! the parser of RE2 where that is more exact.

use super::class::Class;
use super::tree::{Assertion, Re};

/// The most repetitions that a count may ask for.
const MAX_REPEAT: u32 = 1000;

/// How many groups may stand in one another; RE2 takes more, but no program of them is small.
const MAX_DEPTH: usize = 100;

/// Parses a pattern.
pub(super) fn parse(text: &str) -> Result<Re, String> {
    let mut parser = Parser { rest: text, depth: 0 };
    let re = parser.alternation(Flags::default())?;
    match parser.rest.is_empty() {
        true => Ok(re),
        false => Err(format!("unexpected ): {text}")),
    }
}

/// What a flag group turns on.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    fold_case: bool,
    multi_line: bool,
    dot_newline: bool,
    ungreedy: bool,
}

struct Parser<'t> {
    rest: &'t str,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn eat(&mut self, prefix: &str) -> bool {
        let rest = self.rest.strip_prefix(prefix);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let found = chars.next();
        self.rest = chars.as_str();
        found
    }

    /// The text from `start` up to here.
    fn since(&self, start: &'t str) -> &'t str {
        start.get(..start.len() - self.rest.len()).unwrap_or(start)
    }

    fn alternation(&mut self, flags: Flags) -> Result<Re, String> {
        let mut flags = flags;
        let mut branches = Vec::new();
        let mut items = Vec::new();
        loop {
            if self.rest.is_empty() || self.rest.starts_with(')') {
                branches.push(items);
                return Ok(Re::alternate(branches));
            }
            if self.eat("|") {
                branches.push(std::mem::take(&mut items));
                continue;
            }
            self.item(&mut flags, &mut items)?;
        }
    }

    /// One item and the repetition behind it.
    fn item(&mut self, flags: &mut Flags, items: &mut Vec<Re>) -> Result<(), String> {
        let start = self.rest;
        // Behind an item it was read with the item, unless flags stood between.
        if let Some((operator, least, most, is_lazy)) = self.repetition(*flags)? {
            let re = items
                .pop()
                .ok_or_else(|| format!("no argument for repetition operator: {operator}"))?;
            items.push(Re::repeat(re, least, most, is_lazy));
            return Ok(());
        }
        let re = if self.rest.starts_with("(?") {
            match self.flags_or_group(flags)? {
                Some(re) => re,
                None => return Ok(()),
            }
        } else if self.rest.starts_with("\\Q") {
            self.rest = self.rest.get(2..).unwrap_or_default();
            let end = self.rest.find("\\E").unwrap_or(self.rest.len());
            let (quoted, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
            self.rest = rest.strip_prefix("\\E").unwrap_or(rest);
            items.extend(quoted.chars().map(|c| Re::literal(c, flags.fold_case)));
            match items.pop() {
                Some(last) => last,
                None => return Ok(()),
            }
        } else {
            self.atom(*flags)?
        };
        let atom_end = self.rest;
        let re = match self.repetition(*flags)? {
            None => re,
            Some((_, least, most, is_lazy)) => {
                let is_first = self.repetition(*flags)?.is_none();
                if !is_first {
                    return Err(format!("bad repetition operator: {}", self.since(atom_end)));
                }
                if re.repeats().saturating_mul(most.unwrap_or(least).max(1)) > MAX_REPEAT {
                    return Err(format!("bad repetition operator: {}", self.since(start)));
                }
                Re::repeat(re, least, most, is_lazy)
            }
        };
        items.push(re);
        Ok(())
    }

    /// A repetition operator, if one stands here: its text, the least and the most.
    #[allow(clippy::type_complexity, reason = "used in two places only")]
    fn repetition(
        &mut self,
        flags: Flags,
    ) -> Result<Option<(&'t str, u32, Option<u32>, bool)>, String> {
        let start = self.rest;
        let (least, most) = match self.rest.chars().next() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.counts() {
                Some(counts) => counts,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        if !start.starts_with('{') {
            self.next();
        }
        let too_many = |n: u32| n > MAX_REPEAT;
        if too_many(least) || most.is_some_and(|most| too_many(most) || most < least) {
            return Err(format!("invalid repetition size: {}", self.since(start)));
        }
        let is_lazy = self.eat("?") != flags.ungreedy;
        Ok(Some((self.since(start), least, most, is_lazy)))
    }

    /// `{n}`, `{n,}` or `{n,m}`; anything else that starts with a brace is text.
    fn counts(&mut self) -> Option<(u32, Option<u32>)> {
        let (inside, rest) = self.rest.strip_prefix('{')?.split_once('}')?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let leading_zero = text.len() > 1 && text.starts_with('0');
            (digits && !leading_zero).then(|| text.parse().unwrap_or(u32::MAX))
        };
        let counts = match inside.split_once(',') {
            None => number(inside).map(|n| (n, Some(n))),
            Some((least, "")) => number(least).map(|n| (n, None)),
            Some((least, most)) => number(least).zip(number(most)).map(|(a, b)| (a, Some(b))),
        }?;
        self.rest = rest;
        Some(counts)
    }

    /// `(?...`: flags for what follows, or a group that has flags or a name.
    fn flags_or_group(&mut self, flags: &mut Flags) -> Result<Option<Re>, String> {
        let start = self.rest;
        for named in ["(?P<", "(?<"] {
            let is_look = start.starts_with("(?<=") || start.starts_with("(?<!");
            if start.starts_with(named) && !is_look {
                self.eat(named);
                let name = self.rest.split_once('>').map(|(name, _)| name);
                let legal = |c: char| c.is_alphanumeric() || c == '_';
                let Some(name) = name.filter(|n| !n.is_empty() && n.chars().all(legal)) else {
                    return Err(format!("invalid named capture group: {start}"));
                };
                self.rest = self.rest.get(name.len() + 1..).unwrap_or_default();
                return self.group(*flags, true).map(Some);
            }
        }
        self.eat("(?");
        let mut own = *flags;
        let (mut negated, mut any) = (false, false);
        loop {
            let set = !negated;
            match self.next() {
                Some('i') => (own.fold_case, any) = (set, true),
                Some('m') => (own.multi_line, any) = (set, true),
                Some('s') => (own.dot_newline, any) = (set, true),
                Some('U') => (own.ungreedy, any) = (set, true),
                Some('-') if !negated => (negated, any) = (true, false),
                Some(':') if !negated || any => return self.group(own, false).map(Some),
                Some(')') if any => {
                    *flags = own;
                    return Ok(None);
                }
                Some(_) => return Err(format!("invalid perl operator: {}", self.since(start))),
                None => return Err(format!("missing ): {start}")),
            }
        }
    }

    /// What follows the start of a group, up to the bracket that closes it.
    fn group(&mut self, flags: Flags, captures: bool) -> Result<Re, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("nested too deep".to_owned());
        }
        let inside = self.alternation(flags)?;
        self.depth -= 1;
        if !self.eat(")") {
            return Err("missing )".to_owned());
        }
        Ok(if captures { Re::Capture(Box::new(inside)) } else { inside })
    }

    fn atom(&mut self, flags: Flags) -> Result<Re, String> {
        let start = self.rest;
        let re = match self.next() {
            Some('(') => return self.group(flags, true),
            Some('[') => return self.class(flags, start),
            Some('.') if flags.dot_newline => Re::class(Class::any()),
            Some('.') => Re::class(Class::any().without('\n')),
            Some('^') if flags.multi_line => Re::Assert(Assertion::LineStart),
            Some('^') => Re::Assert(Assertion::Start),
            Some('$') if flags.multi_line => Re::Assert(Assertion::LineEnd),
            Some('$') => Re::Assert(Assertion::End),
            Some('\\') => return self.escape(flags, start),
            Some(c) => Re::literal(c, flags.fold_case),
            None => Re::Empty,
        };
        Ok(re)
    }

    fn escape(&mut self, flags: Flags, start: &'t str) -> Result<Re, String> {
        let mut ahead = self.rest.chars();
        let assertion = match ahead.next() {
            None => return Err("trailing \\".to_owned()),
            Some('A') => Re::Assert(Assertion::Start),
            Some('z') => Re::Assert(Assertion::End),
            Some('b') => Re::Assert(Assertion::Word),
            Some('B') => Re::Assert(Assertion::NotWord),
            Some('C') => Re::AnyByte,
            Some(_) => {
                if let Some(class) = self.class_escape(flags)? {
                    return Ok(Re::class(class));
                }
                return self.character(start).map(|c| Re::literal(c, flags.fold_case));
            }
        };
        self.rest = ahead.as_str();
        Ok(assertion)
    }

    /// A class such as `\d` or `\pN`, if one stands behind the backslash.
    fn class_escape(&mut self, flags: Flags) -> Result<Option<Class>, String> {
        let Some(letter) = self.rest.chars().next() else { return Ok(None) };
        if matches!(letter, 'p' | 'P') {
            self.next();
            return self.unicode_class(letter == 'P', flags).map(Some);
        }
        let Some(class) = Class::perl(letter) else { return Ok(None) };
        self.next();
        Ok(Some(class))
    }

    fn unicode_class(&mut self, negated: bool, flags: Flags) -> Result<Class, String> {
        let start = self.rest;
        let name = match self.next() {
            Some('{') => {
                let Some((name, rest)) = self.rest.split_once('}') else {
                    return Err(format!("invalid character class range: \\p{start}"));
                };
                self.rest = rest;
                name
            }
            Some(_) => self.since(start),
            None => return Err("invalid character class range: \\p".to_owned()),
        };
        let (name, negated) = match name.strip_prefix('^') {
            Some(name) => (name, !negated),
            None => (name, negated),
        };
        let class = Class::unicode(name)
            .ok_or_else(|| format!("invalid character class range: \\p{{{name}}}"))?;
        let class = if flags.fold_case { class.folded() } else { class };
        Ok(if negated { class.negated() } else { class })
    }

    /// The character that an escape stands for, behind the backslash.
    fn character(&mut self, start: &'t str) -> Result<char, String> {
        let found = self.next();
        let octal = |c: char| c.is_digit(8);
        let code = match found {
            Some(c @ '1'..='7') if self.rest.starts_with(octal) => Some(self.octal(c, 2)),
            Some('0') => Some(self.octal('0', 2)),
            Some('x') => self.hexadecimal(),
            Some('a') => Some(7),
            Some('f') => Some(12),
            Some('n') => Some(10),
            Some('r') => Some(13),
            Some('t') => Some(9),
            Some('v') => Some(11),
            Some(c) if c.is_ascii_punctuation() => Some(u32::from(c)),
            _ => None,
        };
        code.and_then(char::from_u32)
            .ok_or_else(|| format!("invalid escape sequence: {}", self.since(start)))
    }

    fn octal(&mut self, first: char, more: usize) -> u32 {
        let mut code = first.to_digit(8).unwrap_or(0);
        for _ in 0..more {
            let Some(digit) = self.rest.chars().next().and_then(|c| c.to_digit(8)) else { break };
            self.next();
            code = code * 8 + digit;
        }
        code
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        let digits = match self.eat("{") {
            true => {
                let (digits, rest) = self.rest.split_once('}')?;
                self.rest = rest;
                digits
            }
            false => {
                let (digits, rest) = self.rest.split_at_checked(2)?;
                self.rest = rest;
                digits
            }
        };
        let legal = digits.bytes().all(|b| b.is_ascii_hexdigit());
        legal.then(|| u32::from_str_radix(digits, 16).ok())?
    }

    /// What follows `[`.
    fn class(&mut self, flags: Flags, start: &'t str) -> Result<Re, String> {
        let negated = self.eat("^");
        let mut ranges = Vec::new();
        let mut is_first = true;
        while is_first || !self.rest.starts_with(']') {
            if self.rest.is_empty() {
                return Err(format!("missing ]: {start}"));
            }
            is_first = false;
            self.class_item(flags, &mut ranges)?;
        }
        self.eat("]");
        let class = Class::new(ranges);
        let class = if flags.fold_case { class.folded() } else { class };
        Ok(Re::class(if negated { class.negated() } else { class }))
    }

    fn class_item(&mut self, flags: Flags, ranges: &mut Vec<(u32, u32)>) -> Result<(), String> {
        let start = self.rest;
        if let Some((name, rest)) =
            self.rest.strip_prefix("[:").and_then(|rest| rest.split_once(":]"))
        {
            let (name, negated) = match name.strip_prefix('^') {
                Some(name) => (name, true),
                None => (name, false),
            };
            let posix = Class::posix(name)
                .ok_or_else(|| format!("invalid character class range: [:{name}:]"))?;
            let posix = if negated { posix.negated() } else { posix };
            ranges.extend(posix.ranges());
            self.rest = rest;
            return Ok(());
        }
        if self.rest.starts_with('\\') {
            let before = self.rest;
            self.next();
            if let Some(found) = self.class_escape(flags)? {
                ranges.extend(found.ranges());
                return Ok(());
            }
            self.rest = before;
        }
        let low = self.class_character()?;
        let is_range = self.rest.starts_with('-')
            && self.rest.get(1..).is_some_and(|rest| !rest.is_empty() && !rest.starts_with(']'));
        let mut high = low;
        if is_range {
            self.next();
            high = self.class_character()?;
        }
        if high < low {
            return Err(format!("invalid character class range: {}", self.since(start)));
        }
        ranges.push((u32::from(low), u32::from(high)));
        Ok(())
    }

    fn class_character(&mut self) -> Result<char, String> {
        let start = self.rest;
        match self.next() {
            Some('\\') => self.character(start),
            Some(c) => Ok(c),
            None => Err("missing ]".to_owned()),
        }
    }
}
