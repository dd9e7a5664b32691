//! The keys that `sync.toml` may have, taken from the types that read it, and the words for keys that it may not have.

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::file;

/// The sections, with `NAME` for any name. Where a type stands decides its path, so the paths are written here.
pub(super) fn sections() -> Vec<(&'static [&'static str], &'static [&'static str])> {
    vec![
        (&[], names::<file::File>()),
        (&["sources", "NAME"], names::<file::Source>()),
        (&["sources", "NAME", "columns"], names::<file::Columns>()),
        (&["sources", "NAME", "create"], names::<file::Create>()),
        (&["odoo"], names::<file::Odoo>()),
        (&["sync"], names::<file::Sync>()),
        (&["sync", "max_price_change"], names::<file::PriceLimit>()),
        (&["sync", "guards"], names::<file::Guards>()),
        (&["sync", "guards", "NAME"], names::<file::Limit>()),
        (&["report"], names::<file::Report>()),
    ]
}

fn matches(pattern: &[&str], section: &[String]) -> bool {
    pattern.len() == section.len() && pattern.iter().zip(section).all(|(p, s)| *p == "NAME" || p == s)
}

fn known_in(section: &[String]) -> &'static [&'static str] {
    sections().into_iter().find(|(pattern, _)| matches(pattern, section)).map_or(&[], |(_, keys)| keys)
}

/// The first key of a path that its section does not have: `source` of `source.polonez`, with that section.
pub(super) fn first_unknown(path: &[String]) -> Option<(&[String], &str)> {
    // Below `sources` stand names, not keys.
    let unknown = |at: &usize| path[..*at] != ["sources"] && !known_in(&path[..*at]).contains(&path[*at].as_str());
    (0..path.len()).find(unknown).map(|at| (&path[..at], path[at].as_str()))
}

/// What to say of an unknown key: that secrets don't belong here, where it belongs, a similar key, or all keys.
pub(super) fn hint(section: &[String], key: &str) -> String {
    let known = known_in(section);
    for stem in ["password", "api_key", "ping_url"] {
        if key == stem && known.contains(&&*format!("{stem}_env")) {
            return format!(
                "a secret does not belong in this file, which gets copied, mailed and committed: remove it, and name its place with {stem}_env, {stem}_file or {stem}_credential"
            );
        }
    }
    let homes = sections().into_iter().filter(|(pattern, keys)| !pattern.is_empty() && keys.contains(&key));
    let homes: Vec<String> = homes.map(|(pattern, _)| format!("[{}]", pattern.join("."))).collect();
    if !homes.is_empty() {
        return format!("it belongs in {}", homes.join(" or "));
    }
    if let Some(similar) = similar(key, known.iter().copied()) {
        return format!("did you mean `{similar}`?");
    }
    format!("known here: {}", known.join(", "))
}

/// Does the key say where a secret is, so that its value is never shown?
pub(super) fn is_about_a_secret(key: &str) -> bool {
    ["password_", "api_key_", "ping_url_"].iter().any(|stem| key.starts_with(stem))
}

/// The name that somebody who typed `word` most likely meant.
pub(super) fn similar<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = names.map(|name| (strsim::jaro_winkler(word, name), name));
    scored.filter(|(score, _)| *score > 0.85).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

/// Serde's message in words for people who don't know Rust's types.
pub(super) fn plain_words(section: &[String], message: &str) -> String {
    let mut words = message.trim().replace('\n', ", ");
    for (serde, plain) in [
        ("unknown variant", "unknown value"),
        ("invalid type: ", "this is "),
        ("invalid value: ", "this is "),
        ("this is map", "this is a table"),
        ("this is sequence", "this is a list"),
        ("expected a sequence", "expected a list"),
        ("expected i64", "expected a whole number"),
        ("expected a boolean", "expected true or false"),
        ("expected path string", "expected a string"),
        ("quoted, expected literal string", "quoted"),
    ] {
        words = words.replacen(serde, plain, 1);
    }
    if section == ["sources"] {
        words.push_str("; each source is a section with a name of its own, such as [sources.shop]");
    }
    words
}

/// The names of a struct's keys, which serde's derive passes to the deserializer.
fn names<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut fields: &'static [&'static str] = &[];
    // It always fails: the names are all that is wanted.
    let _ = T::deserialize(Names(&mut fields));
    fields
}

struct Names<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("only names"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
