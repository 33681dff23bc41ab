//! Switching access logging on for a time, and off again: what `tail --enable`, `telemetry enable` and
//! `telemetry disable` have in common.

mod made;
mod show;

use std::io::{self, BufRead, IsTerminal};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mesh::Meta;
use telemetry::enable::{Plan, Request, is_expired};

use crate::cluster::{Answers, Client, Telemetries};
use crate::error::Error;
use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::select;
pub(super) use made::{Enabled, of as made_of};
pub(super) use show::plan_text;

/// What is to be switched on.
pub(super) struct Wish<'a> {
    /// The pods, by namespace and name.
    pub(super) pods: &'a [(&'a str, &'a str)],
    /// What is to be logged, a CEL expression; everything where there is none.
    pub(super) filter: Option<&'a str>,
    /// After how long anybody may remove it.
    pub(super) lease: Duration,
}

/// Works out what has to be created.
///
/// # Errors
///
/// When the filter is none, or when nothing would do what was asked for and nothing else.
pub(super) fn plan(manifests: &Manifests, wish: &Wish<'_>, notes: &Notes) -> Result<Plan, Error> {
    if let Some(filter) = wish.filter {
        select::expression("--filter", filter, notes)?;
    }
    let chosen = manifests.workloads().of_pods(wish.pods);
    let cluster = manifests.telemetry(notes);
    let now = Timestamp::now();
    let request = Request {
        workloads: &chosen,
        filter: wish.filter,
        suffix: &suffix(now),
        now,
        expires: after(now, wish.lease),
    };
    cluster.enable(&request).map_err(|refusal| Error::CannotEnable(Box::new(refusal)))
}

/// A time that is so much later.
pub(super) fn after(time: Timestamp, duration: Duration) -> Timestamp {
    let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}

/// Five characters that tell this look from others.
fn suffix(now: Timestamp) -> String {
    const SIGNS: &[u8] = b"bcdfghjkmnpqrstvwxz2456789";
    let mut number = now.as_nanosecond().unsigned_abs() ^ (u128::from(std::process::id()) << 17);
    let mut sign = || {
        let at = usize::try_from(number % SIGNS.len() as u128).unwrap_or_default();
        number /= SIGNS.len() as u128;
        SIGNS.get(at).map_or('x', |sign| char::from(*sign))
    };
    (0..5).map(|_| sign()).collect()
}

/// Whether all was read that decides for the whole mesh: else what is worked out is a guess.
pub(super) fn is_known(answers: &Answers, client: &Client) -> bool {
    !answers.is_refused(&["configmaps", "telemetries"], &client.istio_namespace)
}

/// The Telemetry objects of a cluster, under the version that it serves.
///
/// # Errors
///
/// When it serves none: Istio is not there, or the user may not read them.
pub(super) fn telemetries(client: &Client, answers: &Answers) -> Result<Telemetries, Error> {
    let served = answers.served.iter().find(|served| served.kind.kind == "Telemetry");
    served.map(|served| Telemetries::new(client, served.version)).ok_or(Error::NoTelemetries)
}

/// What was made here and has expired.
pub(super) fn expired(manifests: &Manifests) -> impl Iterator<Item = &Meta> {
    let now = Timestamp::now();
    let telemetries = manifests.inventory.objects.iter().filter(|it| it.kind == "Telemetry");
    telemetries.map(|it| &it.meta).filter(move |meta| is_expired(meta, now))
}

/// Creates what was planned, after a dry run and unless the user does not want it. What is there by then
/// is in `enabled` at once, to be removed whatever happens.
///
/// # Errors
///
/// When the cluster refuses it, or it is not wanted.
pub(super) async fn create(
    plan: &Plan,
    (telemetries, question): (Telemetries, &str),
    yes: bool,
    enabled: &mut Option<Enabled>,
    notes: &Notes,
) -> Result<(), Error> {
    let enabled = enabled.insert(Enabled::new(telemetries));
    enabled.try_out(plan.objects()).await?;
    if !yes && !confirm(question, notes).await? {
        return Err(Error::NotWanted);
    }
    Ok(enabled.create(plan.objects()).await?)
}

/// Removes what a look has left whose process was killed; whether anything was.
pub(super) async fn sweep(telemetries: &Telemetries, manifests: &Manifests, notes: &Notes) -> bool {
    let expired: Vec<_> = expired(manifests).map(made_of).collect();
    if expired.is_empty() {
        return false;
    }
    notes.say("what an earlier look has left has expired:");
    let enabled = Enabled::of(telemetries.clone(), expired);
    // What cannot be removed was said, and is no reason to stop.
    let _ = enabled.remove(notes).await;
    true
}

/// Asks whether to go on. Without a terminal there is nobody to ask.
///
/// # Errors
///
/// When there is nobody to ask.
async fn confirm(question: &str, notes: &Notes) -> Result<bool, Error> {
    if !io::stdin().is_terminal() {
        return Err(Error::NobodyToAsk);
    }
    notes.print(&format!("{question} [y/N]"));
    let (sender, answer) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).is_err() {
            line.clear();
        }
        // Nobody waits for the answer when the end was asked for.
        let _ = sender.send(line);
    });
    let answer = answer.await.unwrap_or_default();
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
