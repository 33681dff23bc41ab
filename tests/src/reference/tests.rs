//! The reference against lines whose readings can be counted by hand.

use accesslog::FormatOptions;

use super::*;

/// What the reference says of a line: how many readings, the disputed fields and their text.
fn read(format: &str, line: &str) -> (usize, Vec<usize>, String) {
    read_with(&FormatOptions::new(), format, line)
}

fn read_with(options: &FormatOptions, format: &str, line: &str) -> (usize, Vec<usize>, String) {
    let readings = Reference::new(&options.compile(format).unwrap()).read(line.as_bytes());
    let text = String::from_utf8_lossy(readings.disputed_text()).into_owned();
    (readings.some(99).len(), readings.disputed(), text)
}

const QUOTED: &str = "%RESPONSE_CODE% \"%REQ(A)%\" \"%REQ(B)%\" %DURATION%";

#[test]
fn a_line_without_forgery_has_one_reading() {
    assert_eq!(read(QUOTED, r#"200 "a "x" b" "-" 7"#), (1, vec![], String::new()));
}

#[test]
fn a_forged_separator_gives_two_readings() {
    let disputed = r#"a" "b" "c"#;
    assert_eq!(read(QUOTED, r#"200 "a" "b" "c" 7"#), (2, vec![1, 2], disputed.to_owned()));
}

#[test]
fn a_line_of_another_format_has_no_reading() {
    for line in [r#"2000 "a" "b" 7"#, r#"200 "a" "b" x"#, r#"200 "a" 7"#, ""] {
        assert_eq!(read(QUOTED, line).0, 0, "{line}");
    }
}

#[test]
fn only_the_fields_that_differ_are_disputed() {
    // `aa` is cut in three ways, the code after it in one.
    let (count, disputed, text) = read("%REQ(A)%%REQ(B)% %RESPONSE_CODE%", "aa 200");
    assert_eq!((count, disputed, text.as_str()), (3, vec![0, 1], "aa"));
    assert_eq!(read("%REQ(A)%%REQ(B)%", "").1, Vec::<usize>::new());
}

#[test]
fn lengths_and_absent_values_limit_the_readings() {
    // At most one byte, or the `-` of an absent value.
    assert_eq!(read("%REQ(A):1% %REQ(B)%", "a b c").0, 1);
    assert_eq!(read("%REQ(A):0% %REQ(B)%", "- b").0, 1);
    assert_eq!(read("%DURATION% %REQ(B)%", "- b").0, 1);
    let omits = FormatOptions::new().omit_empty_values(true);
    assert_eq!(read_with(&omits, "%DURATION% %REQ(B)%", " b").0, 1);
    assert_eq!(read_with(&omits, "%DURATION% %REQ(B)%", "- b").0, 0);
}

#[test]
fn times_are_read_by_their_format() {
    let cases = [
        ("%START_TIME%", "2026-11-20T12:48:45.922Z", 1),
        ("%START_TIME%", "2026-11-20 12:48:45.922", 0),
        ("%START_TIME_LOCAL%", "2026-11-20T07:48:45.922-0500", 1),
        ("%START_TIME(%s%3f)%", "1795178925922", 1),
        ("%START_TIME(%E*S %E4n)%", "45.922063 %E4n", 1),
        ("%START_TIME(%d/%b/%Y:%H:%M:%S %z)%", "20/Nov/2026:12:48:45 +0000", 1),
        ("%START_TIME(%c)%", "Fri Nov 20 12:48:45 2026", 1),
        ("%START_TIME(%D %T)%", "11/20/26 12:48", 0),
    ];
    for (format, line, readings) in cases {
        assert_eq!(read(format, line).0, readings, "{format} {line}");
    }
}
