//! What is said beside the data, on standard error.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::Write;

use indicatif::ProgressBar;

use crate::cli::as_typed;
use crate::paint::{DIM, Paint};

/// Says things on standard error, dim on a terminal, past a progress bar if there is one.
///
/// A closed standard error is no reason to stop: what cannot be said is left unsaid.
#[derive(Debug)]
pub(crate) struct Notes {
    paint: Paint,
    bar: Option<ProgressBar>,
    /// What was said already, where nothing is to be said twice.
    said: Option<RefCell<HashSet<String>>>,
}

impl Notes {
    /// Notes on this process's standard error.
    pub(crate) fn new() -> Self {
        Self { paint: Paint::stderr(), bar: None, said: None }
    }

    /// Notes that say nothing twice, for what is worked out again and again.
    pub(crate) fn once() -> Self {
        Self { said: Some(RefCell::default()), ..Self::new() }
    }

    /// Says a line, or several, that inform.
    pub(crate) fn say(&self, text: &str) {
        let dimmed: Vec<String> = text.lines().map(|line| self.paint.text(DIM, line)).collect();
        self.print(&dimmed.join("\n"));
    }

    /// Says a line as it is.
    pub(crate) fn print(&self, text: &str) {
        let text = as_typed(text.to_owned());
        if let Some(said) = &self.said
            && !said.borrow_mut().insert(text.clone())
        {
            return;
        }
        let write = || {
            // See the type: there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "{text}");
        };
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Shows a progress bar below the notes.
    pub(crate) fn show(&mut self, bar: ProgressBar) {
        self.bar = Some(bar);
    }

    /// Takes the progress bar away.
    pub(crate) fn hide(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
