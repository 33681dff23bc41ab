//! Classes of characters as ranges of bytes: a choice of sequences, in a tree of common starts, with
//! their ends shared.

use std::collections::BTreeMap;

use super::{Compiler, Inst, Part};

/// A class while it is compiled.
pub(super) struct Ranges<'c> {
    compiler: &'c mut Compiler,
    root: usize,
    ends: Vec<(usize, bool)>,
    /// Suffixes that are shared, by their range and what follows.
    cache: BTreeMap<(u8, u8, usize), usize>,
}

impl<'c> Ranges<'c> {
    /// No ranges yet.
    pub(super) fn new(compiler: &'c mut Compiler) -> Self {
        Self { compiler, root: 0, ends: Vec::new(), cache: BTreeMap::new() }
    }

    /// What was compiled.
    pub(super) fn part(self) -> Part {
        Part { start: self.root, ends: self.ends, is_nullable: false }
    }

    /// Adds a range of characters.
    pub(super) fn add(&mut self, low: u32, high: u32, folds: bool) -> Option<()> {
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
