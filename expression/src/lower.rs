//! From the parser's tree to ours: with ranges of the text, paths and functions looked up.

use std::ops::Range;
use std::sync::Arc;

use cel::common::ast::{
    CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, SourceInfo, operators,
};

use crate::function;
use crate::node::{Binary, Call, Literal, Node, NodeKind, Tree, Type};
use crate::path::{Path, Step};
use crate::pattern::Pattern;
use crate::token::Tokens;

/// Builds the tree of a parsed text.
pub(crate) fn tree(expression: &IdedExpr, offsets: &SourceInfo, tokens: &Tokens<'_>) -> Tree {
    let mut lower = Lower { offsets, tokens, paths: Vec::new() };
    let root = lower.node(expression);
    Tree { root: Some(root), paths: lower.paths, nesting: tokens.nesting() }
}

impl Tree {
    /// The tree of a text that nests too deep to be parsed.
    pub(crate) fn too_deep() -> Self {
        Self { root: None, paths: Vec::new(), nesting: usize::MAX }
    }
}

struct Lower<'t> {
    offsets: &'t SourceInfo,
    tokens: &'t Tokens<'t>,
    paths: Vec<Path>,
}

impl Lower<'_> {
    /// The index of the token that the parser remembers for a node.
    fn token(&self, id: u64) -> usize {
        let offset = self.offsets.offset_for(id).map_or(0, |(start, _)| start as usize);
        self.tokens.at(offset).unwrap_or_default()
    }

    /// Where the bracket at this index is closed.
    fn closed(&self, open: usize) -> usize {
        self.tokens.list.get(open).map_or(0, |token| self.tokens.end(token.pair))
    }

    fn range(&self, index: usize) -> Range<usize> {
        self.tokens.start(index)..self.tokens.end(index)
    }

    fn node(&mut self, expression: &IdedExpr) -> Node {
        let (kind, span, depth) = match &expression.expr {
            Expr::Literal(value) => self.literal(expression.id, value),
            Expr::Ident(_) | Expr::Select(_) => self.selection(expression),
            Expr::Call(call) => self.call(expression, call),
            Expr::List(list) => {
                let items: Vec<_> = list.elements.iter().map(|item| self.node(item)).collect();
                let open = self.token(expression.id);
                let depth = 1 + deepest(&items);
                (NodeKind::List(items), self.tokens.start(open)..self.closed(open), depth)
            }
            Expr::Map(map) => self.map(expression.id, &map.entries),
            Expr::Struct(message) => {
                let entries = message.entries.iter();
                let fields: Vec<_> = entries.map(|entry| self.value(&entry.expr)).collect();
                let open = self.token(expression.id);
                let names = 2 * message.type_name.matches('.').count();
                let start = self.tokens.start(open.saturating_sub(1 + names));
                let depth = 1 + deepest(&fields);
                let name = message.type_name.clone();
                (NodeKind::Message(name, fields), start..self.closed(open), depth)
            }
            Expr::Comprehension(comprehension) => {
                let operand = self.node(&comprehension.iter_range);
                let open = self.token(expression.id);
                let name = self.tokens.text(open.saturating_sub(1)).to_owned();
                let span = operand.span.start..self.closed(open);
                let depth = 1 + operand.depth;
                (NodeKind::Comprehension(name, Box::new(operand)), span, depth)
            }
            // The parser leaves it where it reported an error.
            Expr::Unspecified => (NodeKind::Literal(Literal::Null), 0..0, 1),
        };
        Node { kind, span: self.tokens.with_parentheses(span), depth }
    }

    fn literal(&self, id: u64, value: &LiteralValue) -> (NodeKind, Range<usize>, usize) {
        let index = self.token(id);
        let mut span = self.range(index);
        let literal = match value {
            LiteralValue::Null => Literal::Null,
            LiteralValue::Boolean(value) => Literal::Bool(*value.inner()),
            LiteralValue::Int(value) => Literal::Int(*value.inner()),
            LiteralValue::UInt(value) => Literal::Uint(*value.inner()),
            LiteralValue::Double(value) => Literal::Double(*value.inner()),
            LiteralValue::String(value) => Literal::Text(value.inner().to_owned()),
            LiteralValue::Bytes(value) => Literal::Bytes(value.inner().to_vec()),
        };
        let negative = match literal {
            Literal::Int(value) => value < 0,
            Literal::Double(value) => value.is_sign_negative(),
            _ => false,
        };
        if negative && index > 0 {
            span.start = self.tokens.start(index - 1);
        }
        (NodeKind::Literal(literal), span, 1)
    }

    /// A name, or a field of something.
    fn selection(&mut self, expression: &IdedExpr) -> (NodeKind, Range<usize>, usize) {
        let is_test = matches!(&expression.expr, Expr::Select(select) if select.test);
        if let Some((root, steps, span)) = self.path(expression) {
            if let (Some(named), true) = (Type::from_name(&root), steps.is_empty()) {
                return (NodeKind::Literal(Literal::Type(named)), span, 1);
            }
            let depth = 1 + steps.len() + usize::from(is_test);
            let index = self.paths.len();
            self.paths.push(Path::new(root, steps, span.clone(), is_test));
            let (kind, span) = match is_test {
                false => (NodeKind::Path(index), span),
                true => (NodeKind::HasPath(index), self.test_span(expression.id)),
            };
            return (kind, span, depth);
        }
        let Expr::Select(SelectExpr { operand, field, test }) = &expression.expr else {
            return (NodeKind::Literal(Literal::Null), 0..0, 1);
        };
        let operand = self.node(operand);
        let depth = 1 + operand.depth + usize::from(*test);
        if *test {
            let span = self.test_span(expression.id);
            return (NodeKind::Has(Box::new(operand), field.clone()), span, depth);
        }
        let span = operand.span.start..self.tokens.end(self.token(expression.id) + 1);
        (NodeKind::Select(Box::new(operand), field.clone()), span, depth)
    }

    /// The range of `has(...)`, of which the parser remembers the bracket.
    fn test_span(&self, id: u64) -> Range<usize> {
        let open = self.token(id);
        self.tokens.start(open.saturating_sub(1))..self.closed(open)
    }

    /// The field in the brackets of `has()` that open here.
    fn tested(&self, open: usize) -> Option<usize> {
        let close = self.tokens.list.get(open)?.pair;
        (open..close).rev().find(|&index| self.tokens.text(index) != ")")
    }

    /// The name and the constant selections that an expression consists of.
    fn path(&self, expression: &IdedExpr) -> Option<(String, Vec<Step>, Range<usize>)> {
        let token = self.token(expression.id);
        match &expression.expr {
            Expr::Ident(name) => {
                let root = name.trim_start_matches('.').to_owned();
                let dot = usize::from(name.starts_with('.'));
                let start = self.tokens.start(token.saturating_sub(dot));
                Some((root, Vec::new(), start..self.tokens.end(token)))
            }
            Expr::Select(select) => {
                let (root, mut steps, mut span) = self.path(&select.operand)?;
                // The bracket of `has()` stands for the whole; the field is before it is closed.
                let name = if select.test { self.tested(token)? } else { token + 1 };
                let at = self.range(name);
                span.end = at.end;
                steps.push(Step { name: select.field.clone(), is_index: false, span: at });
                Some((root, steps, span))
            }
            Expr::Call(call) if call.func_name == operators::INDEX => {
                let [operand, index] = call.args.as_slice() else { return None };
                let Expr::Literal(LiteralValue::String(name)) = &index.expr else { return None };
                let (root, mut steps, mut span) = self.path(operand)?;
                let at = self.tokens.start(token)..self.closed(token);
                span.end = at.end;
                steps.push(Step { name: name.inner().to_owned(), is_index: true, span: at });
                Some((root, steps, span))
            }
            _ => None,
        }
    }

    fn call(&mut self, expression: &IdedExpr, call: &CallExpr) -> (NodeKind, Range<usize>, usize) {
        if call.target.is_none() {
            match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::LOGICAL_AND | operators::LOGICAL_OR, _) => {
                    return self.logic(expression, &call.func_name);
                }
                (operators::INDEX, _) if self.path(expression).is_some() => {
                    return self.selection(expression);
                }
                (operators::LOGICAL_NOT | operators::NEGATE, [operand]) => {
                    let operand = self.node(operand);
                    let start = self.tokens.start(self.token(expression.id));
                    let (span, depth) = (start..operand.span.end, 1 + operand.depth);
                    let kind = match call.func_name.as_str() {
                        operators::LOGICAL_NOT => NodeKind::Not,
                        _ => NodeKind::Negate,
                    };
                    return (kind(Box::new(operand)), span, depth);
                }
                (operators::CONDITIONAL, [condition, one, other]) => {
                    let parts = [condition, one, other].map(|part| self.node(part));
                    let span = parts[0].span.start..parts[2].span.end;
                    let depth = 1 + deepest(&parts);
                    return (NodeKind::Condition(Box::new(parts)), span, depth);
                }
                (name, [left, right]) => {
                    if let Some(found) = self.operator(expression.id, name, left, right) {
                        return found;
                    }
                }
                _ => {}
            }
        }
        self.function(expression.id, call)
    }

    /// An operator between two values, if the name is of one.
    fn operator(
        &mut self,
        id: u64,
        name: &str,
        left: &IdedExpr,
        right: &IdedExpr,
    ) -> Option<(NodeKind, Range<usize>, usize)> {
        let binary = match name {
            operators::EQUALS => Some(Binary::Equal),
            operators::NOT_EQUALS => Some(Binary::NotEqual),
            operators::LESS => Some(Binary::Less),
            operators::LESS_EQUALS => Some(Binary::LessOrEqual),
            operators::GREATER => Some(Binary::Greater),
            operators::GREATER_EQUALS => Some(Binary::GreaterOrEqual),
            operators::ADD => Some(Binary::Add),
            operators::SUBSTRACT => Some(Binary::Subtract),
            operators::MULTIPLY => Some(Binary::Multiply),
            operators::DIVIDE => Some(Binary::Divide),
            operators::MODULO => Some(Binary::Remainder),
            operators::IN | operators::INDEX => None,
            _ => return None,
        };
        if let Some(found) = (name == operators::IN).then(|| self.key(left, right)).flatten() {
            return Some(found);
        }
        let pair = [left, right].map(|side| self.node(side));
        let depth = 1 + deepest(&pair);
        let end = match name {
            operators::INDEX => self.closed(self.token(id)),
            _ => pair[1].span.end,
        };
        let span = pair[0].span.start..end;
        let pair = Box::new(pair);
        let kind = match binary {
            Some(binary) => NodeKind::Binary(binary, pair),
            None if name == operators::IN => NodeKind::In(pair),
            None => NodeKind::Index(pair),
        };
        Some((kind, span, depth))
    }

    /// `"key" in path`, which asks the same as `has(path.key)`.
    fn key(
        &mut self,
        key: &IdedExpr,
        container: &IdedExpr,
    ) -> Option<(NodeKind, Range<usize>, usize)> {
        let Expr::Literal(LiteralValue::String(name)) = &key.expr else { return None };
        let (root, mut steps, span) = self.path(container)?;
        let at = self.range(self.token(key.id));
        let whole = at.start..self.tokens.with_parentheses(span).end;
        let depth = 2 + steps.len();
        steps.push(Step { name: name.inner().to_owned(), is_index: true, span: at });
        self.paths.push(Path::new(root, steps, whole.clone(), true));
        Some((NodeKind::HasPath(self.paths.len() - 1), whole, depth))
    }

    /// The terms of a chain of `&&` or `||`, which the parser has made into a balanced tree.
    fn logic(&mut self, expression: &IdedExpr, name: &str) -> (NodeKind, Range<usize>, usize) {
        let mut terms = Vec::new();
        self.terms(expression, name, &mut terms);
        let start = terms.first().map_or(0, |term: &Node| term.span.start);
        let span = start..terms.last().map_or(start, |term| term.span.end);
        let depth = 1 + deepest(&terms);
        match name {
            operators::LOGICAL_AND => (NodeKind::And(terms), span, depth),
            _ => (NodeKind::Or(terms), span, depth),
        }
    }

    fn terms(&mut self, expression: &IdedExpr, name: &str, terms: &mut Vec<Node>) {
        match &expression.expr {
            Expr::Call(call) if call.func_name == name && call.target.is_none() => {
                call.args.iter().for_each(|term| self.terms(term, name, terms));
            }
            _ => terms.push(self.node(expression)),
        }
    }

    fn function(&mut self, id: u64, call: &CallExpr) -> (NodeKind, Range<usize>, usize) {
        let open = self.token(id);
        let end = self.closed(open);
        let own = self.range(open.saturating_sub(1));
        let is_rooted = call.func_name.starts_with('.');
        let name = call.func_name.trim_start_matches('.');
        let namespace = call.target.as_deref().and_then(|target| match &target.expr {
            Expr::Ident(root) if function::is_namespaced(root.trim_start_matches('.'), name) => {
                Some(root.trim_start_matches('.'))
            }
            _ => None,
        });
        let target = call.target.as_deref().filter(|_| namespace.is_none());
        let is_method = target.is_some();
        let target = target.map(|target| self.node(target));
        let start = match (&target, namespace) {
            (Some(target), _) => target.span.start,
            (None, Some(_)) => self.tokens.start(open.saturating_sub(3)),
            (None, None) => own.start,
        };
        let count = call.args.len();
        let arguments: Vec<Node> =
            target.into_iter().chain(call.args.iter().map(|a| self.node(a))).collect();
        let name = namespace.map_or_else(|| name.to_owned(), |space| format!("{space}.{name}"));
        let function = function::find(&name, is_method, count);
        // A leading dot keeps Envoy from compiling the pattern when it loads the expression.
        let pattern = match arguments.last().map(|argument| &argument.kind) {
            Some(NodeKind::Literal(Literal::Text(text))) if name == "matches" && !is_rooted => {
                Some(Arc::new(Pattern::new(text)))
            }
            _ => None,
        };
        let name_span = if namespace.is_some() { start..own.end } else { own };
        let depth = 1 + deepest(&arguments).max(1);
        let call = Call { name, name_span, arguments, function, pattern };
        (NodeKind::Call(Box::new(call)), start..end, depth)
    }

    fn map(
        &mut self,
        id: u64,
        entries: &[cel::common::ast::IdedEntryExpr],
    ) -> (NodeKind, Range<usize>, usize) {
        let open = self.token(id);
        let mut pairs = Vec::new();
        for entry in entries {
            if let EntryExpr::MapEntry(entry) = &entry.expr {
                pairs.push([self.node(&entry.key), self.node(&entry.value)]);
            }
        }
        let depth = 1 + pairs.iter().map(|pair| deepest(pair)).max().unwrap_or(0);
        (NodeKind::Map(pairs), self.tokens.start(open)..self.closed(open), depth)
    }

    fn value(&mut self, entry: &EntryExpr) -> Node {
        match entry {
            EntryExpr::StructField(field) => self.node(&field.value),
            EntryExpr::MapEntry(entry) => self.node(&entry.value),
        }
    }
}

/// The depth of the deepest node.
fn deepest(nodes: &[Node]) -> usize {
    nodes.iter().map(|node| node.depth).max().unwrap_or(0)
}
