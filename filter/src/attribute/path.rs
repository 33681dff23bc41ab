//! How an attribute is written.

/// The names of an attribute, from the root.
pub(super) type Segments<'a> = Vec<&'a str>;

/// Where a text stops being an attribute, and what should stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathError {
    /// The byte, counted from 0.
    pub at: usize,
    /// What should stand there.
    pub expected: &'static str,
}

/// Reads `name`, then any number of `.name`, `['name']` and `["name"]`.
pub(super) fn parse(text: &str) -> Result<Segments<'_>, PathError> {
    let mut rest = text;
    let mut segments = vec![name(text, &mut rest)?];
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
            segments.push(name(text, &mut rest)?);
        } else if let Some(after) = rest.strip_prefix('[') {
            rest = after;
            segments.push(quoted(text, &mut rest)?);
        } else {
            return Err(error(text, rest, "`.` or `[`"));
        }
    }
    Ok(segments)
}

fn name<'a>(text: &str, rest: &mut &'a str) -> Result<&'a str, PathError> {
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
        .unwrap_or(rest.len());
    match rest.split_at_checked(end) {
        Some((found, after)) if !found.is_empty() => {
            *rest = after;
            Ok(found)
        }
        _ => Err(error(text, rest, "a name")),
    }
}

fn quoted<'a>(text: &str, rest: &mut &'a str) -> Result<&'a str, PathError> {
    for quote in ['\'', '"'] {
        let Some(after) = rest.strip_prefix(quote) else { continue };
        let closed = after.split_once(quote).filter(|(found, _)| !found.is_empty());
        let Some((found, after)) = closed.filter(|(found, _)| !found.contains('\0')) else {
            return Err(error(text, after, "a key and its closing quote"));
        };
        let Some(after) = after.strip_prefix(']') else { return Err(error(text, after, "`]`")) };
        *rest = after;
        return Ok(found);
    }
    Err(error(text, rest, "a key in quotes"))
}

fn error(text: &str, rest: &str, expected: &'static str) -> PathError {
    PathError { at: text.len() - rest.len(), expected }
}
