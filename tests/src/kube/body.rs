//! Bodies of answers: whole, or streamed with faults.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc;

/// How a stream ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// As if all had been said.
    Clean,
    /// In the middle: of HTTP/1.1 the connection is dropped without a word of TLS, of HTTP/2 the stream is reset.
    Abort,
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Answered {
    Whole(Option<Bytes>),
    Stream(mpsc::Receiver<Result<Bytes, Aborted>>),
}

/// Why a connection ends in the middle of a body.
#[derive(Debug)]
pub(crate) struct Aborted;

impl std::fmt::Display for Aborted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut by the test")
    }
}

impl std::error::Error for Aborted {}

impl Body for Answered {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(bytes) => bytes
                .poll_recv(context)
                .map(|received| received.map(|bytes| bytes.map(Frame::data))),
        }
    }
}

/// The sending end of a streamed body.
#[derive(Debug)]
pub(crate) struct Stream {
    sender: mpsc::Sender<Result<Bytes, Aborted>>,
    /// The most bytes of a write, and the pause after each.
    pub(crate) slow: Option<(usize, Duration)>,
    /// After how many bytes it is cut, and how.
    pub(crate) cut_at: Option<(usize, Cut)>,
    open: Arc<AtomicUsize>,
}

/// A stream that has ended.
#[derive(Debug)]
pub(crate) struct Ended;

impl Stream {
    /// A stream and its body. `open` counts it as long as it lives.
    pub(crate) fn new(open: &Arc<AtomicUsize>) -> (Self, Answered) {
        let (sender, receiver) = mpsc::channel(4);
        open.fetch_add(1, Ordering::SeqCst);
        (Self { sender, slow: None, cut_at: None, open: open.clone() }, Answered::Stream(receiver))
    }

    /// Sends these bytes, at its pace and up to its cut.
    pub(crate) async fn send(&mut self, mut bytes: Bytes) -> Result<(), Ended> {
        let cut = match self.cut_at {
            Some((left, cut)) if left <= bytes.len() => {
                bytes.truncate(left);
                Some(cut)
            }
            Some((left, cut)) => {
                self.cut_at = Some((left - bytes.len(), cut));
                None
            }
            None => None,
        };
        while !bytes.is_empty() {
            let size = self.slow.map_or(bytes.len(), |(size, _)| size.min(bytes.len()));
            self.sender.send(Ok(bytes.split_to(size))).await.map_err(|_| Ended)?;
            if let Some((_, pause)) = self.slow {
                tokio::time::sleep(pause).await;
            }
        }
        match cut {
            Some(cut) => {
                self.end(cut).await;
                Err(Ended)
            }
            None => Ok(()),
        }
    }

    /// Ends the stream so.
    pub(crate) async fn end(&self, cut: Cut) {
        if cut == Cut::Abort {
            // What was sent before must be on the wire: hyper throws away what it has not written.
            tokio::time::sleep(Duration::from_millis(100)).await;
            let _client_is_gone = self.sender.send(Err(Aborted)).await;
        }
    }

    /// Waits until the client has gone.
    pub(crate) async fn closed(&self) {
        self.sender.closed().await;
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}
