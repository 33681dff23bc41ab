//! What does not answer for now: said once, and once more when it does.

use std::collections::HashSet;
use std::time::Instant;

use crate::cluster::Failure;
use crate::notes::Notes;

/// What does not answer.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    who: HashSet<String>,
    since: Option<Instant>,
    /// What will never be allowed, and was said.
    refused: HashSet<String>,
}

impl Troubles {
    /// Something does not answer.
    pub(super) fn begin(&mut self, who: String, failure: &Failure, notes: &Notes) {
        if let Failure::Forbidden(message) | Failure::Unauthorized(message) = failure {
            if self.refused.insert(who.clone()) {
                notes.say(&format!("{who}: {message}"));
            }
            return;
        }
        // What cannot be reached at all cannot be reached by anybody.
        let who = if matches!(failure, Failure::Unreachable(_)) { String::new() } else { who };
        if self.since.is_none() {
            let place = if who.is_empty() { String::new() } else { format!("{who}: ") };
            notes.say(&format!("{place}{failure}; trying on"));
            self.since = Some(Instant::now());
        }
        self.who.insert(who);
    }

    /// Something answers again.
    pub(super) fn end(&mut self, who: &str, notes: &Notes) {
        let ended = self.who.remove("") | self.who.remove(who);
        if ended
            && self.who.is_empty()
            && let Some(since) = self.since.take()
        {
            let seconds = since.elapsed().as_secs_f64();
            notes.say(&format!("answered again after {seconds:.1} s"));
        }
    }
}
