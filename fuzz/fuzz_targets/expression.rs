//! Parses, checks, binds and judges; nothing panics, and every range lies in the text.

#![no_main]

use std::sync::LazyLock;

use accesslog::{Format, Preset, Reader};
use expression::Expression;
use libfuzzer_sys::fuzz_target;

static FORMAT: LazyLock<Format> = LazyLock::new(|| {
    let preset = Preset::from_name("istio").expect("a preset");
    preset.compile(&accesslog::FormatOptions::new()).expect("a format")
});

const LINE: &[u8] = br#"[2026-11-20T12:48:46.101Z] "POST /r?x=1 HTTP/2" 503 UF,URX d{a|b:_c} - "e:_f" 112 152 3 7 "-" "curl" "id" "h:80" "10.0.0.1:80" up - 10.0.0.2:80 10.0.0.3:1 - default"#;

fuzz_target!(|text: &str| {
    match Expression::parse(text) {
        Err(error) => assert!(text.get(error.range()).is_some() && !error.to_string().is_empty()),
        Ok(expression) => {
            for finding in expression.findings() {
                assert!(text.get(finding.span()).is_some());
            }
            let filter = expression.bind(&FORMAT);
            let mut reader = Reader::new(FORMAT.clone().into());
            filter.judge(&reader.read(LINE).expect("a line of the format"));
        }
    }
});
