//! A source full of what no catalogue should hold, and what is to become of each row: the same for the stand-ins and for
//! real Odoos.

#![allow(dead_code, reason = "no suite uses all of it")]

use std::collections::{BTreeMap, BTreeSet};

use erpsync_sandbox::mssql::SqlValue;

use crate::common::{Bench, Run};

/// A product row, its barcode rows, and what becomes of it.
pub struct Case {
    pub id: SqlValue,
    pub name: SqlValue,
    pub price: SqlValue,
    pub codes: Vec<String>,
    pub fate: Fate,
}

/// What Odoo has in the end, or what is said of the row.
pub enum Fate {
    /// It arrives: external id, name, price, barcode.
    Arrives { id: String, name: String, price: String, code: Option<String> },
    /// The row, or a barcode row of it, is told with the id and these words; `arrives` without what is bad all the same.
    Told { id: Option<String>, words: &'static str, arrives: Option<(String, String)> },
    /// It waits, told with these words.
    Waits { id: String, words: &'static str },
}

fn text(text: &str) -> SqlValue {
    SqlValue::Text(text.to_owned())
}

/// Names as the source has them, and as Odoo shall have them.
fn names() -> Vec<(String, Result<String, &'static str>)> {
    let mut all = Vec::new();
    let same = [
        // Every plane, its first and last letters, the borders of the surrogates.
        "\u{d7ff}\u{e000}",
        "\u{10000}\u{1f600}\u{1ffff}",
        "\u{20000}\u{2fa1d}",
        "\u{30000}",
        "\u{e0041}\u{e0100}",
        "\u{f0000}",
        "\u{10fffd}\u{10ffff}",
        "𐍈𠜎😀 astral",
        "e\u{301}\u{327}\u{1ab0} combining",
        "é",
        "e\u{301}",
        "ﬁ Ⅷ ﷺ",
        "zero\u{200b}width\u{2060}\u{feff}s",
        "\u{feff}mark",
        "👩\u{200d}👩\u{200d}👧\u{200d}👦",
        "right\u{202e}to\u{202c}left\u{2066}isolate\u{2069}",
        "שלום עולם 5%",
        "سلام",
        "line\u{2028}separator",
        "soft\u{ad}hyphen",
        "nbsp\u{a0}in the middle",
        "ｆｕｌｌ　ｗｉｄｔｈ",
        "İıŞğ ẞß ŒœǆǄ",
        "<script>alert(1)</script>",
        "<b>bold</b> &amp; &#x41; <!--",
        "%s %d %(x)s %% 100%",
        "{{7*7}} ${x} #{x} {0}",
        "'; DROP TABLE product_template; --",
        "\" OR \"1\"=\"1",
        "$(id) `id` && | ; > /dev/null < x \\",
        "\\u{41} \\n \\x41 \\",
        "=HYPERLINK(\"http://x\")",
        "+1",
        "-1",
        "@SUM(A1)",
        "'quoted",
        "\t=1".trim_start(),
        "NULL",
        "None",
        "False",
        "false",
        "0",
        "[1001] looks like a reference",
        "../../etc/passwd",
        "a,b;c\"d",
        "x".repeat(1000).leak(),
        "😀".repeat(500).leak(),
    ];
    all.extend(same.map(|name| (name.to_owned(), Ok(name.to_owned()))));
    let trimmed = [
        ("  leading", "leading"),
        ("trailing \t ", "trailing"),
        ("\u{3000}wide\u{a0}", "wide"),
        ("two\r\nlines", "two lines"),
        ("a\tb\n\nc\r", "a b c"),
    ];
    all.extend(trimmed.map(|(said, kept)| (said.to_owned(), Ok(kept.to_owned()))));
    let bad = [
        ("", "the name is empty"),
        (" \u{a0}\t\r\n ", "the name is empty"),
        ("a\u{0}b", "the name contains U+0000"),
        ("\u{1b}[31mred\u{1b}[0m", "the name contains U+001B"),
        ("\u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{7}", "the name contains U+001B"),
        ("a\u{9b}2Jb", "the name contains U+009B"),
        ("bell\u{7}", "the name contains U+0007"),
        ("a\u{85}b", "the name contains U+0085"),
        ("a\u{b}b", "the name contains U+000B"),
        ("del\u{7f}", "the name contains U+007F"),
        ("a\u{fffd}b", "the name contains U+FFFD"),
        ("a\u{ffff}b", "the name contains U+FFFF"),
        ("x".repeat(10_000).leak(), "the name has more than 1000 characters"),
        ("x".repeat(1001).leak(), "the name has more than 1000 characters"),
        ("😀".repeat(501).leak(), "the name has more than 1000 characters"),
    ];
    all.extend(bad.map(|(name, why)| (name.to_owned(), Err(why))));
    all
}

/// Barcodes as the source has them, and as Odoo shall have them; `None`: no barcode.
fn barcodes() -> Vec<(String, Result<Option<String>, &'static str>)> {
    let mut all = Vec::new();
    let same = [
        "AB 12 34",
        "100%_\\x",
        "%(x)s",
        "<b>1</b>",
        "'; DROP TABLE x; --",
        "=1+1",
        "-7",
        "+7",
        "@7",
        "'7",
        "False",
        "007",
        "abc",
        "ABC",
        "штрих-код",
        "ü\u{308}",
        "{{x}}",
        "a,b;\"c\"",
        "x".repeat(64).leak(),
    ];
    all.extend(same.map(|code| (code.to_owned(), Ok(Some(code.to_owned())))));
    all.extend(
        [("  0123  ", Some("0123")), ("99\r\n", Some("99")), ("", None), (" \u{a0} ", None)]
            .into_iter()
            // What nobody sees is no part of a code, and signs, zeros and words for nothing are none.
            .chain([("a\u{202e}b", Some("ab")), ("z\u{200b}w", Some("zw"))])
            .chain(["%", "_", "\\", "0", "none", "None", "😀"].map(|said| (said, None)))
            .map(|(said, kept)| (said.to_owned(), Ok(kept.map(str::to_owned)))),
    );
    let bad = [
        ("9".repeat(200).leak() as &str, "the barcode has more than 64 characters"),
        ("12\u{1b}[2J3", "the barcode contains U+001B"),
        ("12\t34", "the barcode contains U+0009"),
        ("12\u{0}", "the barcode contains U+0000"),
        ("12\u{9b}3", "the barcode contains U+009B"),
        ("1\r2", "the barcode contains U+000D"),
    ];
    all.extend(bad.map(|(code, why)| (code.to_owned(), Err(why))));
    all
}

/// The id that a bad row is told with, if it has a readable one, and the words.
type BadId = (Option<&'static str>, &'static str);

/// Ids beside the plain ones: as the source has them, and as the link has them.
fn ids() -> Vec<(SqlValue, Result<&'static str, BadId>)> {
    let good = [
        "A-17",
        "007",
        "7",
        "abc",
        "ABD",
        "a b",
        "дом",
        "😀",
        "'; DROP",
        "%",
        "_",
        "<b>",
        "=1",
        "@x",
        "\u{202e}x",
        "None",
        "0",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
        "99999999999999999999999999999999999999",
        "0001",
        "1e5",
        "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}",
        "x".repeat(64).leak(),
    ];
    let mut all: Vec<_> = good.into_iter().map(|id| (text(id), Ok(id))).collect();
    all.extend([(text("  padded  "), Ok("padded")), (text("\u{a0}nbsp\t"), Ok("nbsp"))]);
    all.extend([
        (SqlValue::Null, Err((None, "the id is empty"))),
        (text(""), Err((None, "the id is empty"))),
        (text("   "), Err((None, "the id is empty"))),
        (text("a\u{1b}[31m"), Err((None, "the id contains U+001B"))),
        (text("a\u{0}"), Err((None, "the id contains U+0000"))),
        (text("y".repeat(65).leak()), Err((None, "the id has more than 64 characters"))),
        (text("dup"), Err((Some("dup"), "several product rows have this id"))),
        (text("dup  "), Err((Some("dup"), "several product rows have this id"))),
    ]);
    all
}

/// All of it, each with an id, a name, a price and a barcode of its own where these are not the point.
pub fn cases(version: u32) -> Vec<Case> {
    let mut all = Vec::new();
    let plain = |n: usize| (format!("n{n}"), format!("Plain {n}"), format!("{n}.5"), format!("CODE-{n}"));
    let mut n = 0;
    let mut next = || {
        n += 1;
        plain(n)
    };
    for (name, fate) in names() {
        let (id, _, price, code) = next();
        let fate = match fate {
            Ok(name) => Fate::Arrives { id: id.clone(), name, price: price.clone(), code: Some(code.clone()) },
            Err(words) => Fate::Told { id: Some(id.clone()), words, arrives: None },
        };
        all.push(Case { id: text(&id), name: text(&name), price: text(&price), codes: vec![code], fate });
    }
    for (code, fate) in barcodes() {
        let (id, name, price, _) = next();
        let fate = match fate {
            Ok(code) => Fate::Arrives { id: id.clone(), name: name.clone(), price: price.clone(), code },
            Err(words) => Fate::Told { id: Some(id.clone()), words, arrives: Some((name.clone(), price.clone())) },
        };
        all.push(Case { id: text(&id), name: text(&name), price: text(&price), codes: vec![code], fate });
    }
    for (id, fate) in ids() {
        let (_, name, price, code) = next();
        let fate = match fate {
            Ok(id) => {
                Fate::Arrives { id: id.to_owned(), name: name.clone(), price: price.clone(), code: Some(code.clone()) }
            }
            Err((id, words)) => Fate::Told { id: id.map(str::to_owned), words, arrives: None },
        };
        let codes = if matches!(fate, Fate::Arrives { .. }) { vec![code] } else { Vec::new() };
        all.push(Case { id, name: text(&name), price: text(&price), codes, fate });
    }
    let digits = if version >= 19 { "99999999999.9999" } else { "100000000000" };
    for (said, fate) in [
        // What rounds to zero is no price yet.
        ("0", Ok(None)),
        ("0.0001", Ok((version >= 19).then_some("0.0001"))),
        ("99999999999.9999", Ok(Some(digits))),
        ("-1", Err("the price -1.0000 is negative")),
        ("-0.0001", Err("the price -0.0001 is negative")),
        ("1000000000000000000", Ok(None)),
        ("9999999999999999999999999999999999", Err("the price has more digits than can be handled")),
    ] {
        let (id, name, _, code) = next();
        let fate = match fate {
            Ok(Some(price)) => {
                Fate::Arrives { id: id.clone(), name: name.clone(), price: price.to_owned(), code: Some(code.clone()) }
            }
            Ok(None) if said.starts_with('0') => Fate::Waits { id: id.clone(), words: "without a price" },
            Ok(None) => Fate::Waits { id: id.clone(), words: "too large for Odoo" },
            Err(words) => Fate::Told { id: Some(id.clone()), words, arrives: None },
        };
        all.push(Case { id: text(&id), name: text(&name), price: text(said), codes: vec![code], fate });
    }
    all
}

/// Puts the cases into a source whose tables hold anything.
pub fn write(bench: &Bench, cases: &[Case]) {
    bench.source(
        "DROP TABLE dbo.Products; DROP TABLE logistics.ProductBarcodes;
         CREATE TABLE dbo.Products (ProductID nvarchar(200) NULL, ProductName nvarchar(max) NULL, Price decimal(38,4) NULL);
         CREATE TABLE logistics.ProductBarcodes (ProductID nvarchar(200) NULL, Barcode nvarchar(max) NULL)",
    );
    let products = cases.iter().map(|c| [c.id.clone(), c.name.clone(), c.price.clone()]);
    bench.mssql.insert_rows("dbo.Products", products).unwrap();
    let codes = cases.iter().flat_map(|c| c.codes.iter().map(|code| [c.id.clone(), text(code)]));
    bench.mssql.insert_rows("logistics.ProductBarcodes", codes).unwrap();
}

/// What Odoo has of a product: name, price as canonical decimal text, barcode.
pub type InOdoo = BTreeMap<String, (String, String, Option<String>)>;

/// Everything that is printed is fit for a terminal: nothing but printable characters, line ends, and tabs between columns.
#[track_caller]
pub fn assert_harmless(what: &str, run: &Run) {
    for (stream, said) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
        let csv = what.contains("csv") && stream == "stdout";
        for (n, line) in said.split('\n').enumerate() {
            let line = if csv { line.strip_suffix('\r').unwrap_or(line) } else { line };
            let odd = line.chars().find(|c| {
                c.is_control() && *c != '\t'
                    || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
            });
            assert_eq!(odd, None, "{what}: {stream} line {n}: {line:?}");
            assert!(!line.contains('\t') || what.contains("lines"), "{what}: a tab in {line:?}");
        }
    }
}

/// A formula in a spreadsheet.
#[track_caller]
pub fn assert_no_formulas(csv: &str) {
    for line in csv.split("\r\n") {
        for cell in line.split(',') {
            let cell = cell.trim_start_matches('"');
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell:?} in {line:?}");
        }
    }
}

/// The whole story: told row by row, applied, arrived as it is said, and nothing to do behind it. Returns how many rows
/// arrived, were told and wait.
pub fn scenario(bench: &Bench, cases: &[Case], in_odoo: impl Fn() -> InOdoo) -> [usize; 3] {
    let mut counts = [0; 3];
    // Every text that a barcode can hold is to arrive as it stands.
    let config = std::fs::read_to_string(bench.config()).unwrap();
    let any = config.replace("database = \"Trade\"", "database = \"Trade\"\nbarcode_format = \"any\"");
    std::fs::write(bench.config(), any).unwrap();
    write(bench, cases);
    let lines = bench.import(&["--dry-run", "--format", "lines", "--first-run", "--allow-unreadable"]).expect(2);
    assert_harmless("lines of a dry run", &lines);
    let bad: Vec<Vec<&str>> =
        lines.stdout.lines().filter(|l| l.starts_with('x')).map(|l| l.split('\t').collect()).collect();
    let told = |id: Option<&str>, words: &str| {
        bad.iter().any(|columns| columns[2] == id.unwrap_or_default() && columns.iter().any(|c| c.contains(words)))
    };
    for case in cases {
        match &case.fate {
            Fate::Told { id, words, .. } => assert!(told(id.as_deref(), words), "{id:?} {words}\n{}", lines.stdout),
            Fate::Waits { id, words } => {
                let waits = lines.stdout.lines().any(|l| l.split('\t').nth(2) == Some(id) && l.contains(words));
                assert!(waits, "{id} {words}\n{}", lines.stdout);
            }
            Fate::Arrives { .. } => {}
        }
    }
    for format in [&["-v"][..], &["--format", "json"], &["-vv"]] {
        let run = bench.import(&[&["--dry-run", "--first-run", "--allow-unreadable"], format].concat()).expect(2);
        assert_harmless(&format!("dry run {format:?}"), &run);
    }
    assert_harmless("import", &bench.import(&["-vv", "--first-run", "--allow-unreadable"]).expect(3));

    let there = in_odoo();
    let mut expected = BTreeSet::new();
    for case in cases {
        let (id, arrived) = match &case.fate {
            Fate::Arrives { id, name, price, code } => (id, (name.clone(), price.clone(), code.clone())),
            Fate::Told { id: Some(id), arrives: Some((name, price)), .. } => (id, (name.clone(), price.clone(), None)),
            Fate::Told { .. } => {
                counts[1] += 1;
                continue;
            }
            Fate::Waits { .. } => {
                counts[2] += 1;
                continue;
            }
        };
        counts[0] += 1;
        assert!(expected.insert(id.clone()), "{id:?} is a case twice");
        assert_eq!(there.get(id), Some(&arrived), "{id:?}");
    }
    let unexpected: Vec<_> = there.keys().filter(|id| !expected.contains(*id)).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");

    // The second run plans nothing; what is bad is told again.
    let again = bench.import(&["--dry-run", "--format", "json", "--allow-unreadable"]).expect(3);
    let plan: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(plan["changes"].as_array().map(Vec::len), Some(0), "{}", plan["changes"]);
    assert_eq!(in_odoo(), there);

    for args in [
        &["check-barcodes"][..],
        &["check-barcodes", "--format", "csv"],
        &["check-barcodes", "--format", "json"],
        &["show-history"],
        &["show-history", "--format", "csv"],
        &["show-history", "--format", "json"],
        &["deferred", "list"],
        &["deferred", "list", "--format", "csv"],
        &["deferred", "list", "--format", "json"],
    ] {
        let run = bench.run(args);
        assert!([0, 3].contains(&run.status), "{args:?}: {run:?}");
        assert_harmless(&args.join(" "), &run);
        if args.last() == Some(&"csv") {
            assert_no_formulas(&run.stdout);
        }
        if args.last() == Some(&"json") {
            for document in serde_json::Deserializer::from_str(&run.stdout).into_iter::<serde_json::Value>() {
                document.unwrap_or_else(|e| panic!("{args:?}: {e}"));
            }
        }
    }
    bench.assert_source_untouched();
    counts
}
