//! The size of the program that RE2 compiles a pattern to.
//!
//! RE2's compiler is followed step by step: counts are written out, a literal that the pattern must
//! start with is taken off, characters become ranges of bytes, and the program is flattened into
//! lists. What is counted is what RE2 itself reports.

mod flat;
mod ranges;

use super::class::Class;
use super::tree::{Assertion, Re};
use ranges::Ranges;

/// Programs are not compiled beyond this: they are too large by far.
const GIVE_UP: usize = 4_000;

/// An instruction: where it leads, 0 as long as that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inst {
    Fail,
    Alt(usize, usize),
    AltMatch(usize, usize),
    Bytes { low: u8, high: u8, folds: bool, out: usize },
    Other(usize),
    Nop(usize),
    Match,
}

/// A part of a program: where it starts, and the ends that are open.
#[derive(Debug, Clone)]
struct Part {
    start: usize,
    /// Instructions, and whether it is their second end.
    ends: Vec<(usize, bool)>,
    is_nullable: bool,
}

/// How many instructions RE2's program for a pattern has; `None` for very many.
pub(super) fn size(re: &Re) -> Option<usize> {
    if re.expanded() > GIVE_UP {
        return None;
    }
    let re = without_required_prefix(re).simplified();
    let (re, is_anchored) = without_anchors(&re);
    let mut compiler = Compiler { insts: vec![Inst::Fail] };
    let body = compiler.part(&re)?;
    let done = compiler.add(Inst::Match)?;
    let done = Part { start: done, ends: Vec::new(), is_nullable: false };
    let all = compiler.cat(body, done);
    let start = all.start;
    let unanchored = if is_anchored {
        start
    } else {
        let any = compiler.bytes(0, 0xff, false)?;
        let skip = compiler.star(any, true)?;
        compiler.cat(skip, all).start
    };
    compiler.optimize();
    Some(flat::size(&compiler.insts, unanchored, start))
}

/// RE2 looks for a literal behind `^` by itself, and compiles what follows.
fn without_required_prefix(re: &Re) -> Re {
    let Re::Concat(items) = re else { return re.clone() };
    let anchors = items.iter().take_while(|i| **i == Re::Assert(Assertion::Start)).count();
    let folded = |item: Option<&Re>| match item {
        Some(Re::Literal(_, folded)) => Some(*folded),
        _ => None,
    };
    let Some(kind) = folded(items.get(anchors)).filter(|_| anchors > 0) else { return re.clone() };
    let rest = items.iter().skip(anchors).skip_while(|item| folded(Some(item)) == Some(kind));
    Re::concat(rest.cloned().collect())
}

/// Takes the anchors off both ends; says whether there was one at each, so that nothing has to be
/// skipped.
fn without_anchors(re: &Re) -> (Re, bool) {
    let (re, at_start) = without_anchor(re, Assertion::Start, 0);
    let (re, at_end) = without_anchor(&re, Assertion::End, 0);
    (re, at_start && at_end)
}

fn without_anchor(re: &Re, anchor: Assertion, depth: usize) -> (Re, bool) {
    if depth >= 4 {
        return (re.clone(), false);
    }
    match re {
        Re::Assert(found) if *found == anchor => (Re::Empty, true),
        Re::Capture(inner) => {
            let (inner, found) = without_anchor(inner, anchor, depth + 1);
            (Re::Capture(Box::new(inner)), found)
        }
        Re::Concat(items) => {
            let at = if anchor == Assertion::Start { 0 } else { items.len() - 1 };
            let mut items = items.clone();
            let Some(item) = items.get_mut(at) else { return (re.clone(), false) };
            let (inner, found) = without_anchor(item, anchor, depth + 1);
            *item = inner;
            (if found { Re::Concat(items) } else { re.clone() }, found)
        }
        _ => (re.clone(), false),
    }
}

struct Compiler {
    insts: Vec<Inst>,
}

impl Compiler {
    fn add(&mut self, inst: Inst) -> Option<usize> {
        self.insts.push(inst);
        (self.insts.len() < GIVE_UP).then_some(self.insts.len() - 1)
    }

    fn patch(&mut self, ends: &[(usize, bool)], to: usize) {
        for &(at, second) in ends {
            match self.insts.get_mut(at) {
                Some(Inst::Alt(_, other)) if second => *other = to,
                Some(
                    Inst::Alt(out, _) | Inst::Bytes { out, .. } | Inst::Other(out) | Inst::Nop(out),
                ) => *out = to,
                _ => {}
            }
        }
    }

    fn cat(&mut self, a: Part, b: Part) -> Part {
        // A no-op is left out.
        let is_nop = self.insts.get(a.start) == Some(&Inst::Nop(0)) && a.ends == [(a.start, false)];
        self.patch(&a.ends, b.start);
        let start = if is_nop { b.start } else { a.start };
        Part { start, ends: b.ends, is_nullable: a.is_nullable && b.is_nullable }
    }

    fn one(&mut self, inst: Inst, is_nullable: bool) -> Option<Part> {
        let start = self.add(inst)?;
        Some(Part { start, ends: vec![(start, false)], is_nullable })
    }

    fn bytes(&mut self, low: u8, high: u8, folds: bool) -> Option<Part> {
        self.one(Inst::Bytes { low, high, folds, out: 0 }, false)
    }

    fn part(&mut self, re: &Re) -> Option<Part> {
        match re {
            Re::Empty => self.one(Inst::Nop(0), true),
            Re::Literal(c, folded) => self.literal(*c, *folded),
            Re::Class(class) => self.class(class),
            Re::AnyByte => self.bytes(0, 0xff, false),
            Re::Assert(_) => self.one(Inst::Other(0), true),
            Re::Concat(items) => {
                let mut parts = items.iter();
                let mut all = self.part(parts.next()?)?;
                for item in parts {
                    let next = self.part(item)?;
                    all = self.cat(all, next);
                }
                Some(all)
            }
            Re::Alternate(items) => {
                let mut parts = items.iter();
                let mut all = self.part(parts.next()?)?;
                for item in parts {
                    let next = self.part(item)?;
                    all = self.alt(all, next)?;
                }
                Some(all)
            }
            Re::Capture(inner) => {
                let inner = self.part(inner)?;
                let open = self.add(Inst::Other(inner.start))?;
                let close = self.add(Inst::Other(0))?;
                self.patch(&inner.ends, close);
                let ends = vec![(close, false)];
                Some(Part { start: open, ends, is_nullable: inner.is_nullable })
            }
            Re::Repeat(inner, least, most, is_lazy) => {
                let inner = self.part(inner)?;
                match (least, most) {
                    (0, None) => self.star(inner, *is_lazy),
                    (_, None) => self.plus(inner, *is_lazy),
                    _ => self.quest(inner, *is_lazy),
                }
            }
        }
    }

    fn alt(&mut self, a: Part, b: Part) -> Option<Part> {
        let start = self.add(Inst::Alt(a.start, b.start))?;
        let is_nullable = a.is_nullable || b.is_nullable;
        Some(Part { start, ends: [a.ends, b.ends].concat(), is_nullable })
    }

    /// `a+`: the part, and a choice to begin again.
    fn plus(&mut self, a: Part, is_lazy: bool) -> Option<Part> {
        let choice = self.add(Inst::Alt(0, 0))?;
        self.patch(&a.ends, choice);
        self.patch(&[(choice, is_lazy)], a.start);
        Some(Part { start: a.start, ends: vec![(choice, !is_lazy)], is_nullable: a.is_nullable })
    }

    fn star(&mut self, a: Part, is_lazy: bool) -> Option<Part> {
        if a.is_nullable {
            let again = self.plus(a, is_lazy)?;
            return self.quest(again, is_lazy);
        }
        let again = self.plus(a, is_lazy)?;
        let choice = again.ends.first().map(|end| end.0)?;
        Some(Part { start: choice, is_nullable: true, ..again })
    }

    fn quest(&mut self, a: Part, is_lazy: bool) -> Option<Part> {
        let choice = self.add(Inst::Alt(0, 0))?;
        self.patch(&[(choice, is_lazy)], a.start);
        let mut ends = vec![(choice, !is_lazy)];
        ends.extend(a.ends);
        Some(Part { start: choice, ends, is_nullable: true })
    }

    fn literal(&mut self, c: char, folded: bool) -> Option<Part> {
        if c.is_ascii() {
            let byte = u8::try_from(u32::from(c)).ok()?;
            return self.bytes(byte, byte, folded);
        }
        let mut buffer = [0; 4];
        let mut all: Option<Part> = None;
        for byte in c.encode_utf8(&mut buffer).bytes() {
            let next = self.bytes(byte, byte, false)?;
            all = Some(match all {
                Some(all) => self.cat(all, next),
                None => next,
            });
        }
        all
    }

    /// A class: a choice of ranges of bytes, in a tree of common starts, with ends shared.
    fn class(&mut self, class: &Class) -> Option<Part> {
        let folds = class.folds_ascii();
        let mut ranges = Ranges::new(self);
        for &(low, high) in class.ranges() {
            let (upper, lower) =
                ((u32::from('A'), u32::from('Z')), (u32::from('a'), u32::from('z')));
            if folds && upper.0 <= low && high <= upper.1 {
                continue;
            }
            let spans = low <= upper.0 && lower.1 <= high;
            let folds = folds && !spans && high >= upper.0 && low <= lower.1;
            ranges.add(low, high, folds)?;
        }
        Some(ranges.part())
    }

    /// Removes no-ops, and marks a loop over all bytes that ends in the match.
    fn optimize(&mut self) {
        let insts = self.insts.clone();
        let skip = |mut at: usize| {
            while let Some(Inst::Nop(out)) = insts.get(at) {
                at = *out;
            }
            at
        };
        for inst in &mut self.insts {
            match inst {
                Inst::Alt(a, b) | Inst::AltMatch(a, b) => (*a, *b) = (skip(*a), skip(*b)),
                Inst::Bytes { out, .. } | Inst::Other(out) | Inst::Nop(out) => *out = skip(*out),
                Inst::Fail | Inst::Match => {}
            }
        }
        let insts = self.insts.clone();
        let is_loop = |at: usize, back: usize| matches!(insts.get(at), Some(Inst::Bytes { low: 0, high: 0xff, out, .. }) if *out == back);
        for (at, inst) in self.insts.iter_mut().enumerate() {
            if let Inst::Alt(a, b) = *inst {
                let ends = |at: usize| insts.get(at) == Some(&Inst::Match);
                if is_loop(a, at) && ends(b) || is_loop(b, at) && ends(a) {
                    *inst = Inst::AltMatch(a, b);
                }
            }
        }
    }
}
