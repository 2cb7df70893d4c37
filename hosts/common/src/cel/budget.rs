//! What an evaluation may spend, and the functions that [`super::rewrite`] puts into expressions to take it.

use super::convert;
use cel::common::types::{CelBool, CelInt, CelNull, CelString};
use cel::common::value::CowVal;
use cel::{Context, ExecutionError, FunctionContext};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// `@charge(x)` is `x`, at the price of its size.
pub(super) const CHARGE: &str = "@charge";
/// `@range(x, n)` is `x`, at the price of `n` for each item.
pub(super) const RANGE: &str = "@range";
/// `@matches(text, pattern)` is what `matches` is, with a bound on the compiled pattern.
pub(super) const MATCHES: &str = "@matches";

/// What is left. Shared with the functions, which must be for any thread.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<AtomicU64>);

impl Budget {
    pub(super) fn new(units: u64) -> Self {
        Self(Arc::new(AtomicU64::new(units)))
    }

    /// Whether it ran out, at any time: expressions can swallow the error.
    pub(super) fn is_spent(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    pub(super) fn take(&self, units: u64) -> Result<(), ExecutionError> {
        let left = self.0.load(Ordering::Relaxed).saturating_sub(units);
        self.0.store(left, Ordering::Relaxed);
        if left == 0 {
            return Err(ExecutionError::function_error("budget", "the evaluation takes too much"));
        }
        Ok(())
    }

    /// Offers the functions to an evaluation.
    pub(super) fn install(&self, context: &mut Context<'_, '_>) -> Result<(), cel::DeclarationError> {
        let budget = self.clone();
        context.add_function(
            CHARGE,
            function(move |context| {
                let value = argument(context, 0)?;
                budget.take(1 + convert::size(value.as_ref()))?;
                Ok(value)
            }),
        )?;
        let budget = self.clone();
        context.add_function(
            RANGE,
            function(move |context| {
                let (value, price) = (argument(context, 0)?, argument(context, 1)?);
                let items = value.as_sizer().map_or(0, |sizer| *sizer.size().inner());
                let price = price.downcast_ref::<CelInt>().map_or(1, |n| *n.inner());
                budget.take(items.max(0).unsigned_abs().saturating_mul(price.max(1).unsigned_abs()))?;
                Ok(value)
            }),
        )?;
        let budget = self.clone();
        context.add_function(
            MATCHES,
            function(move |context| {
                let (text, pattern) = (argument(context, 0)?, argument(context, 1)?);
                let (Some(text), Some(pattern)) =
                    (text.downcast_ref::<CelString>(), pattern.downcast_ref::<CelString>())
                else {
                    return Err(context.error("matches takes two strings"));
                };
                let (text, pattern) = (text.inner(), pattern.inner());
                let states = pattern.len() as u64 / 16 + 1;
                budget.take(COMPILE * states + states.saturating_mul(text.len() as u64))?;
                let found = regex::RegexBuilder::new(pattern)
                    .size_limit(MAX_REGEX)
                    .nest_limit(MAX_REGEX_NESTING)
                    .build()
                    .map_err(|_| context.error("not a regular expression, or too large a one"))?
                    .is_match(text);
                Ok(CowVal::owned(CelBool::from(found)))
            }),
        )
    }
}

/// Bytes of a compiled pattern: what a counted repetition of a few characters can grow to.
const MAX_REGEX: usize = 128 << 10;
const MAX_REGEX_NESTING: u32 = 32;
/// The price of compiling 16 characters.
const COMPILE: u64 = 512;

fn argument<'c, 'v>(
    context: &mut FunctionContext<'c, 'v>,
    index: usize,
) -> Result<CowVal<'c, 'v>, ExecutionError> {
    // Each is taken once.
    let missing = || ExecutionError::missing_argument_or_target();
    context
        .args
        .get_mut(index)
        .map(|slot| std::mem::replace(slot, CowVal::Borrowed(&CelNull)))
        .ok_or_else(missing)
}

/// What the interpreter keeps a function as.
type Function = Box<
    dyn for<'c, 'v> Fn(&mut FunctionContext<'c, 'v>) -> Result<CowVal<'c, 'v>, ExecutionError> + Send + Sync,
>;

/// Boxes a closure: only with the bound spelled out its lifetimes are found.
fn function<F>(function: F) -> Function
where
    F: for<'c, 'v> Fn(&mut FunctionContext<'c, 'v>) -> Result<CowVal<'c, 'v>, ExecutionError>
        + Send
        + Sync
        + 'static,
{
    Box::new(function)
}
