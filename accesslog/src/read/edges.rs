//! Lines with a few readings: every way to place each field, written down one by one.
//!
//! A quote in a user agent gives a line several readings, but mostly a handful. Then lists of places
//! are shorter than sets of bits over the whole line, and nothing has to be worked out twice: an
//! *edge* is a start and an end of one field, found on the way forwards; on the way back those are
//! dropped that lead nowhere. Where there are too many, or none, the [`search`](super::search) takes
//! over. Where this gives an answer, the search gives the same.

use super::class::{Class, RunMemo};
use super::marks::Marks;
use super::plan::{Anchor, Plan};
use crate::record::{Disputed, Span};

/// The most edges of a line.
const MOST: usize = 256;

/// A way to place one field: from where to where.
type Edge = (u32, u32);

/// Working memory, kept from line to line.
#[derive(Debug, Clone, Default)]
pub(super) struct Edges {
    /// Those of one field after the other, ascending.
    edges: Vec<Edge>,
    /// For each field, where its edges begin, and where those end that are kept.
    fields: Vec<(usize, usize)>,
    /// Where the field that is being placed can start, or of which its edges are to be kept.
    starts: Vec<u32>,
    places: Places,
}

/// Where each literal of the plan stands in the line; found when it is asked for.
#[derive(Debug, Clone, Default)]
struct Places {
    of: Vec<Vec<u32>>,
    found: Vec<bool>,
}

impl Edges {
    /// Reads a line whose marks are known. `None` says nothing.
    pub(super) fn read(
        &mut self,
        plan: &Plan,
        line: &[u8],
        marks: &Marks,
        spans: &mut [Span],
        disputed: &mut Disputed,
    ) -> Option<()> {
        self.places.reset(plan.anchors.len());
        self.forwards(plan, line, marks)?;
        self.backwards(plan);
        self.settle(line, spans, disputed);
        Some(())
    }

    /// Finds the edges that can be reached from the start of the line.
    fn forwards(&mut self, plan: &Plan, line: &[u8], marks: &Marks) -> Option<()> {
        let Self { edges, fields, starts, places } = self;
        edges.clear();
        fields.clear();
        starts.clear();
        let (head, behind) = plan.anchors.split_first()?;
        if behind.is_empty() || !head.literal.is_at(line, 0) {
            return None;
        }
        // The marks that were not passed on a single way.
        let mut rest = marks.offsets();
        starts.push(head.literal.len() as u32);
        for (index, (class, anchor)) in plan.classes.iter().zip(behind).enumerate() {
            let (first, literal) = (edges.len(), &anchor.literal);
            let is_last = index + 1 == behind.len();
            if let ([start], false) = (starts.as_mut_slice(), is_last)
                && let Some(end) =
                    word_end(plan, anchor, line, marks, from(&mut rest, *start), *start)
            {
                edges.push((*start, end));
                fields.push((first, edges.len()));
                *start = end + literal.len() as u32;
                continue;
            }
            let last = [line.len().checked_sub(literal.len())? as u32];
            let ends = if !is_last {
                places.of(plan, index + 1, line, from(&mut rest, *starts.first()?))?
            } else if literal.is_at(line, last[0] as usize) {
                &last
            } else {
                return None;
            };
            // An end behind which the next field cannot start would be dropped on the way back.
            let next = plan.classes.get(index + 1);
            let leads_on = |end: u32| {
                let byte = line.get(end as usize + literal.len());
                next.zip(byte).is_none_or(|(class, byte)| class.can_start(*byte))
            };
            push_edges(class, line, starts, ends, leads_on, edges)?;
            let own = edges.get(first..).filter(|own| !own.is_empty())?;
            starts.clear();
            starts.extend(own.iter().map(|(_, end)| end + literal.len() as u32));
            starts.sort_unstable();
            starts.dedup();
            fields.push((first, edges.len()));
        }
        Some(())
    }

    /// Keeps only the edges from which the end of the line can be reached.
    fn backwards(&mut self, plan: &Plan) {
        let Self { edges, fields, starts, .. } = self;
        // The starts are now what lies behind the last literal: the end of the line.
        let literals = plan.anchors.iter().skip(1).map(|anchor| anchor.literal.len() as u32);
        for ((first, behind), length) in fields.iter_mut().zip(literals).rev() {
            let own = edges.get_mut(*first..*behind).unwrap_or_default();
            if let [(start, _)] = own {
                // There is a reading, and it has this edge.
                starts.clear();
                starts.push(*start);
                continue;
            }
            let mut kept = 0;
            for at in 0..own.len() {
                let edge = own[at];
                if starts.iter().any(|&start| start == edge.1 + length) {
                    own[kept] = edge;
                    kept += 1;
                }
            }
            *behind = *first + kept;
            starts.clear();
            starts.extend(own.iter().take(kept).map(|(start, _)| *start));
            starts.dedup();
        }
    }

    /// Writes down what is certain and what is not.
    fn settle(&self, line: &[u8], spans: &mut [Span], disputed: &mut Disputed) {
        disputed.fields.clear();
        let mut text: Option<(u32, u32)> = None;
        for (index, ((first, behind), span)) in self.fields.iter().zip(spans).enumerate() {
            let own = self.edges.get(*first..*behind).unwrap_or_default();
            let of = |(start, end): &Edge| Span { start: *start, end: *end };
            let Some((one, others)) = own.split_first() else { continue };
            *span = of(one);
            if others.is_empty() {
                continue;
            }
            let value = of(one).of(line);
            if others.iter().any(|other| of(other).of(line) != value) {
                *span = Span::default();
                disputed.fields.extend(u16::try_from(index));
                let end = own.iter().map(|(_, end)| *end).max().unwrap_or_default();
                text = Some(text.map_or((one.0, end), |(a, b)| (a.min(one.0), b.max(end))));
            }
        }
        let (start, end) = text.unwrap_or_default();
        disputed.text = Span { start, end };
    }
}

/// Where the value at `start` ends that holds no mark, if it is surely one of its field and the literal
/// stands behind it: then there is no other end.
fn word_end(
    plan: &Plan,
    anchor: &Anchor,
    line: &[u8],
    marks: &Marks,
    next: &[u32],
    start: u32,
) -> Option<u32> {
    let check = anchor.word.as_ref()?;
    let end = next.first()?.checked_sub(anchor.mark?).filter(|end| start <= *end)?;
    let is_word = check.is_word() && plan.tells_words(marks);
    let certain = is_word || check.is_certain(&plan.classes, line, Span { start, end });
    (certain && anchor.literal.is_at(line, end as usize)).then_some(end)
}

/// The offsets that are not before `start`; the others are passed for good. A few steps ahead are
/// quicker than a search by halves.
fn from<'o>(rest: &mut &'o [u32], start: u32) -> &'o [u32] {
    while let Some((first, later)) = rest.split_first()
        && *first < start
    {
        *rest = later;
    }
    rest
}

/// Adds the edges from `starts` to `ends` that hold a value of the class; `None` when they are too
/// many.
fn push_edges(
    class: &Class,
    line: &[u8],
    starts: &[u32],
    ends: &[u32],
    leads_on: impl Fn(u32) -> bool,
    edges: &mut Vec<Edge>,
) -> Option<()> {
    let mut memo = RunMemo::default();
    let is_end = |end: u32| !class.ends_behind_commas() || !behind_comma(line, end);
    let mut rest = ends;
    for &start in starts {
        let first_own = edges.len();
        let ends = from(&mut rest, start);
        let next = line.get(start as usize);
        if next.is_some_and(|byte| !class.can_start(*byte)) {
            continue;
        }
        if class.is_free() {
            for &end in ends.iter().filter(|end| leads_on(**end)) {
                edges.push((start, end));
                if edges.len() >= MOST {
                    return None;
                }
            }
            continue;
        }
        class.ends(line, start as usize, &mut memo, &mut |low, high| {
            let found = ends.iter().skip_while(|end| (**end as usize) < low);
            let found = found.take_while(|end| **end as usize <= high);
            let room = MOST.saturating_sub(edges.len());
            edges.extend(found.filter(|end| is_end(**end)).take(room).map(|end| (start, *end)));
        });
        if edges.len() >= MOST {
            return None;
        }
        // Ranges can overlap: what is printed for absent can be a value, too.
        if !edges.get(first_own..).unwrap_or_default().is_sorted_by(|a, b| a < b) {
            let mut own = edges.split_off(first_own);
            own.sort_unstable();
            own.dedup();
            edges.append(&mut own);
        }
    }
    Some(())
}

fn behind_comma(line: &[u8], end: u32) -> bool {
    (end as usize).checked_sub(1).and_then(|at| line.get(at)) == Some(&b',')
}

impl Places {
    fn reset(&mut self, literals: usize) {
        self.of.resize_with(literals, Vec::new);
        self.found.clear();
        self.found.resize(literals, false);
    }

    /// Where the literal of this number stands from the first of `marks` on, or anywhere; `None` when it
    /// is empty and stands everywhere. What is found is kept for later fields, which start later.
    fn of(&mut self, plan: &Plan, index: usize, line: &[u8], marks: &[u32]) -> Option<&[u32]> {
        let index = plan.same_literal.get(index).copied()?;
        let Anchor { literal, mark, first, .. } = plan.anchors.get(index)?;
        let places = self.of.get_mut(index)?;
        if !std::mem::replace(self.found.get_mut(index)?, true) {
            places.clear();
            places.reserve(marks.len().min(MOST));
            let stands = |at: &u32| literal.is_at(line, *at as usize);
            match mark {
                Some(mark) => {
                    // Most marks are of the other kind.
                    let own = literal.byte(*mark as usize);
                    let marks = marks.iter().filter(|at| line.get(**at as usize) == own);
                    let starts = marks.filter_map(|at| at.checked_sub(*mark));
                    places.extend(starts.filter(stands));
                }
                None => {
                    let starts = memchr::memchr_iter((*first)?, line).map(|at| at as u32);
                    places.extend(starts.filter(stands));
                }
            }
        }
        Some(places)
    }
}
