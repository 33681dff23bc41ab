//! The operators of Envoy 1.40, sorted by name.

use super::Operator;

/// Every command operator of Envoy 1.40, sorted by name.
pub const OPERATORS: &[Operator] = &[];
