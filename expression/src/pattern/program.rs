//! The size of the program that RE2 compiles a pattern to.
//!
//! RE2's compiler is followed step by step: counts are written out, a literal that the pattern must
//! start with is taken off, characters become ranges of bytes, and the program is flattened into
//! lists. What is counted is what RE2 itself reports.

use std::collections::{BTreeMap, BTreeSet};

use super::class::Class;
use super::tree::{Assertion, Re};

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
    Some(flat_size(&compiler.insts, unanchored, start))
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
        let mut ranges =
            Ranges { compiler: self, root: 0, ends: Vec::new(), cache: BTreeMap::new() };
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
        let (start, ends) = (ranges.root, ranges.ends);
        Some(Part { start, ends, is_nullable: false })
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

/// A class while it is compiled.
struct Ranges<'c> {
    compiler: &'c mut Compiler,
    root: usize,
    ends: Vec<(usize, bool)>,
    /// Suffixes that are shared, by their range and what follows.
    cache: BTreeMap<(u8, u8, usize), usize>,
}

impl Ranges<'_> {
    fn add(&mut self, low: u32, high: u32, folds: bool) -> Option<()> {
        if low > high {
            return Some(());
        }
        if (low, high) == (0x80, 0x10_ffff) {
            return self.add_all_beyond_ascii();
        }
        for last in [0x7f, 0x7ff, 0xffff] {
            if low <= last && last < high {
                self.add(low, last, folds)?;
                return self.add(last + 1, high, folds);
            }
        }
        if high < 0x80 {
            let (low, high) = (u8::try_from(low).ok()?, u8::try_from(high).ok()?);
            let id = self.suffix(low, high, folds, 0)?;
            return self.insert(id);
        }
        for bits in [6, 12, 18] {
            let mask = (1_u32 << bits) - 1;
            if low & !mask != high & !mask {
                if low & mask != 0 {
                    self.add(low, low | mask, folds)?;
                    return self.add((low | mask) + 1, high, folds);
                }
                if high & mask != mask {
                    self.add(low, (high & !mask) - 1, folds)?;
                    return self.add(high & !mask, high, folds);
                }
            }
        }
        let (low, high) = (encode(low), encode(high));
        let mut id = 0;
        for (low, high) in low.into_iter().zip(high).rev() {
            id = self.suffix(low, high, false, id)?;
        }
        self.insert(id)
    }

    /// Everything beyond ASCII, with overlong forms for the sake of a small program.
    fn add_all_beyond_ascii(&mut self) -> Option<()> {
        let mut next = 0;
        for (low, high) in [(0xc2, 0xdf), (0xe0, 0xef), (0xf0, 0xf4)] {
            next = self.uncached(0x80, 0xbf, false, next)?;
            let id = self.uncached(low, high, false, next)?;
            self.insert(id)?;
        }
        Some(())
    }

    fn uncached(&mut self, low: u8, high: u8, folds: bool, next: usize) -> Option<usize> {
        let id = self.compiler.add(Inst::Bytes { low, high, folds, out: next })?;
        if next == 0 {
            self.ends.push((id, false));
        }
        Some(id)
    }

    fn suffix(&mut self, low: u8, high: u8, folds: bool, next: usize) -> Option<usize> {
        if !(0x80..=0xbf).contains(&low) || high > 0xbf {
            return self.uncached(low, high, folds, next);
        }
        if let Some(&id) = self.cache.get(&(low, high, next)) {
            return Some(id);
        }
        let id = self.uncached(low, high, folds, next)?;
        self.cache.insert((low, high, next), id);
        Some(id)
    }

    fn insert(&mut self, id: usize) -> Option<()> {
        self.root = match self.root {
            0 => id,
            root => self.insert_below(root, id)?,
        };
        Some(())
    }

    /// Puts a sequence of bytes into the tree below `root`, sharing its start.
    fn insert_below(&mut self, root: usize, id: usize) -> Option<usize> {
        let Some((parent, mut own)) = self.find(root, id) else {
            return self.compiler.add(Inst::Alt(root, id));
        };
        let mut root = root;
        if self.cache.values().any(|&cached| cached == own) {
            let copy = *self.compiler.insts.get(own)?;
            own = self.compiler.add(copy)?;
            match parent {
                None => root = own,
                Some((at, second)) => self.compiler.patch(&[(at, second)], own),
            }
        }
        let out = |inst: Option<&Inst>| match inst {
            Some(Inst::Bytes { out, .. }) => *out,
            _ => 0,
        };
        let below = out(self.compiler.insts.get(own));
        let rest = out(self.compiler.insts.get(id));
        if below != rest {
            let below = self.insert_below(below, rest)?;
            self.compiler.patch(&[(own, false)], below);
        }
        Some(root)
    }

    /// The instruction in the choice at `root` that takes the same bytes as `id`, with what points
    /// to it.
    #[allow(clippy::type_complexity, reason = "a pair of an end and an instruction")]
    fn find(&self, root: usize, id: usize) -> Option<(Option<(usize, bool)>, usize)> {
        let insts = &self.compiler.insts;
        let same = |at: usize| match (insts.get(at), insts.get(id)) {
            (
                Some(Inst::Bytes { low: a, high: b, folds: c, .. }),
                Some(Inst::Bytes { low, high, folds, .. }),
            ) => (a, b, c) == (low, high, folds),
            _ => false,
        };
        let mut at = root;
        let mut parent = None;
        loop {
            match insts.get(at)? {
                Inst::Bytes { .. } => return same(at).then_some((parent, at)),
                Inst::Alt(first, second) => {
                    if same(*second) {
                        return Some((Some((at, true)), *second));
                    }
                    parent = Some((at, false));
                    at = *first;
                }
                _ => return None,
            }
        }
    }
}

fn encode(code: u32) -> Vec<u8> {
    // Surrogates are no characters, but RE2 encodes them all the same.
    let byte = |shift: u32, mask: u32, mark: u32| {
        u8::try_from(code >> shift & mask | mark).unwrap_or(u8::MAX)
    };
    match code {
        0..=0x7f => vec![byte(0, 0x7f, 0)],
        0x80..=0x7ff => vec![byte(6, 0x1f, 0xc0), byte(0, 0x3f, 0x80)],
        0x800..=0xffff => vec![byte(12, 0xf, 0xe0), byte(6, 0x3f, 0x80), byte(0, 0x3f, 0x80)],
        _ => {
            vec![byte(18, 7, 0xf0), byte(12, 0x3f, 0x80), byte(6, 0x3f, 0x80), byte(0, 0x3f, 0x80)]
        }
    }
}

/// The size of the program once it is flattened: each instruction that others lead to is the head
/// of a list of all that can be reached from it without taking a byte.
fn flat_size(insts: &[Inst], unanchored: usize, start: usize) -> usize {
    let (mut roots, parents, reachable) = successors(insts, unanchored, start);
    let heads: Vec<usize> = roots.iter().copied().collect();
    for head in heads.into_iter().rev() {
        if head != unanchored && head != start && reachable.contains(&head) {
            mark_dominators(insts, head, &mut roots, &parents);
        }
    }
    roots.iter().map(|&root| list_length(insts, root, &roots)).sum()
}

type Parents = BTreeMap<usize, Vec<usize>>;

fn successors(
    insts: &[Inst],
    unanchored: usize,
    start: usize,
) -> (BTreeSet<usize>, Parents, BTreeSet<usize>) {
    let mut roots = BTreeSet::from([0, unanchored, start]);
    let mut parents = Parents::new();
    let mut reachable = BTreeSet::new();
    let mut stack = vec![unanchored];
    while let Some(at) = stack.pop() {
        if !reachable.insert(at) {
            continue;
        }
        match insts.get(at) {
            Some(Inst::Alt(a, b) | Inst::AltMatch(a, b)) => {
                for out in [*a, *b] {
                    parents.entry(out).or_default().push(at);
                    stack.push(out);
                }
            }
            Some(Inst::Bytes { out, .. } | Inst::Other(out)) => {
                roots.insert(*out);
                stack.push(*out);
            }
            Some(Inst::Nop(out)) => stack.push(*out),
            _ => {}
        }
    }
    (roots, parents, reachable)
}

/// What the list of `head` reaches, and others too, becomes a head of its own.
fn mark_dominators(insts: &[Inst], head: usize, roots: &mut BTreeSet<usize>, parents: &Parents) {
    let mut reached = BTreeSet::new();
    let mut stack = vec![head];
    while let Some(at) = stack.pop() {
        if !reached.insert(at) || at != head && roots.contains(&at) {
            continue;
        }
        match insts.get(at) {
            Some(Inst::Alt(a, b) | Inst::AltMatch(a, b)) => stack.extend([*a, *b]),
            Some(Inst::Nop(out)) => stack.push(*out),
            _ => {}
        }
    }
    for at in &reached {
        let outside = |parent: &usize| !reached.contains(parent);
        if parents.get(at).is_some_and(|parents| parents.iter().any(outside)) {
            roots.insert(*at);
        }
    }
}

fn list_length(insts: &[Inst], root: usize, roots: &BTreeSet<usize>) -> usize {
    let mut seen = BTreeSet::new();
    let mut stack = vec![root];
    let mut length = 0;
    while let Some(at) = stack.pop() {
        if !seen.insert(at) {
            continue;
        }
        if at != root && roots.contains(&at) {
            // One instruction that leads on to another list.
            length += 1;
            continue;
        }
        match insts.get(at) {
            Some(Inst::AltMatch(a, b)) => {
                length += 1;
                stack.extend([*b, *a]);
            }
            Some(Inst::Alt(a, b)) => stack.extend([*b, *a]),
            Some(Inst::Nop(out)) => stack.push(*out),
            _ => length += 1,
        }
    }
    length
}
