use std::time::Duration;

use super::*;
use crate::mssql::options::example as options;

fn columns(list: &[(&str, &str)]) -> Vec<Column> {
    list.iter()
        .map(|(name, shown)| Column {
            name: (!name.is_empty()).then(|| (*name).to_owned()),
            kind: Type::parse(shown),
            shown: (*shown).to_owned(),
            collation: None,
        })
        .collect()
}

fn products(list: &[(&str, &str)]) -> Result<String, String> {
    select(&options(), Query::Products, &columns(list)).map(|p| p.select).map_err(|e| e.to_string())
}

#[test]
fn the_seeds_columns_are_cast() {
    assert_eq!(
        products(&[("ProductID", "int"), ("ProductName", "nvarchar(200)"), ("Price", "money")]).unwrap(),
        "SELECT CAST(q.[ProductID] AS nvarchar(66)) AS [id], CAST(LTRIM(RTRIM(q.[ProductName])) AS nvarchar(1002)) AS [name], \
         CAST(q.[Price] AS decimal(19, 4)) AS [price] FROM (\nSELECT * FROM dbo.Products\n) AS q"
    );
    let barcodes = columns(&[("PRODUCTID", "uniqueidentifier"), ("Barcode", "varchar(20)"), ("Extra", "xml")]);
    assert_eq!(
        select(&options(), Query::Barcodes, &barcodes).unwrap().select,
        "SELECT CAST(q.[PRODUCTID] AS nvarchar(66)) AS [id], CAST(LTRIM(RTRIM(q.[Barcode])) AS nvarchar(66)) AS [barcode] FROM (\n\
         SELECT * FROM logistics.ProductBarcodes\n) AS q"
    );
}

#[test]
fn prices_keep_their_digits() {
    let table = [
        ("money", Some("decimal(19, 4)")),
        ("smallmoney", Some("decimal(19, 4)")),
        ("int", Some("decimal(19, 4)")),
        ("bigint", Some("decimal(38, 0)")),
        ("decimal(10,2)", Some("decimal(19, 4)")),
        ("decimal(19,4)", Some("decimal(19, 4)")),
        ("numeric(18,0)", Some("decimal(38, 0)")),
        ("numeric(18,6)", Some("decimal(38, 6)")),
        ("decimal(38,10)", Some("decimal(38, 10)")),
        ("decimal(38,12)", None),
        ("float", None),
        ("real", None),
        ("varchar(20)", None),
        ("bit", None),
        ("sql_variant", None),
    ];
    for (shown, cast) in table {
        assert_eq!(price(Type::parse(shown), "Price").ok(), cast.map(|to| Read::As(to.to_owned())), "{shown}");
    }
    assert_eq!(price(Type::Decimal(None), "Price"), Ok(Read::Plain), "any scale there may be");
}

/// Every type that SQL Server has: what is read of it, and what a person is told of the others.
#[test]
fn types_that_cannot_be_read_as_they_are() {
    let told = |role: Role, shown: &str| role.read(Type::parse(shown), "C").unwrap_err().1;
    for shown in ["binary(16)", "varbinary(32)", "varbinary(max)"] {
        assert!(told(Role::Id, shown).ends_with("CONVERT(nvarchar(66), [C], 2) AS [C]"), "{shown}");
        assert!(told(Role::Barcode, shown).ends_with("CONVERT(varchar(66), [C]) AS [C]"), "{shown}");
    }
    assert!(told(Role::Id, "image").contains("CONVERT(varbinary(max), [C]), 2)"));
    assert!(told(Role::Id, "timestamp").starts_with("select the column"));
    assert!(told(Role::Name, "datetime2(7)").ends_with("CONVERT(nvarchar(1002), [C], 126) AS [C]"));
    assert!(told(Role::Barcode, "money").contains("whole numbers"));
    assert!(told(Role::Id, "bit").ends_with("CONVERT(nvarchar(66), [C]) AS [C]"));
    for shown in ["varchar(20)", "nvarchar(max)", "text", "ntext"] {
        let told = told(Role::Price, shown);
        assert!(told.contains("REPLACE(") && !told.contains("TRY_CAST("), "{shown}: {told}");
    }
    assert_eq!(Role::Name.read(Type::parse("ntext"), "C"), Ok(Read::LongText(1002)));
}

#[test]
fn what_is_wrong_with_a_query_is_told_with_the_setting_and_the_cure() {
    let table: [(&[(&str, &str)], &str); 6] = [
        (
            &[("ID", "int"), ("ProductName", "nvarchar(9)"), ("Price", "money")],
            "sources.polonez.products_query: the query has no column ProductID; it has ID, ProductName, Price; select it, \
             AS [ProductID] if it has another name, or set sources.polonez.columns.id",
        ),
        (
            &[("ProductID", "float"), ("ProductName", "nvarchar(9)"), ("Price", "money")],
            "sources.polonez.products_query: the column ProductID is float: a number that loses digits as text; if all \
             its values are whole numbers, cast it in the query: CAST([ProductID] AS decimal(38, 0)) AS [ProductID]",
        ),
        (
            &[("ProductID", "int"), ("ProductName", "nvarchar(9)"), ("price", "real")],
            "sources.polonez.products_query: the column price is real: a float, whose decimals are not exact; cast it in \
             the query, to the decimals that prices have: CAST([price] AS decimal(19, 4)) AS [price]",
        ),
        (
            &[("ProductID", "int"), ("", "nvarchar(9)"), ("Price", "money")],
            "sources.polonez.products_query: column 2 of the query has no name; give it one: expression AS [name]",
        ),
        (
            &[("ProductID", "int"), ("ProductID", "int"), ("ProductName", "nvarchar(9)"), ("Price", "money")],
            "sources.polonez.products_query: the query has 2 columns ProductID; name the columns one by one instead of *",
        ),
        (&[], "sources.polonez.products_query: the query returns no columns; it must be one SELECT"),
    ];
    for (list, message) in table {
        assert_eq!(products(list).unwrap_err(), message);
    }
}

#[test]
fn the_exact_spelling_wins_over_another_case() {
    let sql =
        products(&[("productid", "int"), ("ProductID", "int"), ("ProductName", "nvarchar(9)"), ("Price", "money")]);
    assert!(sql.unwrap().contains("q.[ProductID]"));
}

#[test]
fn settings_never_show_the_password() {
    assert!(!format!("{:?}", options()).contains("s3cret"));
}

#[test]
fn the_deadline_bounds_every_attempt() {
    let one = SourceOptions { attempts: 0, ..options() };
    assert!(one.deadline() < options().deadline());
    let endless = SourceOptions { query_timeout: Duration::MAX, ..options() };
    assert_eq!(endless.deadline(), Duration::MAX);
}

#[test]
fn keys_compare_as_the_columns_would() {
    let key = |shown: &str, collation: &str| Column {
        name: Some("ID".to_owned()),
        kind: Type::parse(shown),
        shown: shown.to_owned(),
        collation: (!collation.is_empty()).then(|| collation.to_owned()),
    };
    let (ci, bin) = ("Cyrillic_General_CI_AS", "Latin1_General_BIN2");
    let same = |a: (&str, &str), b: (&str, &str), x: &str, y: &str| {
        let rules = keys(&key(a.0, a.1), &key(b.0, b.1));
        rules.of_row(x) == rules.of_row(y)
    };
    assert!(same(("varchar(20)", ci), ("char(20)", ci), "AB-1", "ab-1"));
    assert!(!same(("varchar(20)", bin), ("nvarchar(20)", bin), "AB-1", "ab-1"));
    assert!(same(("int", ""), ("varchar(20)", ci), "1001", "001001"));
    assert!(same(("int", ""), ("decimal(18,2)", ""), "1001", "1001.00"));
    assert!(!same(("varchar(9)", ci), ("varchar(9)", ci), "1001", "001001"));
    assert!(same(("uniqueidentifier", ""), ("varchar(36)", bin), "AB", "ab"));
    let spelt = [
        ("int", "bigint", "-1001"),
        ("decimal(18,0)", "decimal(18,0)", "1001"),
        ("int", "decimal(9,0)", "0"),
        ("uniqueidentifier", "uniqueidentifier", "3F2504E0-4F89-11D3-9A0C-0305E82C3301"),
    ];
    for (a, b, id) in spelt {
        let rules = keys(&key(a, ""), &key(b, ""));
        assert!(rules.canonical && rules.key(id) == id && rules.key(&id.to_ascii_lowercase()) == id, "{a} {b}");
    }
    for scale in ["decimal(18,2)", "numeric"] {
        assert!(!keys(&key(scale, ""), &key(scale, "")).canonical, "{scale}");
    }
    assert!(!keys(&key("decimal(18,0)", ""), &key("decimal(18,2)", "")).canonical);
}
