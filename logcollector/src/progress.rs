//! Signs of life during long work, where standard error is a terminal.

use std::time::Duration;

use indicatif::ProgressBar;

/// Turns while work goes on that has no measure.
#[derive(Debug)]
pub(crate) struct Spinner(ProgressBar);

impl Spinner {
    /// A spinner beside `message`, until it is dropped.
    pub(crate) fn new(message: &'static str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(message);
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self(bar)
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
