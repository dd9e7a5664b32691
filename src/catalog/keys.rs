//! When two spellings of an id are one key, as the source compares them.
//!
//! SQL Server joins `AB-1` and `ab-1` where a column's collation says so, `1001` and `001001` where one side is a number. Rows
//! of the two queries meet here as they would there, and a link keeps the spelling under which it was made.

use std::borrow::Cow;

use icu_normalizer::DecomposingNormalizerBorrowed;

/// How keys compare. The default is by their text, character for character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyRules {
    /// By value where they are numbers.
    pub number: bool,
    /// Without regard to case.
    pub case: bool,
    /// Without regard to accents.
    pub accents: bool,
    /// Full-width letters are the narrow ones.
    pub width: bool,
    /// Every row spells its keys in one way, so that only those from elsewhere have to be brought into it: [`Self::key`] of
    /// such a spelling is the spelling itself.
    pub canonical: bool,
}

impl KeyRules {
    /// The rules of a text column by the name of its collation: `SQL_Latin1_General_CP1_CI_AS`.
    #[must_use]
    pub fn of_collation(name: &str) -> Self {
        let has = |word: &str| name.split('_').any(|part| part.eq_ignore_ascii_case(word));
        if name.is_empty() || has("BIN") || has("BIN2") {
            return Self::default();
        }
        Self { case: has("CI"), accents: has("AI"), width: !has("WS"), ..Self::default() }
    }

    /// What holds where a key of the one is compared with a key of the other: what either does not tell apart.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            number: self.number || other.number,
            case: self.case || other.case,
            accents: self.accents || other.accents,
            width: self.width || other.width,
            canonical: self.canonical && other.canonical,
        }
    }

    /// What rows are compared by.
    #[must_use]
    pub fn of_row<'a>(&self, id: &'a str) -> Cow<'a, str> {
        if self.canonical { Cow::Borrowed(id) } else { self.key(id) }
    }

    /// The same of an id that was not read in this run.
    #[must_use]
    pub fn key<'a>(&self, id: &'a str) -> Cow<'a, str> {
        if self.number
            && let Some(number) = number(id)
        {
            return number;
        }
        if self.canonical && self.case {
            // GUIDs, which SQL Server spells in capitals.
            let small = id.bytes().any(|b| b.is_ascii_lowercase());
            return if small { Cow::Owned(id.to_ascii_uppercase()) } else { Cow::Borrowed(id) };
        }
        let cased = |id: &str| !self.case || !id.bytes().any(|b| b.is_ascii_uppercase());
        if cased(id) && (id.is_ascii() || !(self.case || self.accents || self.width)) {
            return Cow::Borrowed(id);
        }
        let mut text: String = id.chars().map(|c| if self.width { narrow(c) } else { c }).collect();
        if self.accents {
            let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(&text).into_owned();
            text = decomposed.chars().filter(|c| !is_accent(*c)).collect();
        }
        Cow::Owned(if self.case { text.to_lowercase() } else { text })
    }
}

/// Combining marks of Latin, Greek and Cyrillic letters.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{487}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}')
}

fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        c => c,
    }
}

/// A decimal number without what does not change its value.
fn number(id: &str) -> Option<Cow<'_, str>> {
    let (minus, rest) = match id.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, id.strip_prefix('+').unwrap_or(id)),
    };
    let (whole, part) = rest.split_once('.').unwrap_or((rest, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.len() + part.len() == 0 || !digits(whole) || !digits(part) {
        return None;
    }
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    if part.is_empty() && !whole.is_empty() {
        return Some(if minus { Cow::Owned(format!("-{whole}")) } else { Cow::Borrowed(whole) });
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(Cow::Owned(match part {
        "" => whole.to_owned(),
        part => format!("{}{whole}.{part}", if minus { "-" } else { "" }),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collations_say_what_does_not_count() {
        let table = [
            ("SQL_Latin1_General_CP1_CI_AS", (true, false, true)),
            ("Cyrillic_General_CI_AS", (true, false, true)),
            ("Latin1_General_CS_AS", (false, false, true)),
            ("Latin1_General_100_CI_AI_SC_UTF8", (true, true, true)),
            ("Japanese_CI_AS_KS_WS", (true, false, false)),
            ("Latin1_General_BIN2", (false, false, false)),
            ("Cyrillic_General_BIN", (false, false, false)),
            ("", (false, false, false)),
        ];
        for (name, expected) in table {
            let rules = KeyRules::of_collation(name);
            assert_eq!((rules.case, rules.accents, rules.width), expected, "{name}");
        }
    }

    #[test]
    fn keys_meet_as_the_column_compares() {
        let (ci, ai) = (KeyRules::of_collation("X_CI_AS"), KeyRules::of_collation("X_CI_AI"));
        let number = KeyRules { number: true, ..KeyRules::default() };
        let exact = KeyRules::default();
        let table = [
            (ci, "AB-1", "ab-1", true),
            (exact, "AB-1", "ab-1", false),
            (ci, "ЖАК-1", "жак-1", true),
            (ci, "é", "e", false),
            (ai, "É", "e", true),
            (ai, "й", "Й", true),
            (ci, "ＡＢ-1", "ab-1", true),
            (exact, "ＡＢ-1", "AB-1", false),
            (ci, "1001", "001001", false),
            (number, "1001", "001001", true),
            (number, "1001", "1001.00", true),
            (number, "+1001", "1001", true),
            (number, "-1", "1", false),
            (number, "-0.0", "0", true),
            (number, "0.50", ".5", true),
            (number, "A-1", "a-1", false),
            (number.or(ci), "A-1", "a-1", true),
        ];
        for (rules, a, b, same) in table {
            assert_eq!(rules.key(a) == rules.key(b), same, "{a} {b} {rules:?}");
        }
    }

    #[test]
    fn what_needs_no_folding_is_not_copied() {
        for (rules, id) in [
            (KeyRules::default(), "AB-1"),
            (KeyRules::of_collation("X_CI_AS"), "ab-1"),
            (KeyRules { number: true, ..KeyRules::default() }, "1001"),
            (KeyRules { number: true, canonical: true, ..KeyRules::default() }, "1001.00"),
        ] {
            assert!(matches!(rules.of_row(id), Cow::Borrowed(text) if text == id), "{id}");
        }
    }
}
