//! All readings of a line at once.
//!
//! The program `literal, field, literal, ...` is run over sets of offsets. Forwards: from where a
//! field can start, where it can end so that the next literal follows, and so where the next field
//! can start. Backwards: of these, only those from which the line can be read to its end. What
//! remains are exactly the starts and ends that belong to a complete reading. A field with one
//! start and one end is certain; of the others, the values decide.
//!
//! The sets are bits, one for each byte of the line, so that the work grows with the length of the
//! line times the number of fields, however many readings there are.

use super::bits::Bits;
use super::class::{Class, RunMemo};
use super::plan::Plan;
use super::{Expected, Mismatch};
use crate::record::{Disputed, Span};

/// Working memory of the search, kept from line to line.
#[derive(Debug, Clone, Default)]
pub(super) struct Search {
    /// For each field, where it can start.
    starts: Vec<Bits>,
    /// For each field, where it can end.
    ends: Vec<Bits>,
    /// For each literal of the program, where it occurs; filled when it is asked for.
    literals: Vec<Bits>,
    /// Which of them are filled.
    found: Vec<bool>,
    /// Offsets on the way from one set to the next.
    scratch: Bits,
    /// Words and runs that were looked at; what a line costs.
    steps: u64,
}

/// How many texts of one field are compared before it counts as disputed.
const MOST_COMPARED: u64 = 1024;

impl Search {
    /// Reads a line: the spans of the fields on which all readings agree, and the others.
    pub(super) fn read(
        &mut self,
        plan: &Plan,
        line: &[u8],
        spans: &mut [Span],
        disputed: &mut Disputed,
    ) -> Result<(), Mismatch> {
        self.reset(plan, line);
        disputed.fields.clear();
        let mismatch = |offset, expected| {
            Err(Mismatch { offset: u32::try_from(offset).unwrap_or(u32::MAX), expected })
        };
        let head = plan.literals.first().map_or(&[][..], Vec::as_slice);
        if !line.starts_with(head) {
            let same = line.iter().zip(head).take_while(|(a, b)| a == b).count();
            return mismatch(same, Expected::Start);
        }
        if plan.classes.is_empty() {
            return if line.len() == head.len() {
                Ok(())
            } else {
                mismatch(head.len(), Expected::Start)
            };
        }
        if let Err((offset, field)) = self.forwards(plan, line) {
            return mismatch(offset, Expected::Field(u16::try_from(field).unwrap_or(u16::MAX)));
        }
        self.backwards(plan, line);
        self.settle(plan, line, spans, disputed);
        Ok(())
    }

    /// What the last line cost.
    #[cfg(test)]
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    fn reset(&mut self, plan: &Plan, line: &[u8]) {
        let fields = plan.classes.len();
        self.starts.resize_with(fields, Bits::default);
        self.ends.resize_with(fields, Bits::default);
        for bits in self.starts.iter_mut().chain(&mut self.ends) {
            bits.reset(line.len() + 1);
        }
        self.scratch.reset(line.len() + 1);
        self.literals.resize_with(plan.literals.len(), Bits::default);
        self.found.clear();
        self.found.resize(plan.literals.len(), false);
        self.steps = 0;
    }

    /// Finds what can be reached from the start of the line; the offset and the field at which it
    /// goes no further, when the line has no reading.
    fn forwards(&mut self, plan: &Plan, line: &[u8]) -> Result<(), (usize, usize)> {
        let head = plan.literals.first().map_or(0, Vec::len);
        if let Some(starts) = self.starts.first_mut() {
            starts.insert(head);
        }
        let last = plan.classes.len() - 1;
        for (index, class) in plan.classes.iter().enumerate() {
            let mut ends = std::mem::take(&mut self.ends[index]);
            self.steps += reach(class, line, &self.starts[index], &mut ends);
            let literal = plan.literals.get(index + 1).map_or(&[][..], Vec::as_slice);
            if index == last {
                keep_end(&mut ends, line, literal);
            } else if !literal.is_empty() {
                ends.retain(self.occurrences(plan, index + 1, line));
            }
            self.ends[index] = ends;
            let Some(first) = self.ends[index].next(0) else {
                return Err((self.starts[index].last().unwrap_or(0), index));
            };
            if let Some(next) = self.starts.get_mut(index + 1) {
                if self.ends[index].is_single() {
                    next.insert(first + literal.len());
                } else {
                    next.set_shifted_up(&self.ends[index], literal.len());
                }
                self.steps += next.cost();
            }
        }
        Ok(())
    }

    /// Keeps only what the end of the line can be reached from.
    fn backwards(&mut self, plan: &Plan, line: &[u8]) {
        let Self { starts, ends, scratch, steps, .. } = self;
        for (index, class) in plan.classes.iter().enumerate().rev() {
            *steps += starts[index].cost();
            // One start and one end: this end was reached from this start.
            if !(starts[index].is_single() && ends[index].is_single()) {
                *steps += keep_reaching(class, line, &mut starts[index], &ends[index], scratch);
                scratch.reset(line.len() + 1);
                *steps += reach(class, line, &starts[index], scratch) + scratch.cost();
                ends[index].retain(scratch);
            }
            if let Some(previous) = index.checked_sub(1) {
                let literal = plan.literals.get(index).map_or(0, Vec::len);
                *steps += scratch.cost();
                // Mostly there is but one way, and it is the one that the next field came by.
                if !(starts[index].is_single() && ends[previous].is_single()) {
                    scratch.set_shifted_down(&starts[index], literal);
                    ends[previous].retain(scratch);
                }
            }
        }
    }

    /// Writes down what is certain and what is not.
    fn settle(&mut self, plan: &Plan, line: &[u8], spans: &mut [Span], disputed: &mut Disputed) {
        let mut text: Option<(usize, usize)> = None;
        for (index, class) in plan.classes.iter().enumerate() {
            let (starts, ends) = (&self.starts[index], &self.ends[index]);
            let start = starts.next(0).unwrap_or_default();
            let end = ends.next(0).unwrap_or_default();
            let (last_start, last_end) = (starts.last(), ends.last());
            let certain = last_start == Some(start) && last_end == Some(end);
            let agreed = if certain {
                Some((start, end))
            } else {
                one_value(class, line, starts, ends, &mut self.steps)
            };
            if let Some(span) = spans.get_mut(index) {
                let (start, end) = agreed.unwrap_or_default();
                *span = Span::new(start, end);
            }
            if agreed.is_none() {
                disputed.fields.extend(u16::try_from(index));
                let end = last_end.unwrap_or(end);
                text = Some(text.map_or((start, end), |(a, b)| (a.min(start), b.max(end))));
            }
        }
        let (start, end) = text.unwrap_or_default();
        disputed.text = Span::new(start, end);
    }

    /// Where a literal occurs in the line, found once a line.
    fn occurrences(&mut self, plan: &Plan, index: usize, line: &[u8]) -> &Bits {
        let index = plan.same_literal.get(index).copied().unwrap_or(index);
        let bits = &mut self.literals[index];
        if !std::mem::replace(&mut self.found[index], true) {
            let literal = plan.literals.get(index).map_or(&[][..], Vec::as_slice);
            bits.reset(line.len() + 1);
            self.steps += bits.cost() + mark_occurrences(literal, line, bits);
        }
        bits
    }
}

/// Marks every offset at which `literal` stands, overlapping ones included.
fn mark_occurrences(literal: &[u8], line: &[u8], bits: &mut Bits) -> u64 {
    let Some((&first, others)) = literal.split_first() else {
        return 0;
    };
    let mut found = 0;
    for at in memchr::memchr_iter(first, line) {
        let rest = line.get(at + 1..at + 1 + others.len()).unwrap_or_default();
        if rest.len() == others.len() && rest.iter().zip(others).all(|(a, b)| a == b) {
            bits.insert(at);
        }
        found += 1;
    }
    found
}

/// Keeps of `ends` only the one that `literal` follows at the end of the line.
fn keep_end(ends: &mut Bits, line: &[u8], literal: &[u8]) {
    let end = line.len().checked_sub(literal.len()).filter(|_| line.ends_with(literal));
    let fits = end.filter(|&end| ends.next(end) == Some(end));
    ends.reset(line.len() + 1);
    if let Some(end) = fits {
        ends.insert(end);
    }
}

/// Adds to `ends` every offset at which a text of the class can end that starts in `starts`. Gives
/// the steps it took.
fn reach(class: &Class, line: &[u8], starts: &Bits, ends: &mut Bits) -> u64 {
    let mut memo = RunMemo::default();
    let mut steps = starts.cost();
    // Runs of one class overlap: what the last one marked is not marked again.
    let mut marked = (1, 0);
    for start in starts.iter() {
        class.ends(line, start, &mut memo, &mut |low, high| {
            steps += 1;
            if low == high {
                return ends.insert(low);
            }
            let overlaps = marked.0 <= low && low <= marked.1 + 1;
            let from = if overlaps { marked.1 + 1 } else { low };
            if from <= high {
                ends.insert_range(from, high);
                steps += ((high - from) / 64) as u64;
                marked = (if overlaps { marked.0 } else { low }, high);
            }
        });
        if class.is_free() {
            break;
        }
    }
    if class.ends_behind_commas() {
        let before = |end: usize| end.checked_sub(1).and_then(|at| line.get(at));
        steps += ends.remove_where(|end| before(end) == Some(&b','));
    }
    steps
}

/// Keeps of `starts` only those from which a text of the class can end in `ends`.
fn keep_reaching(
    class: &Class,
    line: &[u8],
    starts: &mut Bits,
    ends: &Bits,
    kept: &mut Bits,
) -> u64 {
    let mut memo = RunMemo::default();
    kept.reset(line.len() + 1);
    let mut steps = kept.cost();
    let mut next_end = NextEnd::default();
    for start in starts.iter() {
        let mut reaches = false;
        class.ends(line, start, &mut memo, &mut |low, high| {
            reaches |= next_end.from(low, ends, &mut steps).is_some_and(|end| end <= high);
        });
        if reaches {
            kept.insert(start);
        }
        steps += 1;
    }
    std::mem::swap(starts, kept);
    steps
}

/// The last answer to "which end comes next", so that a long way without ends is walked once.
#[derive(Debug, Default)]
struct NextEnd {
    from: usize,
    found: Option<usize>,
    valid: bool,
}

impl NextEnd {
    fn from(&mut self, from: usize, ends: &Bits, steps: &mut u64) -> Option<usize> {
        let known = self.valid && self.from <= from && self.found.is_none_or(|end| from <= end);
        if !known {
            let found = ends.next(from);
            *steps += 1 + (found.map_or(ends.cost(), |end| ((end - from) / 64) as u64));
            *self = Self { from, found, valid: true };
        }
        self.found
    }
}

/// The place of the field's value when all readings give it the same bytes.
fn one_value(
    class: &Class,
    line: &[u8],
    starts: &Bits,
    ends: &Bits,
    steps: &mut u64,
) -> Option<(usize, usize)> {
    let mut memo = RunMemo::default();
    let mut first: Option<(usize, usize)> = None;
    let (mut same, mut compared) = (true, 0);
    for start in starts.iter() {
        class.ends(line, start, &mut memo, &mut |low, high| {
            let mut from = low;
            while let Some(end) = ends.next(from).filter(|&end| same && end <= high) {
                let (known_start, known_end) = *first.get_or_insert((start, end));
                compared += 1;
                same = compared <= MOST_COMPARED
                    && line.get(start..end) == line.get(known_start..known_end);
                from = end + 1;
            }
        });
        if !same {
            break;
        }
    }
    *steps += compared;
    first.filter(|_| same)
}
