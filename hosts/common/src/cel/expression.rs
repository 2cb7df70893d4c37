//! One expression: parsed once, evaluated often.

use super::budget::Budget;
use super::rewrite::{self, Reference, Rewritten};
use super::{Attributes, Error, Limits, convert, depth};
use crate::Status;
use crate::value::AttributeValue;
use cel::common::ast::Expr;
use cel::parser::PrattParser;
use cel::{Context, Env, ExecutionError, Value};
use std::fmt::Write;
use std::sync::{Arc, LazyLock};

/// The standard functions, without the optional values that Envoy has not switched on.
static ENV: LazyLock<Arc<Env>> =
    LazyLock::new(|| Arc::new(Env::default().with_optional_support(false).with_stdlib()));

/// A parsed expression.
#[derive(Debug)]
pub struct Expression {
    rewritten: Rewritten,
    budget: u64,
}

impl Expression {
    /// Parses. [`Status::BadArgument`] for what is no expression, calls a function that there is not, or is too
    /// large or too deep.
    pub fn parse(text: &[u8], limits: &Limits) -> Result<Self, Error> {
        let bad = |message: &str| Error::new(Status::BadArgument, line(message));
        if text.len() > limits.text {
            return Err(bad(&format!("an expression of more than {} bytes", limits.text)));
        }
        let text = std::str::from_utf8(text).map_err(|_| bad("the expression is not UTF-8"))?;
        depth::check(text, rewrite::MAX_DEPTH).map_err(bad)?;
        // The first error ends it: going on after one is for editors.
        let parser = PrattParser::new().error_recovery_limit(0).error_reporting_limit(1);
        let parsed = parser.parse(text).map_err(|errors| match errors.errors.first() {
            Some(error) => bad(&format!("{}:{}: {}", error.pos.0, error.pos.1, error.msg)),
            None => bad("the expression cannot be parsed"),
        })?;
        let rewritten = rewrite::rewrite(parsed).map_err(|message| bad(&message))?;
        Ok(Self { rewritten, budget: limits.budget })
    }

    /// Evaluates, over the attributes that the expression mentions: each is asked for once, and no other.
    /// [`Status::InternalFailure`] for an error, an attribute that is needed and not there, or too much work;
    /// [`Status::SerializationFailure`] for a result that has no serialization.
    pub fn evaluate(&self, attributes: &dyn Attributes) -> Result<AttributeValue, Error> {
        let Rewritten { root, references, priced } = &self.rewritten;
        let mut fetched: Vec<_> = references.iter().map(|reference| fetch(reference, attributes)).collect();
        if let (Expr::Ident(_), [reference], [value]) =
            (&root.expr, references.as_slice(), fetched.as_mut_slice())
        {
            // The attribute itself, as `proxy_get_property` has it.
            return value.take().ok_or_else(|| missing(reference));
        }
        let budget = Budget::new(self.budget);
        let mut context = Context::with_env(ENV.clone());
        for (reference, value) in references.iter().zip(&fetched) {
            let Some(value) = value else { continue };
            let weight = convert::bytes(value.weight()).saturating_mul(reference.reads.max(1));
            budget.take(weight).map_err(|error| self.failure(&error))?;
            context.add_variable_as_val(&reference.variable, convert::view(value));
        }
        if *priced {
            budget
                .install(&mut context)
                .map_err(|e| Error::new(Status::InternalFailure, line(&e.to_string())))?;
        }
        let result = Value::resolve_val(root, &context);
        if budget.is_spent() {
            return Err(Error::new(Status::InternalFailure, "the evaluation takes too much"));
        }
        let result = result.map_err(|error| self.failure(&error))?;
        let unserializable = || Error::new(Status::SerializationFailure, "the result has no serialization");
        convert::result(result.as_ref()).ok_or_else(unserializable)
    }

    fn failure(&self, error: &ExecutionError) -> Error {
        if let ExecutionError::UndeclaredReference(name) = error
            && let Some(reference) = self.rewritten.references.iter().find(|r| r.variable == **name)
        {
            return missing(reference);
        }
        let mut message = Line::default();
        // It stops when the line is full: errors print whole values.
        let _ = write!(message, "{error}");
        Error::new(Status::InternalFailure, message.0)
    }
}

fn missing(reference: &Reference) -> Error {
    Error::new(Status::InternalFailure, line(&format!("there is no {}", reference.path.join("."))))
}

/// Asks for the whole path, then for what is above it, and walks the rest.
fn fetch(reference: &Reference, attributes: &dyn Attributes) -> Option<AttributeValue> {
    let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
    let found = (1..=path.len()).rev().find_map(|len| Some((len, attributes.get(&path[..len])?)));
    let value = match found {
        Some((len, value)) if len == path.len() => Some(value),
        Some((len, value)) => value.walk(&path[len..]).cloned(),
        None => None,
    };
    if reference.presence {
        return Some(AttributeValue::Bool(value.is_some_and(|value| value != AttributeValue::Null)));
    }
    value
}

/// A line for the log, cut where it gets long.
#[derive(Default)]
struct Line(String);

impl Write for Line {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for c in text.chars() {
            if self.0.len() >= 200 {
                return Err(std::fmt::Error);
            }
            self.0.push(if c.is_control() { ' ' } else { c });
        }
        Ok(())
    }
}

fn line(text: &str) -> String {
    let mut line = Line::default();
    let _ = line.write_str(text);
    line.0
}
