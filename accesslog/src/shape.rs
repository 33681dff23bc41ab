//! Shapes: which bytes the text of a value can consist of.

/// The set of byte strings that a field can print, as far as Envoy guarantees it.
///
/// A shape is a promise of the proxy, never a plausibility: a client cannot make Envoy print text
/// outside of it. No shape but [`Self::Any`] contains a newline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Any bytes.
    Any,
    /// No white space.
    NoSpace,
    /// No space character: a request path that Envoy admitted.
    Path,
    /// No space and no double quote: a method or an authority.
    Name,
    /// No white space and no double quote: a cluster, a server name, an identifier.
    Token,
    /// Visible ASCII from a `{` on: a JSON object without white space.
    Object,
    /// One to three digits: a response code.
    Code,
    /// One or more digits.
    Counter,
    /// One or more digits, perhaps after a minus sign.
    Signed,
    /// Items of letters, digits and `_` joined by commas: response flags.
    Flags,
    /// `HTTP/1.0`, `HTTP/1.1`, `HTTP/2` or `HTTP/3`.
    Protocol,
    /// `1.2.3.4:80`, `[::1]:80`, a socket path, `@name`, `envoy://...`, or an old `tcp://` address.
    Address,
    /// An address without its port, perhaps with a prefix length.
    AddressWithoutPort,
    /// A UUID.
    Uuid,
    /// A time in the format of the operator's argument.
    Time,
}
