//! What a reading has to show besides its products: examples of what looks wrong, and names that were damaged on their way.
//!
//! Pure. A name that is suspected is used all the same: only a person knows whether it is wrong.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::ExternalId;

/// The most examples that are kept.
const KEPT: usize = 20;

/// How many there are, and the first of them in their order, so that examples do not depend on the order of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examples<T: Ord> {
    /// How many there are in all.
    pub count: usize,
    /// Some of them.
    pub first: BTreeSet<T>,
}

impl<T: Ord> Default for Examples<T> {
    fn default() -> Self {
        Self { count: 0, first: BTreeSet::new() }
    }
}

impl<T: Ord> Examples<T> {
    /// Takes one in.
    pub fn add(&mut self, one: T) {
        self.count += 1;
        self.first.insert(one);
        if self.first.len() > KEPT {
            self.first.pop_last();
        }
    }
}

/// A name that looks damaged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suspect {
    /// Whose.
    pub id: ExternalId,
    /// As it is in the source.
    pub name: String,
    /// What is probably meant.
    pub meant: String,
}

/// Names that look damaged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suspects {
    /// Bytes of one code page that were read as another's: `×àé` for `Чай`.
    pub garbled: Examples<Suspect>,
    /// Signs spelt as a web page spells them: `Tea &amp; Coffee`.
    pub entities: Examples<Suspect>,
}

impl Suspects {
    /// How many of so many names look like another code page's, with an example.
    #[must_use]
    pub fn garbled_words(&self, names: usize) -> Option<String> {
        let Suspect { id, name, meant } = self.garbled.first.first()?;
        let count = self.garbled.count;
        let percent = (count * 100).div_ceil(names.max(1));
        Some(format!(
            "{count} of {names} names ({percent} %) look like bytes of one code page that were read as another's, such as {id} {name:?}, which is probably {meant:?}"
        ))
    }

    /// Looks at a name.
    pub(super) fn look(&mut self, id: &str, name: &str) {
        // Every suspect has one of these bytes, and of the others' names few have.
        if !name.bytes().fold(false, |found, b| found | (b == 0xc3) | (b == b'&')) {
            return;
        }
        let suspect = |meant| Some(Suspect { id: ExternalId::parse(id).ok()?, name: name.to_owned(), meant });
        if let Some(one) = entities(name).and_then(suspect) {
            self.entities.add(one);
        }
        if let Some(one) = garbled(name).and_then(suspect) {
            self.garbled.add(one);
        }
    }
}

/// So many accented Latin letters stand side by side in no language that is written with them.
const ROW: usize = 3;

/// What a name was before its bytes were read in another code page, if that is what happened to it.
#[must_use]
pub fn garbled(name: &str) -> Option<String> {
    // UTF-8 read byte by byte: `Ð§Ð°Ð¹`, `CafÃ©`.
    let bytes: Option<Vec<u8>> = name.chars().map(|c| byte_of(c, encoding_rs::WINDOWS_1252)).collect();
    if let Some(text) = bytes.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok())
        && text != name
        && !text.chars().any(char::is_control)
    {
        return Some(text.to_owned());
    }
    // Cyrillic of code page 1251 read as Western European: `×àé`, `Êîôå`.
    let letters = name
        .chars()
        .map(|c| matches!(c, '\u{c0}'..='\u{ff}' | '\u{a8}' | '\u{b8}' | '³' | '¿' | 'º' | 'ª' | '¯' | '²'));
    let (mut row, mut longest) = (0, 0);
    for letter in letters {
        row = if letter { row + 1 } else { 0 };
        longest = longest.max(row);
    }
    if longest < ROW {
        return None;
    }
    let read = |c: char| {
        byte_of(c, encoding_rs::WINDOWS_1252).map_or_else(
            || c.to_string(),
            |byte| encoding_rs::WINDOWS_1251.decode_without_bom_handling(&[byte]).0.into_owned(),
        )
    };
    Some(name.chars().map(read).collect())
}

fn byte_of(c: char, page: &'static encoding_rs::Encoding) -> Option<u8> {
    if c.is_ascii() {
        return u8::try_from(c).ok();
    }
    let mut utf8 = [0; 4];
    match page.encode(c.encode_utf8(&mut utf8)) {
        (bytes, _, false) => match *bytes {
            [byte] => Some(byte),
            _ => None,
        },
        _ => None,
    }
}

/// A name with its HTML entities read, if it has any.
#[must_use]
pub fn entities(name: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = name;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        out += before;
        let read = from.find(';').filter(|end| *end <= 10).and_then(|end| Some((entity(&from[1..end])?, end)));
        let (sign, behind) = read.map_or((Cow::Borrowed("&"), 1), |(sign, end)| (sign, end + 1));
        out += &sign;
        rest = &from[behind..];
    }
    out += rest;
    (out != name).then_some(out)
}

fn entity(name: &str) -> Option<Cow<'static, str>> {
    const NAMED: [(&str, &str); 18] = [
        ("amp", "&"),
        ("quot", "\""),
        ("apos", "'"),
        ("lt", "<"),
        ("gt", ">"),
        ("nbsp", "\u{a0}"),
        ("laquo", "«"),
        ("raquo", "»"),
        ("ndash", "–"),
        ("mdash", "—"),
        ("deg", "°"),
        ("reg", "®"),
        ("trade", "™"),
        ("copy", "©"),
        ("times", "×"),
        ("euro", "€"),
        ("frac12", "½"),
        ("hellip", "…"),
    ];
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        let sign = code.ok().and_then(char::from_u32).filter(|c| !c.is_control())?;
        return Some(Cow::Owned(sign.to_string()));
    }
    NAMED.iter().find(|(word, _)| word.eq_ignore_ascii_case(name)).map(|(_, sign)| Cow::Borrowed(*sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_another_code_page_are_told() {
        for (name, meant) in [
            ("×àé", "Чай"),
            ("Êîôå 250 ã", "Кофе 250 г"),
            ("Ñàõàð-ïåñîê «Ðóññêèé» 1 êã", "Сахар-песок «Русский» 1 кг"),
            ("¸ëêà", "ёлка"),
            ("Ð§Ð°Ð¹ Ð·ÐµÐ»Ñ‘Ð½Ñ‹Ð¹", "Чай зелёный"),
            ("CafÃ© crÃ¨me", "Café crème"),
        ] {
            assert_eq!(garbled(name).as_deref(), Some(meant), "{name}");
        }
    }

    #[test]
    fn names_of_other_languages_are_not() {
        for name in [
            "Чай зелёный 100 г",
            "Café crème brûlée",
            "Ärzteöl",
            "Smörgås",
            "Crème fraîche épaisse créée",
            "Säästöpossu",
            "Œuf à la coque",
            "Pão de açúcar, porções",
            "日本茶",
            "Größe 40 × 60",
            "Tea & Coffee",
            "M&M's",
            "Ölüdeniz çayı",
            "Þórsmörk",
        ] {
            assert_eq!(garbled(name), None, "{name}");
            assert_eq!(entities(name), None, "{name}");
        }
    }

    #[test]
    fn entities_are_read() {
        for (name, meant) in [
            ("Tea &amp; Coffee", "Tea & Coffee"),
            ("&quot;Русский&quot; сахар", "\"Русский\" сахар"),
            ("M&#39;s &#x27;x&#X27;", "M's 'x'"),
            ("A&nbsp;B", "A\u{a0}B"),
            ("AT&T &lt;new&gt;; 1 & 2;", "AT&T <new>; 1 & 2;"),
        ] {
            assert_eq!(entities(name).as_deref(), Some(meant), "{name}");
        }
        for name in ["AT&T", "R&D; more", "&;", "&#0;", "&amp", "&unknown;", "a&"] {
            assert_eq!(entities(name), None, "{name}");
        }
    }

    #[test]
    fn examples_do_not_depend_on_the_order() {
        let of = |numbers: &mut dyn Iterator<Item = u32>| {
            let mut out = Examples::default();
            numbers.for_each(|n| out.add(n));
            out
        };
        let (up, down) = (of(&mut (0..100)), of(&mut (0..100).rev()));
        assert_eq!(up, down);
        assert_eq!((up.count, up.first.len()), (100, KEPT));
    }
}
