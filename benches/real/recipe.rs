//! The catalogue that everything is measured with: made by a fixed recipe, so that the source, the seeded Odoo and the
//! ceilings have the same products without exchanging them. Pure.

use std::fmt;
use std::str::FromStr;

/// The id of the first product.
pub const FIRST_ID: u64 = 1_000_001;

const GOODS: [&str; 16] = [
    "Чай чёрный листовой",
    "Кофе молотый жареный",
    "Шоколад молочный",
    "Печенье овсяное",
    "Сыр полутвёрдый",
    "Молоко топлёное",
    "Хлеб ржаной формовой",
    "Сок яблочный осветлённый",
    "Мёд гречишный",
    "Варенье вишнёвое",
    "Масло подсолнечное",
    "Крупа гречневая ядрица",
    "Мука пшеничная",
    "Вода минеральная газированная",
    "Шампунь для сухих волос",
    "Порошок стиральный",
];

const MAKERS: [&str; 12] = [
    "«Майский»",
    "«Заря»",
    "«Русский лес»",
    "«Вкусно»",
    "«Домик»",
    "«Ёлочка»",
    "«Восток»",
    "«Берег»",
    "«Polonez»",
    "«Колос»",
    "«Щедрый»",
    "«Юг»",
];

/// A product of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its id.
    pub id: u64,
    /// 25 to 40 characters, most of them Cyrillic.
    pub name: String,
    /// Decimal text with two decimals, every tenth with four.
    pub price: String,
    /// An EAN-13, every tenth product a second one, in the order of their texts.
    pub barcodes: Vec<String>,
}

/// What has become of the catalogue. Generation 0 of each is the catalogue as it was; each further generation gives new
/// values to the same products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// So many products of 10,000 have another name, price, price or barcode, a quarter of them each.
    Share(u64, u64),
    /// Every price is another, and hardly two are equal.
    Prices(u64),
    /// Every price is another, and there are ten of them.
    TenPrices(u64),
}

/// As it was.
pub const BASE: State = State::Share(0, 0);

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(share, generation) => write!(f, "share:{share}:{generation}"),
            Self::Prices(generation) => write!(f, "prices:{generation}"),
            Self::TenPrices(generation) => write!(f, "ten:{generation}"),
        }
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split(':').collect();
        let number = |at: usize| words.get(at).and_then(|w| w.parse().ok()).ok_or(format!("{text:?} is no state"));
        match words[0] {
            "share" => Ok(Self::Share(number(1)?, number(2)?)),
            "prices" => Ok(Self::Prices(number(1)?)),
            "ten" => Ok(Self::TenPrices(number(1)?)),
            _ => Err(format!("{text:?} is no state")),
        }
    }
}

/// SplitMix64: a number that looks random, the same each time.
fn mixed(number: u64) -> u64 {
    let mut x = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn pick<T: Copy>(list: &[T], number: u64) -> T {
    list[usize::try_from(number % list.len() as u64).unwrap_or_default()]
}

/// An EAN-13 with a right check digit.
fn ean13(prefix: u64, number: u64) -> String {
    let body = format!("{prefix:03}{number:09}");
    let sum: u64 = body.bytes().zip([1, 3].into_iter().cycle()).map(|(b, weight)| u64::from(b - b'0') * weight).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// Ten-thousandths as decimal text.
fn decimal(units: u64) -> String {
    let (whole, part) = (units / 10_000, units % 10_000);
    if part % 100 == 0 { format!("{whole}.{:02}", part / 100) } else { format!("{whole}.{part:04}") }
}

/// Product number `i`, from 0 on.
pub fn product(i: u64, state: State) -> Product {
    let luck = mixed(i);
    let mut name = format!("{} {} {} г", pick(&GOODS, luck), pick(&MAKERS, luck >> 8), 50 * (1 + (luck >> 16) % 20));
    // A price of up to 100,000, so that hardly two of a million are equal; decimals as the seed's `money` has them.
    let mut units = 10_000 + 100 * ((luck >> 20) % 9_900_000);
    if i.is_multiple_of(10) {
        units += 55;
    }
    let mut barcodes = vec![ean13(460, i)];
    match state {
        State::Share(share, generation) if generation > 0 && (luck >> 44) % 10_000 < share => match (luck >> 4) % 4 {
            0 => name = format!("{name} №{generation}"),
            1 | 2 => units += 2_500 * generation,
            _ => barcodes = vec![ean13(461 + generation % 8, i)],
        },
        State::Share(..) => {}
        State::Prices(generation) => units += 3_500 * generation,
        State::TenPrices(0) => {}
        State::TenPrices(generation) => units = 100_000 * (1 + (i + generation) % 10) + 100 * generation,
    }
    if i % 10 == 3 {
        barcodes.push(ean13(470, i));
    }
    Product { id: FIRST_ID + i, name, price: decimal(units), barcodes }
}

/// How many of the first `n` products differ between generation 0 and another of a share.
pub fn changed(n: u64, share: u64) -> u64 {
    (0..n).filter(|i| product(*i, State::Share(share, 1)) != product(*i, BASE)).count() as u64
}
