//! Patterns as trees, simplified and factored as RE2 does.

use std::fmt::Write as _;

use super::class::Class;

/// A pattern.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Re {
    Empty,
    /// A character; with the flag, in both cases.
    Literal(char, bool),
    Class(Class),
    AnyByte,
    Assert(Assertion),
    Concat(Vec<Re>),
    Alternate(Vec<Re>),
    /// Least, most, and whether the fewest are preferred.
    Repeat(Box<Re>, u32, Option<u32>, bool),
    Capture(Box<Re>),
}

/// A condition on a place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Assertion {
    Start,
    End,
    LineStart,
    LineEnd,
    Word,
    NotWord,
}

impl Re {
    /// A character, in both cases if asked for.
    pub(super) fn literal(c: char, fold_case: bool) -> Self {
        if !fold_case {
            return Self::Literal(c, false);
        }
        Self::class(Class::new(vec![(u32::from(c), u32::from(c))]).folded())
    }

    /// A class; one of a single character, or of both cases of an ASCII letter, is a literal.
    pub(super) fn class(class: Class) -> Self {
        let of = |code: u32| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        match *class.ranges() {
            [(low, high)] if low == high => Self::Literal(of(low), false),
            [(upper, end), (lower, last)]
                if upper == end
                    && lower == last
                    && of(upper).is_ascii_uppercase()
                    && lower == upper + 32 =>
            {
                Self::Literal(of(lower), true)
            }
            _ => Self::Class(class),
        }
    }

    /// A repetition; one of a repetition that already takes as many is that one.
    pub(super) fn repeat(re: Self, least: u32, most: Option<u32>, is_lazy: bool) -> Self {
        let is_open =
            |least: u32, most: Option<u32>| least <= 1 && most.is_none_or(|most| most == 1);
        if let Self::Repeat(_, inner_least, inner_most, inner_lazy) = &re
            && is_open(least, most)
            && is_open(*inner_least, *inner_most)
            && (*inner_least, *inner_most) != (1, Some(1))
            && *inner_lazy == is_lazy
        {
            if (least, most) == (*inner_least, *inner_most) {
                return re;
            }
            if let Self::Repeat(inner, ..) = re {
                return Self::Repeat(inner, 0, None, is_lazy);
            }
            return re;
        }
        Self::Repeat(Box::new(re), least, most, is_lazy)
    }

    /// How often the deepest item may be repeated by counts.
    pub(super) fn repeats(&self) -> u32 {
        match self {
            Self::Repeat(re, least, most, _) => {
                most.unwrap_or(*least).max(1).saturating_mul(re.repeats())
            }
            Self::Concat(items) | Self::Alternate(items) => {
                items.iter().map(Self::repeats).max().unwrap_or(1)
            }
            Self::Capture(re) => re.repeats(),
            _ => 1,
        }
    }

    /// A sequence.
    pub(super) fn concat(items: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Self::Concat(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match flat.len() {
            0 => Self::Empty,
            1 => flat.pop().unwrap_or(Self::Empty),
            _ => Self::Concat(flat),
        }
    }

    /// An alternation of sequences: common starts are taken out, classes put together.
    pub(super) fn alternate(branches: Vec<Vec<Self>>) -> Self {
        if branches.len() == 1 {
            return Self::concat(branches.into_iter().flatten().collect());
        }
        let branches = branches.into_iter().map(|items| match Self::concat(items) {
            Self::Concat(items) => items,
            Self::Empty => Vec::new(),
            other => vec![other],
        });
        let factored = factor(branches.collect(), 0);
        match factored.len() {
            1 => factored.into_iter().next().unwrap_or(Self::Empty),
            _ => Self::Alternate(factored),
        }
    }

    /// How many characters, classes and conditions there are when counts are written out.
    pub(super) fn expanded(&self) -> usize {
        match self {
            Self::Concat(items) | Self::Alternate(items) => {
                items.iter().fold(0, |all, item| all.saturating_add(item.expanded()))
            }
            Self::Repeat(re, least, most, _) => {
                let count = most.unwrap_or(*least).max(1);
                re.expanded().saturating_mul(usize::try_from(count).unwrap_or(usize::MAX))
            }
            Self::Capture(re) => re.expanded(),
            _ => 1,
        }
    }

    /// The same with counts written out: `x{2,4}` is `xx(x(x)?)?`.
    pub(super) fn simplified(&self) -> Self {
        let all = |items: &[Self]| items.iter().map(Self::simplified).collect();
        match self {
            Self::Concat(items) => Self::concat(all(items)),
            Self::Alternate(items) => Self::Alternate(all(items)),
            Self::Capture(re) => Self::Capture(Box::new(re.simplified())),
            Self::Repeat(re, least, most, is_lazy) => {
                let re = re.simplified();
                let once = re.is_empty_width();
                let limit = |count: u32| if once { count.min(1) } else { count };
                written_out(re, limit(*least), most.map(limit), *is_lazy)
            }
            other => other.clone(),
        }
    }

    /// Whether it never takes a character: more than one is as good as one.
    fn is_empty_width(&self) -> bool {
        match self {
            Self::Empty | Self::Assert(_) => true,
            Self::Concat(items) | Self::Alternate(items) => items.iter().all(Self::is_empty_width),
            _ => false,
        }
    }

    /// Appends the pattern as the `regex` crate reads it.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Empty => out.push_str("(?:)"),
            Self::Literal(c, folded) => {
                let code = u32::from(*c);
                let _ = match folded {
                    true => write!(out, "[\\x{{{:x}}}\\x{{{code:x}}}]", code - 32),
                    false => write!(out, "\\x{{{code:x}}}"),
                };
            }
            Self::Class(class) => {
                if class.ranges().is_empty() {
                    return out.push_str("[^\\x{0}-\\x{10ffff}]");
                }
                out.push('[');
                for (low, high) in class.ranges() {
                    let _ = write!(out, "\\x{{{low:x}}}-\\x{{{high:x}}}");
                }
                out.push(']');
            }
            Self::AnyByte => out.push_str("(?s-u:.)"),
            Self::Assert(assertion) => out.push_str(match assertion {
                Assertion::Start => "\\A",
                Assertion::End => "\\z",
                Assertion::LineStart => "(?m:^)",
                Assertion::LineEnd => "(?m:$)",
                Assertion::Word => "(?-u:\\b)",
                Assertion::NotWord => "(?-u:\\B)",
            }),
            Self::Concat(items) => items.iter().for_each(|item| item.write(out)),
            Self::Alternate(items) => {
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "(?:" } else { "|" });
                    item.write(out);
                }
                out.push(')');
            }
            Self::Repeat(re, least, most, is_lazy) => {
                out.push_str("(?:");
                re.write(out);
                let _ = match most {
                    Some(most) => write!(out, "){{{least},{most}}}"),
                    None => write!(out, "){{{least},}}"),
                };
                if *is_lazy {
                    out.push('?');
                }
            }
            Self::Capture(re) => {
                out.push('(');
                re.write(out);
                out.push(')');
            }
        }
    }
}

/// A repetition without counts.
fn written_out(re: Re, least: u32, most: Option<u32>, is_lazy: bool) -> Re {
    let copies = |count: u32| (0..count).map(|_| re.clone()).collect::<Vec<_>>();
    match (least, most) {
        (0 | 1, None) | (0, Some(1)) => Re::repeat(re, least, most, is_lazy),
        (_, Some(0)) => Re::Empty,
        (_, None) => {
            let mut all = copies(least - 1);
            all.push(Re::repeat(re, 1, None, is_lazy));
            Re::concat(all)
        }
        (_, Some(most)) => {
            let mut all = copies(least);
            let mut tail: Option<Re> = None;
            for _ in least..most {
                let inner = Re::concat([Some(re.clone()), tail].into_iter().flatten().collect());
                tail = Some(Re::repeat(inner, 0, Some(1), is_lazy));
            }
            all.extend(tail);
            Re::concat(all)
        }
    }
}

/// Takes out the starts that neighbours have in common, then puts classes together.
fn factor(branches: Vec<Vec<Re>>, depth: usize) -> Vec<Re> {
    // Literal prefixes first, then a first item of another simple kind.
    let branches = grouped(branches, depth, literal_prefix);
    let branches = grouped(branches, depth, simple_prefix);
    let mut out: Vec<Re> = Vec::with_capacity(branches.len());
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for branch in branches {
        let re = Re::concat(branch);
        if let Some(class) = as_class(&re) {
            ranges.extend(class.ranges());
            continue;
        }
        out.extend(class_of(&mut ranges));
        if re != Re::Empty || out.last() != Some(&Re::Empty) {
            out.push(re);
        }
    }
    out.extend(class_of(&mut ranges));
    out
}

/// The ranges as one class, if there are any; leaves none behind.
fn class_of(ranges: &mut Vec<(u32, u32)>) -> Option<Re> {
    (!ranges.is_empty()).then(|| Re::class(Class::new(std::mem::take(ranges))))
}

fn as_class(re: &Re) -> Option<Class> {
    match re {
        Re::Literal(c, folded) => {
            let class = Class::new(vec![(u32::from(*c), u32::from(*c))]);
            Some(if *folded { class.folded() } else { class })
        }
        Re::Class(class) => Some(class.clone()),
        _ => None,
    }
}

/// Runs of branches with a common start become one: the start, and an alternation of the rests.
fn grouped(
    branches: Vec<Vec<Re>>,
    depth: usize,
    common: fn(&[Re], &[Re]) -> usize,
) -> Vec<Vec<Re>> {
    let mut out = Vec::with_capacity(branches.len());
    let mut rest = branches.into_iter().peekable();
    while let Some(first) = rest.next() {
        let mut shared = first.len();
        let mut run = vec![first];
        while let (Some(next), Some(first)) = (rest.peek(), run.first()) {
            let same = common(first.get(..shared).unwrap_or(first), next);
            if same == 0 {
                break;
            }
            shared = if run.len() == 1 { same } else { same.min(shared) };
            run.extend(rest.next());
        }
        if run.len() == 1 || depth > 50 {
            out.extend(run);
            continue;
        }
        let mut branch: Vec<Re> =
            run.first().map_or(Vec::new(), |b| b.iter().take(shared).cloned().collect());
        let tails = run.into_iter().map(|b| b.into_iter().skip(shared).collect()).collect();
        let tails = factor(tails, depth + 1);
        branch.push(match tails.len() {
            1 => tails.into_iter().next().unwrap_or(Re::Empty),
            _ => Re::Alternate(tails),
        });
        out.push(branch);
    }
    out
}

/// How many literals two branches start with in common.
fn literal_prefix(a: &[Re], b: &[Re]) -> usize {
    let same = |(a, b): &(&Re, &Re)| matches!(a, Re::Literal(..)) && a == b;
    a.iter().zip(b).take_while(same).count()
}

/// Whether two branches start with the same class, assertion, or fixed repetition of a character.
fn simple_prefix(a: &[Re], b: &[Re]) -> usize {
    let is_simple = |re: &Re| match re {
        Re::Class(_) | Re::AnyByte | Re::Assert(_) => true,
        Re::Repeat(re, least, most, _) => {
            Some(*least) == *most && matches!(**re, Re::Literal(..) | Re::Class(_) | Re::AnyByte)
        }
        _ => false,
    };
    match (a.first(), b.first()) {
        (Some(a), Some(b)) if is_simple(a) && a == b => 1,
        _ => 0,
    }
}
