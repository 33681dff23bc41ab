//! Values of expressions, and what is known of them.

use std::borrow::Cow;
use std::rc::Rc;

use crate::node::{Literal, Type};

/// A value, borrowed from the expression or the record where that is possible.
#[derive(Debug, Clone)]
pub(crate) enum Value<'v> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    /// A string; any bytes, perhaps not UTF-8.
    Text(Cow<'v, [u8]>),
    /// A string in which every underscore from this offset on may have been white space.
    Spaced(Cow<'v, [u8]>, usize),
    Bytes(Cow<'v, [u8]>),
    /// A duration somewhere in a range of nanoseconds.
    Duration(Between),
    /// A time somewhere in a range of nanoseconds since 1970.
    Time(Between),
    List(Rc<[Value<'v>]>),
    Map(Rc<[(Value<'v>, Value<'v>)]>),
    Type(Type),
    /// A map or message of which nothing but the type is known.
    Opaque(Type),
}

/// A range, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Between {
    pub(crate) least: i128,
    pub(crate) most: i128,
}

/// What is known of the result of an operation.
#[derive(Debug, Clone)]
pub(crate) enum Outcome<'v> {
    /// It is this value.
    Value(Value<'v>),
    /// It is this value, or an error.
    Perhaps(Value<'v>),
    /// It is a boolean or an error, one of these.
    Truth(Truth),
    /// It is an error; a missing attribute is one too.
    Error,
    /// Anything.
    Unknown,
}

/// A set of possible results: true, false, an error or a value that is no boolean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Truth(u8);

impl Truth {
    pub(crate) const TRUE: Self = Self(1);
    pub(crate) const FALSE: Self = Self(2);
    pub(crate) const ERROR: Self = Self(4);
    pub(crate) const EITHER: Self = Self(3);
    pub(crate) const ANY: Self = Self(7);

    /// Whether one of the results of `other` is possible.
    pub(crate) fn may_be(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Every result that is possible in one of the two.
    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Only results that are possible in both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// With true and false exchanged.
    pub(crate) fn negated(self) -> Self {
        Self(self.0 & 4 | (self.0 & 1) << 1 | (self.0 & 2) >> 1)
    }

    /// The truth of a boolean.
    pub(crate) fn of(value: bool) -> Self {
        if value { Self::TRUE } else { Self::FALSE }
    }
}

impl Between {
    /// A range that is one value.
    pub(crate) fn exactly(value: i128) -> Self {
        Self { least: value, most: value }
    }

    /// The value, if there is but one.
    pub(crate) fn single(self) -> Option<i128> {
        (self.least == self.most).then_some(self.least)
    }
}

impl<'v> Value<'v> {
    /// A string.
    pub(crate) fn text(text: &'v [u8]) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// The value of a literal.
    pub(crate) fn of(literal: &'v Literal) -> Self {
        match literal {
            Literal::Null => Self::Null,
            Literal::Bool(value) => Self::Bool(*value),
            Literal::Int(value) => Self::Int(*value),
            Literal::Uint(value) => Self::Uint(*value),
            Literal::Double(value) => Self::Double(*value),
            Literal::Text(text) => Self::text(text.as_bytes()),
            Literal::Bytes(bytes) => Self::Bytes(Cow::Borrowed(bytes)),
            Literal::Type(value) => Self::Type(*value),
        }
    }

    /// The type of the value.
    pub(crate) fn value_type(&self) -> Type {
        match self {
            Self::Null => Type::Null,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Uint(_) => Type::Uint,
            Self::Double(_) => Type::Double,
            Self::Text(_) | Self::Spaced(..) => Type::Text,
            Self::Bytes(_) => Type::Bytes,
            Self::Duration(_) => Type::Duration,
            Self::Time(_) => Type::Time,
            Self::List(_) => Type::List,
            Self::Map(_) => Type::Map,
            Self::Type(_) => Type::Name,
            Self::Opaque(of) => *of,
        }
    }
}

impl<'v> Outcome<'v> {
    /// A boolean.
    pub(crate) fn bool(value: bool) -> Self {
        Self::Value(Value::Bool(value))
    }

    /// A boolean that is not certain; certain ones become values.
    pub(crate) fn truth(truth: Truth) -> Self {
        match truth {
            Truth::TRUE => Self::bool(true),
            Truth::FALSE => Self::bool(false),
            Truth::ERROR => Self::Error,
            Truth::ANY => Self::Unknown,
            other => Self::Truth(other),
        }
    }

    /// Which results are possible, taken as a condition.
    pub(crate) fn as_truth(&self) -> Truth {
        let of = |value: &Value<'_>| match value {
            Value::Bool(value) => Truth::of(*value),
            _ => Truth::ERROR,
        };
        match self {
            Self::Value(value) => of(value),
            Self::Perhaps(value) => of(value).or(Truth::ERROR),
            Self::Truth(truth) => *truth,
            Self::Error => Truth::ERROR,
            Self::Unknown => Truth::ANY,
        }
    }

    /// Applies an operation to the value; errors stay errors.
    pub(crate) fn then(self, apply: impl FnOnce(Value<'v>) -> Self) -> Self {
        match self {
            Self::Value(value) => apply(value),
            Self::Perhaps(value) => apply(value).or_error(),
            Self::Error => Self::Error,
            Self::Truth(_) | Self::Unknown => Self::Unknown,
        }
    }

    /// The same, or an error.
    pub(crate) fn or_error(self) -> Self {
        match self {
            Self::Value(Value::Bool(value)) => Self::truth(Truth::of(value).or(Truth::ERROR)),
            Self::Value(value) | Self::Perhaps(value) => Self::Perhaps(value),
            Self::Truth(truth) => Self::truth(truth.or(Truth::ERROR)),
            Self::Error => Self::Error,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl<'v> From<Option<Value<'v>>> for Outcome<'v> {
    /// A value, or an error when there is none.
    fn from(value: Option<Value<'v>>) -> Self {
        value.map_or(Self::Error, Self::Value)
    }
}
