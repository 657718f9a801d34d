//! Text into expressions: by precedence, `OR` the loosest and `^` the tightest.

use super::{Expression, Operator};

/// Deepest nesting; what is deeper is no question that a person asks.
const DEPTH_MAX: usize = 64;

/// Reads an expression; else says what is wrong.
///
/// # Errors
/// In words, for the client.
pub fn parse(text: &str) -> Result<Expression, String> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
    };
    let expression = parser.binary(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(expression),
        Some(token) => Err(format!("{} is not expected", token.shown())),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Word(String),
    Sign(&'static str),
}

impl Token {
    fn shown(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => format!("'{text}'"),
            Self::Word(word) => word.clone(),
            Self::Sign(sign) => (*sign).to_owned(),
        }
    }
}

/// The longer of two that begin alike comes first.
const SIGNS: [&str; 19] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "^", "(", ")", "[", "]", ",",
    "\u{2212}",
];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    // Bounded by the text: each turn takes something.
    while let Some(first) = rest.chars().next() {
        if first == '\'' || first == '"' {
            let inside = &rest[1..];
            let end = inside.find(first).ok_or("a quote is not closed")?;
            tokens.push(Token::Text(inside[..end].to_owned()));
            rest = &inside[end + 1..];
        } else if first.is_ascii_digit() || first == '.' {
            let end = rest
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .unwrap_or(rest.len());
            let number = rest[..end]
                .parse()
                .map_err(|_| format!("{} is no number", &rest[..end]))?;
            tokens.push(Token::Number(number));
            rest = &rest[end..];
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.ok_or_else(|| format!("{first} is not expected"))?;
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn take(&mut self, sign: &str) -> bool {
        let is_next = self.tokens.get(self.at)
            == SIGNS
                .into_iter()
                .find(|known| *known == sign)
                .map(Token::Sign)
                .as_ref();
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        match self.take(sign) {
            true => Ok(()),
            false => Err(format!("{sign} is missing")),
        }
    }

    /// The operator that comes next, with how tightly it binds.
    fn operator(&self) -> Option<(Operator, u8)> {
        let found = match self.tokens.get(self.at)? {
            Token::Sign("||") => (Operator::Or, 1),
            Token::Sign("&&") => (Operator::And, 2),
            Token::Word(word) if word == "OR" => (Operator::Or, 1),
            Token::Word(word) if word == "AND" => (Operator::And, 2),
            Token::Sign("==") => (Operator::Equal, 3),
            Token::Sign("!=") => (Operator::Unequal, 3),
            Token::Sign("<") => (Operator::Less, 4),
            Token::Sign("<=") => (Operator::AtMost, 4),
            Token::Sign(">") => (Operator::Greater, 4),
            Token::Sign(">=") => (Operator::AtLeast, 4),
            Token::Sign("+") => (Operator::Plus, 5),
            Token::Sign("-" | "\u{2212}") => (Operator::Minus, 5),
            Token::Sign("*") => (Operator::Times, 6),
            Token::Sign("/") => (Operator::Over, 6),
            Token::Sign("^") => (Operator::Power, 8),
            _ => return None,
        };
        Some(found)
    }

    fn binary(&mut self, least: u8) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("it is nested too deeply".to_owned());
        }
        let mut one = self.unary()?;
        while let Some((operator, binds)) = self.operator().filter(|(_, binds)| *binds > least) {
            self.at += 1;
            // A power of a power is read from the right.
            let other = self.binary(if operator == Operator::Power {
                binds - 1
            } else {
                binds
            })?;
            one = Expression::Binary(operator, Box::new(one), Box::new(other));
        }
        self.depth -= 1;
        Ok(one)
    }

    fn unary(&mut self) -> Result<Expression, String> {
        if self.take("-") {
            return Ok(Expression::Negative(Box::new(self.binary(7)?)));
        }
        if self.take("(") {
            let inner = self.binary(0)?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.take("[") {
            return Ok(Expression::List(self.list("]")?));
        }
        let token = self
            .tokens
            .get(self.at)
            .cloned()
            .ok_or("it ends too early")?;
        self.at += 1;
        match token {
            Token::Number(number) => Ok(Expression::Number(number)),
            Token::Text(text) => Ok(Expression::Text(text)),
            Token::Word(word) if self.take("(") => {
                Ok(Expression::Call(word.to_uppercase(), self.list(")")?))
            }
            Token::Word(word) => Ok(Expression::Name(word)),
            Token::Sign(sign) => Err(format!("{sign} is not expected")),
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Expression>, String> {
        let mut items = Vec::new();
        if self.take(end) {
            return Ok(items);
        }
        // Bounded by the text: each turn takes an item.
        loop {
            items.push(self.binary(0)?);
            if self.take(end) {
                return Ok(items);
            }
            self.expect(",")?;
        }
    }
}
