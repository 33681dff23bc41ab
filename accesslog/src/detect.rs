//! Telling the default formats apart from the lines themselves.

mod extra;

use std::fmt;
use std::sync::Arc;

use crate::format::{Encoding, Field, Format, FormatOptions};
use crate::json::Scanner;
use crate::preset::Preset;
use crate::read::Reader;
use extra::{Extra, fewer, json_key, known, of_member, words};

/// How many lines that fit are looked at, and how many in all.
const MOST_FITTING: usize = 64;
const MOST_LINES: usize = 4096;

/// How many fields a mesh may have added behind a preset's.
const MOST_EXTRA: usize = 16;

/// How many of Istio's keys make a JSON object an access log record.
const LEAST_KEYS: usize = 3;

/// Text presets in the order in which they are tried: one whose lines another could read too comes
/// before it.
const TEXT: &[&str] = &["istio", "istio@1.3", "istio@1.2", "istio@1.8", "istio@1.1", "envoy"];

/// Tells which preset the lines of a stream are written in.
///
/// Extra fields that a mesh added at the end of a default format are recognised: a bare integer as
/// `%UPSTREAM_REQUEST_ATTEMPT_COUNT%`, and behind it what logcollector's filter leaves, a history of
/// attempts and a JSON object; others as opaque texts.
///
/// ```
/// use accesslog::Detector;
///
/// let line = br#"[2026-11-20T12:00:00.000Z] "GET / HTTP/1.1" 200 - 0 5 7 6 "-" "curl" "id" "a" "10.0.0.1:80""#;
/// let detected = Detector::new(Default::default()).detect([&line[..]]).expect("a default format");
/// assert_eq!(detected.preset().name(), "envoy");
/// ```
#[derive(Debug)]
pub struct Detector {
    options: FormatOptions,
    texts: Vec<Candidate>,
    json: Vec<Reader>,
}

/// A text preset, as it is and with more at its end.
#[derive(Debug)]
struct Candidate {
    preset: &'static Preset,
    exact: Reader,
    /// The preset with more text behind its last field; not for presets whose last field takes any
    /// text itself.
    longer: Option<Reader>,
}

/// How well a candidate fits: it should read most of the lines, as it is rather than with more at its
/// end, since a client can make one line look like another preset's, but not all. Of several, it
/// should be one that reads the first line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    exact: u32,
    fits: u32,
    first: bool,
}

/// What the lines of a stream are written in.
#[derive(Debug, Clone)]
pub struct Detected {
    preset: &'static Preset,
    format: Arc<Format>,
    extra: Vec<Extra>,
}

impl Detector {
    /// A detector whose formats are compiled with these options.
    pub fn new(options: FormatOptions) -> Self {
        let reader = |preset: &Preset| {
            preset.compile(&options).ok().map(|format| Reader::new(format.into()))
        };
        let texts = TEXT.iter().filter_map(|name| {
            let preset = Preset::from_name(name)?;
            let exact = reader(preset)?;
            let longer = if preset.text().contains("%ROUTE_NAME%") {
                None
            } else {
                let text = format!("{} %EXTRA%\n", preset.text().trim_end());
                Some(Reader::new(options.compile(&text).ok()?.into()))
            };
            Some(Candidate { preset, exact, longer })
        });
        let json = Preset::ALL.iter().filter(|preset| preset.encoding() == Encoding::Json);
        Self { texts: texts.collect(), json: json.filter_map(reader).collect(), options }
    }

    /// Looks at lines of one stream, oldest first, and gives what most of the first that fit any
    /// preset are written in. `None` when no line fits.
    pub fn detect<'l>(&mut self, lines: impl IntoIterator<Item = &'l [u8]>) -> Option<Detected> {
        let mut fitting = Vec::new();
        let mut scores = vec![Score::default(); self.texts.len()];
        for line in lines.into_iter().take(MOST_LINES) {
            if line.first() != Some(&b'{') {
                if self.score(line, fitting.is_empty(), &mut scores) {
                    fitting.push(line);
                }
            } else if let (true, Some((preset, extra))) =
                (fitting.is_empty(), self.json_preset(line))
            {
                return self.detected(preset, extra);
            }
            if fitting.len() == MOST_FITTING {
                break;
            }
        }
        let best = scores.iter().max()?;
        let at = scores.iter().position(|score| score == best).filter(|_| best.fits > 0)?;
        let candidate = self.texts.get_mut(at)?;
        let extra = fitting.iter().filter_map(|line| candidate.extra(line)).reduce(fewer)?;
        let preset = candidate.preset;
        self.detected(preset, extra)
    }

    /// Notes which candidates a line fits; whether it fits any.
    fn score(&mut self, line: &[u8], is_first: bool, scores: &mut [Score]) -> bool {
        let mut any = false;
        for (candidate, score) in self.texts.iter_mut().zip(scores) {
            let exact = candidate.exact.read(line).is_ok();
            let fits = exact || candidate.longer.as_mut().is_some_and(|r| r.read(line).is_ok());
            score.exact += u32::from(exact);
            score.fits += u32::from(fits);
            score.first |= fits && is_first;
            any |= fits;
        }
        any
    }

    /// The JSON preset that has the keys of a line, and what of its other members is recognised.
    fn json_preset(&self, line: &[u8]) -> Option<(&'static Preset, Vec<Extra>)> {
        let istio = self.json.first()?.format();
        let mut scanner = Scanner::new(line);
        let (mut known, mut mixer, mut details) = (0, false, false);
        let mut extra = Vec::new();
        scanner.eat(b'{')?;
        loop {
            let key = scanner.string()?;
            let key = line.get(key.start..key.end)?;
            mixer |= key == b"istio_policy_status";
            details |= key == b"response_code_details";
            let names = |field: &&Field| field.path.iter().any(|name| name.as_bytes() == key);
            known += istio.fields().iter().filter(names).count();
            scanner.eat(b':')?;
            scanner.peek()?;
            let start = scanner.at();
            scanner.value()?;
            extra.extend(of_member(key, line.get(start..scanner.at())?));
            if scanner.eat(b',').is_none() {
                break;
            }
        }
        scanner.eat(b'}')?;
        if !scanner.at_end() || known < LEAST_KEYS {
            return None;
        }
        extra.sort();
        extra.dedup();
        let preset = Preset::from_name(match (mixer, details) {
            (true, _) => "istio-json@1.3",
            (_, true) => "istio-json",
            _ => "istio-json@1.8",
        })?;
        Some((preset, extra))
    }

    fn detected(&self, preset: &'static Preset, extra: Vec<Extra>) -> Option<Detected> {
        let format = if preset.encoding() == Encoding::Json && extra.is_empty() {
            let known = self.json.iter().find(|reader| reader.format().text() == preset.text())?;
            Arc::clone(known.format())
        } else {
            compile(preset, &extra, &self.options)?
        };
        Some(Detected { preset, format, extra })
    }
}

impl Candidate {
    /// The extra fields of a line; `None` when the line does not fit at all.
    fn extra(&mut self, line: &[u8]) -> Option<Vec<Extra>> {
        match &mut self.longer {
            // The last field takes all that follows: its first word is its own, and so are all when
            // there are too many for fields.
            None => {
                let words = last_words(&mut self.exact, line)?;
                let few = words.len() <= 1 + MOST_EXTRA;
                Some(words.into_iter().skip(1).filter(|_| few).collect())
            }
            Some(_) if self.exact.read(line).is_ok() => Some(Vec::new()),
            Some(longer) => last_words(longer, line).filter(|words| words.len() <= MOST_EXTRA),
        }
    }
}

/// The words of a line's last field, and at most one more than can be extra fields.
fn last_words(reader: &mut Reader, line: &[u8]) -> Option<Vec<Extra>> {
    let record = reader.read(line).ok()?;
    let last = record.value(record.len().checked_sub(1)?).to_bytes();
    Some(words(last.as_deref().unwrap_or(b"-")).take(2 + MOST_EXTRA).collect())
}

fn compile(
    preset: &'static Preset,
    extra: &[Extra],
    options: &FormatOptions,
) -> Option<Arc<Format>> {
    let text = text_with(preset, extra);
    if preset.encoding() == Encoding::Json {
        return options.compile_json(&text).ok().map(Arc::new);
    }
    if known(extra).is_some() {
        return options.compile(&text).ok().map(Arc::new);
    }
    let count = preset.compile(options).ok()?.fields.len();
    let marked = options.clone().extra_from(count);
    marked.compile(&text).ok().map(Arc::new)
}

/// The format string of a preset with extra fields behind it.
fn text_with(preset: &Preset, extra: &[Extra]) -> String {
    let mut text = preset.text().trim_end().to_owned();
    if preset.encoding() == Encoding::Json {
        text.pop();
        for (name, operator) in known(extra).unwrap_or_default() {
            text.push_str(&format!(r#","{}":"{operator}""#, json_key(name)));
        }
        text.push('}');
        return text;
    }
    if let Some(known) = known(extra) {
        known.iter().for_each(|(_, operator)| text.push_str(&format!(" {operator}")));
    } else {
        for (count, extra) in (1..).zip(extra) {
            let quote = if *extra == Extra::Quoted { "\"" } else { "" };
            text.push_str(&format!(" {quote}%EXTRA_{count}%{quote}"));
        }
    }
    text.push('\n');
    text
}

impl Detected {
    /// The preset, or the one that the format is an extension of.
    pub fn preset(&self) -> &'static Preset {
        self.preset
    }

    /// The compiled format, extra fields included.
    pub fn format(&self) -> &Arc<Format> {
        &self.format
    }

    /// The format string to give instead, when it is not the preset alone: names of operators are
    /// to be filled in for `EXTRA_1` and so on.
    pub fn format_string(&self) -> Option<String> {
        (!self.extra.is_empty()).then(|| text_with(self.preset, &self.extra).trim_end().to_owned())
    }
}

impl fmt::Display for Detected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.preset.name())?;
        match self.extra.len() {
            0 => return Ok(()),
            1 => f.write_str(" plus 1 field")?,
            count => write!(f, " plus {count} fields")?,
        }
        match known(&self.extra) {
            Some(known) => {
                let names: Vec<_> = known.into_iter().map(|(name, _)| name).collect();
                write!(f, ", read as {}", names.join(", "))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = r#"[2026-11-20T12:00:00.000Z] "GET / HTTP/1.1" 200 - "#;
    const TRANSFER: &str = r#"0 5 7 6 "-" "curl" "id" "a" "10.0.0.1:80""#;
    const CONNECTIONS: &str = "outbound|80||a - 10.0.0.2:80 10.0.0.3:4000 -";

    fn detect(lines: &[String]) -> Option<String> {
        let lines = lines.iter().map(|line| line.as_bytes());
        Detector::new(FormatOptions::new()).detect(lines).map(|detected| detected.to_string())
    }

    fn one(line: String) -> String {
        detect(&[line]).unwrap_or_default()
    }

    #[test]
    fn each_generation_is_told_by_its_shape() {
        let (r, t, c) = (REQUEST, TRANSFER, CONNECTIONS);
        assert_eq!(one(format!("{r}{t}")), "envoy");
        assert_eq!(one(format!("{r}\"-\" {t} {c}")), "istio@1.1");
        assert_eq!(one(format!("{r}\"-\" \"-\" {t} {c}")), "istio@1.2");
        assert_eq!(one(format!("{r}\"-\" \"-\" {t} {c} default")), "istio@1.3");
        assert_eq!(one(format!("{r}\"-\" {t} {c} default")), "istio@1.8");
        assert_eq!(one(format!("{r}via_upstream - \"-\" {t} {c} default")), "istio");
    }

    #[test]
    fn extra_fields_are_counted() {
        let (r, t, c) = (REQUEST, TRANSFER, CONNECTIONS);
        let istio = format!("{r}via_upstream - \"-\" {t} {c} default");
        let attempts = "istio plus 1 field, read as upstream_request_attempt_count";
        assert_eq!(one(format!("{istio} 2")), attempts);
        assert_eq!(one(format!("{istio} abc")), "istio plus 1 field");
        assert_eq!(one(format!("{istio} \"a b\" 1")), "istio plus 2 fields");
        assert_eq!(
            one(format!("{r}{t} 1")),
            "envoy plus 1 field, read as upstream_request_attempt_count"
        );
        assert_eq!(one(format!("{r}via_upstream - \"-\" {t} {c} -")), "istio");
        assert_eq!(one(format!("{r}via_upstream - \"-\" {t} {c} - -")), "istio plus 1 field");
        assert_eq!(one(format!("{istio}{}", " a".repeat(16))), "istio plus 16 fields");
        assert_eq!(one(format!("{istio}{}", " a".repeat(17))), "istio");
        assert_eq!(one(format!("{r}{t} -")), "envoy plus 1 field");
        // A route name with spaces beside ones without is no extra field.
        let named = format!("{r}via_upstream - \"-\" {t} {c} my route");
        assert_eq!(detect(&[named, istio]), Some("istio".to_owned()));
    }

    /// What logcollector's filter leaves is recognised behind the attempt count, in its order.
    #[test]
    fn histories_and_objects_are_told() {
        let (r, t, c) = (REQUEST, TRANSFER, CONNECTIONS);
        let history = "10.0.0.1:80=503/12ms/x;-=-/3ms;a=?;+";
        let object = r#"{"a":"\u0020"}"#;
        let (count, attempts, added) =
            ("upstream_request_attempt_count", "wasm.upstream_attempts", "wasm.access_log");
        let all = format!("plus 3 fields, read as {count}, {attempts}, {added}");
        let cases: &[(&[&str], String)] = &[
            (&["2", history, object], all.clone()),
            (&["2", history], format!("plus 2 fields, read as {count}, {attempts}")),
            (&["2", object], format!("plus 2 fields, read as {count}, {added}")),
            (&[history, object], format!("plus 2 fields, read as {attempts}, {added}")),
            (&[history], format!("plus 1 field, read as {attempts}")),
            (&[object], format!("plus 1 field, read as {added}")),
            (&["2", "-", object], all.clone()),
            (&["2", history, "-"], all.clone()),
            (&["2", "-", "-"], "plus 3 fields".to_owned()),
            (&["-", "-", history], "plus 3 fields".to_owned()),
            (&[object, history], "plus 2 fields".to_owned()),
            (&["2", "10.0.0.1:80=503/12"], "plus 2 fields".to_owned()),
            (&["2", "{a}"], "plus 2 fields".to_owned()),
        ];
        for (words, expected) in cases {
            let line = format!("{r}via_upstream - \"-\" {t} {c} default {}", words.join(" "));
            assert_eq!(one(line), format!("istio {expected}"), "{words:?}");
            assert_eq!(one(format!("{r}{t} {}", words.join(" "))), format!("envoy {expected}"));
        }
        let lines = ["2 - -", "1 -=? -", &format!("0 - {object}")]
            .map(|words| format!("{r}via_upstream - \"-\" {t} {c} default {words}"));
        assert_eq!(detect(&lines), Some(format!("istio {all}")));
    }

    #[test]
    fn extra_values_are_raw_strings() {
        let (r, t, c) = (REQUEST, TRANSFER, CONNECTIONS);
        let line = format!("{r}via_upstream - \"-\" {t} {c} default \"a \\\"b\" 01");
        let detected = Detector::new(FormatOptions::new()).detect([line.as_bytes()]).unwrap();
        let mut reader = Reader::new(Arc::clone(detected.format()));
        let mut json = Vec::new();
        reader.read(line.as_bytes()).unwrap().write_json(&mut json);
        let json = String::from_utf8(json).unwrap();
        assert!(json.ends_with(r#""route_name":"default","extra":["a \\\"b","01"]}"#), "{json}");
        let string = detected.format_string().unwrap();
        assert!(string.ends_with(r#"%ROUTE_NAME% "%EXTRA_1%" %EXTRA_2%"#), "{string}");
    }

    #[test]
    fn json_is_told_by_its_keys() {
        let line =
            |more: &str| format!(r#"{{"start_time":"x","method":"GET","duration":1{more}}}"#);
        assert_eq!(one(line(r#","response_code_details":"-""#)), "istio-json");
        assert_eq!(one(line(r#","istio_policy_status":"-""#)), "istio-json@1.3");
        assert_eq!(one(line("")), "istio-json@1.8");
        assert_eq!(one(r#"{"level":"info","time":"x","scope":"a","msg":"b"}"#.to_owned()), "");
    }

    /// What logcollector's filter leaves is recognised by its key, unless it is something else.
    #[test]
    fn members_of_json_are_told_by_key() {
        let line = |more: &str| {
            format!(
                r#"{{"access_log":"{{\"a\":1}}","method":"GET","duration":1,"path":"/"{more}}}"#
            )
        };
        assert_eq!(one(line("")), "istio-json@1.8 plus 1 field, read as wasm.access_log");
        assert_eq!(
            one(line(r#","upstream_request_attempt_count":2,"upstream_attempts":null"#)),
            "istio-json@1.8 plus 3 fields, read as upstream_request_attempt_count, \
             wasm.upstream_attempts, wasm.access_log"
        );
        let other = line("").replace("{\\\"a\\\":1}", "/dev/stdout");
        assert_eq!(one(other), "istio-json@1.8");
        let lines = [line("")];
        let lines = lines.iter().map(|line| line.as_bytes());
        let detected = Detector::new(FormatOptions::new()).detect(lines).unwrap();
        let string = detected.format_string().unwrap();
        assert!(string.ends_with(r#","access_log":"%FILTER_STATE(wasm.access_log:PLAIN)%"}"#));
        assert!(detected.format().carries(crate::WellKnown::AddedFields));
    }

    #[test]
    fn other_lines_are_passed_over() {
        let noise = "2026-11-20T12:59:55.612076Z\tinfo\tready".to_owned();
        let line = format!("{REQUEST}{TRANSFER}");
        assert_eq!(detect(&[noise.clone(), line]), Some("envoy".to_owned()));
        assert_eq!(detect(&[noise]), None);
    }

    #[test]
    fn one_forged_line_does_not_choose_the_preset() {
        let forged = r#"[2026-11-20T12:00:00.000Z] "GET /a HTTP/1.1" 503 UF x - "y HTTP/1.1" 200 - 0 5 7 6 "-" "z" 1 2 3 4 "f" "ua" "id" "host" "6.6.6.6:6" c - 1.1.1.1:1 2.2.2.2:2 s r" "id" "a" "10.0.0.1:80""#;
        assert!(one(forged.to_owned()).starts_with("istio"));
        let honest = format!("{REQUEST}{TRANSFER}");
        let lines = [forged.to_owned(), honest.clone(), honest];
        assert_eq!(detect(&lines), Some("envoy".to_owned()));
    }
}
