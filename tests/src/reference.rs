//! Every reading of a line, found slowly.
//!
//! The oracle for the crate's reader, and independent of it: a plain search over all ways to cut a
//! line into the literals and fields of its format, where each field is one regular expression
//! ([`shape`], [`time`]). It knows no plausibility and no preference, and takes time and memory that
//! grow with the square of the line.

mod shape;
mod time;

use std::collections::BTreeSet;
use std::ops::Range;

use accesslog::{Absent, Field, Format, Segment};
use regex::bytes::Regex;

/// A format, ready to enumerate readings.
#[derive(Debug)]
pub struct Reference {
    steps: Vec<Step>,
    fields: usize,
}

/// All readings of one line.
#[derive(Debug)]
pub struct Readings {
    line: Vec<u8>,
    /// For each field, every span that it has in some reading.
    spans: Vec<BTreeSet<(usize, usize)>>,
    /// For each step, the spans that lead from the line's start to its end.
    edges: Vec<Edges>,
}

/// The spans that a step of the format can cover.
type Edges = BTreeSet<(usize, usize)>;

#[derive(Debug)]
enum Step {
    Literal(Vec<u8>),
    Field(Pattern),
}

/// What one field can print.
#[derive(Debug)]
struct Pattern {
    shape: Regex,
    max_length: usize,
    absent: Vec<&'static [u8]>,
}

impl Reference {
    /// Prepares a compiled format.
    pub fn new(format: &Format) -> Self {
        let step = |segment: &Segment| match segment {
            Segment::Literal(bytes) => Step::Literal(bytes.clone()),
            Segment::Field(index) => {
                Step::Field(Pattern::new(&format.fields()[*index], format.omits_empty_values()))
            }
        };
        Self { steps: format.segments().iter().map(step).collect(), fields: format.fields().len() }
    }

    /// Finds every reading of `line`.
    pub fn read(&self, line: &[u8]) -> Readings {
        let mut edges = self.forward(line);
        backward(&mut edges, line.len());
        let fields = self.steps.iter().zip(&edges);
        let spans: Vec<Edges> = fields
            .filter(|(step, _)| matches!(step, Step::Field(_)))
            .map(|(_, edges)| edges.clone())
            .collect();
        assert_eq!(spans.len(), self.fields, "one step for each field");
        Readings { line: line.to_vec(), spans, edges }
    }

    /// For each step, the spans that can be reached from the start of the line.
    fn forward(&self, line: &[u8]) -> Vec<Edges> {
        let mut starts = BTreeSet::from([0]);
        let mut edges = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            // Only an optimisation: a field ends where the next literal, if any, can start.
            let next = match self.steps.get(index + 1) {
                Some(Step::Literal(bytes)) => bytes.as_slice(),
                _ => &[],
            };
            let found: Edges = starts
                .iter()
                .flat_map(|&start| step.ends(line, start, next).map(move |end| (start, end)))
                .collect();
            starts = found.iter().map(|(_, end)| *end).collect();
            edges.push(found);
        }
        edges
    }
}

/// Drops the spans from which the end of the line cannot be reached.
fn backward(edges: &mut [Edges], length: usize) {
    let mut ends = BTreeSet::from([length]);
    for step in edges.iter_mut().rev() {
        step.retain(|(_, end)| ends.contains(end));
        ends = step.iter().map(|(start, _)| *start).collect();
    }
}

impl Step {
    /// Where the step can end when it starts at `start`.
    fn ends<'a>(
        &'a self,
        line: &'a [u8],
        start: usize,
        next: &'a [u8],
    ) -> Box<dyn Iterator<Item = usize> + 'a> {
        match self {
            Self::Literal(bytes) => {
                let here = line.get(start..).is_some_and(|rest| rest.starts_with(bytes));
                Box::new(here.then_some(start + bytes.len()).into_iter())
            }
            Self::Field(pattern) => Box::new((start..=line.len()).filter(move |&end| {
                line.get(end..).is_some_and(|rest| rest.starts_with(next))
                    && line.get(start..end).is_some_and(|text| pattern.admits(text))
            })),
        }
    }
}

impl Pattern {
    fn new(field: &Field, omits: bool) -> Self {
        let dash: &[u8] = if omits { b"" } else { b"-" };
        Self {
            shape: shape::regex(field),
            max_length: field.max_length().unwrap_or(usize::MAX),
            absent: match field.absent() {
                Absent::Never => Vec::new(),
                Absent::Dash => vec![dash],
                Absent::LiteralDash => vec![b"-"],
                Absent::EmptyString => vec![b""],
                Absent::EmptyOrDash | Absent::EmptyStringOrDash => vec![dash, b""],
            },
        }
    }

    fn admits(&self, text: &[u8]) -> bool {
        self.absent.contains(&text) || (text.len() <= self.max_length && self.shape.is_match(text))
    }
}

impl Readings {
    /// Whether the line cannot be read at all.
    pub fn is_empty(&self) -> bool {
        self.spans.iter().any(BTreeSet::is_empty)
    }

    /// The fields on which readings differ by value, in the order of the format.
    pub fn disputed(&self) -> Vec<usize> {
        (0..self.spans.len()).filter(|&field| self.values(field).len() > 1).collect()
    }

    /// The bytes of the disputed fields, from the first to the last.
    pub fn disputed_text(&self) -> &[u8] {
        let spans = || self.disputed().into_iter().filter_map(|f| self.spans.get(f)).flatten();
        let start = spans().map(|(start, _)| *start).min().unwrap_or(0);
        let end = spans().map(|(_, end)| *end).max().unwrap_or(0);
        self.text(start..end)
    }

    /// The one text that a field has in all readings; `None` when they differ or there is none.
    pub fn agreed(&self, field: usize) -> Option<&[u8]> {
        let values = self.values(field);
        if values.len() == 1 { values.first().copied() } else { None }
    }

    /// Up to `limit` readings, each as the texts of all fields; for messages.
    pub fn some(&self, limit: usize) -> Vec<Vec<String>> {
        let mut out = Vec::new();
        self.follow(0, 0, &mut Vec::new(), limit, &mut out);
        out
    }

    /// The distinct texts that a field has in the readings.
    fn values(&self, field: usize) -> BTreeSet<&[u8]> {
        let spans = self.spans.get(field).into_iter().flatten();
        spans.map(|(start, end)| self.text(*start..*end)).collect()
    }

    fn text(&self, range: Range<usize>) -> &[u8] {
        self.line.get(range).unwrap_or_default()
    }

    fn follow(
        &self,
        step: usize,
        at: usize,
        path: &mut Vec<String>,
        limit: usize,
        out: &mut Vec<Vec<String>>,
    ) {
        let Some(edges) = self.edges.get(step) else {
            out.push(path.clone());
            return;
        };
        for (start, end) in edges.iter().filter(|(start, _)| *start == at) {
            if out.len() < limit {
                path.push(self.text(*start..*end).escape_ascii().to_string());
                self.follow(step + 1, *end, path, limit, out);
                path.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests;
