//! Columns: the values of a record by name, the wrapper's and our own included.

use std::borrow::Cow;

use accesslog::{Encoding, Record, Value};

use super::Entry;
use super::wasm::WasmKey;
use crate::enrich::Enriched;
use crate::unwrap::Wrapper;

/// The keys under which a wrapper's facts stand.
pub(crate) const WRAPPER_KEYS: [&str; 5] = ["namespace", "pod", "container", "stream", "time"];
/// The keys of what we know of a record besides its fields.
pub(crate) const RECORD_KEYS: [&str; 6] = [
    EXTRA,
    AMBIGUOUS,
    TRAFFIC,
    WasmKey::Attempts.name(),
    WasmKey::MoreAttempts.name(),
    WasmKey::Added.name(),
];
/// The key of the fields that a detected preset does not have.
const EXTRA: &str = "extra";
/// The key of what the readings of a line do not agree on.
pub(super) const AMBIGUOUS: &str = "ambiguous";
/// The key of what kind of traffic a record tells of.
const TRAFFIC: &str = "traffic";

/// The columns that were asked for, or that the first record has.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    columns: Vec<Column>,
    chosen: bool,
    /// Whether the last column, `ambiguous`, is there only to say that a chosen one is disputed.
    told_of_disputes: bool,
    /// A key of a later record that has no column.
    left_out: Option<String>,
    /// Where the columns stand in the records of the text format with this index, if each is a value there.
    fields: Option<(usize, Vec<usize>)>,
}

#[derive(Debug, Clone)]
struct Column {
    name: String,
    /// What stands in it where records have no such key of their own.
    meaning: Meaning,
    /// Where the last record had this key.
    place: Option<Place>,
    /// Whether any record had it.
    seen: bool,
}

/// Where the records of a text format have a key, if they do: it is the same for all of them.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The format, by its index among those in use.
    format: usize,
    at: Option<usize>,
}

/// What a name means beside the keys of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// The fact of the wrapper with this index in [`WRAPPER_KEYS`].
    Wrapper(usize),
    Extra,
    Ambiguous,
    Traffic,
    Wasm(WasmKey),
    Nothing,
}

/// What stands in a column of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    /// The record has no such key.
    Absent,
    /// The readings of the line differ on it.
    Disputed,
    /// The value with this index in the record, perhaps absent.
    Field(usize),
    /// A fact of the wrapper.
    Wrapper(&'a [u8]),
    /// The fields that the preset does not have.
    Extra,
    /// The names of the disputed fields.
    Ambiguous,
    /// The traffic.
    Traffic(&'a Enriched<'a>),
    /// What our filter left.
    Wasm(WasmKey),
}

impl Columns {
    /// The columns named by the user; a name that comes again is no second column.
    pub(crate) fn chosen(names: Vec<String>) -> Self {
        let mut columns: Vec<Column> = Vec::with_capacity(names.len());
        for name in names {
            if columns.iter().all(|column| column.name != name) {
                columns.push(Column::new(name));
            }
        }
        Self { columns, chosen: true, told_of_disputes: false, left_out: None, fields: None }
    }

    /// These columns and `ambiguous`, so that a row can say that one of them is disputed.
    pub(super) fn with_disputes(mut self) -> Self {
        if self.chosen && self.names().all(|name| name != AMBIGUOUS) {
            self.columns.push(Column::new(AMBIGUOUS.to_owned()));
            self.told_of_disputes = true;
        }
        self
    }

    /// The columns of a record: what its wrapper told, its own, `extra` if its format has extra
    /// fields, what our filter left, and `ambiguous`.
    pub(super) fn of(entry: &Entry<'_>) -> Self {
        let record = entry.record;
        let mut names: Vec<String> =
            wrapper_members(entry).map(|(key, _)| key.to_owned()).collect();
        names.extend(own_keys(record).map(str::to_owned));
        if record.extra().next().is_some() {
            names.push(EXTRA.to_owned());
        }
        let nullable = WasmKey::of(record).filter(|key| key.is_nullable());
        names.extend(nullable.map(|key| key.name().to_owned()));
        names.extend(entry.traffic.map(|_| TRAFFIC.to_owned()));
        names.push(AMBIGUOUS.to_owned());
        Self { chosen: false, ..Self::chosen(names) }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Where the columns stand in a record, where each is a value of its text format and nothing is
    /// disputed: then [`Self::cells`] has nothing else to tell.
    #[inline]
    pub(super) fn fields(&mut self, entry: &Entry<'_>) -> Option<&[usize]> {
        if !self.chosen || entry.record.ambiguity().is_some() {
            return None;
        }
        if self.fields.as_ref().is_none_or(|(format, _)| *format != entry.format) {
            self.find_fields(entry)?;
        }
        self.fields.as_ref().map(|(_, places)| places.as_slice())
    }

    #[inline(never)]
    fn find_fields(&mut self, entry: &Entry<'_>) -> Option<()> {
        if entry.record.format().encoding() != Encoding::Text {
            return None;
        }
        let places: Option<Vec<usize>> =
            self.columns.iter_mut().map(|column| column.find(entry)).collect();
        self.fields = Some((entry.format, places?));
        self.columns.iter_mut().for_each(|column| column.seen = true);
        Some(())
    }

    /// Calls `each` with every column's name and what stands in it.
    pub(super) fn cells<'a>(&mut self, entry: &Entry<'a>, mut each: impl FnMut(&str, Cell<'a>)) {
        let (mut own, mut disputed) = (0, false);
        for column in &mut self.columns {
            let mut cell = column.cell(entry);
            disputed |= matches!(cell, Cell::Disputed);
            if self.told_of_disputes && !disputed && matches!(cell, Cell::Ambiguous) {
                cell = Cell::Absent;
            }
            own += usize::from(matches!(cell, Cell::Field(_) | Cell::Disputed));
            each(&column.name, cell);
        }
        if !self.chosen && self.left_out.is_none() && own < own_keys(entry.record).count() {
            self.left_out = self.missing(entry);
        }
    }

    /// A key of the record that has no column.
    fn missing(&self, entry: &Entry<'_>) -> Option<String> {
        let has = |key: &str| self.names().any(|name| name == key);
        own_keys(entry.record).find(|key| !has(key)).map(str::to_owned)
    }

    /// Which columns had something in them.
    pub(super) fn seen(&self) -> Vec<bool> {
        self.columns.iter().map(|column| column.seen).collect()
    }

    /// Forgets which columns had something in them.
    pub(super) fn forget_seen(&mut self) {
        self.columns.iter_mut().for_each(|column| column.seen = false);
        // It is noted only once that these are seen.
        self.fields = None;
    }

    /// Notes which columns had something in them elsewhere.
    pub(super) fn add_seen(&mut self, seen: &[bool]) {
        self.columns.iter_mut().zip(seen).for_each(|(column, seen)| column.seen |= seen);
    }

    /// Names that no record had, and keys that had no column.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let ours = |name: &str| WRAPPER_KEYS.contains(&name) || [EXTRA, AMBIGUOUS].contains(&name);
        let never = self.columns.iter().filter(|column| !column.seen && !ours(&column.name));
        let never = never.map(|column| match column.name.as_str() {
            TRAFFIC => format!("no record has a field `{TRAFFIC}`: --enrich gives it"),
            name => match WasmKey::of_name(name) {
                Some(key) => {
                    let operator = key.operator();
                    format!("no record has a field `{name}`: a format with `{operator}` gives it")
                }
                None => format!("no record has a field `{name}`"),
            },
        });
        let left_out = self.left_out.iter().map(|key| {
            format!("the columns are those of the first record: `{key}` of a later one has none")
        });
        never.chain(left_out).collect()
    }
}

impl Meaning {
    fn of(name: &str) -> Self {
        let of_wrapper = || WRAPPER_KEYS.iter().position(|key| *key == name).map(Self::Wrapper);
        match name {
            EXTRA => Self::Extra,
            AMBIGUOUS => Self::Ambiguous,
            TRAFFIC => Self::Traffic,
            _ => {
                WasmKey::of_name(name).map(Self::Wasm).or_else(of_wrapper).unwrap_or(Self::Nothing)
            }
        }
    }
}

impl Column {
    fn new(name: String) -> Self {
        let meaning = Meaning::of(&name);
        Self { name, meaning, place: None, seen: false }
    }

    fn cell<'a>(&mut self, entry: &Entry<'a>) -> Cell<'a> {
        let Some(at) = self.find(entry) else { return self.other_cell(entry) };
        self.seen = true;
        if entry.record.is_disputed(at) { Cell::Disputed } else { Cell::Field(at) }
    }

    /// Where the record has the column's key.
    fn find(&mut self, entry: &Entry<'_>) -> Option<usize> {
        let record = entry.record;
        if let Some(place) = self.place.filter(|place| place.format == entry.format) {
            return place.at;
        }
        let at = record.index_of(&self.name);
        // Each line of a JSON log may have keys of its own.
        let is_text = record.format().encoding() == Encoding::Text;
        self.place = is_text.then_some(Place { format: entry.format, at });
        at
    }

    fn other_cell<'a>(&mut self, entry: &Entry<'a>) -> Cell<'a> {
        let record = entry.record;
        match self.meaning {
            Meaning::Wasm(key) if record.format().carries(key.field()) => {
                self.seen = true;
                wasm_cell(key, record)
            }
            Meaning::Extra if extra_is_disputed(record) => Cell::Disputed,
            Meaning::Extra if record.extra().next().is_some() => Cell::Extra,
            Meaning::Ambiguous if record.ambiguity().is_some() => Cell::Ambiguous,
            Meaning::Traffic if entry.traffic.is_some() => {
                self.seen = true;
                entry.traffic.map_or(Cell::Absent, Cell::Traffic)
            }
            Meaning::Wrapper(at) => {
                let told = wrapper_values(entry.wrapper).get(at).copied().flatten();
                self.seen |= told.is_some();
                told.map_or(Cell::Absent, Cell::Wrapper)
            }
            _ => Cell::Absent,
        }
    }
}

fn wasm_cell<'a>(key: WasmKey, record: &Record<'_>) -> Cell<'a> {
    match record.well_known(key.field()) {
        Some(_) => Cell::Wasm(key),
        None if record.ambiguity().is_some() => Cell::Disputed,
        None => Cell::Absent,
    }
}

fn extra_is_disputed(record: &Record<'_>) -> bool {
    record.ambiguity().is_some()
        && (0..record.len()).any(|at| record.is_extra(at) && record.is_disputed(at))
}

/// The keys of a record, those of extra fields left out.
pub(super) fn own_keys<'a>(record: &Record<'a>) -> impl Iterator<Item = &'a str> {
    (0..record.len()).filter(|&at| !record.is_extra(at)).map(|at| record.key(at))
}

/// What the wrapper told, as keys and values. Where the record has a key of the same name, the
/// record's own stands.
pub(super) fn wrapper_members<'a>(
    entry: &Entry<'a>,
) -> impl Iterator<Item = (&'static str, &'a [u8])> {
    let record = entry.record;
    std::iter::zip(WRAPPER_KEYS, wrapper_values(entry.wrapper))
        .filter_map(|(key, value)| value.map(|value| (key, value)))
        .filter(|(key, _)| record.index_of(key).is_none())
}

/// What stands under [`WRAPPER_KEYS`].
pub(super) fn wrapper_values<'a>(wrapper: &Wrapper<'a>) -> [Option<&'a [u8]>; 5] {
    let stream = wrapper.stream.map(|stream| stream.as_str().as_bytes());
    [wrapper.namespace, wrapper.pod, wrapper.container, stream, wrapper.time]
}

/// The text of a cell: `None` when there is nothing in it.
pub(super) fn text<'a>(entry: &Entry<'a>, cell: &Cell<'a>) -> Option<Cow<'a, [u8]>> {
    match cell {
        Cell::Absent | Cell::Disputed => None,
        Cell::Field(at) => Value::to_bytes(entry.record.value(*at)),
        Cell::Wrapper(text) => Some(Cow::Borrowed(text)),
        // As a JSON array: their number is not fixed, and they may hold blanks.
        Cell::Extra => {
            let mut json = Vec::new();
            entry.record.write_json_extra(&mut json);
            Some(Cow::Owned(json))
        }
        Cell::Traffic(traffic) => {
            let mut json = Vec::new();
            traffic.write_json(&mut json);
            Some(Cow::Owned(json))
        }
        Cell::Wasm(key) => key.json(entry.record).map(Cow::Owned),
        Cell::Ambiguous => Some(Cow::Owned(disputed_names(entry.record).into_bytes())),
    }
}

/// The names of the disputed fields, joined by commas.
pub(super) fn disputed_names(record: &Record<'_>) -> String {
    let names = record.ambiguity().map(|ambiguity| ambiguity.fields().collect::<Vec<_>>());
    names.unwrap_or_default().join(",")
}
