//! Evaluation: the rules of Envoy's CEL (cel-cpp), with what a log does not tell kept apart.

mod arithmetic;
mod call;
mod compare;
mod convert;
mod time;

use std::rc::Rc;

pub(crate) use time::{duration, timestamp};

use crate::node::{Binary, Node, NodeKind, Type};
use crate::value::{Outcome, Truth, Value};

/// Where paths get their values from.
pub(crate) trait Lookup<'v> {
    /// The value of a path, by its index in the tree.
    fn value(&self, path: usize) -> Outcome<'v>;
    /// Whether `has()` finds a path.
    fn has(&self, path: usize) -> Truth;
}

/// Evaluates a node.
pub(crate) fn eval<'v>(node: &'v Node, lookup: &dyn Lookup<'v>) -> Outcome<'v> {
    match &node.kind {
        NodeKind::Literal(literal) => Outcome::Value(Value::of(literal)),
        NodeKind::Path(path) => lookup.value(*path),
        NodeKind::HasPath(path) => Outcome::truth(lookup.has(*path)),
        NodeKind::And(terms) => Outcome::truth(conjunction(terms, lookup)),
        NodeKind::Or(terms) => Outcome::truth(disjunction(terms, lookup)),
        NodeKind::Not(operand) => Outcome::truth(eval(operand, lookup).as_truth().negated()),
        NodeKind::Negate(operand) => eval(operand, lookup).then(arithmetic::negate),
        NodeKind::Condition(parts) => condition(parts, lookup),
        NodeKind::Binary(operator, sides) => {
            let [left, right] = &**sides;
            binary(*operator, eval(left, lookup), eval(right, lookup))
        }
        NodeKind::In(sides) => contains(sides, lookup),
        NodeKind::Index(sides) => {
            let [operand, index] = &**sides;
            let index = eval(index, lookup);
            eval(operand, lookup).then(|operand| index.then(|index| at_index(&operand, &index)))
        }
        NodeKind::Select(operand, field) => {
            eval(operand, lookup).then(|operand| at_field(&operand, field))
        }
        NodeKind::Has(operand, field) => {
            eval(operand, lookup).then(|operand| has_field(&operand, field))
        }
        NodeKind::Call(call) => call::call(call, lookup),
        NodeKind::List(items) => list(items, lookup),
        NodeKind::Map(entries) => map(entries, lookup),
        // Envoy loads a few well-known messages, of which no filter makes use.
        NodeKind::Message(..) => Outcome::Unknown,
        NodeKind::Comprehension(..) => Outcome::Unknown,
    }
}

/// `&&`: false when any term is, whatever the others are.
fn conjunction<'v>(terms: &'v [Node], lookup: &dyn Lookup<'v>) -> Truth {
    disjunction_of(terms.iter().map(|term| eval(term, lookup).as_truth().negated())).negated()
}

/// `||`: true when any term is, whatever the others are.
fn disjunction<'v>(terms: &'v [Node], lookup: &dyn Lookup<'v>) -> Truth {
    disjunction_of(terms.iter().map(|term| eval(term, lookup).as_truth()))
}

fn disjunction_of(terms: impl Iterator<Item = Truth>) -> Truth {
    let mut result = Truth::FALSE;
    for term in terms {
        result = either(result, term);
        if result == Truth::TRUE {
            break;
        }
    }
    result
}

/// Every result of `a || b` that is possible.
fn either(a: Truth, b: Truth) -> Truth {
    let mut result = a.or(b).and(Truth::TRUE);
    if a.may_be(Truth::FALSE) && b.may_be(Truth::FALSE) {
        result = result.or(Truth::FALSE);
    }
    let not_true = Truth::FALSE.or(Truth::ERROR);
    if (a.may_be(Truth::ERROR) && b.may_be(not_true))
        || (b.may_be(Truth::ERROR) && a.may_be(not_true))
    {
        result = result.or(Truth::ERROR);
    }
    result
}

fn condition<'v>(parts: &'v [Node; 3], lookup: &dyn Lookup<'v>) -> Outcome<'v> {
    let [condition, one, other] = parts;
    match eval(condition, lookup).as_truth() {
        Truth::TRUE => eval(one, lookup),
        Truth::FALSE => eval(other, lookup),
        Truth::ERROR => Outcome::Error,
        truth => {
            let mut result = truth.and(Truth::ERROR);
            for (case, part) in [(Truth::TRUE, one), (Truth::FALSE, other)] {
                if truth.may_be(case) {
                    result = result.or(eval(part, lookup).as_truth());
                }
            }
            // What is no boolean here may be used as a value.
            let is_value = |node| match eval(node, lookup) {
                Outcome::Value(value) | Outcome::Perhaps(value) => !matches!(value, Value::Bool(_)),
                _ => false,
            };
            if is_value(one) || is_value(other) { Outcome::Unknown } else { Outcome::truth(result) }
        }
    }
}

fn binary<'v>(operator: Binary, left: Outcome<'v>, right: Outcome<'v>) -> Outcome<'v> {
    // An error on one side is the result, whatever the other is.
    if matches!(left, Outcome::Error) || matches!(right, Outcome::Error) {
        return Outcome::Error;
    }
    if let (Outcome::Truth(_), _) | (_, Outcome::Truth(_)) = (&left, &right) {
        return match operator {
            Binary::Equal | Binary::NotEqual => {
                let equal = equal_truths(&left, &right);
                Outcome::truth(if operator == Binary::Equal { equal } else { equal.negated() })
            }
            _ => Outcome::Unknown,
        };
    }
    if operator.compares() {
        left.then(|left| right.then(|right| compare::compare(operator, &left, &right)))
    } else {
        left.then(|left| right.then(|right| arithmetic::apply(operator, &left, &right)))
    }
}

/// `==` where one side is a boolean that is not certain.
fn equal_truths(left: &Outcome<'_>, right: &Outcome<'_>) -> Truth {
    let (left, right) = (left.as_truth(), right.as_truth());
    let mut result = left.or(right).and(Truth::ERROR);
    for (a, b, equal) in [
        (Truth::TRUE, Truth::TRUE, Truth::TRUE),
        (Truth::FALSE, Truth::FALSE, Truth::TRUE),
        (Truth::TRUE, Truth::FALSE, Truth::FALSE),
        (Truth::FALSE, Truth::TRUE, Truth::FALSE),
    ] {
        if left.may_be(a) && right.may_be(b) {
            result = result.or(equal);
        }
    }
    // A side that is no boolean counts as an error above, but is unequal.
    if result.may_be(Truth::ERROR) { result.or(Truth::FALSE) } else { result }
}

fn contains<'v>(sides: &'v [Node; 2], lookup: &dyn Lookup<'v>) -> Outcome<'v> {
    let [item, container] = sides;
    let item = eval(item, lookup);
    match &container.kind {
        // The items are looked at one by one: no list is made.
        NodeKind::List(items) => {
            let mut found = Truth::FALSE;
            let mut error = match &item {
                Outcome::Error => return Outcome::Error,
                Outcome::Value(_) => false,
                _ => true,
            };
            for other in items {
                let equal = binary(Binary::Equal, item.clone(), eval(other, lookup)).as_truth();
                if equal == Truth::ERROR {
                    return Outcome::Error;
                }
                // An error in the list is one of the whole, even behind an item that is found.
                error |= equal.may_be(Truth::ERROR);
                found = either(found, equal.and(Truth::EITHER));
            }
            Outcome::truth(if error { found.or(Truth::ERROR) } else { found })
        }
        _ => {
            let container = eval(container, lookup);
            item.then(|item| container.then(|container| is_in(&item, &container)))
        }
    }
}

fn is_in<'v>(item: &Value<'_>, container: &Value<'_>) -> Outcome<'v> {
    let any_equal = |items: &mut dyn Iterator<Item = &Value<'_>>| {
        let equal = items.map(|other| compare::equal(item, other));
        Outcome::truth(disjunction_of(equal))
    };
    match container {
        Value::List(items) => any_equal(&mut items.iter()),
        Value::Map(entries) => any_equal(&mut entries.iter().map(|(key, _)| key)),
        Value::Opaque(_) => Outcome::Unknown,
        _ => Outcome::Error,
    }
}

/// `operand[index]`
fn at_index<'v>(operand: &Value<'v>, index: &Value<'_>) -> Outcome<'v> {
    match operand {
        Value::List(items) => {
            let index = match index {
                Value::Int(index) => usize::try_from(*index).ok(),
                Value::Uint(index) => usize::try_from(*index).ok(),
                Value::Double(index) => {
                    convert::whole(*index).and_then(|i| usize::try_from(i).ok())
                }
                _ => None,
            };
            index.and_then(|index| items.get(index).cloned()).into()
        }
        Value::Map(entries) => {
            let found = entries.iter().find(|(key, _)| compare::equal(key, index) == Truth::TRUE);
            found.map(|(_, value)| value.clone()).into()
        }
        Value::Opaque(_) => Outcome::Unknown,
        _ => Outcome::Error,
    }
}

/// `operand.field`
pub(crate) fn at_field<'v>(operand: &Value<'v>, field: &str) -> Outcome<'v> {
    match operand {
        Value::Map(_) | Value::Opaque(_) => at_index(operand, &Value::text(field.as_bytes())),
        _ => Outcome::Error,
    }
}

/// `has(operand.field)`
pub(crate) fn has_field<'v>(operand: &Value<'_>, field: &str) -> Outcome<'v> {
    match operand {
        Value::Map(_) => is_in(&Value::text(field.as_bytes()), operand),
        Value::Opaque(_) => Outcome::Unknown,
        _ => Outcome::Error,
    }
}

fn list<'v>(items: &'v [Node], lookup: &dyn Lookup<'v>) -> Outcome<'v> {
    let mut values = Vec::with_capacity(items.len());
    let mut certain = true;
    for item in items {
        match eval(item, lookup) {
            Outcome::Value(value) => values.push(value),
            Outcome::Perhaps(value) => {
                values.push(value);
                certain = false;
            }
            Outcome::Error => return Outcome::Error,
            Outcome::Truth(_) | Outcome::Unknown => return Outcome::Unknown,
        }
    }
    let list = Outcome::Value(Value::List(values.into()));
    if certain { list } else { list.or_error() }
}

fn map<'v>(entries: &'v [[Node; 2]], lookup: &dyn Lookup<'v>) -> Outcome<'v> {
    let mut values: Vec<(Value<'v>, Value<'v>)> = Vec::with_capacity(entries.len());
    let mut certain = true;
    for entry in entries {
        let pair = entry.each_ref().map(|node| eval(node, lookup));
        certain &= !pair.iter().any(|part| matches!(part, Outcome::Perhaps(_)));
        match pair {
            [Outcome::Error, _] | [_, Outcome::Error] => return Outcome::Error,
            [
                Outcome::Value(key) | Outcome::Perhaps(key),
                Outcome::Value(value) | Outcome::Perhaps(value),
            ] => {
                let keys = [Type::Bool, Type::Int, Type::Uint, Type::Text];
                if !keys.contains(&key.value_type()) {
                    return Outcome::Error;
                }
                let repeats = |other: &Value<'_>| {
                    other.value_type() == key.value_type()
                        && compare::equal(other, &key) == Truth::TRUE
                };
                if values.iter().any(|(other, _)| repeats(other)) {
                    return Outcome::Error;
                }
                values.push((key, value));
            }
            _ => return Outcome::Unknown,
        }
    }
    let map = Outcome::Value(Value::Map(Rc::from(values)));
    if certain { map } else { map.or_error() }
}

#[cfg(test)]
mod tests;
