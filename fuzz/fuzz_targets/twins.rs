//! Every way of reading a line says the same: the fast pass, the edges and the search, on each level
//! of instructions, and what is written of it in pieces or value by value.
#![no_main]

use accesslog::{Format, FormatOptions, Preset, twins};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (format, line) = match data.iter().position(|&byte| byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (&data[..0], data),
    };
    let presets = Preset::ALL.iter().filter_map(|preset| preset.compile(&FormatOptions::new()).ok());
    let own = std::str::from_utf8(format).ok();
    let text = own.and_then(|text| Format::compile(text).ok());
    let json = own.and_then(|text| Format::compile_json(text).ok());
    for format in presets.chain(text).chain(json) {
        if let Err(difference) = twins::compare(&format, line) {
            panic!("{difference}");
        }
    }
});
