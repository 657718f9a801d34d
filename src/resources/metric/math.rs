//! Metric math: expressions over series, as GetMetricData takes them (CloudWatch user guide, "Using math expressions").
//!
//! Arithmetic, comparison and the functions that the ElastiCache guide's alarms and dashboards use. A function that is not among them is
//! refused by name.

mod evaluate;
mod parse;

use std::collections::BTreeMap;

pub use evaluate::{Environment, evaluate};
pub use parse::parse;

/// Values over time: by moments in milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// What it is called.
    pub label: String,
    /// Length of its periods, in seconds.
    pub period_seconds: u32,
    /// The values.
    pub points: BTreeMap<i64, f64>,
}

/// What an expression comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// One number.
    Scalar(f64),
    /// One series.
    Series(Series),
    /// Several.
    Many(Vec<Series>),
    /// A text, for functions that take one.
    Text(String),
    /// How gaps are filled.
    Word(String),
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A number.
    Number(f64),
    /// A text in quotes.
    Text(String),
    /// The id of a query; or a word such as `REPEAT`.
    Name(String),
    /// `-x`.
    Negative(Box<Expression>),
    /// Two expressions with something between them.
    Binary(Operator, Box<Expression>, Box<Expression>),
    /// A function, in upper case, of expressions.
    Call(String, Vec<Expression>),
    /// `[a, b]`.
    List(Vec<Expression>),
}

/// What stands between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each says what it is")]
pub enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Plus,
    Minus,
    Times,
    Over,
    Power,
}

impl Expression {
    /// Every id that it names, and those of its parts.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Name(name) => vec![name],
            Self::Number(_) | Self::Text(_) => Vec::new(),
            Self::Negative(one) => one.names(),
            Self::Binary(_, one, other) => [one.names(), other.names()].concat(),
            Self::Call(_, parts) | Self::List(parts) => {
                parts.iter().flat_map(Self::names).collect()
            }
        }
    }

    /// Every `SEARCH` in it, with its arguments.
    pub fn searches(&self) -> Vec<&[Expression]> {
        match self {
            Self::Call(name, parts) if name == "SEARCH" => vec![parts],
            Self::Name(_) | Self::Number(_) | Self::Text(_) => Vec::new(),
            Self::Negative(one) => one.searches(),
            Self::Binary(_, one, other) => [one.searches(), other.searches()].concat(),
            Self::Call(_, parts) | Self::List(parts) => {
                parts.iter().flat_map(Self::searches).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests;
