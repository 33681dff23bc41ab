//! The page, taken apart into text and blocks of commands with their output.
//!
//! A block begins with `` ```console ``. The line before may say more about it, unseen by readers:
//! `<!-- situation: NAME -->`, or `<!-- situation: NAME; until: TEXT -->` for a command that follows and
//! is to be ended once it has printed TEXT.
//!
//! `until: its end` is for one that would follow, but ends by itself.
//!
//! What differs from run to run is compared as if it were equal ([`normal`]): elapsed times, the random
//! end of an object's name, the time at which it expires.

use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;

/// A piece of the page.
#[derive(Debug)]
pub enum Piece {
    /// Lines that are left as they are, with their newlines.
    Text(String),
    /// A block.
    Block(Block),
}

/// Commands with their output.
#[derive(Debug)]
pub struct Block {
    /// The situation that it is about.
    pub situation: String,
    /// What a command that follows prints last before it is ended; `None` where it is ended when all
    /// lines have come.
    pub until: Option<String>,
    /// The commands in their order.
    pub steps: Vec<Step>,
}

/// A command and its output.
#[derive(Debug)]
pub struct Step {
    /// What stands behind `$ `.
    pub command: String,
    /// The lines below.
    pub shown: Vec<String>,
}

/// Takes a page apart.
pub fn read(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut lines = text.lines();
    let mut last = "";
    while let Some(line) = lines.next() {
        plain.push_str(line);
        plain.push('\n');
        if line == "```console" {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            pieces.push(Piece::Block(block(last, &inside)));
            plain.push_str("```\n");
        }
        last = line;
    }
    pieces.push(Piece::Text(plain));
    pieces
}

fn block(comment: &str, lines: &[&str]) -> Block {
    let said = comment.strip_prefix("<!-- situation: ").and_then(|it| it.strip_suffix(" -->"));
    let said = said.unwrap_or_else(|| panic!("no situation before the block of {lines:?}"));
    let (situation, until) = match said.split_once("; until: ") {
        Some((situation, until)) => (situation, Some(until.to_owned())),
        None => (said, None),
    };
    let mut steps: Vec<Step> = Vec::new();
    for line in lines {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { command: command.to_owned(), shown: Vec::new() });
        } else {
            let step = steps.last_mut().expect("a block begins with a command");
            step.shown.push((*line).to_owned());
        }
    }
    Block { situation: situation.to_owned(), until, steps }
}

/// Puts a page together.
pub fn write(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Block(block) => {
                for step in &block.steps {
                    writeln!(text, "$ {}", step.command).unwrap();
                    step.shown.iter().for_each(|line| writeln!(text, "{line}").unwrap());
                }
            }
        }
    }
    text
}

/// Whether these lines are those of standard output and of standard error, each in its order: how the
/// two come between each other is a matter of chance.
pub fn is_of_both(shown: &[String], out: &[String], err: &[String]) -> bool {
    let normal = |lines: &[String]| lines.iter().map(|line| normal(line)).collect::<Vec<_>>();
    let (shown, out, err) = (normal(shown), normal(out), normal(err));
    // How many lines of `out` can be taken, for each way to take the lines so far.
    let mut ways = vec![0];
    for (index, line) in shown.iter().enumerate() {
        let next = ways.iter().flat_map(|taken| {
            let of_out = (out.get(*taken) == Some(line)).then_some(taken + 1);
            let of_err = (err.get(index - taken) == Some(line)).then_some(*taken);
            of_out.into_iter().chain(of_err)
        });
        let mut next: Vec<usize> = next.collect();
        next.dedup();
        ways = next;
    }
    shown.len() == out.len() + err.len() && ways.contains(&out.len())
}

/// A line without what differs from run to run.
pub fn normal(line: &str) -> String {
    static PARTS: LazyLock<[(Regex, &str); 3]> = LazyLock::new(|| {
        [
            (r"\bthe first line after [0-9.]+ s\b", "the first line after ELAPSED"),
            (r"\b(logcollector-[0-9a-z-]+-)[0-9a-z]{5}\b", "${1}RANDOM"),
            (r#"(logcollector\.io/expires: )"[^"]+""#, "${1}TIME"),
        ]
        .map(|(pattern, with)| (Regex::new(pattern).unwrap(), with))
    });
    let mut line = line.trim_end().to_owned();
    for (pattern, with) in &*PARTS {
        line = pattern.replace_all(&line, *with).into_owned();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn both_outputs_in_their_orders() {
        for (label, shown, out, err, expected) in [
            ("one after the other", "a b x", "a b", "x", true),
            ("between each other", "a x b", "a b", "x", true),
            ("lines that both have", "a a b a", "a b", "a a", true),
            ("nothing", "", "", "", true),
            ("another order", "b a", "a b", "", false),
            ("a line too few", "a", "a b", "", false),
            ("a line too many", "a b c", "a", "b", false),
            ("another line", "a c", "a", "b", false),
        ] {
            assert_eq!(is_of_both(&lines(shown), &lines(out), &lines(err)), expected, "{label}");
        }
    }

    #[test]
    fn what_differs_from_run_to_run() {
        for (one, other, expected) in [
            ("the first line after 0.0 s", "the first line after 12.3 s", true),
            (
                "Telemetry a/logcollector-b-v1-72n79: removed",
                "Telemetry a/logcollector-b-v1-x6fzx: removed",
                true,
            ),
            (
                "Telemetry a/logcollector-b-v1-72n79: removed",
                "Telemetry a/logcollector-c-v1-72n79: removed",
                false,
            ),
            ("  logcollector.io/expires: \"2026\"", "  logcollector.io/expires: \"2027\"", true),
            ("02:25:24.470 503 UF", "02:25:24.471 503 UF", false),
        ] {
            assert_eq!(normal(one) == normal(other), expected, "{one} | {other}");
        }
    }

    #[test]
    fn a_page_is_put_together_as_it_was() {
        let page =
            "# A\n\n<!-- situation: x; until: y z -->\n```console\n$ a\nb\n$ c\n```\n\nend\n";
        let pieces = read(page);
        assert_eq!(write(&pieces), page);
        let Piece::Block(block) = &pieces[1] else { panic!("no block: {pieces:?}") };
        assert_eq!((block.situation.as_str(), block.until.as_deref()), ("x", Some("y z")));
        assert_eq!((block.steps.len(), block.steps[0].shown.len()), (2, 1));
    }
}
