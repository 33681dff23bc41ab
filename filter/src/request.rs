//! What a finished request tells of itself.

use std::cell::OnceCell;

use crate::attribute::{Attribute, Kind, Value};

/// Gives attributes of the request at hand.
pub trait Properties {
    /// The bytes of an attribute by its path, names with a zero byte between them; `None` where the
    /// request has none, or it cannot be told.
    fn property(&self, path: &[u8]) -> Option<Vec<u8>>;
}

/// The request at hand; what several rules ask for is asked for once.
#[derive(Debug)]
pub(crate) struct Request<'p, P> {
    properties: &'p P,
    attempts: OnceCell<u64>,
    code: OnceCell<i64>,
    flags: OnceCell<i64>,
}

/// How the retries of a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// There were none.
    None,
    /// The last attempt brought a response that is no failure of the upstream.
    Recovered,
    /// All attempts failed.
    Exhausted,
}

/// Envoy's response flag `URX`: the limit of retries was reached.
const RETRY_LIMIT_EXCEEDED: i64 = 0x8000;

impl<'p, P: Properties> Request<'p, P> {
    pub(crate) fn new(properties: &'p P) -> Self {
        let (attempts, code, flags) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { properties, attempts, code, flags }
    }

    pub(crate) fn bytes(&self, path: &[u8]) -> Option<Vec<u8>> {
        self.properties.property(path)
    }

    pub(crate) fn of(&self, attribute: &Attribute) -> Option<Vec<u8>> {
        self.bytes(attribute.path())
    }

    /// The number of upstream attempts; 0 where the request was sent to no upstream.
    pub(crate) fn attempts(&self) -> u64 {
        *self.attempts.get_or_init(|| match self.number(b"upstream\0request_attempt_count") {
            Some(count) => count.unsigned_abs(),
            None => 0,
        })
    }

    pub(crate) fn is_retried(&self) -> bool {
        self.attempts() > 1
    }

    /// The status code; 0 where there was no response.
    pub(crate) fn code(&self) -> i64 {
        *self.code.get_or_init(|| self.number(b"response\0code").unwrap_or(0))
    }

    /// The response flags, as bits.
    pub(crate) fn flags(&self) -> i64 {
        *self.flags.get_or_init(|| self.number(b"response\0flags").unwrap_or(0))
    }

    /// Nanoseconds from the request's first byte to the response's last one.
    pub(crate) fn duration(&self) -> i64 {
        self.number(b"request\0duration").unwrap_or(0)
    }

    /// How retries went; `None` where the client left before that was decided.
    pub(crate) fn retry(&self) -> Option<Retry> {
        if !self.is_retried() {
            return Some(Retry::None);
        }
        let failed = self.flags() & RETRY_LIMIT_EXCEEDED != 0 || self.code() >= 500;
        match self.code() {
            _ if failed => Some(Retry::Exhausted),
            0 => None,
            200 if self.has_failed_grpc() => Some(Retry::Exhausted),
            _ => Some(Retry::Recovered),
        }
    }

    /// Whether a call ended with one of gRPC's statuses that HTTP would have as 500 and above.
    ///
    /// Envoy tells a status for any response; it means something for those of gRPC only.
    fn has_failed_grpc(&self) -> bool {
        const FAILURES: [i64; 6] = [2, 4, 12, 13, 14, 15];
        let is_grpc = self
            .bytes(b"response\0headers\0content-type")
            .is_some_and(|kind| kind.starts_with(b"application/grpc"));
        let status = || self.number(b"response\0grpc_status");
        is_grpc && status().is_some_and(|status| FAILURES.contains(&status))
    }

    fn number(&self, path: &[u8]) -> Option<i64> {
        match Kind::Integer.value(&self.bytes(path)?)? {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }
}

impl Retry {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Recovered => "recovered",
            Self::Exhausted => "exhausted",
        }
    }
}

/// Properties for tests.
#[cfg(test)]
pub(crate) mod fake {
    use std::collections::HashMap;

    use super::Properties;

    #[derive(Debug, Default)]
    pub(crate) struct Fake(HashMap<Vec<u8>, Vec<u8>>);

    impl Fake {
        /// A request with these numbers, each by the path of its attribute.
        pub(crate) fn with(numbers: &[(&str, i64)]) -> Self {
            let entry = |(path, number): &(&str, i64)| (raw(path), number.to_le_bytes().to_vec());
            Self(numbers.iter().map(entry).collect())
        }

        pub(crate) fn and(mut self, path: &str, value: &[u8]) -> Self {
            self.0.insert(raw(path), value.to_vec());
            self
        }
    }

    fn raw(path: &str) -> Vec<u8> {
        path.replace(' ', "\0").into_bytes()
    }

    impl Properties for Fake {
        fn property(&self, path: &[u8]) -> Option<Vec<u8>> {
            self.0.get(path).cloned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fake::Fake;
    use super::*;

    const COUNT: &str = "upstream request_attempt_count";
    const CODE: &str = "response code";
    const FLAGS: &str = "response flags";

    #[test]
    fn ok_how_retries_went() {
        let grpc = |status| {
            Fake::with(&[(COUNT, 2), (CODE, 200), ("response grpc_status", status)])
                .and("response headers content-type", b"application/grpc+proto")
        };
        for (request, expected) in [
            (Fake::default(), Some("none")),
            (Fake::with(&[(COUNT, 1), (CODE, 503)]), Some("none")),
            (Fake::with(&[(COUNT, 2), (CODE, 200)]), Some("recovered")),
            (Fake::with(&[(COUNT, 2), (CODE, 404)]), Some("recovered")),
            (Fake::with(&[(COUNT, 3), (CODE, 503), (FLAGS, 0x8000)]), Some("exhausted")),
            (Fake::with(&[(COUNT, 3), (CODE, 504)]), Some("exhausted")),
            (Fake::with(&[(COUNT, 3), (CODE, 200), (FLAGS, 0x8000)]), Some("exhausted")),
            (Fake::with(&[(COUNT, 2), (FLAGS, 0x4)]), None),
            (
                Fake::with(&[(COUNT, 2), (CODE, 200), ("response grpc_status", 2)]),
                Some("recovered"),
            ),
            (grpc(0), Some("recovered")),
            (grpc(5), Some("recovered")),
            (grpc(14), Some("exhausted")),
        ] {
            let told = Request::new(&request).retry().map(Retry::as_str);
            assert_eq!(told, expected, "{request:?}");
        }
    }
}
