//! The text of manifests.

use std::io::{self, Read};

use crate::source::fill;

/// How much is read at a time.
const BLOCK: usize = 1 << 20;

/// Reads all there is. Of large JSON, as kubectl prints it, the indentation is left out: two thirds of
/// it are blanks, and a cluster's objects would not fit where their meaning does. Lines keep their
/// numbers, and outside of strings, which hold no line ends, blanks mean nothing.
pub(super) fn read(mut input: impl Read, is_large: bool) -> io::Result<Vec<u8>> {
    let mut block = vec![0; BLOCK];
    let count = fill(&mut input, &mut block)?;
    block.truncate(count);
    if !is_large || !block.trim_ascii_start().starts_with(b"{") {
        input.read_to_end(&mut block)?;
        return Ok(block);
    }
    let mut text = Vec::new();
    let mut at_start = true;
    while !block.is_empty() {
        for line in block.split_inclusive(|byte| *byte == b'\n') {
            let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            let kept = if at_start { line.get(blanks..).unwrap_or_default() } else { line };
            text.extend_from_slice(kept);
            at_start = line.ends_with(b"\n") || (at_start && kept.is_empty());
        }
        block.resize(BLOCK, 0);
        let count = fill(&mut input, &mut block)?;
        block.truncate(count);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_json_loses_its_indentation_and_keeps_its_lines() {
        let line = "    \"a b\":  \"c\",\n\n";
        let text = format!("{{\n{}  \"z\": 1\n}}\n", line.repeat(200_000));
        let read_as =
            |is_large| String::from_utf8(read(text.as_bytes(), is_large).unwrap()).unwrap();
        assert_eq!(read_as(false), text);
        let expected = format!("{{\n{}\"z\": 1\n}}\n", line.trim_start().repeat(200_000));
        assert!(read_as(true) == expected, "across blocks");
        let yaml = "a:\n  b: 1\n";
        assert_eq!(read(yaml.as_bytes(), true).unwrap(), yaml.as_bytes());
    }
}
