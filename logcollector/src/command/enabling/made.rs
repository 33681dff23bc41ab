//! Objects that were created here, and their end.

use std::time::Duration;

use jiff::Timestamp;
use mesh::Meta;
use telemetry::enable::Creation;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::after;
use crate::cluster::{Failure, Made, Removal, Telemetries};
use crate::notes::Notes;
use crate::visible;

/// How long to try to remove objects when the cluster does not answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// Objects by which logging is on.
#[derive(Debug)]
pub(crate) struct Enabled {
    telemetries: Telemetries,
    made: Vec<Made>,
    /// Puts off their expiry.
    keeper: Option<JoinHandle<()>>,
}

impl Enabled {
    /// No objects yet.
    pub(crate) fn new(telemetries: Telemetries) -> Self {
        Self::of(telemetries, Vec::new())
    }

    /// Objects that are there.
    pub(crate) fn of(telemetries: Telemetries, made: Vec<Made>) -> Self {
        Self { telemetries, made, keeper: None }
    }

    /// Tries whether objects could be created.
    ///
    /// # Errors
    ///
    /// When the cluster refuses one, or does not answer.
    pub(crate) async fn try_out(&self, objects: &[Creation]) -> Result<(), Failure> {
        for object in objects {
            self.telemetries.create(&object.manifest, true).await?;
        }
        Ok(())
    }

    /// Creates objects. Each counts as there from the moment on in which it is asked for.
    ///
    /// # Errors
    ///
    /// When the cluster refuses one, or does not answer; those before it are there.
    pub(crate) async fn create(&mut self, objects: &[Creation]) -> Result<(), Failure> {
        for object in objects {
            let (namespace, name) = (object.namespace.clone(), object.name.clone());
            self.made.push(Made { namespace, name, uid: None });
            let made = self.telemetries.create(&object.manifest, false).await;
            if made.as_ref().is_err_and(|failure| !failure.may_pass()) {
                // It was refused: nothing of this name is ours.
                self.made.pop();
            }
            let made = made?;
            if let Some(last) = self.made.last_mut() {
                *last = made;
            }
        }
        Ok(())
    }

    /// Puts off the expiry of all objects again and again, until they are removed.
    pub(crate) fn keep(&mut self, lease: Duration) {
        let (telemetries, made) = (self.telemetries.clone(), self.made.clone());
        self.keeper = Some(tokio::spawn(async move {
            loop {
                tokio::time::sleep(lease / 4).await;
                let expires = after(Timestamp::now(), lease);
                for made in &made {
                    // When it fails for good the object expires, and whoever looks next removes it.
                    let _ = telemetries.renew(made, expires).await;
                }
            }
        }));
    }

    /// Removes all objects, and says what became of each; whether none is left.
    pub(crate) async fn remove(self, notes: &Notes) -> bool {
        if let Some(keeper) = &self.keeper {
            keeper.abort();
        }
        let mut all = true;
        for made in &self.made {
            let name = format!("Telemetry {}/{}", made.namespace, made.name);
            let name = visible::text(name.as_bytes());
            match self.remove_one(made).await {
                Ok(Removal::Removed) => notes.say(&format!("{name}: removed")),
                Ok(Removal::Gone) => notes.say(&format!("{name}: was gone already")),
                Ok(Removal::Theirs) => {
                    all = false;
                    notes.print(&format!(
                        "{name}: somebody has changed it, so that it stays: kubectl delete \
                         telemetries.telemetry.istio.io {} -n {}",
                        made.name, made.namespace
                    ));
                }
                Err(failure) => {
                    all = false;
                    notes.print(&format!(
                        "{name}: not removed: {failure}\n  once it has expired, `logcollector telemetry \
                         disable --expired` removes it"
                    ));
                }
            }
        }
        all
    }

    async fn remove_one(&self, made: &Made) -> Result<Removal, Failure> {
        let begun = Instant::now();
        loop {
            let removed = tokio::time::timeout(PATIENCE, self.telemetries.remove(made)).await;
            let removed =
                removed.unwrap_or_else(|_| Err(Failure::Unreachable("no answer".to_owned())));
            match removed {
                Err(failure) if failure.may_pass() && begun.elapsed() < PATIENCE => {
                    tokio::time::sleep(PAUSE).await;
                }
                removed => return removed,
            }
        }
    }
}

/// An object that was read.
pub(crate) fn of(meta: &Meta) -> Made {
    Made { namespace: meta.namespace.clone(), name: meta.name.clone(), uid: None }
}
