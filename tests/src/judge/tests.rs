//! The judge notices what it is there to notice.

use accesslog::Reader;

use super::*;
use crate::formats::TextFormat;
use crate::reference::Reference;

const FORMAT: &str =
    "%RESPONSE_CODE% \"%REQ(A)%\" \"%REQ(B)%\" %DURATION% %DYNAMIC_METADATA(a:b)%\n";

/// Judges `line` against what the JSON logger and the reference say of it; the reference is asked
/// about `referred`, to make it differ.
fn verdict(line: &str, json: &str, referred: &str) -> Verdict {
    let format = TextFormat {
        name: "judged",
        text: FORMAT.to_owned(),
        omit_empty_values: false,
        sound: true,
    };
    let pair = Pair::new(0, format);
    let truth = Truth::parse(json.as_bytes()).unwrap();
    let line = Line { text: line.into(), json: json.into(), truth };
    let readings = Reference::new(&pair.compiled).read(referred.as_bytes());
    let mut reader = Reader::new(pair.compiled.clone().into());
    judge(&pair, &line, reader.read(&line.text).ok(), &readings).verdict
}

fn json(code: &str, a: &str, b: &str, duration: &str, metadata: &str) -> String {
    format!(
        r#"{{"response_code":{code},"req_a":{a},"req_b":{b},"duration":{duration},"dynamic_metadata_a_b":{metadata}}}"#
    )
}

#[test]
fn values_must_equal_in_content_and_type() {
    let line = r#"200 "a" "-" 7 x"#;
    let judge = |json: String| verdict(line, &json, line);
    assert_eq!(judge(json("200", r#""a""#, "null", "7", r#""x""#)), Verdict::Unique);
    assert_eq!(judge(json("200", r#""a""#, r#""-""#, "7", r#""x""#)), Verdict::Unique);
    assert_eq!(judge(json("200", r#""b""#, "null", "7", r#""x""#)), Verdict::Wrong);
    assert_eq!(judge(json("200", "null", "null", "7", r#""x""#)), Verdict::Wrong);
    assert_eq!(judge(json(r#""200""#, r#""a""#, "null", "7", r#""x""#)), Verdict::Wrong);
    assert_eq!(judge(json("200", r#""a""#, "null", "null", r#""x""#)), Verdict::Wrong);
    assert_eq!(judge(r#"{"response_code":200}"#.to_owned()), Verdict::Wrong);
}

#[test]
fn only_types_that_depend_on_content_are_excused() {
    let line = r#"200 "42" "-" 7 42"#;
    let judge = |json: String| verdict(line, &json, line);
    assert_eq!(judge(json("200", r#""42""#, "null", "7", "42")), Verdict::Unique);
    assert_eq!(judge(json("200", r#""42""#, "null", "7", r#""42""#)), Verdict::Unique);
    assert_eq!(judge(json("200", r#""42""#, "null", "7", r#""43""#)), Verdict::Wrong);
    assert_eq!(judge(json("200", "42", "null", "7", "42")), Verdict::Wrong);
}

#[test]
fn a_line_must_be_as_ambiguous_as_the_reference_says() {
    let (plain, forged) = (r#"200 "a" "-" 7 x"#, r#"200 "a" "b" "c" 7 x"#);
    let values = |a, b| json("200", a, b, "7", r#""x""#);
    let truth = values(r#""a""#, r#""b\" \"c""#);
    assert_eq!(verdict(forged, &truth, forged), Verdict::Ambiguous);
    assert_eq!(verdict(forged, &truth, plain), Verdict::Wrong);
    assert_eq!(verdict(forged, &truth, r#"200 "a" "b" "d" 7 x"#), Verdict::Wrong);
    assert_eq!(verdict(plain, &values(r#""a""#, "null"), forged), Verdict::Wrong);
    let other_code = json("503", r#""a""#, r#""b\" \"c""#, "7", r#""x""#);
    assert_eq!(verdict(forged, &other_code, forged), Verdict::Wrong);
}

#[test]
fn a_line_that_is_not_read_is_no_good_line() {
    let truth = json("200", r#""a""#, "null", "7", r#""x""#);
    assert_eq!(verdict(r#"2000 "a" "-" 7 x"#, &truth, ""), Verdict::Unparsed);
}
