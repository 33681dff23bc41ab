//! What decides how pods log, as the cluster holds it now.

use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::Instant;

use super::pods::Pods;
use crate::cli::FormatArgs;
use crate::cluster::{Answers, Client, Failure, News, Scope, Target, Topic, changes, snapshot};
use crate::command::{pod_formats, reading};
use crate::formats::PodFormats;
use crate::manifests::Manifests;
use crate::notes::Notes;

/// How long to wait after a change for those that come with it.
const SETTLED: Duration = Duration::from_millis(300);
/// How long to wait before objects are asked for again that could not be had.
const AGAIN: Duration = Duration::from_secs(2);

/// The objects around the pods that are followed.
pub(super) struct Mesh {
    client: Client,
    scope: Scope,
    options: accesslog::FormatOptions,
    answers: Answers,
    due: Option<Instant>,
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
        format: &FormatArgs,
    ) -> Result<Self, Failure> {
        let scope = Scope { topic: Topic::Telemetry, namespace: target.namespace.clone() };
        let answers = read(client, &scope).await?;
        let (sender, receiver) = channel(1);
        let options = reading::options(format);
        Ok(Self { client: client.clone(), scope, options, answers, due: None, sender, receiver })
    }

    /// Says what may not be read.
    pub(super) fn say_refused(&self, notes: &Notes) {
        for (plural, remark) in &self.answers.refused {
            notes.say(&format!("{plural}: {remark}"));
        }
        if !self.is_known() {
            notes.say("what decides the formats may not be read: they are told from the lines");
        }
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

    /// What each pod writes with, and the manifests that say so; `None` where they may not be read.
    pub(super) fn formats(&self, pods: &Pods, notes: &Notes) -> Option<(PodFormats, Manifests)> {
        if !self.is_known() {
            return None;
        }
        let manifests = Manifests::live(&self.answers, pods.texts());
        let formats = pod_formats::of_pods(&manifests, &self.options, notes);
        Some((formats, manifests))
    }

    /// Whether the kinds could be read without which formats are guesses.
    fn is_known(&self) -> bool {
        let needed = ["configmaps", "telemetries"];
        !self.answers.is_refused(&needed)
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
        self.due
    }

    /// Reads it again, beside everything else.
    pub(super) fn reload(&mut self) {
        self.due = None;
        let (client, scope) = (self.client.clone(), self.scope.clone());
        let sender = self.sender.clone();
        tokio::spawn(async move {
            // Nobody waits for it any more when the command ends.
            let _ = sender.send(read(&client, &scope).await).await;
        });
    }

    /// What was read again.
    pub(super) async fn reloaded(&mut self) -> Option<Result<Answers, Failure>> {
        self.receiver.recv().await
    }

    /// Goes on with what was read again.
    pub(super) fn take(&mut self, answers: Answers) {
        self.answers = answers;
    }
}

async fn read(client: &Client, scope: &Scope) -> Result<Answers, Failure> {
    snapshot(client, scope, false).await
}
