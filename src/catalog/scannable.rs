//! Which texts of a barcode column are codes, which are none, and which no scanner ever sends: those are named with the code
//! that is probably meant, and not written.
//!
//! Letters with hyphens, blanks and dots are codes (Code 39 and Code 128 carry them); a number in groups is not, when it is a
//! GTIN or an ISBN without them. One number in ten has a right check digit by chance, so where a shop has numbers of its own
//! in that form, the share of right ones among them tells the two apart: see [`Tally`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::barcode::{check_digit, clean, is_invisible, says_nothing};
use super::{Barcode, CheckDigit, CodeKey, Flaw, code_point, flaw};

/// Fewer significant digits than a GTIN-8 that lost a zero are a shop's own number: `17` and `017` may well be two.
pub(crate) const FEWEST: usize = 7;

/// What people write where there is no code, in no particular case; signs and zeros alone are none in any case.
pub const PLACEHOLDERS: [&str; 14] = [
    "N/A",
    "NA",
    "none",
    "null",
    "nil",
    "unknown",
    "no barcode",
    "without barcode",
    "нет",
    "н/д",
    "б/н",
    "без штрихкода",
    "без штрих-кода",
    "отсутствует",
];

/// What counts as a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BarcodeFormat {
    /// What a scanner sends.
    #[default]
    Scannable,
    /// Any text.
    Any,
}

/// How a source's barcode column is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRules {
    format: BarcodeFormat,
    /// In lower case.
    placeholders: Arc<[Box<str>]>,
    /// A bit for each length, in bytes, that a placeholder has.
    lengths: u64,
}

impl Default for CodeRules {
    fn default() -> Self {
        Self::new(BarcodeFormat::default(), PLACEHOLDERS)
    }
}

/// What a text of a barcode column is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// A code.
    Code(Cow<'a, str>),
    /// Nothing was there.
    Empty,
    /// It says that there is no code.
    Placeholder,
    /// No scanner sends it.
    Odd(Odd),
    /// A number in a form that GTINs and a shop's own numbers have; the meaning if it is a GTIN.
    Doubtful(Form, Cow<'a, str>, Option<Odd>),
}

/// A text that no scanner sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Odd {
    /// As it stands there, without what nobody sees.
    pub text: String,
    /// What is wrong with it.
    pub why: Why,
    /// The codes that are probably meant.
    pub meant: Vec<Barcode>,
}

/// Why no scanner sends a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// More than [`Barcode::MAX_LEN`] characters.
    TooLong,
    /// A control character, or what a decoder puts in the place of damage.
    Character(char),
    /// `'4006381333931`
    Apostrophe,
    /// `*4006381333931*`, `"4006381333931"`, `4006381333931;`
    Around,
    /// `EAN 4006381333931`
    Label,
    /// `4006381333931;4006381333948`
    Several,
    /// `4.00638E+12`
    Exponent,
    /// `4006381333931.00`
    Decimals,
    /// `978-3-16-148410-0`, `4 006381 333931`
    Groups,
    /// Digits, hyphens or blanks other than those of ASCII.
    Letters,
    /// `36000291452` for `036000291452`
    LostZeros,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "more than {} characters", Barcode::MAX_LEN),
            Self::Character(c) => write!(f, "{} in it", code_point(*c)),
            Self::Apostrophe => f.write_str("an apostrophe before it, as spreadsheets mark text"),
            Self::Around => f.write_str("signs around it"),
            Self::Label => f.write_str("the kind of code before it"),
            Self::Several => f.write_str("several codes in one field"),
            Self::Exponent => f.write_str("a number with an exponent, which has lost digits"),
            Self::Decimals => f.write_str("a number with decimals"),
            Self::Groups => f.write_str("a GTIN or ISBN in groups of digits, which a scanner sends without"),
            Self::Letters => f.write_str("digits, hyphens or blanks of another alphabet"),
            Self::LostZeros => f.write_str("a GTIN that lost its leading zeros"),
        }
    }
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.text.chars().take(80).collect();
        write!(f, "the barcode {shown:?} is {}", Shown(self.why))?;
        match self.meant.as_slice() {
            [] => f.write_str("; no scanner sends it so, and it is not written"),
            meant => {
                let meant: Vec<&str> = meant.iter().map(Barcode::as_str).collect();
                write!(f, "; probably {} is meant; it is not written", meant.join(" and "))
            }
        }
    }
}

impl Odd {
    /// What is wrong and what is meant, without the text.
    #[must_use]
    pub fn short(&self) -> String {
        let meant: Vec<&str> = self.meant.iter().map(Barcode::as_str).collect();
        let meant =
            if meant.is_empty() { String::new() } else { format!("; probably {} is meant", meant.join(" and ")) };
        format!("it is {}{meant}", Shown(self.why))
    }
}

/// `a text with …` where the reason is about a part.
struct Shown(Why);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = matches!(
            self.0,
            Why::TooLong | Why::Character(_) | Why::Apostrophe | Why::Around | Why::Label | Why::Letters
        );
        write!(f, "{}{}", if part { "a text with " } else { "" }, self.0)
    }
}

/// A form of numbers in which one in ten is a GTIN by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// So many digits, fewer than the next GTIN has.
    Short(usize),
    /// So many digits in groups.
    Groups(usize),
}

/// How many texts have a form, and how many of them would be GTINs.
#[derive(Debug, Clone, Default)]
pub struct Tally(BTreeMap<Form, (usize, usize)>);

impl Tally {
    /// Takes one in.
    pub fn count(&mut self, form: Form, fits: bool) {
        let (all, fitting) = self.0.entry(form).or_default();
        *all += 1;
        *fitting += usize::from(fits);
    }

    /// Are texts of this form GTINs, rather than a shop's own numbers? By chance it is a tenth of them.
    #[must_use]
    pub fn are_gtins(&self, form: Form) -> bool {
        self.0.get(&form).is_some_and(|(all, fitting)| fitting * 2 >= *all)
    }
}

impl CodeRules {
    /// Rules with these placeholders in the place of [`PLACEHOLDERS`].
    #[must_use]
    pub fn new<'p>(format: BarcodeFormat, placeholders: impl IntoIterator<Item = &'p str>) -> Self {
        let lower = |text: &str| clean(text).to_lowercase().into_boxed_str();
        let placeholders: Arc<[Box<str>]> = placeholders.into_iter().map(lower).collect();
        let lengths = placeholders.iter().fold(0, |bits, text| bits | length(text));
        Self { format, placeholders, lengths }
    }

    /// What a text is.
    #[must_use]
    pub fn judge<'a>(&self, text: &'a str) -> Verdict<'a> {
        let text = clean(text);
        let gtin = matches!(text.len(), 8 | 12 | 13 | 14) && text.bytes().all(|b| b.is_ascii_digit());
        if self.lengths & length(&text) != 0 && self.placeholders.iter().any(|word| is_word(&text, word)) {
            return Verdict::Placeholder;
        }
        if says_nothing(&text) {
            return match unusable(&text) {
                // What is damaged may have said something.
                Some(why) => Verdict::Odd(Odd { text: text.into_owned(), why, meant: Vec::new() }),
                None if text.is_empty() => Verdict::Empty,
                None => Verdict::Placeholder,
            };
        }
        if gtin {
            return Verdict::Code(text);
        }
        if self.format == BarcodeFormat::Any {
            return match unusable(&text) {
                None => Verdict::Code(text),
                Some(why) => Verdict::Odd(Odd { text: text.into_owned(), why, meant: Vec::new() }),
            };
        }
        self.scannable(text)
    }

    fn scannable<'a>(&self, text: Cow<'a, str>) -> Verdict<'a> {
        let odd = |why, meant| Verdict::Odd(Odd { text: text.clone().into_owned(), why, meant });
        if let Some(parts) = several(&text) {
            // What was too long was cut when it was read.
            let whole = if unusable(&text) == Some(Why::TooLong) { parts.len() - 1 } else { parts.len() };
            let meant = parts[..whole].iter().flat_map(|part| self.meant(part)).collect();
            return odd(Why::Several, meant);
        }
        if let Some(why) = unusable(&text) {
            let rest: String = text.chars().filter(|c| !c.is_control()).collect();
            return odd(why, if rest == *text { Vec::new() } else { self.meant(&rest) });
        }
        if let Some(rest) = text.strip_prefix(['\'', '’', '‘', '`', '´', 'ʼ']) {
            return odd(Why::Apostrophe, self.meant(rest));
        }
        if let Some(rest) = bare(&text) {
            return odd(Why::Around, self.meant(rest));
        }
        if let Some(meant) = labelled(&text).map(|rest| self.meant(rest)).filter(|m| m.iter().any(is_gtin)) {
            return odd(Why::Label, meant);
        }
        if let Some(number) = exponent(&text) {
            return odd(Why::Exponent, self.gtin(&number));
        }
        if let Some(whole) = decimals(&text) {
            return odd(Why::Decimals, self.meant(whole));
        }
        let plain = folded(&text);
        if let Some((digits, grouped)) = digits(&plain) {
            let form = if grouped { Form::Groups(digits.len()) } else { Form::Short(digits.len()) };
            let isbn = grouped.then(|| of_isbn_10(&digits)).flatten();
            let meant = match (grouped, digits.len()) {
                (true, 8 | 12 | 13 | 14) => self.gtin(&digits),
                (true, 10) => isbn.into_iter().collect(),
                (false, 7) => self.gtin(&format!("0{digits}")),
                (false, 9..=11) => self.gtin(&format!("{digits:0>12}")),
                _ => Vec::new(),
            };
            let known = matches!((grouped, digits.len()), (true, 8 | 10 | 12 | 13 | 14) | (false, 7 | 9..=11));
            if known && plain == text {
                let why = if grouped { Why::Groups } else { Why::LostZeros };
                let fits = (!meant.is_empty()).then(|| Odd { text: text.clone().into_owned(), why, meant });
                return Verdict::Doubtful(form, text, fits);
            }
            if plain != text && !meant.is_empty() {
                return odd(Why::Letters, meant);
            }
        }
        if plain != text {
            let meant = self.meant(&plain);
            return odd(Why::Letters, meant);
        }
        Verdict::Code(text)
    }

    /// The codes that a part of a text, or a text with less around it, stands for.
    fn meant(&self, text: &str) -> Vec<Barcode> {
        match self.judge(text) {
            Verdict::Code(code) => Barcode::parse(&code).ok().flatten().into_iter().collect(),
            Verdict::Odd(odd) => odd.meant,
            Verdict::Doubtful(Form::Groups(_), _, Some(odd)) => odd.meant,
            Verdict::Doubtful(_, text, _) => Barcode::parse(&text).ok().flatten().into_iter().collect(),
            Verdict::Empty | Verdict::Placeholder => Vec::new(),
        }
    }

    fn gtin(&self, digits: &str) -> Vec<Barcode> {
        let code = Barcode::parse(digits).ok().flatten();
        code.filter(is_gtin).into_iter().collect()
    }
}

/// Is it this word, which is in lower case?
fn is_word(text: &str, word: &str) -> bool {
    if text.is_ascii() { text.eq_ignore_ascii_case(word) } else { text.to_lowercase() == word }
}

/// The keys of all that a text in Odoo's barcode field may be meant as, its own before the others.
#[must_use]
pub fn readings(text: &str) -> Vec<CodeKey> {
    let mut keys = vec![CodeKey::of(text)];
    if let Verdict::Odd(odd) | Verdict::Doubtful(_, _, Some(odd)) = CodeRules::default().judge(text) {
        keys.extend(odd.meant.iter().map(Barcode::key));
    }
    keys
}

/// A text without all that may stand between letters and digits. PostgreSQL squeezes in the same way, see `squeezed` in
/// `odoo/procedures/prelude.py`.
#[must_use]
pub fn squeezed(text: &str) -> String {
    let between =
        |c: char| (c < '\u{c0}' && !c.is_ascii_alphanumeric()) || c.is_whitespace() || is_invisible(c) || is_mark(c);
    text.replace(between, "")
}

/// Marks of Unicode's general punctuation.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{2000}'..='\u{206f}' | '\u{2212}' | '\u{3000}')
}

/// What a writing of this code that no scanner sends may come to when it is squeezed.
#[must_use]
pub fn forms(code: &str) -> Vec<String> {
    let plain = squeezed(code);
    let mut out = Vec::new();
    if check_digit(&plain) == CheckDigit::Valid {
        out.extend((1..=4).map(|zeros| format!("{plain}{}", "0".repeat(zeros))));
        let isbn = plain.get(3..12).filter(|_| plain.len() == 13 && plain.starts_with("978"));
        let ends = "0123456789Xx".chars();
        out.extend(
            isbn.into_iter()
                .flat_map(|body| ends.clone().map(move |c| format!("{body}{c}")))
                .filter(|isbn| of_isbn_10(isbn).is_some()),
        );
    }
    out.push(plain);
    out.retain(|form| !form.is_empty());
    out
}

fn is_gtin(code: &Barcode) -> bool {
    code.check_digit() == CheckDigit::Valid
}

fn length(text: &str) -> u64 {
    1 << (text.len() % 64)
}

/// What no text may be, whoever made it.
fn unusable(text: &str) -> Option<Why> {
    match flaw(text, Barcode::MAX_LEN)? {
        Flaw::TooLong => Some(Why::TooLong),
        Flaw::Character(c) => Some(Why::Character(c)),
    }
}

/// The parts of a list of codes: semicolons, bars and lines part any texts, other signs only long numbers.
fn several(text: &str) -> Option<Vec<&str>> {
    let parts = |between: fn(char) -> bool| -> Vec<&str> {
        text.split(between).map(str::trim).filter(|part| !part.is_empty()).collect()
    };
    let strong =
        parts(|c| matches!(c, ';' | '|' | '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'));
    if strong.len() > 1 {
        return Some(strong);
    }
    let weak = parts(|c| c.is_whitespace() || matches!(c, ',' | '/' | '\\' | '+' | '&' | ';' | '|'));
    let long = |part: &&str| part.len() >= 8 && part.bytes().all(|b| b.is_ascii_digit());
    (weak.len() > 1 && weak.iter().all(long)).then_some(weak)
}

/// The text without quotation marks, the stars of a Code 39, or what is left of a list.
fn bare(text: &str) -> Option<&str> {
    let stars = text.strip_prefix('*').and_then(|rest| rest.strip_suffix('*'));
    let rest = stars.unwrap_or_else(|| text.trim_matches(['"', '“', '”', '„', '«', '»', ';', '|', ',']));
    (rest.len() < text.len()).then_some(rest)
}

/// What stands behind the word that says which kind of code it is.
fn labelled(text: &str) -> Option<&str> {
    const WORDS: [&str; 12] =
        ["ISBN-13", "ISBN-10", "ISBN", "GTIN-13", "GTIN-14", "GTIN", "EAN-13", "EAN13", "EAN", "UPC-A", "UPC", "ШК"];
    let head = |word: &&str| text.get(..word.len()).is_some_and(|head| head.to_uppercase() == **word);
    let word = WORDS.iter().find(|word| head(word))?;
    Some(text[word.len()..].trim_start_matches([':', '.', '#', '№', ' ', '-']))
}

/// The number of a text with an exponent, written out. Without a sign or a decimal point it may be an article's number.
fn exponent(text: &str) -> Option<String> {
    let (mantissa, power) = text.split_once(['E', 'e'])?;
    let (whole, part) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let marked = power.starts_with('+') || whole.len() < mantissa.len();
    let power = power.strip_prefix('+').unwrap_or(power);
    if !marked || whole.is_empty() || power.is_empty() || !digits(whole) || !digits(part) || !digits(power) {
        return None;
    }
    // Which digits stood where none are written any more, nobody knows.
    Some(if power.parse() == Ok(part.len()) { format!("{whole}{part}") } else { String::new() })
}

/// The whole number before `.00`.
fn decimals(text: &str) -> Option<&str> {
    let (whole, part) = text.split_once(['.', ','])?;
    let zeros = !part.is_empty() && part.bytes().all(|b| b == b'0');
    (zeros && !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit())).then_some(whole)
}

/// Digits, hyphens and blanks of other alphabets, and wide letters, as ASCII has them.
fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let fold = |c: char| match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => '-',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{660}'..='\u{669}' => char::from_digit(u32::from(c) - 0x660, 10).unwrap_or(c),
        '\u{6f0}'..='\u{6f9}' => char::from_digit(u32::from(c) - 0x6f0, 10).unwrap_or(c),
        c if c.is_whitespace() => ' ',
        c => c,
    };
    Cow::Owned(text.chars().map(fold).collect())
}

/// The digits of a number, and whether something stands between them; the last one of an ISBN-10 may be an X.
fn digits(text: &str) -> Option<(String, bool)> {
    let between = |c: char| matches!(c, '-' | ' ' | '.' | ',' | '\'' | '_' | '/');
    let digits: String = text.chars().filter(|c| !between(*c)).collect();
    let grouped = digits.len() < text.len();
    let body = if grouped { digits.strip_suffix(['X', 'x']).unwrap_or(&digits) } else { &digits };
    (!body.is_empty() && body.bytes().all(|b| b.is_ascii_digit())).then_some((digits, grouped))
}

/// The EAN-13 of an ISBN-10.
fn of_isbn_10(text: &str) -> Option<Barcode> {
    let weigh = |(at, c): (usize, char)| {
        let value = if matches!(c, 'X' | 'x') && at == 9 { Some(10) } else { c.to_digit(10) };
        value.map(|v| v * (10 - u32::try_from(at).unwrap_or_default()))
    };
    if text.len() != 10 {
        return None;
    }
    let sum: u32 = text.chars().enumerate().map(weigh).sum::<Option<u32>>()?;
    if !sum.is_multiple_of(11) {
        return None;
    }
    let body = format!("978{}", &text[..9]);
    let ean = ('0'..='9').map(|digit| format!("{body}{digit}")).find(|ean| check_digit(ean) == CheckDigit::Valid);
    ean.and_then(|ean| Barcode::parse(&ean).ok().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(text: &str) -> (String, Vec<String>) {
        let all = |odd: &Odd| odd.meant.iter().map(ToString::to_string).collect();
        match CodeRules::default().judge(text) {
            Verdict::Code(code) => (format!("code {code}"), Vec::new()),
            Verdict::Empty => ("empty".to_owned(), Vec::new()),
            Verdict::Placeholder => ("placeholder".to_owned(), Vec::new()),
            Verdict::Odd(odd) => (format!("{:?}", odd.why), all(&odd)),
            Verdict::Doubtful(_, text, None) => (format!("code {text}"), Vec::new()),
            Verdict::Doubtful(_, _, Some(odd)) => (format!("{:?}?", odd.why), all(&odd)),
        }
    }

    #[test]
    fn codes_are_codes() {
        for text in [
            "4006381333931",
            "4006381333932",
            "73513537",
            "036000291452",
            "AB-123",
            "AB 12",
            "ab.12/7",
            "12-34",
            "A+B",
            "12E4",
            "1E-5",
            "100.20",
            "10/20",
            "702.758.14",
            "x",
            "17",
            "0017",
            "9",
            "1234567890123456",
            "A;B-".trim_end_matches(";B-"),
            "ЛУ-12",
            "$17%",
            "978",
            "EAN-ABC",
            "X-316148410",
            "2100001000000",
        ] {
            assert_eq!(judge(text), (format!("code {text}"), Vec::new()));
        }
    }

    #[test]
    fn what_says_that_there_is_none_is_none() {
        for text in
            ["0", "000000", "-", "—", "n/a", "N/A", " None ", "нет", "Нет", "0.00", "...", "*", "\u{200b}0", "'0"]
        {
            let kind = judge(text);
            assert!(kind.0 == "placeholder" || kind == ("Apostrophe".to_owned(), vec![]), "{text}: {kind:?}");
        }
        assert_eq!(judge(" \u{a0}\u{feff}").0, "empty");
        let own = CodeRules::new(BarcodeFormat::Scannable, ["1234567890123", "Fehlt"]);
        assert_eq!(own.judge("1234567890123"), Verdict::Placeholder);
        assert_eq!(own.judge("FEHLT"), Verdict::Placeholder);
        assert_eq!(own.judge("N/A"), Verdict::Code("N/A".into()));
    }

    #[test]
    fn what_no_scanner_sends_is_named_with_what_is_meant() {
        let table: [(&str, &str, &[&str]); 38] = [
            ("978-3-16-148410-0", "Groups?", &["9783161484100"]),
            ("978 3 16 148410 0", "Groups?", &["9783161484100"]),
            ("978–3–16–148410–0", "Letters", &["9783161484100"]),
            ("3-16-148410-X", "Groups?", &["9783161484100"]),
            ("4 006381 333931", "Groups?", &["4006381333931"]),
            ("4.006.381.333.931", "Groups?", &["4006381333931"]),
            ("0-36000-29145-2", "Groups?", &["036000291452"]),
            ("7351-3537", "Groups?", &["73513537"]),
            ("4006381\u{a0}333931", "Letters", &["4006381333931"]),
            ("4.00638E+12", "Exponent", &[]),
            ("4,00638e+12", "Exponent", &[]),
            ("4.006381333931E12", "Exponent", &["4006381333931"]),
            ("4E+12", "Exponent", &[]),
            ("'4006381333931", "Apostrophe", &["4006381333931"]),
            ("’AB-1", "Apostrophe", &["AB-1"]),
            ("'978-3-16-148410-0", "Apostrophe", &["9783161484100"]),
            ("*AB123*", "Around", &["AB123"]),
            ("\"4006381333931\"", "Around", &["4006381333931"]),
            ("4006381333931;", "Around", &["4006381333931"]),
            ("4006381333931;4006381333948", "Several", &["4006381333931", "4006381333948"]),
            ("4006381333931 / 4006381333948", "Several", &["4006381333931", "4006381333948"]),
            ("4006381333931,4006381333948", "Several", &["4006381333931", "4006381333948"]),
            ("4006381333931\n4006381333948", "Several", &["4006381333931", "4006381333948"]),
            ("4006381333931 4006381333948", "Several", &["4006381333931", "4006381333948"]),
            ("A-1|A-2", "Several", &["A-1", "A-2"]),
            ("4006381333931.00", "Decimals", &["4006381333931"]),
            ("4006381333931,0", "Decimals", &["4006381333931"]),
            ("17.00", "Decimals", &["17"]),
            ("36000291452", "LostZeros?", &["036000291452"]),
            ("1234565", "LostZeros?", &["01234565"]),
            ("40063\u{1}81333931", "Character('\\u{1}')", &["4006381333931"]),
            ("40063\u{fffd}81333931", "Character('�')", &[]),
            ("ISBN 978-3-16-148410-0", "Label", &["9783161484100"]),
            ("EAN:4006381333931", "Label", &["4006381333931"]),
            ("４００６３８１３３３９３１", "Letters", &["4006381333931"]),
            ("AB\u{a0}12", "Letters", &["AB 12"]),
            ("AB–12", "Letters", &["AB-12"]),
            ("\u{200b}978-3-16-148410-0\u{a0}", "Groups?", &["9783161484100"]),
        ];
        for (text, kind, meant) in table {
            let meant: Vec<String> = meant.iter().map(|m| (*m).to_owned()).collect();
            assert_eq!(judge(text), (kind.to_owned(), meant), "{text:?}");
        }
        let long = format!("{};{}", "4006381333931;".repeat(4), "40063813");
        assert_eq!(judge(&long).1, ["4006381333931"; 4], "what was cut is no code");
    }

    #[test]
    fn any_text_is_a_code_where_that_is_asked_for() {
        let any = CodeRules::new(BarcodeFormat::Any, PLACEHOLDERS);
        for text in ["978-3-16-148410-0", "'1", "36000291452", "1;2", "1.00"] {
            assert_eq!(any.judge(text), Verdict::Code(text.into()));
        }
        assert_eq!(any.judge("0"), Verdict::Placeholder);
        assert!(matches!(any.judge("1\u{0}2"), Verdict::Odd(_)));
    }

    #[test]
    fn a_shops_own_numbers_are_told_from_gtins() {
        let mut tally = Tally::default();
        (0..1000).for_each(|n| tally.count(Form::Short(7), n % 10 == 0));
        (0..10).for_each(|n| tally.count(Form::Short(11), n != 0));
        assert!(!tally.are_gtins(Form::Short(7)) && tally.are_gtins(Form::Short(11)));
        assert!(!tally.are_gtins(Form::Groups(13)));
    }

    #[test]
    fn odd_writings_are_found_and_read() {
        for (odd, code) in [
            ("978-3-16-148410-0", "9783161484100"),
            ("3-16-148410-X", "9783161484100"),
            ("'AB-1", "AB-1"),
            ("4006381333931.00", "4006381333931"),
            ("4006381\u{a0}333931\u{200b}", "4006381333931"),
            ("\u{2066}ЛУ-12\u{2069} ", "ЛУ-12"),
        ] {
            assert!(forms(code).contains(&squeezed(odd)), "{odd}: {}", squeezed(odd));
            let key = CodeKey::of(code);
            assert!(readings(odd).contains(&key), "{odd}");
        }
        assert!(
            !readings("AB1").contains(&CodeKey::of("AB-1")),
            "another code, though both come to the same when squeezed"
        );
        assert!(readings("36000291452").contains(&CodeKey::of("036000291452")));
    }

    #[test]
    fn the_message_says_what_is_meant() {
        let told = |text: &str| match CodeRules::default().judge(text) {
            Verdict::Odd(odd) | Verdict::Doubtful(_, _, Some(odd)) => odd.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            told("978-3-16-148410-0"),
            "the barcode \"978-3-16-148410-0\" is a GTIN or ISBN in groups of digits, which a scanner sends without; \
             probably 9783161484100 is meant; it is not written"
        );
        assert_eq!(
            told("4.00638E+12"),
            "the barcode \"4.00638E+12\" is a number with an exponent, which has lost digits; no scanner sends it so, and it \
             is not written"
        );
        assert!(told("'AB-1").contains("is a text with an apostrophe before it"));
    }
}
