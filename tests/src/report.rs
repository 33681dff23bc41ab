//! The table of results, printed at the end of a suite.

use std::collections::BTreeMap;
use std::fmt;

use crate::judge::{Judgement, Verdict};

/// Results by format, and everything that went wrong.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<(String, BTreeMap<Verdict, usize>)>,
    complaints: Vec<String>,
}

impl Report {
    /// Starts the row of a format.
    pub fn begin(&mut self, format: &str) {
        self.rows.push((format.to_owned(), BTreeMap::new()));
    }

    /// Counts one line of the current format; `context` tells which, should it be wrong.
    pub fn add(&mut self, judgement: Judgement, context: impl Fn() -> String) {
        let (_, row) = self.rows.last_mut().expect("a row was begun");
        *row.entry(judgement.verdict).or_default() += 1;
        for complaint in judgement.complaints {
            self.complain(format!("{}: {complaint}", context()));
        }
    }

    /// Notes something else that is wrong with the current format.
    pub fn complain(&mut self, complaint: String) {
        let (format, _) = self.rows.last().expect("a row was begun");
        self.complaints.push(format!("[{format}] {complaint}"));
    }

    /// What went wrong.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = [Verdict::Unique, Verdict::Ambiguous, Verdict::Unparsed, Verdict::Wrong];
        let width = self.rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        writeln!(f, "{:width$}  lines  unique  ambiguous  unparsed  wrong", "format")?;
        let mut write = |name: &str, row: &BTreeMap<Verdict, usize>| {
            let total: usize = row.values().sum();
            let [unique, ambiguous, unparsed, wrong] =
                columns.map(|verdict| row.get(&verdict).copied().unwrap_or(0));
            write!(f, "{name:width$} {total:6} {unique:7} {ambiguous:10}")?;
            writeln!(f, " {unparsed:9} {wrong:6}")
        };
        let mut sum = BTreeMap::new();
        for (name, row) in &self.rows {
            row.iter().for_each(|(verdict, count)| *sum.entry(*verdict).or_default() += count);
            write(name, row)?;
        }
        write("all", &sum)
    }
}
