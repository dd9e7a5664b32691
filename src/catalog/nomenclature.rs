//! The company's barcode nomenclature: which codes carry a weight or a price, and what Odoo looks for when one is scanned.
//!
//! Pure. As `barcode.nomenclature` does it (`parse_barcode`, `match_pattern`): the rules are tried in their order, the digits
//! of the value become zeros, and of an EAN-13 or UPC-A the check digit is computed anew.

use std::fmt;

use super::CheckDigit;
use super::barcode::check_digit;

/// How a rule says that codes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// In any way.
    Any,
    /// An EAN-13 with a right check digit.
    Ean13,
    /// An EAN-8 with a right check digit.
    Ean8,
    /// A UPC-A with a right check digit.
    UpcA,
}

impl Encoding {
    /// The encoding with this word; `None` for those that are no codes of articles (GS1-128).
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "any" => Some(Self::Any),
            "ean13" => Some(Self::Ean13),
            "ean8" => Some(Self::Ean8),
            "upca" => Some(Self::UpcA),
            _ => None,
        }
    }

    fn fits(self, code: &str) -> bool {
        let len = match self {
            Self::Any => return true,
            Self::Ean13 => 13,
            Self::Ean8 => 8,
            Self::UpcA => 12,
        };
        code.len() == len && check_digit(code) == CheckDigit::Valid
    }
}

/// A rule of a nomenclature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Which codes it is about.
    pub encoding: Encoding,
    /// `product`, `weight`, `price`, `client` …
    pub kind: String,
    /// `21.....{NNDDD}`: a regular expression, with the place of a value in braces.
    pub pattern: String,
}

/// All rules that count for the company: those of each of its nomenclatures, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nomenclature(Vec<Vec<Rule>>);

/// Why Odoo does not find a product by its code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Other {
    /// It looks for another one.
    Code {
        /// That one.
        code: String,
        /// The rule's pattern.
        pattern: String,
    },
    /// It takes the code for no product's.
    Kind {
        /// But for this.
        kind: String,
        /// The rule's pattern.
        pattern: String,
    },
}

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code { code, pattern } => {
                write!(f, "by the rule {pattern} Odoo looks for {code} when a label of this article is scanned")
            }
            Self::Kind { kind, pattern } => {
                write!(
                    f,
                    "by the rule {pattern} Odoo takes it for a barcode of the kind {kind:?}, and looks for no product"
                )
            }
        }
    }
}

impl Nomenclature {
    /// Nomenclatures, each with its rules in their order. Without a rule about values they say nothing about articles.
    #[must_use]
    pub fn new(nomenclatures: Vec<Vec<Rule>>) -> Self {
        Self(nomenclatures.into_iter().filter(|rules| rules.iter().any(|rule| rule.value().is_some())).collect())
    }

    /// Are there no rules about values?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What Odoo looks for in the place of a product's code; `None` when it finds that.
    #[must_use]
    pub fn looks_for(&self, code: &str) -> Option<Other> {
        self.0.iter().find_map(|rules| scanned(rules, code))
    }
}

impl Rule {
    /// Where the value stands in the pattern, without its braces.
    fn value(&self) -> Option<(usize, usize)> {
        let start = self.pattern.find('{')?;
        let len = self.pattern[start + 1..].find('}')?;
        let inner = &self.pattern[start + 1..start + 1 + len];
        let digits = inner.trim_start_matches('N').trim_start_matches('D').is_empty();
        (digits && len > 0).then_some((start, len))
    }

    /// The code with zeros for its value, if the rule is about it.
    fn base(&self, code: &str) -> Option<String> {
        let (base, pattern) = match self.value() {
            None => (code.to_owned(), self.pattern.clone()),
            Some((start, len)) => {
                let (before, behind) = (&code[..start.min(code.len())], code.get(start + len..).unwrap_or_default());
                let pattern = [&self.pattern[..start], &"0".repeat(len), &self.pattern[start + len + 2..]].concat();
                ([before, &"0".repeat(len), behind].concat(), pattern)
            }
        };
        let head: String = base.chars().take(pattern.chars().count()).collect();
        matches(&pattern, &head).then_some(base)
    }
}

fn scanned(rules: &[Rule], code: &str) -> Option<Other> {
    if !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // What a scanner sends has a right check digit.
    let sent = if check_digit(code) == CheckDigit::Wrong { with_check_digit(code) } else { code.to_owned() };
    for rule in rules.iter().filter(|rule| rule.encoding.fits(&sent)) {
        let Some(base) = rule.base(&sent) else { continue };
        let pattern = rule.pattern.clone();
        let valued = rule.value().is_some();
        let of_article = matches!(rule.kind.as_str(), "product" | "weight" | "price" | "discount");
        return match rule.kind.as_str() {
            // Another code takes its place, and the rules go on with that.
            "alias" => None,
            _ if !of_article => Some(Other::Kind { kind: rule.kind.clone(), pattern }),
            _ if !valued => None,
            _ => {
                let base = match rule.encoding {
                    Encoding::Ean13 => with_check_digit(&format!("{base:0>13}")[..13]),
                    Encoding::UpcA => with_check_digit(&format!("0{base:0>12}")[..13])[1..].to_owned(),
                    Encoding::Any | Encoding::Ean8 => base,
                };
                (base != code).then_some(Other::Code { code: base, pattern })
            }
        };
    }
    None
}

fn with_check_digit(code: &str) -> String {
    let body = &code[..code.len() - 1];
    let right = ('0'..='9').map(|digit| format!("{body}{digit}")).find(|code| check_digit(code) == CheckDigit::Valid);
    right.unwrap_or_else(|| code.to_owned())
}

/// Does a text begin with what the expression says? What patterns of nomenclatures are made of: characters, `.`, `\d`, classes
/// in brackets, each perhaps with `*`, `+` or `?`, and alternatives. Anything else matches nothing.
fn matches(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    pattern.split('|').any(|one| atoms(one).is_some_and(|atoms| begins(&atoms, &text)))
}

#[derive(Debug)]
enum One {
    Any,
    Char(char),
    Class(Vec<(char, char)>, bool),
}

impl One {
    fn is(&self, c: char) -> bool {
        match self {
            Self::Any => true,
            Self::Char(own) => *own == c,
            Self::Class(ranges, not) => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *not,
        }
    }
}

/// What may come, and how often at least and at most.
fn atoms(pattern: &str) -> Option<Vec<(One, usize, usize)>> {
    let mut chars = pattern.trim_start_matches('^').chars().peekable();
    let mut out = Vec::new();
    while let Some(c) = chars.next() {
        let one = match c {
            '.' => One::Any,
            '\\' => match chars.next()? {
                'd' => One::Class(vec![('0', '9')], false),
                c if c.is_alphanumeric() => return None,
                c => One::Char(c),
            },
            '[' => {
                let not = chars.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                loop {
                    let from = match chars.next()? {
                        ']' => break,
                        '\\' => return None,
                        from => from,
                    };
                    let to = if chars.next_if_eq(&'-').is_some() { chars.next()? } else { from };
                    ranges.push((from, to));
                }
                One::Class(ranges, not)
            }
            '(' | ')' | '{' | '}' | '*' | '+' | '?' | '$' | '^' => return None,
            c => One::Char(c),
        };
        let (least, most) = match chars.peek() {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            _ => (1, 1),
        };
        if (least, most) != (1, 1) {
            chars.next();
        }
        out.push((one, least, most));
    }
    Some(out)
}

fn begins(atoms: &[(One, usize, usize)], text: &[char]) -> bool {
    let Some(((one, least, most), rest)) = atoms.split_first() else { return true };
    let run = text.iter().take_while(|c| one.is(**c)).take(*most).count();
    (*least..=run).rev().any(|n| begins(rest, &text[n..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(encoding: Encoding, kind: &str, pattern: &str) -> Rule {
        Rule { encoding, kind: kind.to_owned(), pattern: pattern.to_owned() }
    }

    /// The rules that Point of Sale brings along.
    fn shop() -> Nomenclature {
        use Encoding::{Any, Ean13};
        Nomenclature::new(vec![vec![
            rule(Ean13, "price", "23.....{NNNDD}"),
            rule(Any, "discount", "22{NN}"),
            rule(Ean13, "weight", "21.....{NNDDD}"),
            rule(Any, "client", "042"),
            rule(Any, "cashier", "041"),
            rule(Any, "product", ".*"),
        ]])
    }

    fn looks_for(nomenclature: &Nomenclature, code: &str) -> Option<String> {
        nomenclature.looks_for(code).map(|other| match other {
            Other::Code { code, .. } => code,
            Other::Kind { kind, .. } => kind,
        })
    }

    #[test]
    fn weighed_goods_are_looked_for_with_zeros_and_a_check_digit() {
        let shop = shop();
        for (code, other) in [
            ("2100001000000", Some("2100001000004")),
            ("2100001000004", None),
            // With a weight in it.
            ("2100001012345", Some("2100001000004")),
            ("2312345000000", Some("2312345000002")),
            ("2312345000002", None),
            ("2000000000000", None),
            ("4006381333931", None),
            ("4006381333932", None),
            ("0412345678903", Some("cashier")),
            ("AB-1", None),
            ("17", None),
        ] {
            assert_eq!(looks_for(&shop, code).as_deref(), other, "{code}");
        }
    }

    #[test]
    fn without_rules_about_values_nothing_is_said() {
        let plain = Nomenclature::new(vec![vec![rule(Encoding::Any, "product", ".*")]]);
        assert!(plain.is_empty() && Nomenclature::default().is_empty());
        assert_eq!(plain.looks_for("2100001000000"), None);
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let own = Nomenclature::new(vec![vec![
            rule(Encoding::Ean13, "product", "2100001"),
            rule(Encoding::Ean13, "weight", "2[1-3].....{NNDDD}"),
        ]]);
        assert_eq!(looks_for(&own, "2100001000000"), None);
        assert_eq!(looks_for(&own, "2300002000000").as_deref(), Some("2300002000007"));
        let two = Nomenclature::new(vec![
            vec![rule(Encoding::Any, "product", ".*"), rule(Encoding::Any, "weight", "99{NN}")],
            vec![rule(Encoding::Ean13, "weight", "27.....{NNDDD}")],
        ]);
        assert_eq!(looks_for(&two, "2700001000000").as_deref(), Some("2700001000006"));
    }

    #[test]
    fn patterns_match_from_the_beginning() {
        for (pattern, text, fits) in [
            (".*", "123", true),
            ("041", "0412", true),
            ("041", "0402", false),
            ("2[0-9]", "27", true),
            ("2[^0-4]", "23", false),
            (r"\d+5", "12345", true),
            ("21|23", "2312", true),
            ("2(1|3)", "21", false),
            ("12?3", "13", true),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }
}
