//! Any bytes, in any pieces, are cut, unwrapped and joined without a panic, and no byte of a line
//! is made up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logcollector::frame::{Frame, Framer};
use logcollector::unwrap::{Form, Joined, Joiner, look};

const MAX_LINE: usize = 64;

fn is_inside(line: &[u8], part: &[u8]) -> bool {
    part.is_empty() || line.as_ptr_range().contains(&part.as_ptr())
}

fn check(line: &[u8], joiner: &mut Joiner) {
    let look = look(line);
    assert!(line.ends_with(look.unprefixed));
    let joined = match &look.form {
        Form::Plain => return,
        Form::Timestamp { body, .. } => {
            assert!(line.ends_with(body));
            return;
        }
        Form::Cri { stream, partial, body, .. } => {
            assert!(is_inside(line, body));
            joiner.push(*stream, b"", body, *partial)
        }
        Form::Docker { stream, partial, body, .. } => {
            joiner.push(*stream, b"", body.as_bytes(), *partial)
        }
    };
    if let Joined::Line { body, .. } = joined {
        assert!(body.len() <= MAX_LINE);
    }
}

fuzz_target!(|input: (Vec<u8>, u8)| {
    let (data, piece) = input;
    let mut joiner = Joiner::new(MAX_LINE);
    let mut framer = Framer::new(MAX_LINE);
    let mut lines = Vec::new();
    let mut take = |frame: Frame<'_>, _: &[u8]| {
        match frame {
            Frame::Line(line) => {
                assert!(line.len() <= MAX_LINE && !line.contains(&b'\n'));
                lines.push(Some(line.to_vec()));
                check(line, &mut joiner);
            }
            Frame::Oversized => lines.push(None),
        }
        Ok::<(), ()>(())
    };
    for chunk in data.chunks(usize::from(piece) + 1) {
        framer.feed(chunk, &mut take).expect("taking does not fail");
    }
    framer.finish(&mut take).expect("taking does not fail");
    let mut expected: Vec<_> = data.split(|&byte| byte == b'\n').collect();
    if expected.last().is_some_and(|last| last.is_empty()) {
        expected.pop();
    }
    let expected = expected.into_iter().map(|line| (line.len() <= MAX_LINE).then(|| line.to_vec()));
    assert!(lines.into_iter().eq(expected));
});
