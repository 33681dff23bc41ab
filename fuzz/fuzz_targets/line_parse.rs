//! Any line, in the format that its first line is, reads to JSON or to a mismatch inside the line.
#![no_main]

use accesslog::{Detector, Format, FormatOptions, Preset, Reader};
use libfuzzer_sys::fuzz_target;

fn check(reader: &mut Reader, line: &[u8]) {
    match reader.read(line) {
        Ok(record) => {
            let mut json = Vec::new();
            record.write_json(&mut json);
            serde_json::from_slice::<serde_json::Value>(&json).expect("a record is JSON");
            if let Some(ambiguity) = record.ambiguity() {
                assert!(ambiguity.fields().count() > 0);
                assert!(ambiguity.text().len() <= line.len());
            }
        }
        Err(mismatch) => assert!(mismatch.offset() <= line.len()),
    }
}

fuzz_target!(|data: &[u8]| {
    let (format, line) = match data.iter().position(|&byte| byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (&data[..0], data),
    };
    for preset in Preset::ALL {
        let format = preset.compile(&FormatOptions::new()).expect("presets compile");
        check(&mut Reader::new(format.into()), line);
    }
    if let Ok(Ok(format)) = std::str::from_utf8(format).map(Format::compile) {
        check(&mut Reader::new(format.into()), line);
    }
    if let Some(detected) = Detector::new(FormatOptions::new()).detect([line]) {
        let mut reader = Reader::new(detected.format().clone());
        assert!(reader.read(line).is_ok(), "a detected format reads its line");
    }
});
