//! `telemetry disable`: what was switched on is switched off.

use mesh::Meta;

use crate::cli::DisableArgs;
use crate::cluster::{Client, Made, Scope, Target, Topic, runtime, snapshot};
use crate::command::Outcome;
use crate::command::enabling::{self, Enabled};
use crate::error::Error;
use crate::manifests::Manifests;
use crate::notes::Notes;

/// Runs `telemetry disable`.
pub(crate) fn run(args: &DisableArgs) -> Result<Outcome, Error> {
    if !args.expired && args.pods.is_none() && args.target.selector.is_none() {
        return Err(Error::NothingToDisable);
    }
    runtime()?.block_on(disable(args))
}

async fn disable(args: &DisableArgs) -> Result<Outcome, Error> {
    let notes = Notes::new();
    let client = Client::connect(&args.kube).await?;
    let namespace = args.target.namespace.clone().unwrap_or_else(|| client.namespace.clone());
    let namespace = (!args.target.all_namespaces).then_some(namespace);
    let scope = Scope { topic: Topic::Telemetry, namespace: namespace.clone() };
    let answers = snapshot(&client, &scope, true).await?;
    let telemetries = enabling::telemetries(&client, &answers)?;
    let manifests = Manifests::live(&answers, std::iter::empty::<&str>());
    let mut made: Vec<Made> = Vec::new();
    if args.expired {
        let is_meant = |meta: &&Meta| namespace.as_ref().is_none_or(|own| *own == meta.namespace);
        made.extend(enabling::expired(&manifests).filter(is_meant).map(enabling::made_of));
    } else {
        let target = Target::find(&client, args.pods.as_deref(), &args.target).await?;
        let pods = target.list(&client).await?;
        let pods: Vec<(&str, &str)> =
            pods.iter().map(|(namespace, name)| (namespace.as_str(), name.as_str())).collect();
        let cluster = telemetry::Cluster::new(&manifests.inventory);
        for workload in manifests.workloads().of_pods(&pods) {
            for telemetry in cluster.enabled(workload) {
                let object = enabling::made_of(&telemetry.meta);
                if !made.contains(&object) {
                    made.push(object);
                }
            }
        }
    }
    if made.is_empty() {
        notes.say("nothing of ours is there to be switched off");
        return Ok(Outcome::No);
    }
    let removed = Enabled::of(telemetries, made).remove(&notes).await;
    Ok(if removed { Outcome::Done } else { Outcome::No })
}
