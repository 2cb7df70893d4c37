//! A configuration on its way to YAML: maps keep their order, so that a person finds the name of a thing above its parts.

use crate::CliError;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// Text.
    Text(String),
    /// A whole number.
    Number(u64),
    /// True or false.
    Flag(bool),
    /// Elements.
    List(Vec<Tree>),
    /// Names and values, in this order.
    Map(Vec<(String, Tree)>),
    /// What a user gave.
    Json(serde_json::Value),
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::List(list) => list.serialize(serializer),
            Self::Map(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
            Self::Json(value) => value.serialize(serializer),
        }
    }
}

macro_rules! from {
    ($($ty:ty: $variant:ident $(. $convert:ident)?;)*) => {$(
        impl From<$ty> for Tree {
            fn from(value: $ty) -> Self {
                Self::$variant(value$(.$convert())?)
            }
        }
    )*};
}

from! {
    &str: Text.to_owned;
    String: Text;
    u64: Number;
    u16: Number.into;
    bool: Flag;
    Vec<Tree>: List;
    serde_json::Value: Json;
}

impl<const N: usize> From<[(&str, Tree); N]> for Tree {
    fn from(fields: [(&str, Tree); N]) -> Self {
        Self::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl Tree {
    /// As YAML, block style.
    pub fn to_yaml(&self) -> Result<String, CliError> {
        // Long words, type URLs above all, stay on the line of their key.
        let options = serde_saphyr::ser_options! { folded_wrap_chars: 1 << 20 };
        serde_saphyr::to_string_with_options(self, options)
            .map_err(|e| CliError::Usage(format!("this cannot be said in YAML: {e}")))
    }

    /// No fields.
    pub fn map() -> Self {
        Self::Map(Vec::new())
    }

    /// With one more field.
    pub fn with(mut self, name: &str, value: impl Into<Tree>) -> Self {
        if let Self::Map(fields) = &mut self {
            fields.push((name.to_owned(), value.into()));
        }
        self
    }

    /// With one more field, unless the value says nothing.
    pub fn with_some(self, name: &str, value: impl Into<Tree>) -> Self {
        let value = value.into();
        if value.is_empty() { self } else { self.with(name, value) }
    }

    /// Whether it says nothing: empty text, no elements, no fields, false.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Number(_) => false,
            Self::Flag(flag) => !flag,
            Self::List(list) => list.is_empty(),
            Self::Map(fields) => fields.is_empty(),
            Self::Json(value) => value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader of YAML could take for something else than the text that it is.
    #[test]
    fn text_stays_text() {
        for text in [
            "",
            " ",
            "~",
            "null",
            "true",
            "False",
            "yes",
            "n",
            "on",
            "1",
            "-1",
            "1e3",
            "0x10",
            "0o7",
            "012",
            "1_000",
            ".5",
            ".inf",
            "12:30:45",
            "2020-01-01",
            "a: b",
            "a #b",
            "#",
            "- a",
            "? a",
            "[a]",
            "{a}",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "'",
            "\"",
            "'\"",
            "\\",
            "a\\nb",
            "\n",
            "a\n",
            "a\n\n",
            "\na",
            "  a\nb",
            "a\n  b\n",
            "\ta\n\tb",
            "a\r\nb",
            "a\rb",
            "a\u{85}b",
            "a\u{2028}b",
            "\u{feff}a",
            "\u{0}",
            "\u{1b}[0m",
            "\u{7f}",
            "---",
            "...",
            "a\n---\nb",
            "Größe 🦀",
            "key=value\nother=\"x y\"",
            "a\n \nb",
            "a \n b",
            "=",
            "<<",
            "a,b",
            "|",
            ">",
            "|-\na",
        ] {
            let tree = Tree::from([("value", text.into()), (text, "key".into())]);
            let yaml = tree.to_yaml().unwrap();
            let back: std::collections::BTreeMap<String, String> = serde_saphyr::from_str(&yaml)
                .unwrap_or_else(|e| panic!("{text:?} is written as {yaml}: {e}"));
            assert_eq!(back["value"], text, "{yaml}");
            assert_eq!(back[text], "key", "{yaml}");
        }
    }

    #[test]
    fn order_and_absence() {
        let tree = Tree::map()
            .with("z", 1u64)
            .with_some("empty", "")
            .with_some("none", Tree::map())
            .with("a", vec![Tree::from(true)])
            .with("e", Tree::map());
        assert_eq!(tree.to_yaml().unwrap(), "z: 1\na:\n- true\ne: {}\n");
    }
}
