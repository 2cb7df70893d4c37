//! A bound on the depth of an expression's tree, from its tokens: before the parser recurses over it.

use cel::parser::pratt_parser::{Lexer, TokenKind};

/// Brackets and conditionals inside each other: the parser recurses for each, with some 2 KiB of stack. (The limit of
/// Envoy's parser is 32.)
const MAX_NESTING: usize = 20;

/// What one pair of brackets holds: how deep the tree of its deepest item can be.
#[derive(Default)]
struct Level {
    /// Tokens of the current operand chain that put one node above another.
    run: usize,
    /// Deepest bracket of the current chain.
    inner: usize,
    /// Deepest chain of the current item.
    chain: usize,
    /// `&&` and `||` of the current item: the parser makes balanced trees of them.
    logical: usize,
    /// Conditionals of the current item.
    conditions: usize,
    /// Those whose `:` is to come.
    open: usize,
    /// Deepest item.
    deepest: usize,
}

impl Level {
    fn end_chain(&mut self) {
        self.chain = self.chain.max(self.run + self.inner);
        (self.run, self.inner) = (0, 0);
    }

    fn end_item(&mut self) {
        self.end_chain();
        // One balanced tree of `&&` below one of `||`.
        let logical = 2 * (usize::BITS - self.logical.leading_zeros()) as usize;
        self.deepest = self.deepest.max(self.chain + logical + self.conditions);
        *self = Self { deepest: self.deepest, ..Self::default() };
    }
}

/// Whether the tree of an expression is at most `max` deep, not counting what macros add. `Err` says why not.
pub(super) fn check(text: &str, max: usize) -> Result<(), &'static str> {
    const TOO_DEEP: &str = "the expression is too deep";
    const UNBALANCED: &str = "the expression has unbalanced brackets";
    let mut lexer = Lexer::new(text);
    let mut levels = vec![Level::default()];
    loop {
        let Some(level) = levels.last_mut() else { return Err(UNBALANCED) };
        match lexer.lex().kind {
            TokenKind::TokEnd => break,
            TokenKind::TokError => return Err("the expression has an illegal token"),
            TokenKind::TokLeftParen | TokenKind::TokLeftBracket | TokenKind::TokLeftBrace => {
                levels.push(Level::default());
            }
            TokenKind::TokRightParen | TokenKind::TokRightBracket | TokenKind::TokRightBrace => {
                level.end_item();
                let inner = level.deepest;
                levels.pop();
                let Some(outer) = levels.last_mut() else { return Err(UNBALANCED) };
                outer.inner = outer.inner.max(inner);
                outer.run += 1;
            }
            TokenKind::TokComma => level.end_item(),
            TokenKind::TokColon if level.open == 0 => level.end_item(),
            TokenKind::TokColon => {
                level.open -= 1;
                level.end_chain();
            }
            TokenKind::TokQuestion => {
                level.end_chain();
                level.open += 1;
                level.conditions += 1;
            }
            TokenKind::TokLogicalAnd | TokenKind::TokLogicalOr => {
                level.end_chain();
                level.logical += 1;
            }
            TokenKind::TokWhitespace
            | TokenKind::TokComment
            | TokenKind::TokNull
            | TokenKind::TokFalse
            | TokenKind::TokTrue
            | TokenKind::TokInt
            | TokenKind::TokUint
            | TokenKind::TokFloat
            | TokenKind::TokString
            | TokenKind::TokBytes
            | TokenKind::TokIdent
            | TokenKind::TokReservedWord => {}
            // Selections and operators.
            _ => level.run += 1,
        }
        // At most a few dozen levels: no need to keep a sum.
        if levels.len() - 1 + levels.iter().map(|level| level.conditions).sum::<usize>() > MAX_NESTING {
            return Err(TOO_DEEP);
        }
    }
    match levels.as_mut_slice() {
        [level] => {
            level.end_item();
            if level.deepest > max { Err(TOO_DEEP) } else { Ok(()) }
        }
        _ => Err(UNBALANCED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_is_not_deep() {
        let list = format!("[{}]", vec!["{'a': x ? -1 : 2}"; 2000].join(","));
        let clauses = vec!["a.b == 'c'"; 2000].join(" || ");
        let arguments = format!("f({}).g(h)", vec!["a.b"; 2000].join(", "));
        for text in [list, clauses, arguments, "'((((((((((' + \"[[[[[[[[\"".into(), "// ((((((((\n1".into()]
        {
            assert_eq!(check(&text, 32), Ok(()), "{:.60}", text);
        }
    }

    #[test]
    fn deep_is_refused() {
        let deep = [
            "(".repeat(100_000),
            format!("{}1{}", "(".repeat(40), ")".repeat(40)),
            format!("{}1{}", "[".repeat(40), "]".repeat(40)),
            format!("{}1{}", "{1:".repeat(40), "}".repeat(40)),
            format!("{}1{}", "f(".repeat(40), ")".repeat(40)),
            format!("a{}", ".b".repeat(100)),
            format!("a{}", "[0]".repeat(100)),
            format!("a{}", ".f()".repeat(100)),
            format!("1{}", "+1".repeat(100)),
            format!("{}a", "!-".repeat(50)),
            format!("{}1", "a?b:".repeat(40)),
            format!("{}1{}", "a?".repeat(40), ":b".repeat(40)),
            format!("a && {}1", "a?b:".repeat(40)),
            format!("1{}", " in [1]".repeat(100)),
        ];
        for text in deep {
            assert!(check(&text, 64).is_err(), "{:.60}", text);
        }
        for text in [")", "(", "(]]", "a\u{1}b", "'open"] {
            assert!(check(text, 64).is_err(), "{text}");
        }
    }
}
