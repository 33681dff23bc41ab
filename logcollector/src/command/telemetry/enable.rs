//! `telemetry enable`: logging on for pods, for a time.

use std::time::Duration;

use crate::cli::EnableArgs;
use crate::cluster::{Answers, Client, Scope, Target, Topic, snapshot};
use crate::command::document::json;
use crate::command::enabling::{self, Enabled, Wish};
use crate::command::shutdown::{self, AtEnd, Shutdown};
use crate::command::{Outcome, pretty, print};
use crate::error::Error;
use crate::manifests::Manifests;
use crate::notes::Notes;

/// After how long anybody may remove what was left on.
const LEFT_ON: Duration = Duration::from_secs(3600);

/// Runs `telemetry enable`.
pub(crate) fn run(args: &EnableArgs) -> Result<Outcome, Error> {
    let runtime = shutdown::runtime()?;
    let shutdown = Shutdown::listen(&runtime, AtEnd::TakeBack).map_err(Error::Start)?;
    let outcome = runtime.block_on(async {
        let mut enabled = None;
        let done = tokio::select! {
            biased;
            () = shutdown.asked() => Ok(After::Remove(Outcome::Done)),
            done = enable(args, &mut enabled) => done,
        };
        let notes = Notes::new();
        match (done, enabled) {
            (Ok(After::Leave(outcome)), _) | (Ok(After::Remove(outcome)), None) => Ok(outcome),
            (Ok(After::Remove(outcome)), Some(enabled)) => {
                Ok(if enabled.remove(&notes).await { outcome } else { Outcome::No })
            }
            (Err(error), enabled) => {
                if let Some(enabled) = enabled {
                    enabled.remove(&notes).await;
                }
                Err(error)
            }
        }
    });
    runtime.shutdown_background();
    outcome
}

/// What becomes of the objects at the end.
enum After {
    Leave(Outcome),
    Remove(Outcome),
}

async fn enable(args: &EnableArgs, enabled: &mut Option<Enabled>) -> Result<After, Error> {
    let notes = Notes::new();
    let client = Client::connect(&args.kube).await?;
    let target = Target::find(&client, args.pods.as_deref(), &args.target).await?;
    let pods = target.list(&client).await?;
    let scope = Scope { topic: Topic::Telemetry, namespace: target.namespace.clone() };
    let mut answers = snapshot(&client, &scope, true).await?;
    let telemetries = enabling::telemetries(&client, &answers)?;
    if enabling::sweep(&telemetries, &manifests(&answers), &notes).await {
        answers = snapshot(&client, &scope, true).await?;
    }
    if !enabling::is_known(&answers, &client) {
        return Err(Error::NotKnown);
    }
    let names: Vec<(&str, &str)> =
        pods.iter().map(|(namespace, name)| (namespace.as_str(), name.as_str())).collect();
    let lease = args.duration.map_or(LEFT_ON, |duration| duration + Duration::from_secs(60));
    let wish = Wish { pods: &names, filter: args.filter.as_deref(), lease };
    let plan = enabling::plan(&manifests(&answers), &wish, &notes)?;
    match pretty(args.output) {
        Some(paint) => print(enabling::plan_text(&plan, paint).as_bytes())?,
        None => print(&json(&plan)?)?,
    };
    if plan.objects().is_empty() {
        notes.say("these pods log as asked already");
        return Ok(After::Leave(Outcome::No));
    }
    let asked = (telemetries, "switch this on?");
    enabling::create(&plan, asked, args.yes, enabled, &notes).await?;
    let Some(duration) = args.duration else {
        notes.say(
            "switched on; `logcollector telemetry disable` switches it off, and in an hour \
                   anybody may",
        );
        return Ok(After::Leave(Outcome::Done));
    };
    notes.say("switched on; Ctrl-C switches it off before its time");
    tokio::time::sleep(duration).await;
    Ok(After::Remove(Outcome::Done))
}

fn manifests(answers: &Answers) -> Manifests {
    Manifests::live(answers, std::iter::empty::<&str>())
}
