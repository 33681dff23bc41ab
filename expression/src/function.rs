//! Functions: which of them Envoy's CEL has, with how many arguments, and on a target or not.
//!
//! The table is what Envoy 1.40.0 loads; every name, style and count was tried. A call that is not
//! in it makes Envoy refuse the whole configuration, wherever it stands in the expression.

use crate::node::Type;

/// A function of Envoy's CEL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Bool,
    Bytes,
    Double,
    Duration,
    Dyn,
    Int,
    Timestamp,
    Type,
    Uint,
    Size,
    StartsWith,
    EndsWith,
    Contains,
    Matches,
    Part(Part),
    Capture,
    CaptureNamed,
    Extract,
}

/// A part of a timestamp or a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    FullYear,
    Month,
    DayOfYear,
    DayOfMonth,
    Date,
    DayOfWeek,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

/// A row of the table.
struct Row {
    name: &'static str,
    function: Function,
    /// The least and the most arguments when called as `name(...)`.
    global: Option<(usize, usize)>,
    /// The same when called as `target.name(...)`, the target not counted.
    method: Option<(usize, usize)>,
}

const fn row(
    name: &'static str,
    function: Function,
    global: Option<(usize, usize)>,
    method: Option<(usize, usize)>,
) -> Row {
    Row { name, function, global, method }
}

#[rustfmt::skip]
const FUNCTIONS: &[Row] = &[
    row("bool", Function::Bool, Some((1, 1)), None),
    row("bytes", Function::Bytes, Some((1, 1)), None),
    row("contains", Function::Contains, Some((2, 2)), Some((1, 1))),
    row("double", Function::Double, Some((1, 1)), None),
    row("duration", Function::Duration, Some((1, 1)), None),
    row("dyn", Function::Dyn, Some((1, 1)), None),
    row("endsWith", Function::EndsWith, Some((2, 2)), Some((1, 1))),
    row("getDate", Function::Part(Part::Date), None, Some((0, 1))),
    row("getDayOfMonth", Function::Part(Part::DayOfMonth), None, Some((0, 1))),
    row("getDayOfWeek", Function::Part(Part::DayOfWeek), None, Some((0, 1))),
    row("getDayOfYear", Function::Part(Part::DayOfYear), None, Some((0, 1))),
    row("getFullYear", Function::Part(Part::FullYear), None, Some((0, 1))),
    row("getHours", Function::Part(Part::Hours), None, Some((0, 1))),
    row("getMilliseconds", Function::Part(Part::Milliseconds), None, Some((0, 1))),
    row("getMinutes", Function::Part(Part::Minutes), None, Some((0, 1))),
    row("getMonth", Function::Part(Part::Month), None, Some((0, 1))),
    row("getSeconds", Function::Part(Part::Seconds), None, Some((0, 1))),
    row("int", Function::Int, Some((1, 1)), None),
    row("matches", Function::Matches, Some((2, 2)), Some((1, 1))),
    row("re.capture", Function::Capture, Some((2, 2)), None),
    row("re.captureN", Function::CaptureNamed, Some((2, 2)), None),
    row("re.extract", Function::Extract, Some((3, 3)), None),
    row("size", Function::Size, Some((1, 1)), Some((0, 0))),
    row("startsWith", Function::StartsWith, Some((2, 2)), Some((1, 1))),
    row("timestamp", Function::Timestamp, Some((1, 1)), None),
    row("type", Function::Type, Some((1, 1)), None),
    row("uint", Function::Uint, Some((1, 1)), None),
];

/// Functions in namespaces: a call of one is no call on a target.
pub(crate) fn is_namespaced(namespace: &str, name: &str) -> bool {
    namespace == "re" && matches!(name, "extract" | "capture" | "captureN")
}

/// The function that Envoy calls, if it has one.
pub(crate) fn find(name: &str, is_method: bool, arguments: usize) -> Option<Function> {
    let row = FUNCTIONS.iter().find(|row| row.name == name)?;
    let counts = if is_method { row.method } else { row.global }?;
    (counts.0..=counts.1).contains(&arguments).then_some(row.function)
}

/// How a function of this name can be called: ``one of `a.size()`, `size(a)` ``. `None` when there
/// is no such function.
pub(crate) fn forms(name: &str) -> Option<String> {
    const NAMES: [&str; 3] = ["a", "b", "c"];
    let row = FUNCTIONS.iter().find(|row| row.name == name)?;
    let arguments = |from: usize, count: usize| {
        NAMES.iter().skip(from).take(count).copied().collect::<Vec<_>>().join(", ")
    };
    let method = row.method.map(|(_, most)| format!("`a.{name}({})`", arguments(1, most)));
    let global = row.global.map(|(_, most)| format!("`{name}({})`", arguments(0, most)));
    Some(method.into_iter().chain(global).collect::<Vec<_>>().join(" or "))
}

/// The name of a function that may have been meant.
pub(crate) fn closest(name: &str) -> Option<&'static str> {
    let own = |row: &&Row| row.name == name;
    if let Some(row) = FUNCTIONS.iter().find(own) {
        return Some(row.name);
    }
    crate::attribute::closest(name, FUNCTIONS.iter().map(|row| row.name))
}

impl Function {
    /// The type of the result; `None` when it depends on the arguments.
    pub(crate) fn result(self) -> Option<Type> {
        Some(match self {
            Self::Bool | Self::StartsWith | Self::EndsWith | Self::Contains | Self::Matches => {
                Type::Bool
            }
            Self::Bytes => Type::Bytes,
            Self::Double => Type::Double,
            Self::Duration => Type::Duration,
            Self::Dyn => return None,
            Self::Int | Self::Size | Self::Part(_) => Type::Int,
            Self::Timestamp => Type::Time,
            Self::Type => Type::Name,
            Self::Uint => Type::Uint,
            Self::Capture | Self::Extract => Type::Text,
            Self::CaptureNamed => Type::Map,
        })
    }

    /// The types that an argument may have, the target of a method first; empty when any may.
    pub(crate) fn takes(self, argument: usize) -> &'static [Type] {
        const TEXT: &[Type] = &[Type::Text];
        match (self, argument) {
            (Self::Bool, _) => &[Type::Bool, Type::Text],
            (Self::Bytes, _) => &[Type::Bytes, Type::Text],
            (Self::Double, _) => &[Type::Double, Type::Int, Type::Uint, Type::Text],
            (Self::Duration, _) => TEXT,
            (Self::Int, _) => {
                &[Type::Int, Type::Uint, Type::Double, Type::Text, Type::Bool, Type::Time]
            }
            (Self::Uint, _) => &[Type::Int, Type::Uint, Type::Double, Type::Text],
            (Self::Timestamp, _) => &[Type::Text, Type::Int],
            (Self::Size, _) => &[Type::Text, Type::Bytes, Type::List, Type::Map],
            (Self::Part(part), 0) if part.is_of_durations() => &[Type::Time, Type::Duration],
            (Self::Part(_), 0) => &[Type::Time],
            (Self::Dyn | Self::Type, _) => &[],
            _ => TEXT,
        }
    }
}

impl Part {
    /// Whether durations have this part too.
    pub(crate) fn is_of_durations(self) -> bool {
        matches!(self, Self::Hours | Self::Minutes | Self::Seconds | Self::Milliseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_and_err_counts() {
        for (name, method, count, found) in [
            ("size", true, 0, true),
            ("size", false, 1, true),
            ("size", false, 2, false),
            ("startsWith", false, 2, true),
            ("getHours", false, 1, false),
            ("getHours", true, 1, true),
            ("re.extract", false, 3, true),
            ("int", true, 0, false),
            ("string", false, 1, false),
        ] {
            assert_eq!(find(name, method, count).is_some(), found, "{name} {method} {count}");
        }
    }

    #[test]
    fn forms_say_how_to_call() {
        assert_eq!(forms("size").as_deref(), Some("`a.size()` or `size(a)`"));
        assert_eq!(forms("startsWith").as_deref(), Some("`a.startsWith(b)` or `startsWith(a, b)`"));
        assert_eq!(forms("nothing"), None);
    }
}
