//! Pods of a cluster: who they are, how each logs, and their lines in order.

mod mesh;
mod pods;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{Instant, sleep_until};

use super::order::Order;
use super::report;
use super::troubles::Troubles;
use crate::cli::{OrderArg, TailArgs};
use crate::cluster::{Batch, Client, Event, Failure, Line, News, Source, Target, Window};
use crate::command::Outcome;
use crate::command::enabling::Enabled;
use crate::command::reading::{End, Reading};
use crate::command::shutdown::{AtEnd, Shutdown};
use crate::error::Error;
use crate::notes::Notes;
use crate::output::Stop;
use crate::unwrap::Wrapper;
use mesh::Mesh;
use pods::Pods;

/// How many events may wait.
const WAITING: usize = 256;
/// How many events are taken before what they lead to is written out.
const AT_ONCE: usize = 64;

/// Follows pods.
pub(super) fn run(args: TailArgs) -> Result<Outcome, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(Error::Start)?;
    let at_end = if args.live.enable.enable { AtEnd::TakeBack } else { AtEnd::Write };
    let shutdown = Shutdown::listen(&runtime, at_end).map_err(Error::Start)?;
    let outcome = runtime.block_on(async {
        let mut enabled = None;
        let begun = tokio::select! {
            biased;
            () = shutdown.asked() => None,
            begun = Live::begin(args, &mut enabled) => Some(begun),
        };
        let outcome = match begun {
            None => Ok(Outcome::Done),
            Some(Err(error)) => Err(error),
            Some(Ok(mut live)) => {
                let ended = live.go(&shutdown).await;
                super::finish(live.reading, ended)
            }
        };
        // Whatever ended it.
        let left = match enabled {
            Some(enabled) => !enabled.remove(&Notes::new()).await,
            None => false,
        };
        outcome.map(|outcome| if left && outcome == Outcome::Done { Outcome::No } else { outcome })
    });
    runtime.shutdown_background();
    outcome
}

/// Pods that are followed, and what becomes of their lines.
struct Live {
    reading: Reading,
    notes: Notes,
    pods: Pods,
    mesh: Mesh,
    news: Receiver<News>,
    events: Receiver<Event>,
    order: Option<Order>,
    troubles: Troubles,
    follow: bool,
    /// Whether the pods' formats come from the cluster.
    given: bool,
    /// What is to come of what was switched on.
    expected: Expected,
}

/// Whether lines are to come of what was switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Nothing,
    /// The first, since this time.
    Lines(Instant),
    /// The first, and it was said that it takes long.
    Late(Instant),
}

impl Expected {
    /// When it takes long.
    fn late(self) -> Option<Instant> {
        /// How long the first line may take.
        const SOON: Duration = Duration::from_secs(20);
        match self {
            Self::Lines(since) => Some(since + SOON),
            Self::Nothing | Self::Late(_) => None,
        }
    }
}

impl Live {
    /// Finds the pods and their formats.
    ///
    /// What is switched on for them is put into `enabled` at once, to be switched off whatever happens.
    async fn begin(args: TailArgs, enabled: &mut Option<Enabled>) -> Result<Self, Error> {
        let notes = Notes::new();
        let client = Client::connect(&args.kube).await?;
        let target = Target::find(&client, args.target.as_deref(), &args.live.target).await?;
        let follow = !(args.no_follow || args.live.previous);
        let window = window(&args, follow);
        let (news_sender, mut news) = channel(WAITING);
        tokio::spawn(crate::cluster::pods(client.clone(), target.clone(), news_sender.clone()));
        let first = first_pods(&mut news).await?;
        let (event_sender, events) = channel(WAITING);
        let mut pods = Pods::new(&client, &target, &args, window, event_sender);
        let mut mesh = Mesh::read(&client, &target, &args.read.format).await?;
        mesh.say_refused(&notes);
        if follow {
            mesh.watch(&client, &news_sender);
        }
        pods.replace(first, &notes);
        if !follow && pods.is_empty() {
            return Err(pods.none());
        }
        mesh.sweep(&pods, &notes).await?;
        let expected = if args.live.enable.enable {
            mesh.enable(&pods, &args.live.enable, enabled, &notes).await?
        } else {
            Expected::Nothing
        };
        let formats = mesh.formats(&pods, &notes);
        let given = formats.as_ref().map(|(formats, manifests)| {
            if enabled.is_none() {
                report::say_silent(manifests, &pods.names(), &notes);
            }
            (formats.clone(), &manifests.inventory)
        });
        let order = (args.live.order == OrderArg::Time).then(Order::default);
        let (reading, given) = Reading::live(args.read, given, args.live.target.all_namespaces)?;
        let troubles = Troubles::default();
        let mut live = Self {
            reading,
            notes,
            pods,
            mesh,
            news,
            events,
            order,
            troubles,
            follow,
            given,
            expected,
        };
        live.reading.pipeline.begin_live("pods");
        live.pods.start(&live.notes);
        Ok(live)
    }

    /// Follows until everything has ended, or the end is asked for.
    async fn go(&mut self, shutdown: &Shutdown) -> Result<(), End> {
        loop {
            let due = self.order.as_ref().and_then(Order::due);
            let reload = self.mesh.due();
            tokio::select! {
                biased;
                () = shutdown.asked() => break,
                Some(news) = self.news.recv() => self.take_news(news)?,
                () = at(reload) => self.mesh.reload(),
                Some(answers) = self.mesh.reloaded() => {
                    let answers = answers.map_err(|failure| (failure, &mut self.mesh));
                    match answers {
                        Ok(answers) => {
                            self.mesh.take(answers);
                            self.refresh();
                        }
                        Err((failure, mesh)) => {
                            mesh.again();
                            self.troubles.begin("objects".to_owned(), &failure, &self.notes);
                        }
                    }
                }
                event = self.events.recv() => {
                    let Some(event) = event else { break };
                    self.take_events(event)?;
                }
                () = at(due) => {}
                () = at(self.expected.late()) => self.say_late(),
            }
            self.give_due()?;
            self.reading.pipeline.flush()?;
            if !self.follow && self.pods.is_done() {
                break;
            }
        }
        self.give_all()?;
        self.reading.pipeline.flush()?;
        Ok(self.reading.pipeline.stop()?)
    }

    /// Takes an event, and those that wait behind it.
    fn take_events(&mut self, first: Event) -> Result<(), Stop> {
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
                self.pods.ended(&source);
            }
            Event::Ended { source } => {
                if self.follow {
                    self.notes.say(&format!("{}: ended", name(&source)));
                }
                self.pods.ended(&source);
            }
        }
        Ok(())
    }

    /// Says that the first line of what was switched on takes long.
    fn say_late(&mut self) {
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
    fn give_due(&mut self) -> Result<(), Stop> {
        let Some(order) = &mut self.order else { return Ok(()) };
        let now = Instant::now();
        while let Some(held) = order.pop(now) {
            give(&mut self.reading, &self.notes, &held.batch, held.index)?;
        }
        Ok(())
    }

    fn give_all(&mut self) -> Result<(), Stop> {
        while let Ok(event) = self.events.try_recv() {
            self.take_event(event)?;
        }
        let Some(order) = &mut self.order else { return Ok(()) };
        while let Some(held) = order.take() {
            give(&mut self.reading, &self.notes, &held.batch, held.index)?;
        }
        Ok(())
    }

    /// Takes news of a watch, and those that wait behind it.
    fn take_news(&mut self, first: News) -> Result<(), Stop> {
        let mut came = self.take_one(first);
        while let Ok(news) = self.news.try_recv() {
            came |= self.take_one(news);
        }
        if came {
            self.refresh();
            self.pods.start(&self.notes);
        }
        Ok(())
    }

    /// Whether pods came.
    fn take_one(&mut self, news: News) -> bool {
        match news {
            News::Pods(pods) => self.pods.replace(pods, &self.notes),
            News::Pod(pod) => self.pods.take(*pod, Some(&self.notes)),
            News::Gone(uid) => {
                self.pods.gone(&uid);
                false
            }
            News::Changed => {
                self.mesh.changed();
                false
            }
            News::Trouble { what, failure } => {
                self.troubles.begin(what.to_owned(), &failure, &self.notes);
                false
            }
            News::Well { what } => {
                self.troubles.end(what, &self.notes);
                false
            }
        }
    }

    /// Works out anew what each pod writes with.
    fn refresh(&mut self) {
        self.troubles.end("objects", &self.notes);
        if !self.given {
            return;
        }
        if let Some((formats, manifests)) = self.mesh.formats(&self.pods, &self.notes) {
            let enricher = crate::enrich::Enricher::new(None, Some(&manifests.inventory));
            self.reading.pipeline.replace(formats, Some(enricher));
        }
    }
}

/// The pods that there are at the beginning.
async fn first_pods(
    news: &mut Receiver<News>,
) -> Result<Vec<k8s_openapi::api::core::v1::Pod>, Failure> {
    loop {
        match news.recv().await {
            Some(News::Pods(pods)) => return Ok(pods),
            Some(News::Trouble { failure, .. }) if !failure.may_pass() => return Err(failure),
            Some(_) => {}
            None => return Ok(Vec::new()),
        }
    }
}

/// Where the logs begin.
fn window(args: &TailArgs, follow: bool) -> Window {
    /// How many lines of each pod are shown of what is there already.
    const LINES: i64 = 10;
    let live = &args.live;
    let since = live.since.map(|since| {
        jiff::Timestamp::now()
            .checked_sub(jiff::SignedDuration::try_from(since).unwrap_or(jiff::SignedDuration::MAX))
            .unwrap_or(jiff::Timestamp::MIN)
    });
    // The API counts whole seconds, and the client would round to the nearest: lines would be missing.
    let since = since.or(live.since_time).and_then(|since| {
        let second = since.as_nanosecond().div_euclid(1_000_000_000);
        jiff::Timestamp::from_second(i64::try_from(second).ok()?).ok()
    });
    let tail = live.tail.or((follow && since.is_none()).then_some(LINES));
    Window { since, tail: tail.filter(|lines| *lines >= 0), previous: live.previous, follow }
}

/// Gives a line to the pipeline.
fn give(reading: &mut Reading, notes: &Notes, batch: &Batch, index: usize) -> Result<(), Stop> {
    let part = |range: &std::ops::Range<usize>| batch.text.get(range.clone()).unwrap_or_default();
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

fn wrapper<'a>(source: &'a Source, time: Option<&'a [u8]>) -> Wrapper<'a> {
    Wrapper {
        namespace: Some(source.namespace.as_bytes()),
        pod: Some(source.pod.as_bytes()),
        container: Some(source.container.as_bytes()),
        stream: None,
        time,
    }
}

fn name(source: &Source) -> String {
    format!("{}/{}", source.namespace, source.pod)
}

fn time(nanoseconds: i64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(nanoseconds))
        .map_or_else(|_| "-".to_owned(), |time| time.to_string())
}

/// Now, in nanoseconds since 1970.
fn now() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

/// Waits until a time, or for ever.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
