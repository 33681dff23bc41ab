//! Carriers: command operators whose printed value tells the value of an attribute.

/// One way to read an attribute from a record.
#[derive(Debug)]
pub(crate) struct Carrier {
    /// The operators that are needed, all of them, in the order that [`Read`] wants. `{}` stands
    /// for the keys of the path, one after the other.
    pub(crate) operators: &'static [&'static str],
    pub(crate) read: Read,
    /// Where the operators print something that may differ from the attribute: what, and when.
    pub(crate) near: Option<&'static str>,
}

/// How a printed value becomes that of the attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    /// A string; missing when absent.
    Text,
    /// A string; empty when absent.
    TextOrEmpty,
    /// A string; when absent, the log does not tell an empty one from a missing one.
    TextMaybeEmpty,
    /// A string in which white space was replaced by underscores.
    Spaced,
    /// The same, where only the detail in brackets or behind a colon can have held white space.
    SpacedDetail,
    /// The transport failure of the upstream, and the upstream host: without failure the string is
    /// empty once a host was chosen, and on TCP.
    UpstreamFailure,
    /// The first of several names that are joined by commas.
    FirstName,
    /// An int.
    Int,
    /// A uint.
    Uint,
    /// A uint; missing when it is 0.
    UintNotZero,
    /// An int; missing when it is 0.
    Code,
    /// The bits of response flags.
    Flags,
    /// The port of an address; missing when it has none.
    Port,
    /// Whether there is a value.
    IsPresent,
    /// A duration in whole milliseconds, the rest cut off.
    Milliseconds,
    /// A duration in nanoseconds.
    Nanoseconds,
    /// The time of the argument's format.
    Time,
    /// The sum of all.
    Sum,
    /// The content length if it is there, else the bytes that were received.
    ContentLength,
    /// The path up to its query.
    PathOnly,
    /// The query of a path.
    Query,
    /// The status of gRPC, else the one that the response code stands for.
    GrpcStatus,
    /// The status in trailers, else in headers, else the one that the response code stands for.
    GrpcHeaders,
    /// A value of metadata, typed by its content.
    Metadata,
    /// A string, printed with percent signs for what a URL cannot hold.
    PercentEncoded,
    /// The bytes of an object of the filter state.
    Bytes,
}

/// An exact carrier of one operator.
pub(crate) const fn one(operator: &'static [&'static str; 1], read: Read) -> Carrier {
    Carrier { operators: operator, read, near: None }
}

/// A carrier of several operators.
pub(crate) const fn all(operators: &'static [&'static str], read: Read) -> Carrier {
    Carrier { operators, read, near: None }
}

impl Carrier {
    /// The same carrier, said to be only nearly right.
    pub(crate) const fn near(self, why: &'static str) -> Self {
        Self { near: Some(why), ..self }
    }
}
