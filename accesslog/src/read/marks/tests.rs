use proptest::prelude::*;

use super::*;

/// What the pass says of a line, found byte by byte: the marks, and whether there are control
/// characters and bytes to escape.
fn one_by_one(line: &[u8], pin: Option<u8>) -> (Vec<u32>, bool, bool) {
    let is_pin = |byte: u8| Some(byte) == pin;
    let escapes = |byte: u8| !(0x20..0x80).contains(&byte) || b"\"\\".contains(&byte);
    let marks = (0u32..).zip(line).filter(|(_, byte)| **byte == b' ' || is_pin(**byte));
    (
        marks.map(|(at, _)| at).collect(),
        line.iter().any(|&byte| byte < 0x20 && !is_pin(byte)),
        line.iter().any(|&byte| escapes(byte) && !is_pin(byte)),
    )
}

/// The same on every level, and the number of pins; also with a newline and more behind the line.
struct Found<'a> {
    line: &'a [u8],
    pin: Option<u8>,
}

impl Work for Found<'_> {
    type Output = (Vec<u32>, bool, bool);

    fn run<L: Level>(self, level: L) -> Self::Output {
        let mut marks = Marks::default();
        let pins = self.line.iter().filter(|&&byte| Some(byte) == self.pin).count();
        assert_eq!(marks.find_on::<L, false>(level, self.line, self.pin), pins);
        let found = (marks.offsets().to_vec(), marks.has_controls(), marks.has_escapes());
        if !self.line.contains(&b'\n') {
            let text = [self.line, b"\n \"|\t\n\xff"].concat();
            assert_eq!(marks.find_on::<L, true>(level, &text, self.pin), pins);
            assert_eq!(marks.length(), Some(self.line.len()));
            let first = (marks.offsets().to_vec(), marks.has_controls(), marks.has_escapes());
            assert_eq!(first, found);
            marks.find_on::<L, true>(level, self.line, self.pin);
            assert_eq!(marks.length(), None);
        }
        found
    }
}

#[test]
fn every_byte_is_classed() {
    for byte in 0..=255_u8 {
        for pin in [None, Some(b'"'), Some(b'\t'), Some(b' '), Some(0xff)] {
            for length in [1, 63, 64, 65, 200] {
                let line: Vec<u8> = std::iter::repeat_n(byte, length).collect();
                for found in simd::run_on_each(|| Found { line: &line, pin }) {
                    assert_eq!(found, one_by_one(&line, pin), "{byte} {pin:?}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn all_levels_are_one_by_one(
        line in "[ \"a|\\\\\t\u{e9}]{0,300}|[a-z]{0,150}[ \"]{0,80}[a-z]{0,90}",
        pin in proptest::option::of("[\"|\t]"),
    ) {
        let (line, pin) = (line.as_bytes(), pin.and_then(|pin| pin.bytes().next()));
        for found in simd::run_on_each(|| Found { line, pin }) {
            prop_assert_eq!(found, one_by_one(line, pin));
        }
    }
}
