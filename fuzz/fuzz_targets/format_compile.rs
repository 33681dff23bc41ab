//! Any text compiles to a format or an error that points into the text.
#![no_main]

use accesslog::{Format, FormatError};
use libfuzzer_sys::fuzz_target;

fn check(text: &str, compiled: Result<Format, FormatError>) {
    match compiled {
        Ok(format) => {
            let keys: std::collections::HashSet<_> = format.fields().iter().map(|f| f.key()).collect();
            assert_eq!(keys.len(), format.fields().len(), "keys are unique");
            for warning in format.warnings() {
                assert!(warning.offset() + warning.length() <= text.len());
                assert!(!warning.to_string().is_empty());
            }
        }
        Err(error) => {
            assert!(error.offset() <= text.len());
            assert!(!error.to_string().is_empty());
        }
    }
}

fuzz_target!(|text: &str| {
    check(text, Format::compile(text));
    check(text, Format::compile_json(text));
});
