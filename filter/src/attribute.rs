//! Attributes of a request and its connections, as Envoy hands them to a module.
//!
//! An attribute is written as in [Envoy's list], with a part of a map in brackets:
//! `request.headers['x-user']`, `metadata.filter_metadata['envoy.filters.http.jwt_authn'].claims.sub`.
//!
//! [Envoy's list]: https://www.envoyproxy.io/docs/envoy/v1.40.0/intro/arch_overview/advanced/attributes

mod path;
mod table;

pub use path::PathError;

use path::Segments;

/// One attribute that has one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    path: Vec<u8>,
    kind: Kind,
    may_be_empty: bool,
}

/// What the bytes of an attribute mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, in no particular encoding.
    Text,
    /// A whole number, which may be negative.
    Integer,
    /// A whole number.
    Unsigned,
    /// A number with a fraction.
    Number,
    /// True or false.
    Bool,
    /// A time span in nanoseconds; written in milliseconds.
    Duration,
    /// A moment in nanoseconds since 1970; written in milliseconds.
    Time,
}

/// Why a text is no attribute with one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeError {
    /// It is not written as an attribute is.
    Path(PathError),
    /// Envoy has none of this name.
    Unknown,
    /// It has several parts; the text shows how one of them is written.
    NotOneValue(&'static str),
    /// Its type is fixed, and is not to be given.
    Typed,
}

/// A value of an attribute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// As [`Kind::Text`].
    Text(&'a [u8]),
    /// As [`Kind::Integer`].
    Integer(i64),
    /// As [`Kind::Unsigned`].
    Unsigned(u64),
    /// As [`Kind::Number`].
    Number(f64),
    /// As [`Kind::Bool`].
    Bool(bool),
    /// Nanoseconds, as [`Kind::Duration`] and [`Kind::Time`].
    Nanoseconds(i64),
}

impl Attribute {
    /// Reads an attribute. Of those whose type Envoy does not fix, metadata and filter state, `kind` says
    /// what they are; text where it does not.
    ///
    /// ```
    /// use filter::attribute::{Attribute, Kind};
    ///
    /// let header = Attribute::parse("request.headers['X-User']", None)?;
    /// assert_eq!(header.path(), b"request\0headers\0x-user");
    /// assert_eq!(header.kind(), Kind::Text);
    /// # Ok::<(), filter::attribute::AttributeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`AttributeError`] says.
    pub fn parse(text: &str, kind: Option<Kind>) -> Result<Self, AttributeError> {
        let segments = path::parse(text).map_err(AttributeError::Path)?;
        let names: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        match table::shape(&names)? {
            table::Shape::Fixed(fixed) if kind.is_none() => Ok(Self::new(&segments, fixed)),
            table::Shape::Fixed(_) => Err(AttributeError::Typed),
            table::Shape::Open => Ok(Self::new(&segments, kind.unwrap_or(Kind::Text))),
        }
    }

    fn new(segments: &Segments<'_>, kind: Kind) -> Self {
        let mut path = segments.join("\0");
        if path.starts_with("request\0headers\0") || path.starts_with("response\0") {
            path.make_ascii_lowercase();
        }
        // Of a name or an address that it does not have, Envoy tells the empty text.
        let may_be_empty = segments.len() > 2 || path.starts_with("filter_state");
        Self { path: path.into_bytes(), kind, may_be_empty }
    }

    /// The path, as a module asks for it: names with a zero byte between them.
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// What its bytes mean.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The value that these bytes hold; `None` where they hold none.
    pub fn value<'b>(&self, bytes: &'b [u8]) -> Option<Value<'b>> {
        self.kind.value(bytes).filter(|_| self.may_be_empty || !bytes.is_empty())
    }
}

/// The attributes that Envoy has, without the parts of those that have several.
pub fn names() -> impl Iterator<Item = String> {
    table::names()
}

impl Kind {
    /// The value that these bytes hold; `None` where they hold none of this kind.
    ///
    /// Numbers are eight bytes in the order of the machine, which is that of WebAssembly.
    pub fn value(self, bytes: &[u8]) -> Option<Value<'_>> {
        let eight = || bytes.try_into().ok();
        Some(match self {
            Self::Text => Value::Text(bytes),
            Self::Integer => Value::Integer(i64::from_le_bytes(eight()?)),
            Self::Unsigned => Value::Unsigned(u64::from_le_bytes(eight()?)),
            Self::Number => Value::Number(f64::from_le_bytes(eight()?)),
            Self::Duration | Self::Time => Value::Nanoseconds(i64::from_le_bytes(eight()?)),
            Self::Bool => match bytes {
                [0] => Value::Bool(false),
                [1] => Value::Bool(true),
                _ => return None,
            },
        })
    }
}

#[cfg(test)]
mod tests;
