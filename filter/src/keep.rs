//! Which requests are worth a line.

use crate::hash::fnv1a;

/// What decides whether the access log record of a request is kept.
///
/// A request is kept when any of the rules says so. Of the others a share is kept, told from the request
/// id, so that all proxies with the same share keep the same requests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keep {
    /// The share of the other requests that is kept.
    pub rate: Rate,
    /// A status code of at least this is kept.
    pub code_at_least: Option<u16>,
    /// Whether a request with any response flag is kept.
    pub any_response_flag: bool,
    /// Whether a request that took several upstream attempts is kept.
    pub retried: bool,
    /// A request that took longer than this many milliseconds is kept.
    pub slower_than_ms: Option<u32>,
    /// Requests for these paths are kept.
    pub paths: Vec<PathPattern>,
}

/// A share of requests, from none to all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rate(u64);

/// A path without its query, or what a path starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    text: String,
    is_prefix: bool,
}

impl Rate {
    /// All requests, in units of a share.
    const ALL: u64 = 1 << 32;

    /// A share, from 0 to 1; `None` where it is anything else.
    pub fn new(share: f64) -> Option<Self> {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "the range is checked, and 2^32 is exact"
        )]
        (0.0..=1.0).contains(&share).then(|| Self((share * Self::ALL as f64).round() as u64))
    }

    /// Whether a request with this id is in the share.
    ///
    /// The decision is that of the upper 32 bits of FNV-1a over the id's bytes, mixed as MurmurHash3 does
    /// at its end, being below the share of 2^32. Of an id that is a UUID the byte at 14 is left out:
    /// Envoy notes there why it traces a request, and a proxy on the way may change it.
    pub fn has(self, request_id: &[u8]) -> bool {
        const TRACE_REASON: usize = 14;
        const UUID_LENGTH: usize = 36;
        let skipped = (request_id.len() == UUID_LENGTH).then_some(TRACE_REASON);
        let counted = request_id.iter().enumerate().filter(|(at, _)| Some(*at) != skipped);
        let mut hash = fnv1a(counted.map(|(_, byte)| *byte));
        hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash = (hash ^ hash >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        (hash ^ hash >> 33) >> 32 < self.0
    }
}

impl PathPattern {
    /// A path, or with an asterisk at its end what paths start with.
    pub fn new(text: &str) -> Self {
        match text.strip_suffix('*') {
            Some(prefix) => Self { text: prefix.to_owned(), is_prefix: true },
            None => Self { text: text.to_owned(), is_prefix: false },
        }
    }

    /// Whether a path without its query is meant.
    pub fn is_of(&self, path: &[u8]) -> bool {
        let text = self.text.as_bytes();
        if self.is_prefix { path.starts_with(text) } else { path == text }
    }
}

impl std::fmt::Display for PathPattern {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.text)?;
        out.write_str(if self.is_prefix { "*" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uuid(number: u32) -> String {
        format!("{number:08x}-1111-4222-8333-{:012x}", u64::from(number) * 7_919)
    }

    #[test]
    fn ok_about_the_share_is_kept() {
        for (share, least, most) in
            [(0.0, 0, 0), (0.01, 700, 1300), (0.5, 48_000, 52_000), (1.0, 100_000, 100_000)]
        {
            let rate = Rate::new(share).unwrap();
            let kept = (0..100_000).filter(|n| rate.has(uuid(*n).as_bytes())).count();
            assert!((least..=most).contains(&kept), "{kept} of {share}");
        }
    }

    #[test]
    fn ok_a_larger_share_keeps_what_a_smaller_one_does() {
        let (small, large) = (Rate::new(0.1).unwrap(), Rate::new(0.3).unwrap());
        assert!((0..1000).all(|n| !small.has(uuid(n).as_bytes()) || large.has(uuid(n).as_bytes())));
    }

    #[test]
    fn ok_the_trace_reason_decides_nothing() {
        let rate = Rate::new(0.5).unwrap();
        for number in 0..200 {
            let id = uuid(number);
            let kept = rate.has(id.as_bytes());
            for reason in ['9', 'a', 'b'] {
                let mut changed = id.clone();
                changed.replace_range(14..15, reason.encode_utf8(&mut [0; 4]));
                assert_eq!(rate.has(changed.as_bytes()), kept, "{changed}");
            }
        }
    }

    #[test]
    fn err_shares() {
        for share in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Rate::new(share), None);
        }
    }

    #[test]
    fn ok_paths() {
        let exact = PathPattern::new("/pay");
        let prefix = PathPattern::new("/api/*");
        assert!(exact.is_of(b"/pay") && !exact.is_of(b"/pay/") && !exact.is_of(b"/PAY"));
        assert!(prefix.is_of(b"/api/") && prefix.is_of(b"/api/x") && !prefix.is_of(b"/api"));
        assert_eq!((exact.to_string(), prefix.to_string()), ("/pay".into(), "/api/*".into()));
    }
}
