//! The lines of pods: held for their order, given to the pipeline, and what else logs tell.

use std::ops::Range;
use std::sync::Arc;

use tokio::time::Instant;

use super::Live;
use super::expected::Expected;
use crate::cluster::{Batch, Event, Line, Source};
use crate::command::reading::Reading;
use crate::notes::Notes;
use crate::output::Stop;
use crate::unwrap::Wrapper;
use crate::visible;

/// How many events are taken before what they lead to is written out.
const AT_ONCE: usize = 64;

impl Live {
    /// Takes an event, and those that wait behind it.
    pub(super) fn take_events(&mut self, first: Event) -> Result<(), Stop> {
        self.take_event(first)?;
        for _ in 1..AT_ONCE {
            match self.events.try_recv() {
                Ok(event) => self.take_event(event)?,
                Err(_) => break,
            }
        }
        Ok(())
    }

    fn take_event(&mut self, event: Event) -> Result<(), Stop> {
        match event {
            Event::Lines(batch) => {
                self.say_first(&batch);
                self.take_lines(batch)?;
            }
            Event::Trouble { source, failure } => {
                self.troubles.begin(name(&source), &failure, &self.notes);
            }
            Event::Well { source } => self.troubles.end(&name(&source), &self.notes),
            Event::Restarted { source, exit, missed } => {
                let exit = exit.map(|exit| format!(" ({exit})")).unwrap_or_default();
                let missed = if missed { "; lines before it may be missing" } else { "" };
                self.notes.say(&format!("{}: restarted{exit}{missed}", name(&source)));
            }
            Event::Refused { source, failure } => {
                self.notes.print(&format!("{}: {failure}", name(&source)));
                self.ended(&source);
            }
            Event::Ended { source } => {
                if self.follow {
                    self.notes.say(&format!("{}: ended", name(&source)));
                }
                self.ended(&source);
            }
        }
        Ok(())
    }

    /// A log has ended; another may be followed in its place.
    fn ended(&mut self, source: &Source) {
        self.troubles.end(&name(source), &self.notes);
        self.pods.ended(source);
        self.pods.start(&self.notes);
        if !self.pods.has(source) {
            self.reading.pipeline.forget(wrapper(source, None));
        }
    }

    /// Says that the first line of what was switched on takes long.
    pub(super) fn say_late(&mut self) {
        if let Expected::Lines(since) = self.expected {
            self.notes.say(
                "no line yet: the pods may have no traffic, the filter may keep none of it, or the \
                 proxies have not been told yet",
            );
            self.expected = Expected::Late(since);
        }
    }

    /// Says it when the first line of what was switched on is there.
    fn say_first(&mut self, batch: &Batch) {
        let (Expected::Lines(since) | Expected::Late(since)) = self.expected else { return };
        let is_record = batch.lines.iter().any(|line| {
            let Line::Whole { body, .. } = line else { return false };
            let text = batch.text.get(body.clone()).unwrap_or_default();
            self.reading.pipeline.start_time(wrapper(&batch.source, None), text).is_some()
        });
        if is_record {
            self.expected = Expected::Nothing;
            let seconds = since.elapsed().as_secs_f64();
            self.notes.say(&format!("the first line after {seconds:.1} s"));
        }
    }

    /// Takes lines: holds them for their order, or gives them at once.
    fn take_lines(&mut self, batch: Batch) -> Result<(), Stop> {
        let batch = Arc::new(batch);
        let alone = self.pods.active() < 2;
        let ordered = self.order.as_mut().filter(|order| !alone || order.due().is_some());
        let Some(order) = ordered else {
            return (0..batch.lines.len())
                .try_for_each(|index| give(&mut self.reading, &self.notes, &batch, index));
        };
        let mut last = i64::MIN;
        for (index, line) in batch.lines.iter().enumerate() {
            let bytes = match line {
                Line::Whole { nanoseconds, body, .. } => {
                    let text = batch.text.get(body.clone()).unwrap_or_default();
                    let wrapper = wrapper(&batch.source, None);
                    let start = self.reading.pipeline.start_time(wrapper, text);
                    last = start.unwrap_or(*nanoseconds);
                    body.len()
                }
                Line::Bare(body) => body.len(),
                Line::Oversized | Line::Gap(_) => 0,
            };
            // What has no time stands behind what it came behind.
            let start = if last == i64::MIN { now() } else { last };
            order.push(&batch, index, start, bytes);
        }
        Ok(())
    }

    /// Gives the lines that were held for long enough.
    pub(super) fn give_due(&mut self) -> Result<(), Stop> {
        let Some(order) = &mut self.order else { return Ok(()) };
        let now = Instant::now();
        while let Some(held) = order.pop(now) {
            give(&mut self.reading, &self.notes, &held.batch, held.index)?;
        }
        Ok(())
    }

    pub(super) fn give_all(&mut self) -> Result<(), Stop> {
        // Those that wait now: more come as long as logs are followed.
        for _ in 0..self.events.len() {
            match self.events.try_recv() {
                Ok(event) => self.take_event(event)?,
                Err(_) => break,
            }
        }
        let Some(order) = &mut self.order else { return Ok(()) };
        while let Some(held) = order.take() {
            give(&mut self.reading, &self.notes, &held.batch, held.index)?;
        }
        Ok(())
    }
}

/// Gives a line to the pipeline.
fn give(reading: &mut Reading, notes: &Notes, batch: &Batch, index: usize) -> Result<(), Stop> {
    let part = |range: &Range<usize>| batch.text.get(range.clone()).unwrap_or_default();
    match batch.lines.get(index) {
        Some(Line::Whole { time, body, .. }) => {
            reading.pipeline.line(wrapper(&batch.source, Some(part(time))), part(body))
        }
        Some(Line::Bare(body)) => reading.pipeline.line(wrapper(&batch.source, None), part(body)),
        Some(Line::Oversized) => {
            reading.pipeline.oversized();
            Ok(())
        }
        Some(Line::Gap(times)) => {
            notes.print(&format!(
                "{}: lines may be missing between {} and {}: the log was rotated meanwhile",
                name(&batch.source),
                time(times.start),
                time(times.end)
            ));
            Ok(())
        }
        None => Ok(()),
    }
}

pub(super) fn wrapper<'a>(source: &'a Source, time: Option<&'a [u8]>) -> Wrapper<'a> {
    Wrapper {
        namespace: Some(source.namespace.as_bytes()),
        pod: Some(source.pod.as_bytes()),
        container: Some(source.container.as_bytes()),
        stream: None,
        time,
    }
}

fn name(source: &Source) -> String {
    visible::text(format!("{}/{}", source.namespace, source.pod).as_bytes())
}

fn time(nanoseconds: i64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(nanoseconds))
        .map_or_else(|_| "-".to_owned(), |time| time.to_string())
}

/// Now, in nanoseconds since 1970.
fn now() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}
