//! Binding: which fields of a log format tell the value of a path.

mod operator;
mod source;

use accesslog::{Field, Format};

pub(crate) use source::{Slot, Source};

use crate::attribute::{Carrier, Content, Read, Target};
use crate::node::{NodeKind, Type};
use crate::path::Path;
use crate::syntax;
use operator::Wanted;

/// The paths that the format's `%CEL()%` and `%TYPED_CEL()%` fields print.
pub(crate) struct Printed(Vec<(Path, Slot, bool)>);

impl Printed {
    /// Collects them.
    pub(crate) fn of(format: &Format) -> Self {
        let fields = format.fields().iter().enumerate();
        let path = |(index, field): (usize, &Field)| {
            let is_typed = match field.name() {
                "CEL" => false,
                "TYPED_CEL" => true,
                _ => return None,
            };
            let mut tree = syntax::parse(field.argument()?).ok()?;
            let NodeKind::Path(path) = tree.root?.kind else { return None };
            let path = (path < tree.paths.len()).then(|| tree.paths.swap_remove(path))?;
            Some((path, Slot::new(format, index), is_typed))
        };
        Self(fields.filter_map(path).collect())
    }
}

/// Where the value of a path comes from in records of a format.
pub(crate) fn bind(
    path: &Path,
    format: &Format,
    printed: &Printed,
) -> (Source, Option<&'static str>) {
    match path.target() {
        Target::Value => {}
        target => return (Source::fixed(path, target), None),
    }
    if let Some(source) = from_cel(path, printed) {
        return (source, None);
    }
    let carriers = path.row.map_or(&[][..], |row| row.carriers);
    let bound = carriers.iter().find_map(|carrier| {
        let source = from_carrier(path, carrier, format)?;
        // Types are lost in text only.
        let typed =
            carrier.read == Read::Metadata && format.encoding() == accesslog::Encoding::Json;
        Some((source, carrier.near.filter(|_| !typed)))
    });
    bound.unwrap_or((Source::NotCarried, None))
}

fn from_cel(path: &Path, printed: &Printed) -> Option<Source> {
    let is_bytes = path.value_type() == Some(Type::Bytes);
    let is_open = path.value_type().is_none();
    let (_, slot, _) = printed.0.iter().find(|(own, _, is_typed)| {
        // Bytes come in base64 with a type, and without one a type cannot be told.
        own.is_same(path) && *is_typed != is_bytes | (is_open && !*is_typed)
            || own.is_same(path) && !is_bytes && !is_open
    })?;
    Some(Source::Cel { slot: slot.clone(), of: path.value_type(), is_metadata: is_metadata(path) })
}

fn is_metadata(path: &Path) -> bool {
    path.row.is_some_and(|row| row.content == Content::Metadata)
}

fn from_carrier(path: &Path, carrier: &Carrier, format: &Format) -> Option<Source> {
    let keys: Vec<&str> = path.keys().collect();
    if carrier.read == Read::Metadata {
        let operator = carrier.operators.first()?;
        return from_metadata(operator, &keys, format);
    }
    let slots: Option<Vec<Slot>> = carrier
        .operators
        .iter()
        .map(|operator| {
            let wanted = Wanted::new(operator, &keys)?;
            let index = format.fields().iter().position(|field| wanted.is(field))?;
            Some(Slot::new(format, index))
        })
        .collect();
    let slots = slots?;
    let time = match carrier.read {
        Read::Time => Some(operator::precision(carrier.operators.first()?)),
        _ => None,
    };
    Some(Source::Fields { slots, read: carrier.read, precision: time.unwrap_or(1) })
}

/// The field that prints the metadata at these keys, or at the first of them.
fn from_metadata(operator: &str, keys: &[&str], format: &Format) -> Option<Source> {
    let found = |(index, field): (usize, &Field)| {
        let parts = operator::metadata_keys(operator, field)?;
        let inside = parts.len() <= keys.len() && parts.iter().zip(keys).all(|(a, b)| a == b);
        inside.then_some((parts.len(), index))
    };
    let (taken, index) = format.fields().iter().enumerate().filter_map(found).max()?;
    let rest = keys.iter().skip(taken).map(|key| (*key).to_owned()).collect();
    Some(Source::Metadata { slot: Slot::new(format, index), rest })
}

/// The operators that would carry a path, as they are written in a format string.
pub(crate) fn operators(path: &Path) -> Vec<String> {
    let Some(row) = path.row else {
        return Vec::new();
    };
    let keys: Vec<&str> = path.keys().collect();
    let exact = row.carriers.iter().filter(|carrier| carrier.near.is_none());
    let chosen = exact.clone().next().or_else(|| row.carriers.first());
    let mut out: Vec<String> = chosen
        .into_iter()
        .flat_map(|carrier| carrier.operators)
        .filter_map(|operator| operator::spelled(operator, &keys))
        .collect();
    if out.is_empty() || row.carriers.is_empty() {
        out = vec![format!("%CEL({path})%")];
    }
    out
}
