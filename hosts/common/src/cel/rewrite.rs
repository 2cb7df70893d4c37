//! Turns a parsed expression into one that is safe to evaluate: names of attributes become variables that hold their
//! values, and whatever can repeat or grow gets a price.
//!
//! What an evaluation costs without loops is bounded by its text: each node runs once, and a value is never larger
//! than the leaves below it. So in loops, and only there, each leaf is charged when it is read (`@charge`), and the
//! loop pays for all nodes of its body before it begins (`@range`). Attributes outside of loops are charged when
//! they are fetched.

use super::budget::{CHARGE, MATCHES, RANGE};
use cel::IdedExpr;
use cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue, operators};
use std::collections::HashMap;

/// Nodes above each other: what the interpreter recurses over, with some 1,800 bytes of stack for each. A guest that
/// calls with its own stack used up leaves 128 KiB to the host; the tests hold this to 80.
pub(super) const MAX_DEPTH: usize = 40;

/// Nodes of an expression.
const MAX_NODES: u64 = 1 << 16;

/// An attribute that an expression mentions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// From the outermost name inwards.
    pub(super) path: Vec<String>,
    /// Whether only its presence matters: `has(path)`.
    pub(super) presence: bool,
    /// The variable that stands for it.
    pub(super) variable: String,
    /// How often it is read outside of loops.
    pub(super) reads: u64,
}

/// An expression, and what it needs.
#[derive(Debug)]
pub(super) struct Rewritten {
    pub(super) root: IdedExpr,
    pub(super) references: Vec<Reference>,
    /// Whether it calls any of the functions of [`super::budget`].
    pub(super) priced: bool,
}

/// Names of types: values of their own, not attributes.
const TYPES: &[&str] =
    &["bool", "bytes", "double", "dyn", "int", "list", "map", "null_type", "string", "type", "uint"];

/// The functions that there are. Another one is an error when the expression is made, as with Envoy.
const FUNCTIONS: &[&str] = &[
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::INDEX,
    operators::NOT_STRICTLY_FALSE,
    operators::IN,
    "bool",
    "bytes",
    "contains",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "int",
    "matches",
    "size",
    "startsWith",
    "string",
    "timestamp",
    "type",
    "uint",
];

struct Rewriter {
    references: Vec<Reference>,
    known: HashMap<(Vec<String>, bool), usize>,
    /// Variables of the loops around, innermost last; accumulators among them.
    scope: Vec<String>,
    accumulators: Vec<String>,
    nodes: u64,
    priced: bool,
}

/// Rewrites a parsed expression; an error is one line.
pub(super) fn rewrite(mut root: IdedExpr) -> Result<Rewritten, String> {
    let mut rewriter = Rewriter {
        references: Vec::new(),
        known: HashMap::new(),
        scope: Vec::new(),
        accumulators: Vec::new(),
        nodes: 0,
        priced: false,
    };
    rewriter.expr(&mut root, 0)?;
    Ok(Rewritten { root, references: rewriter.references, priced: rewriter.priced })
}

/// The path that an expression spells: a name, selections, and constant texts as indices.
fn spelled(mut expr: &Expr) -> Option<Vec<String>> {
    let mut path = Vec::new();
    loop {
        match expr {
            Expr::Ident(name) => {
                path.push(name.clone());
                path.reverse();
                return Some(path);
            }
            Expr::Select(select) if !select.test => {
                path.push(select.field.clone());
                expr = &select.operand.expr;
            }
            Expr::Call(call) if call.func_name == operators::INDEX && call.target.is_none() => {
                let [operand, index] = call.args.as_slice() else { return None };
                let Expr::Literal(LiteralValue::String(key)) = &index.expr else { return None };
                path.push(key.inner().to_owned());
                expr = &operand.expr;
            }
            _ => return None,
        }
    }
}

fn call(function: &str, args: Vec<IdedExpr>) -> Expr {
    Expr::Call(CallExpr { func_name: function.to_owned(), target: None, args })
}

impl Rewriter {
    fn in_loop(&self) -> bool {
        !self.scope.is_empty()
    }

    /// Puts a price on reading an expression.
    fn charge(&mut self, expr: &mut IdedExpr) {
        let read = std::mem::take(expr);
        *expr = IdedExpr { id: read.id, expr: call(CHARGE, vec![read]) };
        self.priced = true;
    }

    /// The attribute's path, if that is what an expression spells.
    fn attribute(&self, expr: &Expr) -> Option<Vec<String>> {
        let mut path = spelled(expr)?;
        let root = path.first_mut()?;
        if let Some(absolute) = root.strip_prefix('.') {
            *root = absolute.to_owned();
        } else if self.scope.contains(root) {
            return None;
        }
        let is_type = match path.as_slice() {
            [name] => TYPES.contains(&name.as_str()),
            [google, protobuf, _] => google == "google" && protobuf == "protobuf",
            _ => false,
        };
        (!is_type).then_some(path)
    }

    /// Makes an expression the variable of an attribute.
    fn refer(&mut self, expr: &mut IdedExpr, path: Vec<String>, presence: bool) {
        let (references, count) = (&mut self.references, self.known.len());
        let index = *self.known.entry((path.clone(), presence)).or_insert_with(|| {
            references.push(Reference { path, presence, variable: format!("@{count}"), reads: 0 });
            count
        });
        let reference = &mut self.references[index];
        expr.expr = Expr::Ident(reference.variable.clone());
        if presence {
            return;
        }
        if self.scope.is_empty() {
            reference.reads += 1;
        } else {
            self.charge(expr);
        }
    }

    fn all<'e>(
        &mut self,
        exprs: impl IntoIterator<Item = &'e mut IdedExpr>,
        depth: usize,
    ) -> Result<(), String> {
        exprs.into_iter().try_for_each(|expr| self.expr(expr, depth))
    }

    fn expr(&mut self, expr: &mut IdedExpr, depth: usize) -> Result<(), String> {
        self.nodes += 1;
        if depth > MAX_DEPTH || self.nodes > MAX_NODES {
            return Err("the expression is too deep or too large".to_owned());
        }
        if let Some(path) = self.attribute(&expr.expr) {
            self.refer(expr, path, false);
            return Ok(());
        }
        let below = depth + 1;
        match &mut expr.expr {
            Expr::Ident(name) => {
                if self.scope.contains(name) && !self.accumulators.contains(name) {
                    self.charge(expr);
                }
                Ok(())
            }
            Expr::Literal(literal) => {
                let len = match literal {
                    LiteralValue::String(text) => text.inner().len(),
                    LiteralValue::Bytes(bytes) => bytes.inner().len(),
                    _ => 0,
                };
                if len > 32 && self.in_loop() {
                    self.charge(expr);
                }
                Ok(())
            }
            Expr::Select(select) => {
                if select.test
                    && let Some(mut path) = self.attribute(&select.operand.expr)
                {
                    path.push(std::mem::take(&mut select.field));
                    self.refer(expr, path, true);
                    return Ok(());
                }
                self.expr(&mut select.operand, below)
            }
            Expr::Call(called) => {
                if !FUNCTIONS.contains(&called.func_name.as_str()) {
                    return Err(format!("no function has the name {:.40}", called.func_name));
                }
                if let Some(target) = &mut called.target {
                    self.expr(target, below)?;
                }
                self.all(&mut called.args, below)?;
                if called.func_name == "matches" {
                    let target = called.target.take().map(|target| *target);
                    let args = target.into_iter().chain(std::mem::take(&mut called.args)).collect();
                    expr.expr = call(MATCHES, args);
                    self.priced = true;
                }
                Ok(())
            }
            Expr::List(list) => self.all(&mut list.elements, below),
            Expr::Map(map) => map.entries.iter_mut().try_for_each(|entry| match &mut entry.expr {
                EntryExpr::MapEntry(entry) => self.all([&mut entry.key, &mut entry.value], below),
                EntryExpr::StructField(_) => Err("a map has fields".to_owned()),
            }),
            Expr::Comprehension(comprehension) => {
                let comprehension = &mut **comprehension;
                // The range gets a call above it, and a loop's frames are large.
                self.expr(&mut comprehension.iter_range, below + 2)?;
                self.expr(&mut comprehension.accu_init, below)?;
                let before = (self.scope.len(), self.accumulators.len(), self.nodes);
                self.scope.push(comprehension.accu_var.clone());
                self.scope.push(comprehension.iter_var.clone());
                self.scope.extend(comprehension.iter_var2.clone());
                self.accumulators.push(comprehension.accu_var.clone());
                let parts =
                    [&mut comprehension.loop_cond, &mut comprehension.loop_step, &mut comprehension.result];
                self.all(parts, below + 1)?;
                self.scope.truncate(before.0);
                self.accumulators.truncate(before.1);
                let price = (self.nodes - before.2) as i64;
                let range = std::mem::take(&mut comprehension.iter_range);
                let id = range.id;
                let price = Expr::Literal(LiteralValue::Int(price.into()));
                comprehension.iter_range =
                    IdedExpr { id, expr: call(RANGE, vec![range, IdedExpr { id, expr: price }]) };
                self.priced = true;
                Ok(())
            }
            Expr::Struct(strct) => Err(format!("no message has the name {:.40}", strct.type_name)),
            Expr::Unspecified => Err("the expression has a part that says nothing".to_owned()),
        }
    }
}
