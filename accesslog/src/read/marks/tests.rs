use proptest::prelude::*;

use super::*;

/// All ways to look at a line that this processor has.
fn finds() -> Vec<Find> {
    std::iter::once(portable as Find).chain(simd::all_finds()).collect()
}

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

fn found(find: Find, line: &[u8], pin: Option<u8>) -> (Vec<u32>, bool, bool) {
    let mut marks = Marks::with(find);
    let pins = line.iter().filter(|&&byte| Some(byte) == pin).count();
    assert_eq!(marks.find(line, pin), pins);
    (marks.offsets().to_vec(), marks.has_controls(), marks.has_escapes())
}

#[test]
fn every_byte_is_classed() {
    for byte in 0..=255_u8 {
        for pin in [None, Some(b'"'), Some(b'\t'), Some(b' '), Some(0xff)] {
            for length in [1, 63, 64, 65, 200] {
                let line: Vec<u8> = std::iter::repeat_n(byte, length).collect();
                for find in finds() {
                    assert_eq!(found(find, &line, pin), one_by_one(&line, pin), "{byte} {pin:?}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn all_ways_are_one_by_one(
        line in "[ \"a|\\\\\t\u{e9}]{0,300}|[a-z]{0,150}[ \"]{0,80}[a-z]{0,90}",
        pin in proptest::option::of("[\"|\t]"),
    ) {
        let (line, pin) = (line.as_bytes(), pin.and_then(|pin| pin.bytes().next()));
        for find in finds() {
            prop_assert_eq!(found(find, line, pin), one_by_one(line, pin));
        }
    }
}
