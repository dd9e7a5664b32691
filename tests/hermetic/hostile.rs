//! Hostile data through the built binary, on the stand-ins; the same rows go to real Odoos in `tests/real/hostile.rs`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::hostile::{self, InOdoo};
use crate::common::standin::{DATABASE, Stage};
use crate::common::tds_proxy::Proxy;
use erpsync::catalog::source::BarcodeOrder;
use erpsync::catalog::{ExternalId, SourceName};
use erpsync::mssql::{self, Columns, Endpoint, Isolation, Kind, Reading, SourceError, SourceOptions, Tls};
use erpsync_sandbox::mssql::{Encryption, MssqlOptions, MssqlServer, SqlValue};

fn in_odoo(stage: &Stage) -> InOdoo {
    let products: BTreeMap<i64, _> = stage.odoo.products(DATABASE).into_iter().map(|p| (p.id, p)).collect();
    let links = stage.odoo.records(DATABASE, "x_pz_product");
    links
        .iter()
        .map(|link| {
            let product = &products[&link["x_product_id"].as_i64().unwrap()];
            let id = link["x_external_id"].as_str().unwrap().to_owned();
            (id, (product.name.clone(), product.price.to_string(), product.barcode.clone()))
        })
        .collect()
}

#[test]
fn hostile_rows() {
    for version in [14, 19] {
        let stage = Stage::new(version);
        let [arrived, told, wait] = hostile::scenario(&stage.bench, &hostile::cases(version), || in_odoo(&stage));
        println!("hostile rows on the stand-in for Odoo {version}: {arrived} arrived, {told} told, {wait} wait");
    }
}

/// Reads a source of the seed's two tables, in plain text; the products' columns are of the given types.
async fn source(id: &str, price: &str) -> (MssqlServer, SourceOptions) {
    let server = MssqlOptions { encryption: Encryption::NotSupported, ..MssqlOptions::default() };
    let server = MssqlServer::start(server).await.unwrap();
    let tables = format!(
        "CREATE TABLE dbo.Products (ProductID {id} NULL, ProductName nvarchar(max) NULL, Price {price} NULL);
         CREATE TABLE logistics.ProductBarcodes (ProductID {id} NULL, Barcode nvarchar(max) NULL)"
    );
    server.execute(&tables).unwrap();
    let options = SourceOptions {
        name: SourceName::parse("polonez").unwrap(),
        host: "127.0.0.1".into(),
        endpoint: Endpoint::Port(server.addr().port()),
        database: server.options().database.clone(),
        user: server.options().login.clone(),
        password: server.options().password.clone().into(),
        tls: Tls::Off,
        products_query: "SELECT ProductID, ProductName, Price FROM dbo.Products".into(),
        barcodes_query: Some("SELECT ProductID, Barcode FROM logistics.ProductBarcodes".into()),
        columns: Columns {
            id: "ProductID".into(),
            name: "ProductName".into(),
            price: "Price".into(),
            barcode: "Barcode".into(),
        },
        barcode_order: BarcodeOrder::Gtin,
        codes: erpsync::catalog::CodeRules::default(),
        isolation: Isolation::Auto,
        lock_timeout: Duration::from_secs(5),
        query_timeout: Duration::from_secs(60),
        connect_timeout: Duration::from_secs(60),
        application_name: "erpsync".into(),
        read_intent: true,
        max_rows: 1_000_000,
        max_bytes: 1 << 30,
        damaged_names: false,
        attempts: 1,
    };
    (server, options)
}

fn ids(reading: &Reading) -> Vec<String> {
    reading.listing.whole().products.keys().map(ToString::to_string).collect()
}

#[tokio::test]
async fn ids_of_every_type_are_whole() {
    let table: [(&str, &[&str], &[&str]); 9] = [
        ("tinyint", &["0", "255"], &["0", "255"]),
        ("smallint", &["-32768", "32767"], &["32767", "-32768"]),
        ("int", &["-2147483648", "2147483647"], &["2147483647", "-2147483648"]),
        ("bigint", &["-9223372036854775808", "9223372036854775807"], &["-9223372036854775808", "9223372036854775807"]),
        (
            "numeric(38,0)",
            &["99999999999999999999999999999999999999", "-1"],
            &["-1", "99999999999999999999999999999999999999"],
        ),
        ("uniqueidentifier", &["'3f2504e0-4f89-11d3-9a0c-0305e82c3301'"], &["3F2504E0-4F89-11D3-9A0C-0305E82C3301"]),
        ("char(12)", &["'007'", "'a'"], &["007", "a"]),
        ("nvarchar(200)", &["N' 0001 '", "N'1'", "N'abc'", "N'ABD'"], &["1", "0001", "ABD", "abc"]),
        ("varchar(20)", &["'7 '", "'8'"], &["7", "8"]),
    ];
    for (kind, said, read) in table {
        let (server, options) = source(kind, "money").await;
        for id in said {
            server.execute(&format!("INSERT INTO dbo.Products VALUES ({id}, N'x', 1)")).unwrap();
            server.execute(&format!("INSERT INTO logistics.ProductBarcodes VALUES ({id}, N'C')")).unwrap();
        }
        let reading = mssql::read(&options).await.unwrap();
        assert_eq!(ids(&reading), read, "{kind}");
        assert!(reading.listing.whole().products.values().all(|p| p.barcodes.len() == 1), "{kind}");
        assert_eq!(reading.listing.about().bad_rows, [], "{kind}");
        let found = |id: &ExternalId| reading.listing.find(id).is_some();
        assert!(reading.listing.whole().products.keys().all(found), "{kind}: links find their rows");
    }
    // What would lose digits, or has none, is refused before a row is read.
    for (kind, cure) in
        [("float", "CAST([ProductID] AS decimal(38, 0))"), ("money", "decimal(38, 0)"), ("bit", "CONVERT(nvarchar")]
    {
        let (_server, options) = source(kind, "money").await;
        let error = mssql::read(&options).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Configuration, "{kind}: {error}");
        assert!(error.to_string().contains(cure), "{kind}: {error}");
    }
}

#[tokio::test]
async fn prices_of_other_types_are_refused_or_cast_as_asked() {
    let insert = |server: &MssqlServer, values: &[&str]| {
        for (id, value) in values.iter().enumerate() {
            server.execute(&format!("INSERT INTO dbo.Products VALUES ({id}, N'x', {value})")).unwrap();
        }
        server.execute("INSERT INTO logistics.ProductBarcodes VALUES (0, N'C')").unwrap();
    };
    let prices = |reading: &Reading| -> Vec<Option<String>> {
        reading.listing.whole().products.values().map(|p| p.price.map(|price| price.to_string())).collect()
    };
    let tried = |options: &SourceOptions| SourceOptions {
        products_query: "SELECT ProductID, ProductName, TRY_CAST(Price AS decimal(19, 4)) AS Price FROM dbo.Products"
            .into(),
        ..options.clone()
    };

    let (server, options) = source("int", "nvarchar(50)").await;
    insert(&server, &["N'12.5'", "N'NaN'", "N'1e308'", "N'Infinity'", "N'12,5'", "NULL", "N'-0'"]);
    let error = mssql::read(&options).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Configuration);
    assert!(error.to_string().contains("CAST(REPLACE([Price], ',', '.') AS decimal(28, 10))"), "{error}");
    let read = mssql::read(&tried(&options)).await.unwrap();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(prices(&read), [some("12.5"), None, None, None, None, None, some("0")]);

    let (server, options) = source("int", "float").await;
    insert(&server, &["12.5", "1e308", "0.1"]);
    let error = mssql::read(&options).await.unwrap_err();
    assert!(error.to_string().contains("CAST([Price] AS decimal(19, 4))"), "{error}");
    assert_eq!(prices(&mssql::read(&tried(&options)).await.unwrap()), [some("12.5"), None, some("0.1")]);
    let cast = SourceOptions { products_query: tried(&options).products_query.replace("TRY_CAST", "CAST"), ..options };
    let error = mssql::read(&cast).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Configuration, "{error}");
    assert!(error.to_string().contains("8115") && error.to_string().contains("TRY_CAST"), "{error}");
}

/// UTF-16 that no text can be: SQL Server stores whatever it is given.
#[tokio::test]
async fn half_a_surrogate_pair_is_a_bad_row() {
    const MARK: [u16; 2] = [0xe123, 0xe124];
    let mark = String::from_utf16(&MARK).unwrap();
    for damaged in [[0xd800, 0x41], [0x41, 0xdc00], [0xdfff, 0xd800], [0xd83d, 0xd83d], [0xdbff, 0xe000]] {
        let (server, options) = source("nvarchar(50)", "money").await;
        let text = |text: String| SqlValue::Text(text);
        let rows = [
            [text("1".into()), text(format!("a{mark}b")), text("1".into())],
            [text("2".into()), text("fine".into()), text("1".into())],
            [text(format!("3{mark}")), text("bad id".into()), text("1".into())],
            [text("4".into()), text(mark.clone()), text("1".into())],
        ];
        server.insert_rows("dbo.Products", rows).unwrap();
        let codes = [[text("2".into()), text(format!("{mark}7"))], [text("2".into()), text("good".into())]];
        server.insert_rows("logistics.ProductBarcodes", codes).unwrap();
        let proxy = Proxy::start(server.addr(), false);
        proxy.exchange(&MARK, &damaged);
        let options = SourceOptions { endpoint: Endpoint::Port(proxy.port()), ..options };
        let reading = mssql::read(&options).await.unwrap();
        let bad: Vec<String> = reading.listing.about().bad_rows.iter().map(ToString::to_string).collect();
        let lost = "which stands for a letter that was lost; correct it in the source, or take such names as they are with damaged_names = \"keep\"";
        assert_eq!(
            bad,
            [
                "(no id): product row named \"bad id\": the id contains U+FFFD".to_owned(),
                format!("1: the name contains U+FFFD, {lost}"),
                "2: the barcode contains U+FFFD".to_owned(),
                format!("4: the name contains U+FFFD, {lost}"),
            ],
            "{damaged:x?}"
        );
        assert_eq!(ids(&reading), ["2"]);
        let codes: Vec<String> =
            reading.listing.whole().products.values().flat_map(|p| &p.barcodes).map(ToString::to_string).collect();
        assert_eq!(codes, ["good"], "{damaged:x?}");
    }
}

/// Answers whose bytes were changed at random: an error or a reading, and the driver's panics are errors too.
#[tokio::test(flavor = "multi_thread")]
async fn spoilt_answers_are_errors() {
    let rounds = if all() { 5_000 } else { 200 };
    let (server, options) = source("int", "money").await;
    server.execute("INSERT INTO dbo.Products VALUES (1, N'x', 1), (2, NULL, 2), (3, N'Ж', NULL)").unwrap();
    server.execute("INSERT INTO logistics.ProductBarcodes VALUES (1, N'C'), (2, NULL)").unwrap();
    let proxy = Proxy::start(server.addr(), false);
    let options = SourceOptions {
        endpoint: Endpoint::Port(proxy.port()),
        // Bytes that promise more than there is are waited for.
        connect_timeout: Duration::from_millis(300),
        query_timeout: Duration::from_millis(300),
        ..options
    };
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    for round in 0..rounds {
        proxy.spoil(Some(round));
        let end = match mssql::read(&options).await {
            Ok(_) => "read",
            Err(SourceError::Driver { problem, .. }) if problem.contains("panic") => "panics",
            Err(SourceError::Driver { .. }) => "not understood",
            Err(SourceError::Timeout { .. }) => "waited for",
            Err(SourceError::Incomplete { .. }) => "cut short",
            Err(error) => {
                assert!(!error.to_string().is_empty());
                "other errors"
            }
        };
        *ends.entry(end).or_default() += 1;
    }
    assert_eq!(ends.values().sum::<usize>(), rounds);
    // And the source reads as ever.
    proxy.spoil(None);
    let patient =
        SourceOptions { connect_timeout: Duration::from_secs(60), query_timeout: Duration::from_secs(60), ..options };
    assert_eq!(mssql::read(&patient).await.unwrap().listing.about().product_rows, 3);
    println!("spoilt answers: {rounds}: {ends:?}");
}

fn all() -> bool {
    std::env::var("ERPSYNC_TEST_FAULTS").is_ok_and(|v| v == "all")
}

/// One code that many products list, and one product that lists it many times: little is said, little is used.
#[test]
fn one_code_claimed_over_and_over() {
    let many: i64 = if all() { 100_000 } else { 2_000 };
    let stage = Stage::new(19);
    let text = |text: &str| SqlValue::Text(text.to_owned());
    let products = (1..=many).map(|n| [SqlValue::Int(n), text(&format!("Product {n}")), text("1")]);
    stage.bench.mssql.insert_rows("dbo.Products", products).unwrap();
    let rivals = (1..=many).map(|n| [SqlValue::Int(n), text("4006381333931")]);
    stage.bench.mssql.insert_rows("logistics.ProductBarcodes", rivals).unwrap();
    let same = (1..=many).map(|n| [SqlValue::Int(7), text(if n % 2 == 0 { " 73513537" } else { "73513537 " })]);
    stage.bench.mssql.insert_rows("logistics.ProductBarcodes", same).unwrap();

    // With so much memory and no more.
    let own = stage.bench.command(&["import-products", "--dry-run", "--first-run"]);
    let mut limited = Command::new("sh");
    limited.arg("-c").arg("ulimit -v 2000000; exec \"$0\" \"$@\"").arg(own.get_program()).args(own.get_args());
    limited.env_clear().envs(own.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
    let output = limited.current_dir(own.get_current_dir().unwrap()).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    let longest = stdout.lines().map(str::len).max().unwrap();
    assert!(longest < 500, "a line of {longest} bytes");
    let own_code = stdout.lines().filter(|l| l.contains("73513537")).count();
    assert_eq!(own_code, 1, "the code of one product is told once");
    assert!(stdout.contains(" more"), "the rivals are not all listed:\n{}", &stdout[..2000.min(stdout.len())]);

    if !all() {
        // The stand-in is not made for many.
        stage.bench.source("DELETE FROM dbo.Products WHERE ProductID > 300");
        let run = stage.bench.import(&["--first-run"]).expect(3);
        assert!(run.stdout.len() < 100_000, "{} bytes", run.stdout.len());
        assert!(stage.odoo.products(DATABASE).iter().all(|p| p.barcode.as_deref().is_none_or(|c| c == "73513537")));
        stage.bench.import(&["-q"]).expect(3);
    }
    println!("one code claimed {many} times by many, {many} times by one: {} bytes of plan", stdout.len());
}

/// Odoo's words are data too.
#[test]
fn what_odoo_says_is_shown_harmlessly() {
    let stage = Stage::new(19);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 4096];
            let _ = client.read(&mut request);
            let body = "{\"name\": \"builtins.ValueError\\u001b[2J\", \"message\": \"no\\u001b]8;;http://x\\u0007 \\u009b31m\\r\\u202egnp\", \"arguments\": [], \"debug\": \"Traceback\\u001b[31m\\n  line\"}";
            let head = format!(
                "HTTP/1.1 422 No\u{1b}[2J\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = client.write_all(format!("{head}{body}").as_bytes());
        }
    });
    for args in [&["import-products", "-vv"][..], &["check-barcodes", "-vv"], &["show-history"], &["deferred", "list"]]
    {
        let run = stage.bench.run(&[args, &["--odoo-url", &url]].concat());
        assert_ne!(run.status, 0, "{run:?}");
        assert!(!run.stderr.is_empty());
        hostile::assert_harmless("what Odoo says", &run);
    }
}
