//! Pods of a cluster: who they are, how each logs, and their lines in order.

mod expected;
mod lines;
mod mesh;
mod pods;
mod window;

use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{Instant, sleep_until};

use super::order::Order;
use super::report;
use super::troubles::Troubles;
use crate::cli::{OrderArg, TailArgs};
use crate::cluster::{Client, Event, Failure, News, Target};
use crate::command::Outcome;
use crate::command::enabling::Enabled;
use crate::command::reading::{End, Reading};
use crate::command::shutdown::{self, AtEnd, Shutdown};
use crate::error::Error;
use crate::notes::Notes;
use crate::output::Stop;
use expected::Expected;
use lines::wrapper;
use mesh::Mesh;
use pods::Pods;
use window::window;

/// How many events may wait.
const WAITING: usize = 256;

/// Follows pods.
pub(super) fn run(args: TailArgs) -> Result<Outcome, Error> {
    let runtime = shutdown::runtime()?;
    let at_end = if args.live.enable.enable { AtEnd::TakeBack } else { AtEnd::Write };
    let shutdown = Shutdown::listen(&runtime, at_end).map_err(Error::Start)?;
    let outcome = runtime.block_on(async {
        let mut enabled = None;
        let begun = tokio::select! {
            biased;
            () = shutdown.asked() => None,
            begun = Live::begin(args, &mut enabled) => Some(begun),
        };
        let followed = match begun {
            None => Ok(None),
            Some(Err(error)) => Err(error),
            Some(Ok(mut live)) => {
                let ended = live.go(&shutdown).await;
                Ok(Some((live, ended)))
            }
        };
        // Whatever ended it, and before what is left is written: nobody may read it.
        let left = match enabled {
            Some(enabled) => !enabled.remove(&Notes::new()).await,
            None => false,
        };
        let outcome = match followed {
            Ok(Some((live, ended))) => super::finish(live.reading, ended),
            Ok(None) => Ok(Outcome::Done),
            Err(error) => Err(error),
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
        let first = first_pods(&mut news, &notes).await?;
        let (event_sender, events) = channel(WAITING);
        let mut pods = Pods::new(&client, &target, &args, window, event_sender);
        let mut mesh = Mesh::read(&client, &target, &args.read).await?;
        mesh.say_refused(&notes);
        if follow {
            mesh.watch(&client, &news_sender);
        }
        pods.replace(first, &notes);
        if !follow && pods.is_empty() {
            return Err(pods.none());
        }
        let manifests = mesh.swept(&pods, &notes).await?;
        let order = (args.live.order == OrderArg::Time).then(Order::default);
        let formats = mesh.formats(&manifests);
        if formats.is_some() && !args.live.enable.enable {
            report::say_silent(&manifests, &pods.names(), &notes);
        }
        let given = formats.map(|formats| (formats, &manifests.inventory));
        // What is wrong with the options is found before anything is switched on.
        let namespaces = args.live.target.all_namespaces;
        let (reading, given) = Reading::live(args.read, given, namespaces)?;
        let expected = if args.live.enable.enable {
            mesh.enable(&pods, &args.live.enable, enabled, &notes).await?
        } else {
            Expected::Nothing
        };
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
                            self.troubles.end("objects", &self.notes);
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
        if !self.follow {
            // What was there at the beginning is read to its end, whatever comes and goes meanwhile.
            return false;
        }
        match news {
            News::Pods(pods) => self.pods.replace(pods, &self.notes),
            News::Pod(pod) => self.pods.take(*pod, Some(&self.notes)),
            News::Gone(uid) => {
                if let Some(source) = self.pods.gone(&uid)
                    && !self.pods.has(&source)
                {
                    self.reading.pipeline.forget(wrapper(&source, None));
                }
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
        if !self.given {
            return;
        }
        let manifests = self.mesh.manifests(&self.pods);
        if let Some(formats) = self.mesh.formats(&manifests) {
            let enricher = crate::enrich::Enricher::new(None, Some(&manifests.inventory));
            self.reading.pipeline.replace(formats, Some(enricher));
        }
    }
}

/// The pods that there are at the beginning.
async fn first_pods(
    news: &mut Receiver<News>,
    notes: &Notes,
) -> Result<Vec<k8s_openapi::api::core::v1::Pod>, Failure> {
    let mut troubles = Troubles::default();
    loop {
        match news.recv().await {
            Some(News::Pods(pods)) => return Ok(pods),
            Some(News::Trouble { failure, .. }) if !failure.may_pass() => return Err(failure),
            Some(News::Trouble { what, failure }) => {
                troubles.begin(what.to_owned(), &failure, notes);
            }
            Some(_) => {}
            None => return Ok(Vec::new()),
        }
    }
}

/// Waits until a time, or for ever.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
