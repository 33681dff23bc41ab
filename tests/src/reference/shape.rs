//! One regular expression for each shape.

use accesslog::{Field, Shape};
use regex::bytes::Regex;

use super::time;

/// The regular expression of what a field prints when it has a value.
pub(super) fn regex(field: &Field) -> Regex {
    let ip4 = r"\d{1,3}(\.\d{1,3}){3}";
    let ip6 = r"[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(%\w+)?";
    // Scoped addresses name an interface: `[fe80::1%eth0]`.
    let bracketed = r"\[[0-9A-Za-z:.%]{0,64}\]";
    let named = r"/[^\n]*|@[^\n]*|envoy://[^\n]*";
    let pattern = match field.shape() {
        Shape::Any => r"[^\n]*".to_owned(),
        Shape::NoSpace => r"\S*".to_owned(),
        Shape::Path => r"[^ \n]*".to_owned(),
        Shape::Name => r#"[^ "\n]*"#.to_owned(),
        Shape::Token => r#"[^\s"]*"#.to_owned(),
        Shape::Object => r"\{[!-~]*".to_owned(),
        Shape::Code => r"\d{1,3}".to_owned(),
        Shape::Counter => r"\d+".to_owned(),
        Shape::Signed => r"-?\d+".to_owned(),
        Shape::Flags => r"\w+(,\w+)*".to_owned(),
        Shape::Protocol => r"HTTP/(1\.0|1\.1|2|3)".to_owned(),
        Shape::Address => format!(r"(tcp://)?({ip4}|{bracketed}):\d{{1,5}}|{named}"),
        Shape::AddressWithoutPort => format!(r"({ip4}|{ip6})(/\d{{1,3}})?|{named}"),
        Shape::Uuid => r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}".to_owned(),
        Shape::Time => time::pattern(field.argument(), field.name().ends_with("_LOCAL")),
    };
    Regex::new(&format!(r"^(?-u:{pattern})$")).unwrap()
}
