//! Follows the log of one container.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use super::resume::Resume;
use super::stream::Stream;
use super::{Batch, Event, Source, Window};
use crate::cluster::pod::State;
use crate::cluster::{Client, Failure};

/// How long to wait before an attempt is repeated, at first and at most.
const PAUSES: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(5);

/// A task that follows a log until nothing will come any more.
pub(crate) struct Follow {
    pub(crate) client: Client,
    pub(crate) source: Arc<Source>,
    pub(crate) window: Window,
    pub(crate) max_line: usize,
    /// What the watched pod says of its container; closed when the pod is gone.
    pub(crate) state: watch::Receiver<State>,
    pub(crate) events: mpsc::Sender<Event>,
}

/// How long a pod may take to tell of a restart that its node knows of.
const LAG: Duration = Duration::from_secs(3);

/// Nobody takes events any more.
struct Gone;

/// How an answer ended.
enum End {
    /// As it does when the log is complete, or when somebody on the way ended it.
    Clean,
    /// In the middle.
    Cut,
    /// It never began.
    Not(Failure),
}

/// What is kept while a log is followed.
#[derive(Clone)]
struct Progress {
    resume: Resume,
    /// The container that the log is of.
    instance: Option<String>,
    /// When its first stream was opened.
    opened: Option<Instant>,
    pause: Duration,
}

impl Progress {
    /// For how long lines may have been written that were not seen: since a stream was opened of which no
    /// line came. Then it is not enough to ask for the last lines again, as there may be more by now.
    fn unseen(&self, window: Window) -> Option<i64> {
        /// Clocks and connections take their time.
        const MORE: Duration = Duration::from_secs(2);
        let opened = self.opened.filter(|_| window.follow && window.tail.is_some())?;
        i64::try_from((opened.elapsed() + MORE).as_secs()).ok()
    }
}

impl Follow {
    /// Follows the log.
    pub(crate) async fn run(mut self) {
        let instance = self.state.borrow().id.clone();
        let (resume, pause) = (Resume::default(), *PAUSES.start());
        let mut progress = Progress { resume, instance, opened: None, pause };
        let ended = self.follow(&mut progress).await;
        let source = Arc::clone(&self.source);
        let last = match ended {
            Ok(None) => Event::Ended { source },
            Ok(Some(failure)) => Event::Refused { source, failure },
            Err(Gone) => return,
        };
        // Nobody may take it any more; then nobody misses it.
        let _ = self.events.send(last).await;
    }

    /// Follows until the end; why it came too early, if it did.
    async fn follow(&mut self, progress: &mut Progress) -> Result<Option<Failure>, Gone> {
        loop {
            let end = self.read(progress, self.window).await?;
            let complete = matches!(end, End::Clean) && !self.window.follow;
            match end {
                _ if complete => return Ok(None),
                End::Not(failure) if failure.may_pass() => {
                    self.trouble(failure, progress).await?;
                    continue;
                }
                // Whose credentials were good once may only have to wait for new ones.
                End::Not(failure @ (Failure::Unauthorized(_) | Failure::Config(_)))
                    if progress.opened.is_some() =>
                {
                    self.trouble(failure, progress).await?;
                    continue;
                }
                // A node that was started anew does not know its pods at once.
                End::Not(Failure::NotFound(_)) => {
                    if self.ask(progress).await?.is_none() {
                        return Ok(None);
                    }
                    self.rest(progress).await;
                    continue;
                }
                // The container waits for its start.
                End::Not(Failure::Refused { code: 400, .. }) if self.window.follow => {
                    if !self.wait().await {
                        return Ok(None);
                    }
                    progress.instance = self.state.borrow().id.clone();
                    continue;
                }
                End::Not(failure) => return Ok(Some(failure)),
                End::Clean | End::Cut => {}
            }
            if self.window.previous || !self.window.follow {
                self.rest(progress).await;
                continue;
            }
            if !self.go_on(progress).await? {
                return Ok(None);
            }
        }
    }

    /// After the end of a stream: finds out why it ended, and whether another is to be opened.
    async fn go_on(&mut self, progress: &mut Progress) -> Result<bool, Gone> {
        let Some(state) = self.ask(progress).await? else { return Ok(false) };
        if state.id == progress.instance && !state.ended {
            self.rest(progress).await;
            return Ok(true);
        }
        if !state.ended
            && state.started.is_some_and(|started| progress.resume.is_newer_than(started))
        {
            // What was watched was older than the stream: this is the container that was followed.
            progress.instance = state.id;
            self.rest(progress).await;
            return Ok(true);
        }
        let mut missed = state.id != progress.instance && state.previous != progress.instance;
        let is_previous = state.id != progress.instance;
        if !missed {
            self.complete(progress, is_previous).await?;
        }
        let mut state = state;
        // What is watched may be older than what was asked, and still tell of one that runs.
        while state.id == progress.instance {
            if (state.finished && state.ended) || !self.wait().await {
                return Ok(false);
            }
            state = self.state.borrow().clone();
        }
        if progress.instance.is_none() {
            progress.instance = state.id;
            return Ok(true);
        }
        missed |= state.previous != progress.instance;
        progress.instance = state.id.clone();
        progress.resume = Resume::default();
        self.window.tail = None;
        self.window.since = None;
        let source = Arc::clone(&self.source);
        self.send(Event::Restarted { source, exit: state.exit, missed }).await?;
        Ok(true)
    }

    /// Reads what is left of the log of a container that has ended.
    async fn complete(&self, progress: &mut Progress, previous: bool) -> Result<(), Gone> {
        loop {
            let window = Window { follow: false, previous, ..self.window };
            match self.read(progress, window).await? {
                End::Not(failure) if failure.may_pass() => self.trouble(failure, progress).await?,
                End::Cut => self.rest(progress).await,
                End::Clean | End::Not(_) => return Ok(()),
            }
        }
    }

    /// Opens a stream and passes its lines on.
    async fn read(&self, progress: &mut Progress, window: Window) -> Result<End, Gone> {
        let before = progress.resume.clone();
        let pods: Api<Pod> = Api::namespaced(self.client.kube.clone(), &self.source.namespace);
        let since = progress.resume.begin();
        let again = since.and_then(|second| Timestamp::from_second(second).ok());
        let unseen = if again.is_none() { progress.unseen(window) } else { None };
        let params = LogParams {
            container: Some(self.source.container.clone()),
            follow: window.follow,
            previous: window.previous,
            since_seconds: unseen,
            since_time: again.or(window.since),
            tail_lines: window.tail.filter(|_| again.is_none() && unseen.is_none()),
            timestamps: true,
            ..LogParams::default()
        };
        let reader = match pods.log_stream(&self.source.pod, &params).await {
            Ok(reader) => reader,
            Err(error) => return Ok(End::Not(error.into())),
        };
        progress.opened.get_or_insert_with(Instant::now);
        let source = Arc::clone(&self.source);
        self.send(Event::Well { source }).await?;
        let mut stream = Stream::new(Box::pin(reader), self.max_line, Arc::clone(&self.source));
        loop {
            match stream.next(&mut progress.resume).await {
                Ok(Some(mut batch)) => {
                    progress.pause = *PAUSES.start();
                    if window.follow
                        && batch.has_gap()
                        && !self.explain_gap(&mut batch, &before, progress).await?
                    {
                        return Ok(End::Cut);
                    }
                    self.pass(batch).await?;
                }
                Ok(None) => {
                    if !window.follow {
                        self.pass(stream.finish(&mut progress.resume)).await?;
                    }
                    return Ok(End::Clean);
                }
                Err(_) => return Ok(End::Cut),
            }
        }
    }

    /// A log that does not go on where it was cut was rotated, or it is that of another container: the
    /// node knows of a restart before the pod tells of it. Then the log of the former is completed, and
    /// there is no gap. Whether it is a log of this pod at all, and not of another with its name.
    async fn explain_gap(
        &self,
        batch: &mut Batch,
        before: &Resume,
        progress: &mut Progress,
    ) -> Result<bool, Gone> {
        let begun = Instant::now();
        loop {
            let Some(state) = self.ask(progress).await? else { return Ok(false) };
            if state.id != progress.instance && !state.ended {
                let missed = state.previous != progress.instance;
                if !missed {
                    let mut former = Progress { resume: before.clone(), ..progress.clone() };
                    Box::pin(self.complete(&mut former, true)).await?;
                }
                batch.forget_gaps();
                progress.instance = state.id;
                let source = Arc::clone(&self.source);
                let exit = state.exit;
                self.send(Event::Restarted { source, exit, missed }).await?;
                return Ok(true);
            }
            if begun.elapsed() > LAG {
                return Ok(true);
            }
            sleep(LAG / 10).await;
        }
    }

    /// What the pod says of the container now; `None` when the pod is gone.
    async fn ask(&self, progress: &mut Progress) -> Result<Option<State>, Gone> {
        let pods: Api<Pod> = Api::namespaced(self.client.kube.clone(), &self.source.namespace);
        loop {
            match pods.get(&self.source.pod).await.map_err(Failure::from) {
                Ok(pod) if pod.metadata.uid.as_deref().unwrap_or_default() == self.source.uid => {
                    return Ok(Some(State::of(&pod, &self.source.container)));
                }
                Ok(_) | Err(Failure::NotFound(_)) => return Ok(None),
                Err(failure) if failure.may_pass() => self.trouble(failure, progress).await?,
                // Who may not read the pod goes by what was watched.
                Err(_) => return Ok(Some(self.state.borrow().clone())),
            }
        }
    }

    /// Waits until something is new about the pod; whether it is still there.
    async fn wait(&mut self) -> bool {
        // The watch may lag behind what the log told, and its news may be there already.
        tokio::select! {
            changed = self.state.changed() => changed.is_ok(),
            () = sleep(*PAUSES.end()) => true,
        }
    }

    async fn pass(&self, batch: Batch) -> Result<(), Gone> {
        if batch.lines.is_empty() { Ok(()) } else { self.send(Event::Lines(batch)).await }
    }

    async fn trouble(&self, failure: Failure, progress: &mut Progress) -> Result<(), Gone> {
        let source = Arc::clone(&self.source);
        self.send(Event::Trouble { source, failure }).await?;
        self.rest(progress).await;
        Ok(())
    }

    /// Pauses, longer each time until a line comes.
    async fn rest(&self, progress: &mut Progress) {
        sleep(progress.pause).await;
        progress.pause = (progress.pause * 2).min(*PAUSES.end());
    }

    async fn send(&self, event: Event) -> Result<(), Gone> {
        self.events.send(event).await.map_err(|_| Gone)
    }
}
