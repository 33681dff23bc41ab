//! Many messages at once, where it is settled how they are read.

use std::io::Write;
use std::sync::Arc;

use super::Messages;
use crate::output::{FULL, Stop};
use crate::pipeline::stretch::{self, Known, Run, STREAMS, Settled, Tools};
use crate::pipeline::workers::{Kit, Part};
use crate::select::Selection;
use crate::unwrap::Wrapper;

impl<W: Write> Messages<W> {
    /// Whether messages can be taken many at once, as far as the settings tell.
    pub(in crate::pipeline) fn takes_many(&self) -> bool {
        self.enricher.is_none()
            && self.lines_per_record == 1
            && self.selection.as_ref().is_none_or(|selection| selection.filters().is_some())
    }

    /// What is known of the streams in [`STREAMS`].
    pub(in crate::pipeline) fn streams(&mut self) -> [Option<Known>; 3] {
        STREAMS.map(|stream| {
            let stream = self.streams.known(&Wrapper { stream, ..Wrapper::default() })?;
            let fixed = self.formats.fixed();
            let told = stream.format.filter(|_| stream.edition == self.formats.edition());
            let format = fixed.or(told)?;
            let is_bound = |selection: &Selection| {
                selection
                    .filters()
                    .is_some_and(|filters| matches!(filters.get(format), Some(Some(_))))
            };
            let gains = fixed.is_none()
                && stream.given.is_empty()
                && self.formats.ends_in_route_name(format);
            let known = Known { format, gains };
            self.selection.as_ref().is_none_or(is_bound).then_some(known)
        })
    }

    /// Takes lines from the front of `block`, as many as are like those before and as fill the output.
    pub(in crate::pipeline) fn run(
        &mut self,
        settled: &Settled,
        block: &[u8],
    ) -> Result<Run, Stop> {
        let Self { formats, selection, sink, output, .. } = self;
        let filters = selection.as_ref().and_then(Selection::filters);
        let mut tools = Tools { readers: formats.readers(), filters, sink };
        let mut run = Run::default();
        let written =
            output.append(|out| run = stretch::run(settled, &mut tools, block, out, FULL));
        self.count(&run);
        written.map(|()| run)
    }

    /// What workers need to take lines under what is settled; nothing where they cannot.
    pub(in crate::pipeline) fn kit(&mut self, settled: &Settled) -> Option<Arc<Kit>> {
        if let Some(kit) = self.kit.as_ref().filter(|kit| kit.covers(settled)) {
            return Some(Arc::clone(kit));
        }
        if !self.output.is_unguarded() {
            return None;
        }
        let sink = self.sink.copy()?;
        let formats =
            self.formats.readers().iter().map(|reader| Arc::clone(reader.format())).collect();
        let filters = self.selection.as_ref().and_then(Selection::filters).map(<[_]>::to_vec);
        Some(Arc::clone(self.kit.insert(Arc::new(Kit { formats, filters, sink }))))
    }

    /// Takes what a worker made of lines.
    pub(in crate::pipeline) fn add(&mut self, part: &Part, printed: &[u8]) -> Result<(), Stop> {
        self.count(&part.run);
        self.sink.add_seen(&part.seen);
        self.output.pass(printed)
    }

    /// What would be said at the end about fields that no record had.
    #[cfg(test)]
    pub(in crate::pipeline) fn remarks(&self) -> Vec<String> {
        self.sink.remarks()
    }

    /// Counts what a run took.
    fn count(&mut self, run: &Run) {
        self.line_number += run.lines;
        self.account.many(run.records, run.ambiguous, run.filtered);
        if let Some(selection) = &mut self.selection {
            selection.add_undecided(run.undecided);
        }
        for (stream, _) in STREAMS.into_iter().zip(run.streams).filter(|(_, had_lines)| *had_lines)
        {
            if let Some(stream) = self.streams.known(&Wrapper { stream, ..Wrapper::default() }) {
                stream.last_other = None;
            }
        }
    }
}
