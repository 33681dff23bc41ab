//! Binding: which fields of a log format tell the value of a path.

mod operator;
mod source;

use accesslog::{Field, Format};

pub(crate) use source::{Slot, Source};

use crate::attribute::{Carrier, Content, Read, Row, Target};
use crate::node::{NodeKind, Type};
use crate::path::Path;
use crate::syntax;
use crate::value::Truth;
use operator::Wanted;

/// Headers of which Envoy keeps one value, however often they are sent.
const JOINED: &[&str] = &[
    "connection",
    "content-length",
    "content-type",
    "date",
    "grpc-message",
    "grpc-status",
    "host",
    "location",
    "referer",
    "server",
    "te",
    "transfer-encoding",
    "user-agent",
    "via",
    "x-envoy-attempt-count",
    "x-envoy-original-path",
    "x-envoy-upstream-service-time",
    "x-forwarded-client-cert",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
];

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
        // A key that is no name of a header finds nothing.
        Target::Value if !path.is_header_name() => return (Source::missing(), None),
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
        let is_exact = typed || path.is_joined_header();
        Some((source, carrier.near.filter(|_| !is_exact)))
    });
    bound.unwrap_or((Source::NotCarried, None))
}

fn from_cel(path: &Path, printed: &Printed) -> Option<Source> {
    let of = path.value_type();
    // Without a type printed, one that depends on the record cannot be told.
    let tells = |is_typed: bool| is_typed || of.is_some();
    let (_, slot, is_typed) =
        printed.0.iter().find(|(own, _, is_typed)| own.is_same(path) && tells(*is_typed))?;
    let is_base64 = *is_typed && of == Some(Type::Bytes);
    Some(Source::Cel { slot: slot.clone(), of, is_base64, missing: missing(path) })
}

/// What `has()` says of a path that is absent. Where the structure around it may be what is missing,
/// it is an error to ask.
fn missing(path: &Path) -> Truth {
    let keys = path.keys().count();
    let is_sure = match path.row.map(|row| row.content) {
        Some(Content::Metadata) => path.root == "metadata" && keys == 1,
        Some(Content::FilterState) => path.root == "filter_state" && keys == 1,
        Some(Content::Message) => false,
        _ => true,
    };
    if is_sure { Truth::FALSE } else { Truth::FALSE.or(Truth::ERROR) }
}

impl Path {
    /// Whether the key of a header can be its name; true for all that is no header.
    fn is_header_name(&self) -> bool {
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let is_name = |key: &str| {
            let name = key.strip_prefix(':').unwrap_or(key);
            !name.is_empty() && name.bytes().all(is_token)
        };
        !self.row.is_some_and(Row::is_headers) || self.keys().all(is_name)
    }

    /// Whether it is a header of which Envoy keeps one value, repeated ones joined by commas.
    fn is_joined_header(&self) -> bool {
        let joined = |key: &str| {
            key.starts_with(':') || JOINED.iter().any(|name| name.eq_ignore_ascii_case(key))
        };
        self.row.is_some_and(Row::is_headers) && self.keys().all(joined)
    }
}

fn from_carrier(path: &Path, carrier: &Carrier, format: &Format) -> Option<Source> {
    let keys: Vec<&str> = path.keys().collect();
    if carrier.read == Read::Metadata {
        let operator = carrier.operators.first()?;
        return from_metadata(operator, path, &keys, format);
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
    let precision = time.unwrap_or(1);
    Some(Source::Fields { slots, read: carrier.read, precision, missing: missing(path) })
}

/// The field that prints the metadata at these keys, or at the first of them.
fn from_metadata(operator: &str, path: &Path, keys: &[&str], format: &Format) -> Option<Source> {
    let found = |(index, field): (usize, &Field)| {
        let parts = operator::metadata_keys(operator, field)?;
        let inside = parts.len() <= keys.len() && parts.iter().zip(keys).all(|(a, b)| a == b);
        inside.then_some((parts.len(), index))
    };
    let (taken, index) = format.fields().iter().enumerate().filter_map(found).max()?;
    let rest = keys.iter().skip(taken).map(|key| (*key).to_owned()).collect();
    let (slot, is_namespace) = (Slot::new(format, index), keys.len() == 1);
    Some(Source::Metadata { slot, rest, is_namespace, missing: missing(path) })
}

/// The operators that would carry a path, as they are written in a format string.
pub(crate) fn operators(path: &Path) -> Vec<String> {
    let Some(row) = path.row else {
        return Vec::new();
    };
    let keys: Vec<&str> = path.keys().collect();
    let spelled = |carrier: &Carrier| {
        let operators = carrier.operators.iter();
        operators.map(|operator| operator::spelled(operator, &keys)).collect::<Option<Vec<_>>>()
    };
    let exact = row.carriers.iter().filter(|carrier| carrier.near.is_none());
    if let Some(operators) = exact.chain(row.carriers).find_map(spelled) {
        return operators;
    }
    // Where the type depends on the record, it has to be printed.
    let name = if path.value_type().is_some() { "CEL" } else { "TYPED_CEL" };
    vec![format!("%{name}({path})%")]
}
