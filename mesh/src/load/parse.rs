//! Parses documents, and hands out the objects of a `List` one by one, so that no tree of a whole
//! file is ever held.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::document::Document;
use super::error::Problem;
use super::list::{self, List, Piece};

/// The deepest nesting that is read. Kubernetes objects have some 20 levels, schemas in them more; each
/// level takes some 15 KiB of the stack in a debug build.
const MAX_DEPTH: usize = 64;

/// The most nodes that YAML aliases may add to a document.
const MAX_REPLAYED: usize = 100_000;

/// An object, in one of two forms.
#[derive(Debug)]
pub(super) enum Body<'t> {
    /// The text of a JSON value.
    Json(&'t str),
    /// A value.
    Tree(Value),
}

/// An object of a document.
#[derive(Debug)]
pub(super) struct Item<'t> {
    /// Its number in the `List`, from 1; `None` outside of one.
    pub(super) number: Option<usize>,
    /// The object, or why it could not be parsed, which costs no other.
    pub(super) body: Result<Body<'t>, Problem>,
    /// `apiVersion` and `kind` for items that give none, from a `PodList` and the like.
    pub(super) default: Option<(String, String)>,
}

/// Takes the objects as they are read.
pub(super) type Sink<'s> = &'s mut dyn FnMut(Item<'_>);

/// Reads a document and gives its objects to `sink`; what was read before an error was given too.
pub(super) fn read(document: Document<'_>, sink: Sink<'_>) -> Result<(), Problem> {
    if is_json(document.text) {
        let mut json = serde_json::Deserializer::from_str(document.text);
        loop {
            let seed = Top::<&RawValue> { sink: &mut *sink, item: PhantomData };
            seed.deserialize(&mut json).map_err(|error| json_problem(&error, document.line))?;
            // `kubectl get -o json` twice into one file gives one object behind the other.
            if json.end().is_ok() {
                return Ok(());
            }
        }
    }
    match list::cut(document.text).and_then(|list| header(&list).map(|kind| (list, kind))) {
        Some((list, kind)) => items(document, &list, &kind, sink),
        None => yaml(document, |de| Top::<Value> { sink, item: PhantomData }.deserialize(de)),
    }
}

/// What a cut `List` says around its items; `None` where it is not the head of one.
fn header(list: &List<'_>) -> Option<Map<String, Value>> {
    let text = list.around.concat();
    let document = Document { text: &text, line: 1, number: 1 };
    match yaml(document, |de| Option::<Map<String, Value>>::deserialize(de)) {
        Ok(head) => head.or_else(|| Some(Map::new())).filter(may_be_list),
        Err(_) => None,
    }
}

/// Parses the items of a cut `List`, and gives them to `sink` in their order.
fn items(
    document: Document<'_>,
    list: &List<'_>,
    head: &Map<String, Value>,
    sink: Sink<'_>,
) -> Result<(), Problem> {
    /// How many items are parsed before they are taken; bounds what is held of a file.
    const BATCH: usize = 256;
    let default = item_kind(head);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut number = 0;
    for batch in list.items.chunks(BATCH) {
        for parsed in on_all_cores(batch, cores, |piece| item(document, *piece)) {
            number += 1;
            let body = parsed.map(Body::Tree);
            sink(Item { number: Some(number), body, default: default.clone() });
        }
    }
    Ok(())
}

/// Parses one item of a cut `List`.
fn item(document: Document<'_>, piece: Piece<'_>) -> Result<Value, Problem> {
    let line = document.line + piece.line;
    let [value] =
        yaml(Document { text: piece.text, line, ..document }, |de| <[Value; 1]>::deserialize(de))?;
    Ok(value)
}

/// `work` on all of `inputs`, in their order.
fn on_all_cores<I: Sync, O: Send>(
    inputs: &[I],
    cores: usize,
    work: impl Fn(&I) -> O + Sync,
) -> Vec<O> {
    if cores == 1 || inputs.len() < 2 {
        return inputs.iter().map(work).collect();
    }
    let work = &work;
    std::thread::scope(|scope| {
        let part = inputs.len().div_ceil(cores);
        let threads: Vec<_> = inputs
            .chunks(part)
            .map(|part| scope.spawn(move || part.iter().map(work).collect::<Vec<O>>()))
            .collect();
        let joined = threads.into_iter().flat_map(|thread| match thread.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.collect()
    })
}

/// Reads a document as one value.
pub(super) fn tree(document: Document<'_>) -> Result<Value, Problem> {
    if is_json(document.text) {
        return serde_json::from_str(document.text)
            .map_err(|error| json_problem(&error, document.line));
    }
    yaml(document, |de| Value::deserialize(de))
}

/// Whether a document is JSON: an object whose first key is quoted. YAML may start with a brace too,
/// and seldom quotes keys.
fn is_json(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('{').map(str::trim_start);
    inside.is_some_and(|inside| inside.starts_with(['"', '}']))
}

/// Parses YAML.
fn yaml<'t, T>(
    document: Document<'t>,
    read: impl for<'e> FnOnce(serde_saphyr::Deserializer<'t, 'e>) -> Result<T, serde_saphyr::Error>,
) -> Result<T, Problem> {
    serde_saphyr::with_deserializer_from_str_with_options(document.text, options(), read)
        .map_err(|error| yaml_problem(&error, document.line))
}

/// How YAML is parsed: as Kubernetes does, where the last of two equal keys wins, and without the
/// limits that only large files would meet. Those on aliases and depth stay.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            max_depth: MAX_DEPTH,
            max_recorded_anchor_events: MAX_REPLAYED,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_REPLAYED,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::PassThrough,
        legacy_octal_numbers: true,
        with_snippet: false,
    }
}

/// The problem that a JSON error is, in a document that starts on `line`.
fn json_problem(error: &serde_json::Error, line: usize) -> Problem {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = text.strip_suffix(&place).unwrap_or(&text).to_owned();
    Problem::Syntax { line: line - 1 + error.line(), column: error.column(), message }
}

/// The problem that a YAML error is, in a document that starts on `line`.
fn yaml_problem(error: &serde_saphyr::Error, line: usize) -> Problem {
    use serde_saphyr::Error;
    use serde_saphyr::budget::BudgetBreach;
    let (at_line, column) =
        error.location().map_or((1, 1), |at| (at.line() as usize, at.column() as usize));
    let too_much = |text: String| Problem::TooMuch {
        message: format!("line {}, column {column}: {text}", line - 1 + at_line),
    };
    let inner = match error {
        Error::AliasError { error, .. } => error,
        error => error,
    };
    match inner {
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
            return too_much(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            return too_much(format!("aliases that stand for more than {MAX_REPLAYED} nodes"));
        }
        _ => {}
    }
    let message = inner.to_string();
    let place = format!(" at line {at_line}, column {column}");
    let message = message.strip_suffix(&place).unwrap_or(&message).to_owned();
    Problem::Syntax { line: line - 1 + at_line, column, message }
}

/// Reads the top of a document: an object, or a list of them in `items`.
struct Top<'s, I> {
    sink: Sink<'s>,
    item: PhantomData<I>,
}

/// An item of a `List` as the parser gives it.
trait Raw<'de>: Deserialize<'de> {
    /// The item as a body.
    fn body(self) -> Body<'de>;
}

impl<'de> Raw<'de> for &'de RawValue {
    fn body(self) -> Body<'de> {
        Body::Json(self.get())
    }
}

impl<'de> Raw<'de> for Value {
    fn body(self) -> Body<'de> {
        Body::Tree(self)
    }
}

impl<'de, I: Raw<'de>> DeserializeSeed<'de> for Top<'_, I> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<I> Top<'_, I> {
    /// Hands on a document that is one value.
    fn whole<E>(self, value: Value) -> Result<(), E> {
        (self.sink)(Item { number: None, body: Ok(Body::Tree(value)), default: None });
        Ok(())
    }
}

impl<'de, I: Raw<'de>> Visitor<'de> for Top<'_, I> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kubernetes object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut object = Map::new();
        let mut was_list = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "items" && may_be_list(&object) {
                let default = item_kind(&object);
                map.next_value_seed(Items::<I> {
                    sink: &mut *self.sink,
                    default,
                    item: PhantomData,
                })?;
                was_list = true;
            } else {
                object.insert(key, map.next_value()?);
            }
        }
        if was_list { Ok(()) } else { self.whole(Value::Object(object)) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<de::IgnoredAny>()?.is_some() {}
        self.whole(Value::Array(Vec::new()))
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        // A document of nothing, such as `null`.
        Ok(())
    }

    fn visit_bool<E>(self, flag: bool) -> Result<(), E> {
        self.whole(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.whole(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.whole(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.whole(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.whole(text.into())
    }
}

/// Whether an object with these fields may be a `List`; kubectl prints `items` before `kind`.
fn may_be_list(object: &Map<String, Value>) -> bool {
    object.get("kind").is_none_or(|kind| kind.as_str().is_some_and(|kind| kind.ends_with("List")))
}

/// What the items of a typed list are, which do not say so themselves.
fn item_kind(list: &Map<String, Value>) -> Option<(String, String)> {
    let text = |key| list.get(key).and_then(Value::as_str);
    let kind = text("kind")?.strip_suffix("List").filter(|kind| !kind.is_empty())?;
    Some((text("apiVersion")?.to_owned(), kind.to_owned()))
}

/// Reads `items`.
struct Items<'s, I> {
    sink: Sink<'s>,
    default: Option<(String, String)>,
    item: PhantomData<I>,
}

impl<'de, I: Raw<'de>> DeserializeSeed<'de> for Items<'_, I> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, I: Raw<'de>> Visitor<'de> for Items<'_, I> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects in `items`")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(item) = seq.next_element::<I>()? {
            number += 1;
            let default = self.default.clone();
            (self.sink)(Item { number: Some(number), body: Ok(item.body()), default });
        }
        Ok(())
    }
}
