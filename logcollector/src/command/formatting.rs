//! From the text of `--format` to a compiled format.

use std::path::Path;

use accesslog::{Detector, Encoding, Format, FormatOptions, Preset, WarningKind};

use crate::cli::EncodingArg;
use crate::error::{Error, closest, presets};
use crate::formats::Choice;

/// A format that was asked for.
pub(crate) struct Asked {
    pub(crate) format: Format,
    /// The preset's name, unless a format string was given.
    pub(crate) preset: Option<&'static str>,
}

/// The format, or the detection, that `--format` asks for.
pub(crate) fn choice(
    text: &str,
    encoding: EncodingArg,
    options: FormatOptions,
) -> Result<(Choice, Vec<String>), Error> {
    if text == "auto" && encoding == EncodingArg::Text {
        return Ok((Choice::Auto(Detector::new(options)), Vec::new()));
    }
    // Of JSON there is one default; the keys of its earlier generations are among its own.
    let text = if text == "auto" { "istio-json" } else { text };
    let asked = format(text, encoding, &options)?;
    let remarks = if asked.preset.is_some() { Vec::new() } else { remarks(&asked.format) };
    Ok((Choice::Fixed(asked.format.into()), remarks))
}

/// The format that a preset's name, a format string or `@FILE` stands for.
pub(crate) fn format(
    text: &str,
    encoding: EncodingArg,
    options: &FormatOptions,
) -> Result<Asked, Error> {
    if let Some(path) = text.strip_prefix('@') {
        let content = std::fs::read_to_string(path)
            .map_err(|error| Error::FormatFile { path: path.into(), error })?;
        let format = compile(&format!("@{path}"), &content, encoding, options)?;
        return Ok(Asked { format, preset: None });
    }
    if let Some(preset) = Preset::from_name(text) {
        let format = compile_preset(preset, encoding, options)?;
        return Ok(Asked { format, preset: Some(preset.name()) });
    }
    if !text.contains('%') && !text.trim_start().starts_with('{') {
        let names = presets().into_iter().chain(["auto"]);
        return Err(Error::UnknownPreset { name: text.to_owned(), closest: closest(text, names) });
    }
    Ok(Asked { format: compile("format", text, encoding, options)?, preset: None })
}

fn compile_preset(
    preset: &Preset,
    asked: EncodingArg,
    options: &FormatOptions,
) -> Result<Format, Error> {
    // `text` is the default and cannot be told from nothing said; a JSON preset stays one.
    if asked == EncodingArg::Json && preset.encoding() == Encoding::Text {
        let preset = preset.name().to_owned();
        return Err(Error::OtherEncoding { preset, is: "text", asked: "json" });
    }
    let origin = preset.name();
    preset.compile(options).map_err(|error| Error::bad_format(origin, preset.text(), &error))
}

fn compile(
    origin: &str,
    text: &str,
    encoding: EncodingArg,
    options: &FormatOptions,
) -> Result<Format, Error> {
    if encoding == EncodingArg::Json {
        return options.compile_json(text).map_err(|error| Error::bad_format(origin, text, &error));
    }
    if let Some(unquoted) = unquoted(text) {
        return Err(Error::QuotedYaml { unquoted });
    }
    options.compile(text).map_err(|error| Error::bad_format(origin, text, &error))
}

/// The string that is meant when `text` was copied out of a quoted YAML string: it holds `\"`, or
/// ends in `\n` as two characters.
fn unquoted(text: &str) -> Option<String> {
    let trimmed = text.trim_end();
    let quotes = [("\"", "\""), ("'", "'")].into_iter().find_map(|(open, close)| {
        let inside = trimmed.strip_prefix(open)?.strip_suffix(close)?;
        inside.ends_with("\\n").then_some(inside)
    });
    if quotes.is_none() && !text.contains("\\\"") && !trimmed.ends_with("\\n") {
        return None;
    }
    let inside = quotes.unwrap_or(trimmed);
    let inside = inside.strip_suffix("\\n").unwrap_or(inside);
    let mut out = String::with_capacity(inside.len());
    let mut characters = inside.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = characters.peek().copied().filter(|_| character == '\\');
        let meant = match escaped {
            Some('"') => '"',
            Some('\\') => '\\',
            Some('n') => '\n',
            Some('t') => '\t',
            _ => {
                out.push(character);
                continue;
            }
        };
        characters.next();
        out.push(meant);
    }
    Some(out)
}

/// What to say about a format string before lines are read with it.
fn remarks(format: &Format) -> Vec<String> {
    let mut in_doubt = Vec::new();
    let mut remarks = Vec::new();
    for warning in format.warnings() {
        match warning.kind() {
            WarningKind::MayHoldDelimiter { key, .. } => in_doubt.push(key.as_str()),
            _ => remarks.push(format!("format: {warning}")),
        }
    }
    if !in_doubt.is_empty() {
        remarks.push(format!(
            "format: values that may hold the text that ends them: {}; lines in doubt are ambiguous",
            in_doubt.join(", ")
        ));
    }
    remarks
}

/// The options that the command line asks for.
pub(crate) fn options(keys: &[(String, String)], omit_empty_values: bool) -> FormatOptions {
    let options = FormatOptions::new().omit_empty_values(omit_empty_values);
    keys.iter().fold(options, |options, (operator, key)| options.rename(operator, key))
}

/// Sees that the operators that are to be renamed are in the format.
pub(crate) fn check_keys(format: &Format, keys: &[(String, String)]) -> Result<(), Error> {
    let unknown = keys.iter().find(|(operator, _)| !format.has_operator(operator));
    unknown.map_or(Ok(()), |(operator, _)| {
        let known = format.fields().iter().map(|field| field.text().trim_matches('%'));
        let closest = closest(operator.trim_matches('%'), known);
        Err(Error::UnknownKey { operator: operator.clone(), closest })
    })
}

/// Whether an argument names a file rather than a pod.
pub(crate) fn is_file(target: &str) -> bool {
    let path_like = ["/", "./", "../"].iter().any(|start| target.starts_with(start));
    path_like || Path::new(target).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_yaml() {
        let cases = [
            (r#"[%START_TIME%] \"%PROTOCOL%\"\n"#, Some("[%START_TIME%] \"%PROTOCOL%\"")),
            (r#""%PROTOCOL% \"%START_TIME%\"\n""#, Some("%PROTOCOL% \"%START_TIME%\"")),
            (r"%PROTOCOL%\n", Some("%PROTOCOL%")),
            (r"a\\b %PROTOCOL%\n", Some(r"a\b %PROTOCOL%")),
            (r"%PROTOCOL%\t\n", Some("%PROTOCOL%\t")),
            ("%PROTOCOL%\n", None),
            ("\"%PROTOCOL%\"", None),
            (r"\d %PROTOCOL%", None),
        ];
        for (text, expected) in cases {
            assert_eq!(unquoted(text).as_deref(), expected, "{text}");
        }
    }
}
