//! Expressions over attributes: the foreign functions `expr_create`, `expr_evaluate` and `expr_delete`.
//!
//! The parser and the interpreter are the `cel` crate's. Expressions are guest input, so between the two each one is
//! measured and rewritten: [`depth`] bounds what the parser recurses over, [`rewrite`] bounds the tree, finds the
//! attributes that it mentions and puts a price on whatever can repeat or grow, and [`budget`] takes it. There is no
//! way out of a recursion or a loop of the interpreter but an error, and a panic would be the proxy's end.

mod budget;
mod convert;
mod depth;
mod expression;
mod rewrite;

pub use expression::Expression;

use crate::Status;
use crate::value::AttributeValue;
use std::collections::HashMap;
use std::sync::Arc;

/// Where expressions get attributes from: a stream, most often.
pub trait Attributes {
    /// The value at a path such as `["request", "headers", "x-a"]`; `None` for what does not exist. Asked for the
    /// longest path that an expression spells first, then for shorter ones, whose maps and lists are walked: a host
    /// answers at whichever level it can. Must not call a guest.
    fn get(&self, path: &[&str]) -> Option<AttributeValue>;
}

/// What expressions may take of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an expression's text.
    pub text: usize,
    /// Expressions of a VM at a time.
    pub live: usize,
    /// What one evaluation may spend: about one for each node of a loop's body each time round, and one for each 8
    /// bytes of what is read. A million takes up to some tenths of a second and some tens of megabytes.
    pub budget: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { text: 64 << 10, live: 1024, budget: 1 << 20 }
    }
}

/// Why an expression failed: [`Error::status`] is for the guest, the text for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What the foreign function answers.
    pub status: Status,
    /// One line.
    pub message: String,
}

impl Error {
    fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

/// The expressions of a VM.
#[derive(Debug, Default)]
pub struct Expressions {
    limits: Limits,
    live: HashMap<u32, Arc<Expression>>,
    next: u32,
}

impl Expressions {
    /// No expressions yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Parses an expression and keeps it: its token. [`Status::BadArgument`] as in [`Expression::parse`],
    /// [`Status::InternalFailure`] when there are too many.
    pub fn create(&mut self, text: &[u8]) -> Result<u32, Error> {
        if self.live.len() >= self.limits.live {
            let message = format!("more than {} expressions", self.limits.live);
            return Err(Error::new(Status::InternalFailure, message));
        }
        let expression = Expression::parse(text, &self.limits)?;
        while self.live.contains_key(&self.next) {
            self.next = self.next.wrapping_add(1);
        }
        let token = self.next;
        self.next = token.wrapping_add(1);
        self.live.insert(token, Arc::new(expression));
        Ok(token)
    }

    /// The expression of a token. It can be evaluated with nothing of the VM borrowed.
    pub fn get(&self, token: u32) -> Option<Arc<Expression>> {
        self.live.get(&token).cloned()
    }

    /// Forgets an expression; no such token is no error.
    pub fn delete(&mut self, token: u32) {
        self.live.remove(&token);
    }

    /// Answers a foreign function by its name: `None` for another one than the three. Tokens are 4 bytes in little
    /// endian, another length is [`Status::BadArgument`], an unknown token [`Status::NotFound`].
    pub fn call(
        &mut self,
        function: &str,
        arguments: &[u8],
        attributes: &dyn Attributes,
    ) -> Option<Result<Vec<u8>, Error>> {
        let token = || {
            let bytes = arguments.try_into().map(u32::from_le_bytes);
            bytes.map_err(|_| Error::new(Status::BadArgument, "a token of an expression has 4 bytes"))
        };
        Some(match function {
            "expr_create" => self.create(arguments).map(|token| token.to_le_bytes().to_vec()),
            "expr_evaluate" => token().and_then(|token| {
                let unknown = || Error::new(Status::NotFound, format!("no expression has the token {token}"));
                let expression = self.live.get(&token).ok_or_else(unknown)?;
                expression.evaluate(attributes).map(|value| value.serialize())
            }),
            "expr_delete" => token().map(|token| {
                self.delete(token);
                Vec::new()
            }),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;
