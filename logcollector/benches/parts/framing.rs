//! Cutting chunks into lines.

use std::convert::Infallible;

use bench::corpus::Kind;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use logcollector::frame::{Frame, Framer};

use crate::LINES;

/// A thousand lines in chunks of so many bytes; lines that a chunk's end cuts are copied.
#[divan::bench(args = [64, 4096, 262_144])]
fn chunks(bencher: Bencher<'_, '_>, size: usize) {
    let bytes = Kind::Istio.records(1, LINES);
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        let mut framer = Framer::new(1 << 20);
        let mut length = 0;
        for chunk in black_box(&bytes).chunks(size) {
            let counted = framer.feed::<Infallible>(chunk, &mut |frame, _| {
                if let Frame::Line(line) = frame {
                    length += line.len();
                }
                Ok(())
            });
            match counted {
                Ok(()) => {}
            }
        }
        length
    });
}
