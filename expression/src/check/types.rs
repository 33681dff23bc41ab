//! Types that do not go together.

use super::Check;
use crate::finding::{FindingKind, NeverTrue};
use crate::node::{Binary, Call, Literal, Node, NodeKind, Type};

impl Check<'_> {
    /// Adds what is wrong with the types, from the whole expression down.
    pub(super) fn types(&mut self, root: &Node) {
        self.condition(root);
        root.walk(&mut |node| match &node.kind {
            NodeKind::And(terms) | NodeKind::Or(terms) => {
                terms.iter().for_each(|term| self.condition(term));
            }
            NodeKind::Not(operand) => self.condition(operand),
            NodeKind::Condition(parts) => self.condition(&parts[0]),
            NodeKind::Binary(operator, sides) => self.binary(*operator, sides, node),
            NodeKind::In(sides) => self.membership(sides, node),
            NodeKind::Select(operand, _) | NodeKind::Has(operand, _) => self.fields(operand, node),
            NodeKind::Index(sides) => self.fields(&sides[0], node),
            NodeKind::Call(call) => self.arguments(call),
            _ => {}
        });
    }

    /// The type of a node's value, if it is the same in every record.
    fn infer(&self, node: &Node) -> Option<Type> {
        match &node.kind {
            NodeKind::Literal(literal) => Some(literal.value_type()),
            NodeKind::Path(path) => self.tree.paths.get(*path)?.value_type(),
            NodeKind::HasPath(_)
            | NodeKind::Has(..)
            | NodeKind::And(_)
            | NodeKind::Or(_)
            | NodeKind::Not(_)
            | NodeKind::In(_) => Some(Type::Bool),
            NodeKind::Negate(operand) => self.infer(operand),
            NodeKind::Condition(parts) => {
                let (one, other) = (self.infer(&parts[1])?, self.infer(&parts[2])?);
                (one == other).then_some(one)
            }
            NodeKind::Binary(operator, _) if operator.compares() => Some(Type::Bool),
            NodeKind::Binary(operator, sides) => {
                let (left, right) = (self.infer(&sides[0])?, self.infer(&sides[1])?);
                arithmetic(*operator, left, right)
            }
            NodeKind::Call(call) => call.function?.result(),
            NodeKind::List(_) => Some(Type::List),
            NodeKind::Map(_) => Some(Type::Map),
            NodeKind::Select(..)
            | NodeKind::Index(_)
            | NodeKind::Message(..)
            | NodeKind::Comprehension(..) => None,
        }
    }

    /// Where a boolean is needed.
    fn condition(&mut self, node: &Node) {
        if let Some(found) = self.infer(node).filter(|found| *found != Type::Bool) {
            let found = found.as_str();
            self.add(FindingKind::NeverTrue(NeverTrue::NotBoolean { found }), node, None);
        }
    }

    fn binary(&mut self, operator: Binary, sides: &[Node; 2], node: &Node) {
        let [left, right] = sides;
        if operator.compares() {
            self.range(operator, left, right, node);
        }
        let (Some(a), Some(b)) = (self.infer(left), self.infer(right)) else { return };
        let joins = |of| matches!(of, Type::Text | Type::Bytes | Type::List);
        let kind = match operator {
            Binary::Add if a == b && joins(a) => FindingKind::NeverTrue(NeverTrue::Concatenation),
            Binary::Equal | Binary::NotEqual if a == b || a.is_number() && b.is_number() => return,
            Binary::NotEqual => FindingKind::AlwaysKeeps { left: a.as_str(), right: b.as_str() },
            _ if operator.compares() && is_ordered(a, b) => return,
            _ if !operator.compares() && arithmetic(operator, a, b).is_some() => return,
            _ => FindingKind::NeverTrue(NeverTrue::Types {
                operator: operator.as_str(),
                left: a.as_str(),
                right: b.as_str(),
            }),
        };
        let instead = match (&left.kind, &right.kind) {
            (NodeKind::Literal(literal), _) => as_type(literal, b).map(|text| (left, text)),
            (_, NodeKind::Literal(literal)) => as_type(literal, a).map(|text| (right, text)),
            _ => None,
        };
        let instead = instead.map(|(side, text)| {
            let before = self.part(node.span.start..side.span.start);
            format!("{before}{text}{}", self.part(side.span.end..node.span.end))
        });
        self.add(kind, node, instead);
    }

    /// `in`: the item has the type of one of the list's.
    fn membership(&mut self, sides: &[Node; 2], node: &Node) {
        let [item, container] = sides;
        let Some(item) = self.infer(item) else { return };
        let NodeKind::List(items) = &container.kind else {
            let found = self.infer(container);
            let holds = |of| matches!(of, Type::List | Type::Map | Type::Message);
            if let Some(found) = found.filter(|of| !holds(*of)) {
                let (function, found) = ("in".to_owned(), found.as_str());
                self.add(FindingKind::TypeMismatch { function, found }, node, None);
            }
            return;
        };
        let types: Option<Vec<Type>> = items.iter().map(|item| self.infer(item)).collect();
        let Some(types) = types else { return };
        let is_like = |of: &Type| *of == item || of.is_number() && item.is_number();
        if let (Some(first), false) = (types.first(), types.iter().any(is_like)) {
            let (left, right) = (item.as_str(), first.as_str());
            let kind = NeverTrue::Types { operator: "in", left, right };
            self.add(FindingKind::NeverTrue(kind), node, None);
        }
    }

    /// A field or an item of a value that has none.
    fn fields(&mut self, operand: &Node, node: &Node) {
        let holds = |of| matches!(of, Type::List | Type::Map | Type::Message);
        if let Some(found) = self.infer(operand).filter(|of| !holds(*of)) {
            let found = found.as_str();
            self.add(FindingKind::NeverTrue(NeverTrue::FieldOfValue { found }), node, None);
        }
    }

    fn arguments(&mut self, call: &Call) {
        let Some(function) = call.function else { return };
        for (index, argument) in call.arguments.iter().enumerate() {
            let takes = function.takes(index);
            let found = self.infer(argument).filter(|of| !takes.contains(of));
            if let (Some(found), false) = (found, takes.is_empty()) {
                let (function, found) = (call.name.clone(), found.as_str());
                self.add(FindingKind::TypeMismatch { function, found }, argument, None);
            }
        }
    }
}

/// Whether `<` compares two types.
fn is_ordered(a: Type, b: Type) -> bool {
    let ordered = matches!(a, Type::Bool | Type::Text | Type::Bytes | Type::Duration | Type::Time);
    a.is_number() && b.is_number() || a == b && ordered
}

/// The type of a result of arithmetic; `None` when it is an error.
fn arithmetic(operator: Binary, a: Type, b: Type) -> Option<Type> {
    match (operator, a, b) {
        (Binary::Remainder, Type::Double, _) => None,
        (_, Type::Int, Type::Int)
        | (_, Type::Uint, Type::Uint)
        | (_, Type::Double, Type::Double) => Some(a),
        (Binary::Add | Binary::Subtract, Type::Duration, Type::Duration) => Some(a),
        (Binary::Subtract, Type::Time, Type::Time) => Some(Type::Duration),
        (Binary::Add | Binary::Subtract, Type::Time, Type::Duration)
        | (Binary::Add, Type::Duration, Type::Time) => Some(Type::Time),
        _ => None,
    }
}

/// A literal written so that it has another type, where that is likely to be meant.
fn as_type(literal: &Literal, wanted: Type) -> Option<String> {
    let quoted = |text: &str| {
        let plain = !text.contains(['"', '\\']) && !text.contains(char::is_control);
        plain.then(|| format!("\"{text}\""))
    };
    match (literal, wanted) {
        (Literal::Text(text), Type::Int) => text.parse::<i64>().ok().map(|n| n.to_string()),
        (Literal::Text(text), Type::Uint) => text.parse::<u64>().ok().map(|n| n.to_string()),
        (Literal::Text(text), Type::Bool) => text.parse::<bool>().ok().map(|b| b.to_string()),
        (Literal::Text(text), Type::Bytes) => quoted(text).map(|text| format!("b{text}")),
        (Literal::Text(text), Type::Duration) => {
            quoted(text).map(|text| format!("duration({text})"))
        }
        (Literal::Text(text), Type::Time) => quoted(text).map(|text| format!("timestamp({text})")),
        (Literal::Bytes(bytes), Type::Text) => std::str::from_utf8(bytes).ok().and_then(quoted),
        (Literal::Int(number), Type::Text) => Some(format!("\"{number}\"")),
        // As `%DURATION%` prints it.
        (Literal::Int(number), Type::Duration) => Some(format!("duration(\"{number}ms\")")),
        _ => None,
    }
}
