//! digest.py: the links of one source by digests, and those that need a look whatever the source says.

use std::collections::{BTreeMap, BTreeSet};

use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::{Ask, lookup, variant};
use crate::odoo::env::Env;
use crate::odoo::error::OdooFault;
use crate::odoo::store::{Record, flag, integer, text};

/// Bits of an external id's hash.
const HASH_BITS: u32 = 28;

pub(super) fn run(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    let source = ask.text("source")?;
    let prices = ask.get("prices")? == true;
    let links: Vec<&Record> =
        env.store.rows("x_pz_product").map(|(_, r)| r).filter(|r| text(r, "x_source") == Some(source)).collect();
    let present = links.iter().filter(|l| !flag(l, "x_missing"));
    if ask.text("what")? != "sums" {
        let ranges: Vec<(u64, u64)> = ask
            .list("ranges")?
            .iter()
            .map(|r| (r[0].as_u64().unwrap_or_default(), r[1].as_u64().unwrap_or_default()))
            .collect();
        let asked = |l: &&&Record| ranges.iter().any(|(low, high)| (*low..=*high).contains(&u64::from(hash(l))));
        let lines = present.filter(asked).map(|l| format!("{}\u{1f}{:016x}", of(l, "x_external_id"), line(l, prices)));
        return Ok(json!({"lines": lines.collect::<Vec<_>>().join("\n")}));
    }
    let looks = looks(env, ask, &links, prices)?;
    let doubled = if prices { BTreeSet::new() } else { lookup::duplicates(env) };
    let mut bits = 1;
    while (links.len() / 8) >> bits > 0 {
        bits += 1;
    }
    let mut sums = vec![0_u64; 1 << bits];
    for link in present.filter(|l| !looks.contains(of(l, "x_external_id"))) {
        let at = (hash(link) >> (HASH_BITS - bits)) as usize;
        sums[at] = sums[at].wrapping_add(line(link, prices));
    }
    let missing = |l: &&&Record| flag(l, "x_missing") && integer(l, "x_product_id").is_some() && !flag(l, "x_no_touch");
    Ok(json!({
        "links": links.len(), "missing": links.iter().filter(missing).count(), "looks": looks, "doubled": doubled,
        // What several sources share is seen on real Odoos.
        "overruled": {"products": 0, "names": 0, "prices": 0, "barcodes": 0},
        "sums": sums.iter().map(|sum| format!("{sum:016x}")).collect::<String>(),
    }))
}

fn of<'a>(link: &'a Record, column: &str) -> &'a str {
    text(link, column).unwrap_or_default()
}

fn md5(data: &str) -> u64 {
    let digest = Md5::digest(data.as_bytes());
    digest[..8].iter().fold(0, |all, byte| all << 8 | u64::from(*byte))
}

fn hash(link: &Record) -> u32 {
    u32::try_from(md5(of(link, "x_external_id")) >> (64 - HASH_BITS)).expect("28 bits")
}

fn line(link: &Record, prices: bool) -> u64 {
    let columns: &[&str] = if prices {
        &["x_external_id", "x_said_price"]
    } else {
        &["x_external_id", "x_said_name", "x_said_price", "x_said_barcodes"]
    };
    md5(&columns.iter().map(|column| of(link, column)).collect::<Vec<_>>().join("\u{1f}"))
}

fn looks(env: &Env<'_>, ask: &Ask<'_>, links: &[&Record], prices: bool) -> Result<BTreeSet<String>, OdooFault> {
    let source = ask.text("source")?;
    let actives = lookup::active_holders(env);
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, product) in env.store.rows("product.product") {
        *codes.entry(of(product, "barcode")).or_default() += 1;
    }
    let mut out = BTreeSet::new();
    for link in links {
        let pair = integer(link, "x_product_id").and_then(|p| variant::pair(env, p));
        let code = pair.and_then(|(p, _)| text(p, "barcode")).unwrap_or_default();
        let twin = !prices && actives.get(code).is_some_and(|holders| holders.len() > 1);
        let looked = if flag(link, "x_no_touch") || twin {
            true
        } else if flag(link, "x_missing") {
            !prices && pair.is_some_and(|(p, t)| is_awake(ask, link, p, t, &codes))
        } else {
            match pair {
                // What a person archived is named by every run.
                Some((p, t)) if !flag(p, "active") || !flag(t, "active") => true,
                Some((p, t)) => !is_settled(env, ask, link, p, t, prices)?,
                None => true,
            }
        };
        if looked {
            out.insert(of(link, "x_external_id").to_owned());
        }
    }
    let waits = env.store.rows("x_pz_conflict").map(|(_, r)| r).filter(|r| text(r, "x_source") == Some(source));
    out.extend(waits.filter(|r| of(r, "x_state") != "closed").map(|r| of(r, "x_external_id").to_owned()));
    Ok(out)
}

fn other_company(ask: &Ask<'_>, template: &Record) -> bool {
    let company = ask.get("company").ok().and_then(Value::as_i64).unwrap_or(0);
    integer(template, "company_id").is_some_and(|c| c != company)
}

/// Of a product that the source does not have: is there something to do all the same?
fn is_awake(ask: &Ask<'_>, link: &Record, p: &Record, t: &Record, codes: &BTreeMap<&str, usize>) -> bool {
    let archive = ask.get("archive").is_ok_and(|v| *v == true);
    let code = of(p, "barcode");
    let has = |spelling: &str| codes.get(spelling).copied().unwrap_or_default();
    let spellings = has(code) - 1 + has(&format!("0{code}")) + code.get(1..).map_or(0, has);
    let codes = || {
        code != of(link, "x_wrote_barcode")
            || !of(link, "x_wrote_extras").is_empty()
            || !code.is_empty() && spellings > 0
    };
    archive && !flag(link, "x_archived_by_us") && flag(p, "active") && !other_company(ask, t)
        || ask.get("barcodes").is_ok_and(|v| *v == true) && codes()
}

fn is_settled(
    env: &Env<'_>,
    ask: &Ask<'_>,
    link: &Record,
    p: &Record,
    t: &Record,
    prices: bool,
) -> Result<bool, OdooFault> {
    let leave = |field: &str| ask.get("leave").is_ok_and(|v| v[field] == true);
    let kept = |field: &str| of(link, "x_kept").contains(field);
    let digits = usize::try_from(ask.number("digits")?).unwrap_or_default();
    let said = of(link, "x_said_price");
    let (now, wrote) = (rounded(&variant::price(env, t), digits), rounded(of(link, "x_wrote_price"), digits));
    let want = rounded(said, digits);
    let price = if said.is_empty() {
        matches!(of(link, "x_wrote_price"), "" | "0") || kept("price")
    } else {
        said == "0" && of(link, "x_wrote_price").is_empty()
            || if now.is_some() && now == want {
                !kept("price") && units(of(link, "x_wrote_price")) == want.map(|w| w * scale(digits))
            } else {
                kept("price") || leave("price") && (now.is_none() || now != wrote)
            }
    };
    if prices || !price || other_company(ask, t) {
        return Ok(price && !other_company(ask, t));
    }
    let names: Vec<String> =
        variant::names(ask, t)?.into_iter().map(|n| n.as_str().unwrap_or_default().to_owned()).collect();
    let name = if names.iter().all(|n| n == of(link, "x_said_name")) {
        !kept("name") && of(link, "x_wrote_name") == of(link, "x_said_name")
    } else {
        kept("name") || leave("name") && names.iter().any(|n| n != of(link, "x_wrote_name"))
    };
    let listed: Vec<&str> = of(link, "x_said_barcodes").split('\n').filter(|c| !c.is_empty()).collect();
    let code = of(p, "barcode");
    let barcode = if code.is_empty() {
        listed.is_empty() && of(link, "x_wrote_barcode").is_empty()
    } else {
        code == of(link, "x_wrote_barcode") && listed.iter().any(|c| same_code(c, code))
    };
    let ours: Vec<&str> = of(link, "x_wrote_extras").split('\n').filter(|c| !c.is_empty()).collect();
    let extras = if ask.get("extras")? == true && listed.len() > 1 {
        let product = integer(p, "id").unwrap_or_default();
        let there = variant::packagings(env, &BTreeSet::from([product])).remove(&product).unwrap_or_default();
        let have: BTreeSet<&str> = ours.iter().copied().chain([code]).collect();
        have == listed.iter().copied().collect() && ours.iter().all(|c| there.contains(*c))
    } else {
        ours.is_empty()
    };
    let codes = ask.get("barcodes")? == false || barcode && !kept("barcode") && extras;
    Ok(name && codes && !flag(link, "x_archived_by_us"))
}

/// A UPC-A and its EAN-13 are one code.
fn same_code(a: &str, b: &str) -> bool {
    let upc = |code: &str| {
        let weigh = |(i, c): (usize, u8)| u32::from(c - b'0') * if i % 2 == 0 { 3 } else { 1 };
        code.len() == 12
            && code.bytes().all(|c| c.is_ascii_digit())
            && code.bytes().enumerate().map(weigh).sum::<u32>() % 10 == 0
    };
    let short = |code: &str| code.strip_prefix('0').filter(|c| upc(c)).map_or_else(|| code.to_owned(), str::to_owned);
    short(a) == short(b)
}

const DECIMALS: usize = 10;

fn scale(digits: usize) -> i128 {
    10_i128.pow(u32::try_from(DECIMALS - digits).unwrap_or_default())
}

/// Decimal text in units of its tenth decimal; `None` for a negative one and for anything else.
fn units(decimal: &str) -> Option<i128> {
    let (whole, part) = decimal.split_once('.').unwrap_or((decimal, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > DECIMALS || whole.len() > 24 {
        return None;
    }
    format!("{whole}{part:0<DECIMALS$}").parse().ok()
}

/// Rounded half away from zero, in units of the last digit that is kept.
fn rounded(decimal: &str, digits: usize) -> Option<i128> {
    // A float's text may have more decimals than count.
    let cut: String = match decimal.split_once('.') {
        Some((whole, part)) => format!("{whole}.{}", part.get(..DECIMALS).unwrap_or(part)),
        None => decimal.to_owned(),
    };
    units(&cut).map(|all| (all + scale(digits) / 2) / scale(digits))
}
