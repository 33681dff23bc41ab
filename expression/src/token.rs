//! Tokens of an expression: where each stands, which brackets belong together, how deep they nest.
//!
//! Every text goes through here before the parser sees it, so that the parser's recursion is
//! bounded and no text that breaks the token rules reaches it. Follows
//! <https://github.com/google/cel-spec/blob/v0.24.0/doc/langdef.md#syntax>.

mod scan;

use std::ops::Range;

pub(crate) use scan::scan;

/// What a token is, as far as anything here needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A name, reserved words included.
    Name,
    /// A number.
    Number,
    /// A string or bytes.
    Quoted,
    /// `(`, `[` or `{`.
    Open,
    /// `)`, `]` or `}`.
    Close,
    /// Any operator or separator, `in` included, and the words `true`, `false` and `null`.
    Other,
}

/// A token: a range of bytes of the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Of a bracket, the index of the one that it belongs to.
    pub(crate) pair: usize,
}

/// The tokens of a text whose brackets match.
#[derive(Debug)]
pub(crate) struct Tokens<'t> {
    pub(crate) text: &'t str,
    pub(crate) list: Vec<Token>,
}

impl Tokens<'_> {
    /// The text of a token; empty when there is none.
    pub(crate) fn text(&self, index: usize) -> &str {
        self.list.get(index).and_then(|t| self.text.get(t.start..t.end)).unwrap_or_default()
    }

    /// The index of the token that starts at `offset`.
    pub(crate) fn at(&self, offset: usize) -> Option<usize> {
        self.list.binary_search_by(|token| token.start.cmp(&offset)).ok()
    }

    /// Where the token with this index ends.
    pub(crate) fn end(&self, index: usize) -> usize {
        self.list.get(index).map_or(self.text.len(), |token| token.end)
    }

    /// Where the token with this index starts.
    pub(crate) fn start(&self, index: usize) -> usize {
        self.list.get(index).map_or(self.text.len(), |token| token.start)
    }

    /// The range of a part together with the parentheses that do nothing but hold it.
    pub(crate) fn with_parentheses(&self, range: Range<usize>) -> Range<usize> {
        let mut range = range;
        loop {
            let before = self.list.partition_point(|token| token.start < range.start);
            let Some(open) = before.checked_sub(1).and_then(|index| self.list.get(index)) else {
                return range;
            };
            let is_call = before
                .checked_sub(2)
                .and_then(|index| self.list.get(index))
                .is_some_and(|token| token.kind == TokenKind::Name);
            let after = self.list.partition_point(|token| token.start < range.end);
            if is_call || self.text(before - 1) != "(" || open.pair != after {
                return range;
            }
            range = open.start..self.end(after);
        }
    }

    /// How many expressions stand in one another, the whole one included.
    ///
    /// Brackets hold expressions, and what follows the colon of a condition is one inside of it.
    pub(crate) fn nesting(&self) -> usize {
        let mut levels = vec![Level::default()];
        let mut deepest = 1;
        let mut inside = 1;
        for (index, token) in self.list.iter().enumerate() {
            match (token.kind, self.text(index)) {
                (TokenKind::Open, _) => {
                    levels.push(Level::default());
                    inside += 1;
                }
                (TokenKind::Close, _) => {
                    inside -= 1 + levels.pop().map_or(0, |level| level.alternatives);
                }
                (_, "?") => levels.iter_mut().last().into_iter().for_each(|l| l.conditions += 1),
                (_, ":") => {
                    if let Some(level) = levels.last_mut() {
                        if level.conditions > 0 {
                            level.conditions -= 1;
                            level.alternatives += 1;
                            inside += 1;
                        } else {
                            inside -= std::mem::take(&mut level.alternatives);
                        }
                    }
                }
                (_, ",") => {
                    inside -= levels.last_mut().map_or(0, |l| std::mem::take(&mut l.alternatives));
                }
                _ => {}
            }
            deepest = deepest.max(inside);
        }
        deepest
    }

    /// At least as many as the nodes that stand in one another in the expression's tree.
    ///
    /// Terms between `&&`, `||`, `?`, `:` and commas are counted apart; inside one, the operators
    /// and the longest chain of selections are taken together.
    pub(crate) fn depth(&self) -> usize {
        let mut levels = vec![Term::default()];
        let mut outside = 0;
        let mut deepest = 0;
        for (index, token) in self.list.iter().enumerate() {
            match (token.kind, self.text(index)) {
                (TokenKind::Open, _) => {
                    outside += levels.last().map_or(0, Term::depth);
                    levels.push(Term::default());
                }
                (TokenKind::Close, _) => {
                    levels.pop();
                    outside -= levels.last().map_or(0, Term::depth);
                }
                // A run of signs is one operation.
                (_, "!" | "-") if index > 0 && self.text(index) == self.text(index - 1) => {}
                (_, text) => levels.iter_mut().last().into_iter().for_each(|term| term.add(text)),
            }
            deepest = deepest.max(outside + levels.last().map_or(0, Term::depth));
        }
        deepest
    }
}

/// The conditions of one pair of brackets.
#[derive(Debug, Default)]
struct Level {
    /// Question marks without their colon yet.
    conditions: usize,
    /// Colons of conditions, each of which opened an expression.
    alternatives: usize,
}

/// What was counted of one term.
#[derive(Debug, Default)]
struct Term {
    /// `? :`, each of which stands in the one before.
    conditions: usize,
    operators: usize,
    chain: usize,
    longest: usize,
}

impl Term {
    fn depth(&self) -> usize {
        // What holds the term may be one of `&&` and `||`, and the bracket that it stands in.
        3 + self.conditions + self.operators + self.longest.max(self.chain)
    }

    fn add(&mut self, text: &str) {
        match text {
            "." => self.chain += 1,
            "&&" | "||" | "," | "?" | ":" => {
                let conditions = self.conditions + usize::from(text == "?");
                *self = Self { conditions, ..Self::default() };
            }
            "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "+" | "-" | "*" | "/" | "%" | "!" => {
                self.operators += 1;
                self.longest = self.longest.max(std::mem::take(&mut self.chain));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_counts_brackets_and_alternatives() {
        let cases = [
            ("a", 1),
            ("(a)", 2),
            ("((a)) + (b)", 3),
            ("a ? b : c", 2),
            ("a ? b : c ? d : e", 3),
            ("(a ? b : c) ? d : e", 3),
            ("f(a ? b : c, d ? e : g)", 3),
            ("{a ? b : c : d ? e : f}", 3),
            ("[[1], [2]]", 3),
        ];
        for (text, nesting) in cases {
            assert_eq!(scan(text).unwrap().nesting(), nesting, "{text}");
        }
    }

    #[test]
    fn depth_is_never_too_small() {
        let chain = |n: usize| format!("a{}", ".b".repeat(n));
        assert!(scan(&chain(50)).unwrap().depth() > 50);
        assert!(scan(&format!("({}).c == 1", chain(50))).unwrap().depth() > 52);
        assert!(scan(&"a == 1 || ".repeat(500).replace(" || ", " || b")).is_ok());
        let wide = vec!["a == 1"; 500].join(" || ");
        assert!(scan(&wide).unwrap().depth() < 10);
        let parentheses = format!("{}a{}", "(".repeat(60), ")".repeat(60));
        assert!(scan(&parentheses).unwrap().depth() < 250);
    }

    #[test]
    fn parentheses_that_only_hold_are_part_of_a_range() {
        let cases = [("((a)) == b", 2..3, 0..5), ("f(a)", 2..3, 2..3), ("a in (b)", 6..7, 5..8)];
        for (text, inner, outer) in cases {
            assert_eq!(scan(text).unwrap().with_parentheses(inner), outer, "{text}");
        }
    }
}
