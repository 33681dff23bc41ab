//! Where the logs of pods begin.

use jiff::{SignedDuration, Timestamp};

use crate::cli::TailArgs;
use crate::cluster::Window;

/// Where the logs begin.
pub(super) fn window(args: &TailArgs, follow: bool) -> Window {
    /// How many lines of each pod are shown of what is there already.
    const LINES: i64 = 10;
    let live = &args.live;
    let since = live.since.map(|since| {
        Timestamp::now()
            .checked_sub(SignedDuration::try_from(since).unwrap_or(SignedDuration::MAX))
            .unwrap_or(Timestamp::MIN)
    });
    // The API counts whole seconds, and the client would round to the nearest: lines would be missing.
    let since = since.or(live.since_time).and_then(|since| {
        let second = since.as_nanosecond().div_euclid(1_000_000_000);
        Timestamp::from_second(i64::try_from(second).ok()?).ok()
    });
    let tail = live.tail.or((follow && since.is_none()).then_some(LINES));
    Window { since, tail: tail.filter(|lines| *lines >= 0), previous: live.previous, follow }
}
