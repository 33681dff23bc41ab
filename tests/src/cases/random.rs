//! Forgeries put together at random from pieces of log lines, the same ones in every run.

use super::{Case, get, get2};
use crate::dice::Dice;

/// What log lines of the formats under test are made of.
const PIECES: &[&str] = &[
    "\" \"",
    "\" \"",
    "\" \"",
    "\"",
    " ",
    "\"-\"",
    "-",
    " - ",
    "a",
    "curl/8.5.0",
    "1.2.3.4:80",
    "1.2.3.4:80 1.2.3.4:81 [::1]:82",
    "/run/a b.sock",
    "envoy://l/e p",
    "\" up 1.2.3.4:1",
    " 1.2.3.4:3 - default",
    "HTTP/1.1\" 200 - ",
    " HTTP/2\" 0 UF,URX via_upstream - \"-\" 0 1 2 3 \"",
    "[2026-11-20T00:00:00.000Z] \"GET /",
    "200",
    " 7 8 ",
    "|",
    "\t",
    ";",
    "\\",
    "\",\"xff\":\"",
    " ua=\"",
    "\" id=\"",
    " none=- code=200",
    "%REQ(X)%",
    "\u{e9}",
    "5bb12ba8-33ac-4b1c-8c4e-4bd1e9a8a8f1",
];

/// The header fields that the formats print, each with how often it is forged, of eight.
const HEADERS: &[(&str, u32)] = &[
    ("user-agent", 6),
    ("x-forwarded-for", 4),
    ("x-request-id", 4),
    ("x-envoy-original-path", 2),
    ("x-echo", 2),
    ("x-meta", 1),
    ("x-state", 2),
];

/// This many random forgeries.
pub(super) fn forgeries(count: u32) -> Vec<Case> {
    let mut dice = Dice::new(1);
    (0..count).map(|number| forgery(number, &mut dice)).collect()
}

fn forgery(number: u32, dice: &mut Dice) -> Case {
    let name = format!("random forgery {number}");
    let mut case = if dice.roll(4) == 0 { get2(name, b"/ok") } else { get(name, "/ok") };
    for (header, chance) in HEADERS {
        if dice.roll(8) < *chance {
            case = case.header(header, value(dice));
        }
    }
    case.forging()
}

fn value(dice: &mut Dice) -> String {
    (0..=dice.roll(6)).map(|_| *dice.pick(PIECES)).collect()
}
