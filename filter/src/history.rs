//! The history of a request's upstream attempts, as text.
//!
//! ```text
//! history = entry *( ";" entry ) [ ";+" ]
//! entry   = host "=" result
//! host    = "-" / 1*safe                           ; the upstream's address, "-" where there is none
//! result  = "?"                                    ; still open when this was written
//!         / code "/" 1*DIGIT "ms" [ "/" failure ]
//! code    = 3DIGIT / "-"                           ; "-" where no response came
//! failure = 1*safe
//! safe    = visible ASCII but `"` `%` `;` `=` `\`, or "%" 2HEXDIG for any byte
//! ```
//!
//! `10.244.1.31:9080=503/12ms;10.244.2.31:9080=-/301ms;10.244.2.32:9080=200/8ms` tells of three
//! attempts, in the order in which they began. A time runs from the start of an attempt to the headers
//! of its response, or to its end where none came. Spaces in a failure are underscores, as in Envoy's
//! `%UPSTREAM_TRANSPORT_FAILURE_REASON%`. `;+` stands for further attempts that found no room.

mod read;
mod write;

pub use read::{Attempt, History, parse};
pub use write::{Outcome, close, has_open, open};

/// Whether a byte stands for itself in a host or a failure.
const fn is_safe(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'%' | b';' | b'=' | b'\\')
}

#[cfg(test)]
mod tests;
