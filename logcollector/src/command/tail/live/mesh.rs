//! What decides how pods log, as the cluster holds it now.

use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::Instant;

use super::Expected;
use super::pods::Pods;
use crate::cli::{LookArgs, ReadArgs};
use crate::cluster::{Answers, Client, Failure, News, Scope, Target, Topic, changes, snapshot};
use crate::command::enabling::{self, Enabled, Wish};
use crate::command::{pod_formats, reading};
use crate::error::Error;
use crate::formats::PodFormats;
use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::paint::Paint;

/// How long to wait after a change for those that come with it.
const SETTLED: Duration = Duration::from_millis(300);
/// How long after the end of a killed process others leave alone what it has switched on.
const LEASE: Duration = Duration::from_secs(600);
/// How long to wait before objects are asked for again that could not be had.
const AGAIN: Duration = Duration::from_secs(2);

/// The objects around the pods that are followed.
pub(super) struct Mesh {
    client: Client,
    scope: Scope,
    options: accesslog::FormatOptions,
    answers: Answers,
    /// Whether other pods than those that are followed are of interest, to name both ends of calls.
    with_pods: bool,
    /// What is said of objects is said once, however often they are read.
    notes: Notes,
    due: Option<Instant>,
    /// Whether it is being read.
    is_reading: bool,
    sender: Sender<Result<Answers, Failure>>,
    receiver: Receiver<Result<Answers, Failure>>,
}

impl Mesh {
    /// Reads what there is.
    ///
    /// # Errors
    ///
    /// When the cluster does not answer.
    pub(super) async fn read(
        client: &Client,
        target: &Target,
        args: &ReadArgs,
    ) -> Result<Self, Failure> {
        let scope = Scope { topic: Topic::Telemetry, namespace: target.namespace.clone() };
        let with_pods = args.enrich;
        let answers = snapshot(client, &scope, with_pods).await?;
        let (sender, receiver) = channel(1);
        let options = reading::options(&args.format);
        let (client, notes) = (client.clone(), Notes::once());
        Ok(Self {
            client,
            scope,
            options,
            answers,
            with_pods,
            notes,
            due: None,
            is_reading: false,
            sender,
            receiver,
        })
    }

    /// Says what may not be read.
    pub(super) fn say_refused(&self, notes: &Notes) {
        self.answers.say_refused(notes);
        if !self.is_known() {
            notes.say("what decides the formats may not be read: they are told from the lines");
        }
    }

    /// The objects and the pods, after what earlier looks have left was removed whose time is over.
    ///
    /// # Errors
    ///
    /// When the cluster does not answer.
    pub(super) async fn swept(&mut self, pods: &Pods, notes: &Notes) -> Result<Manifests, Failure> {
        let manifests = self.manifests(pods);
        if let Ok(telemetries) = enabling::telemetries(&self.client, &self.answers)
            && enabling::sweep(&telemetries, &manifests, notes).await
        {
            self.answers = snapshot(&self.client, &self.scope, self.with_pods).await?;
            return Ok(self.manifests(pods));
        }
        Ok(manifests)
    }

    /// The objects and the pods.
    pub(super) fn manifests(&self, pods: &Pods) -> Manifests {
        Manifests::live(&self.answers, pods.texts())
    }

    /// Switches logging on for the pods, unless the user does not want it after a look.
    ///
    /// # Errors
    ///
    /// When it cannot be done, or is not wanted.
    pub(super) async fn enable(
        &mut self,
        pods: &Pods,
        args: &LookArgs,
        enabled: &mut Option<Enabled>,
        notes: &Notes,
    ) -> Result<Expected, Error> {
        let telemetries = enabling::telemetries(&self.client, &self.answers)?;
        // Others may have labels in common with the pods: all of the namespace are looked at.
        let all = snapshot(&self.client, &self.scope, true).await?;
        let manifests = Manifests::live(&all, std::iter::empty::<&str>());
        let names = pods.names();
        let wish = Wish { pods: &names, filter: args.log_filter.as_deref(), lease: LEASE };
        if !enabling::is_known(&all, &self.client) {
            return Err(Error::NotKnown);
        }
        let plan = enabling::plan(&manifests, &wish, notes)?;
        notes.print(enabling::plan_text(&plan, Paint::stderr()).trim_end());
        if plan.objects().is_empty() {
            notes.say("these pods log as asked already");
            return Ok(Expected::Nothing);
        }
        let asked = (telemetries, "switch this on while the command runs?");
        enabling::create(&plan, asked, args.yes, enabled, notes).await?;
        enabled.iter_mut().for_each(|enabled| enabled.keep(LEASE));
        notes.say("switched on; waiting for lines");
        Ok(Expected::Lines(Instant::now()))
    }

    /// Watches what decides the formats.
    pub(super) fn watch(&self, client: &Client, news: &Sender<News>) {
        for served in &self.answers.served {
            if served.kind.topic != Topic::Logging {
                continue;
            }
            let one_by_one = served.only.iter().cloned().map(Some);
            let whole = served.only.is_empty().then_some(None);
            for namespace in whole.into_iter().chain(one_by_one) {
                let (kind, version, news) = (served.kind, served.version, news.clone());
                tokio::spawn(changes(client.clone(), kind, version, namespace, news));
            }
        }
    }

    /// What each pod writes with; `None` where what decides it may not be read.
    pub(super) fn formats(&self, manifests: &Manifests) -> Option<PodFormats> {
        let formats = || pod_formats::of_pods(manifests, &self.options, &self.notes);
        self.is_known().then(formats)
    }

    /// Whether the kinds could be read without which formats are guesses.
    fn is_known(&self) -> bool {
        enabling::is_known(&self.answers, &self.client)
    }

    /// Something has changed.
    pub(super) fn changed(&mut self) {
        self.due.get_or_insert_with(|| Instant::now() + SETTLED);
    }

    /// It could not be read: once more, later.
    pub(super) fn again(&mut self) {
        self.due.get_or_insert_with(|| Instant::now() + AGAIN);
    }

    /// When it is to be read again.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| !self.is_reading)
    }

    /// Reads it again, beside everything else.
    pub(super) fn reload(&mut self) {
        self.due = None;
        self.is_reading = true;
        let (client, scope) = (self.client.clone(), self.scope.clone());
        let (sender, with_pods) = (self.sender.clone(), self.with_pods);
        tokio::spawn(async move {
            // Nobody waits for it any more when the command ends.
            let _ = sender.send(snapshot(&client, &scope, with_pods).await).await;
        });
    }

    /// What was read again.
    pub(super) async fn reloaded(&mut self) -> Option<Result<Answers, Failure>> {
        let answers = self.receiver.recv().await;
        self.is_reading = false;
        answers
    }

    /// Goes on with what was read again.
    pub(super) fn take(&mut self, answers: Answers) {
        self.answers = answers;
    }
}
