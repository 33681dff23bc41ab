//! The tree of an expression, as findings and evaluation read it.

use std::ops::Range;
use std::sync::Arc;

use crate::function::Function;
use crate::path::Path;
use crate::pattern::Pattern;

/// A parsed expression.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    /// `None` when the expression nests so deep that it was not parsed; Envoy refuses it.
    pub(crate) root: Option<Node>,
    /// The names that are looked up in the record, in the order of the text.
    pub(crate) paths: Vec<Path>,
    /// How many expressions stand in one another.
    pub(crate) nesting: usize,
}

/// An operation and where it stands in the text, parentheses around it included.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) span: Range<usize>,
    /// How many nodes stand in one another, as Envoy's parser counts them.
    pub(crate) depth: usize,
}

/// What an operation does.
#[derive(Debug, Clone)]
pub(crate) enum NodeKind {
    /// A value that stands in the text.
    Literal(Literal),
    /// A name and the selections on it; an index into [`Tree::paths`].
    Path(usize),
    /// `has(...)` of a path; an index into [`Tree::paths`].
    HasPath(usize),
    /// A field of something that is no path.
    Select(Box<Node>, String),
    /// `has(operand.field)` where the operand is no path.
    Has(Box<Node>, String),
    /// `operand[index]`
    Index(Box<[Node; 2]>),
    /// `a && b && ...`
    And(Vec<Node>),
    /// `a || b || ...`
    Or(Vec<Node>),
    /// `!a`
    Not(Box<Node>),
    /// `-a`
    Negate(Box<Node>),
    /// `condition ? a : b`
    Condition(Box<[Node; 3]>),
    /// A comparison or arithmetic.
    Binary(Binary, Box<[Node; 2]>),
    /// `a in b`
    In(Box<[Node; 2]>),
    /// A call of a function, the target of a method first among the arguments.
    Call(Box<Call>),
    /// `[a, b]`
    List(Vec<Node>),
    /// `{a: b}`
    Map(Vec<[Node; 2]>),
    /// `Name{field: a}`
    Message(String, Vec<Node>),
    /// A loop that a macro such as `all` stands for, over this operand.
    Comprehension(String, Box<Node>),
}

/// A call of a function.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The name as Envoy looks it up, its namespace included: `re.extract`.
    pub(crate) name: String,
    pub(crate) name_span: Range<usize>,
    pub(crate) arguments: Vec<Node>,
    /// The function, if Envoy has one of this name, style and number of arguments.
    pub(crate) function: Option<Function>,
    /// The pattern of `matches`, where it stands in the text.
    pub(crate) pattern: Option<Arc<Pattern>>,
}

/// A value that stands in the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// The name of a type.
    Type(Type),
}

/// An operator between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// A type of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Null,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Duration,
    Time,
    List,
    Map,
    /// The name of a type.
    Name,
    /// A message of protobuf.
    Message,
}

impl Binary {
    /// The operator as it is written.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    /// Whether the result is a boolean.
    pub(crate) fn compares(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Less
                | Self::LessOrEqual
                | Self::Greater
                | Self::GreaterOrEqual
        )
    }

    /// The same comparison with its sides exchanged.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            other => other,
        }
    }
}

impl Type {
    /// The type that a name in an expression stands for.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "null_type" => Self::Null,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "uint" => Self::Uint,
            "double" => Self::Double,
            "string" => Self::Text,
            "bytes" => Self::Bytes,
            "list" => Self::List,
            "map" => Self::Map,
            "type" => Self::Name,
            _ => return None,
        })
    }

    /// The type in words.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Int => "an int",
            Self::Uint => "a uint",
            Self::Double => "a double",
            Self::Text => "a string",
            Self::Bytes => "bytes",
            Self::Duration => "a duration",
            Self::Time => "a timestamp",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Name => "a type",
            Self::Message => "a message",
        }
    }

    /// Whether values of this type are numbers, which compare with each other.
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double)
    }
}

impl Literal {
    /// The type of the value.
    pub(crate) fn value_type(&self) -> Type {
        match self {
            Self::Null => Type::Null,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Uint(_) => Type::Uint,
            Self::Double(_) => Type::Double,
            Self::Text(_) => Type::Text,
            Self::Bytes(_) => Type::Bytes,
            Self::Type(_) => Type::Name,
        }
    }
}

impl Node {
    /// The operands, in the order of the text.
    pub(crate) fn children(&self) -> Box<dyn Iterator<Item = &Self> + '_> {
        match &self.kind {
            NodeKind::Literal(_) | NodeKind::Path(_) | NodeKind::HasPath(_) => {
                Box::new(std::iter::empty())
            }
            NodeKind::Select(operand, _)
            | NodeKind::Has(operand, _)
            | NodeKind::Not(operand)
            | NodeKind::Negate(operand)
            | NodeKind::Comprehension(_, operand) => Box::new(std::iter::once(&**operand)),
            NodeKind::Index(pair) | NodeKind::Binary(_, pair) | NodeKind::In(pair) => {
                Box::new(pair.iter())
            }
            NodeKind::Condition(parts) => Box::new(parts.iter()),
            NodeKind::Call(call) => Box::new(call.arguments.iter()),
            NodeKind::And(items)
            | NodeKind::Or(items)
            | NodeKind::List(items)
            | NodeKind::Message(_, items) => Box::new(items.iter()),
            NodeKind::Map(entries) => Box::new(entries.iter().flatten()),
        }
    }

    /// Calls `visit` on the node and on everything below it, outside first.
    pub(crate) fn walk<'n>(&'n self, visit: &mut impl FnMut(&'n Self)) {
        visit(self);
        // Boxed so that the closure's type does not grow with the depth.
        for child in self.children() {
            child.walk(visit);
        }
    }
}
