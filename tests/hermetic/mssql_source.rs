//! The source adapter against a stand-in for SQL Server that really speaks TDS.

use std::io::Write as _;
use std::time::Duration;

use erpsync::catalog::source::BarcodeOrder;
use erpsync::catalog::{ExternalId, SourceName};
use erpsync::mssql::{
    self, Columns, Endpoint, Isolation, Kind, Pacing, Reading, SourceError, SourceOptions, Tls, UsedIsolation,
};
use erpsync_sandbox::mssql::{Certificate, Encryption, Fault, MssqlOptions, MssqlServer, SqlError};

const SCHEMA: &str =
    "CREATE TABLE dbo.Products (ProductID int NOT NULL PRIMARY KEY, ProductName nvarchar(1200) NULL, Price money NULL);
     CREATE TABLE logistics.ProductBarcodes (ProductID int NOT NULL, Barcode varchar(100) NULL)";

const ROWS: &str = "INSERT INTO dbo.Products VALUES (1, N'Жаккард', 9.9955), (2, N'Silk ''A''', 922337203685477.5807), (3, N'Felt', NULL);
     INSERT INTO logistics.ProductBarcodes VALUES (1, '4006381333931'), (1, ' 73513537 '), (2, ''), (2, NULL), (3, '036000291452')";

async fn server_with(options: MssqlOptions, sql: &[&str]) -> MssqlServer {
    let server = MssqlServer::start(options).await.unwrap();
    for sql in sql {
        server.execute(sql).unwrap();
    }
    server
}

async fn shop() -> MssqlServer {
    server_with(MssqlOptions::default(), &[SCHEMA, ROWS]).await
}

fn options(server: &MssqlServer) -> SourceOptions {
    let at = server.options();
    SourceOptions {
        name: SourceName::parse("polonez").unwrap(),
        host: "127.0.0.1".into(),
        endpoint: Endpoint::Port(server.addr().port()),
        database: at.database.clone(),
        user: at.login.clone(),
        password: at.password.clone().into(),
        tls: Tls::TrustAny,
        products_query: "SELECT ProductID, ProductName, Price FROM dbo.Products".into(),
        barcodes_query: Some("SELECT ProductID, Barcode FROM logistics.ProductBarcodes".into()),
        columns: Columns {
            id: "ProductID".into(),
            name: "ProductName".into(),
            price: "Price".into(),
            barcode: "Barcode".into(),
        },
        barcode_order: BarcodeOrder::Gtin,
        isolation: Isolation::Auto,
        lock_timeout: Duration::from_secs(5),
        query_timeout: Duration::from_secs(60),
        connect_timeout: Duration::from_secs(20),
        application_name: "erpsync".into(),
        attempts: 3,
    }
}

/// Lets no time pass and keeps a record of what would have.
#[derive(Default)]
struct NoWaiting(Vec<Duration>);

impl Pacing for NoWaiting {
    fn jitter(&mut self) -> f64 {
        1.0
    }

    async fn pause(&mut self, time: Duration) {
        self.0.push(time);
    }
}

async fn read(options: &SourceOptions) -> Result<Reading, SourceError> {
    mssql::read_paced(options, &mut NoWaiting::default()).await
}

/// The failure, and that it keeps the password to itself.
async fn failure(options: &SourceOptions) -> (Kind, String) {
    let error = read(options).await.expect_err("the read should have failed");
    let text = error.to_string();
    assert!(!text.contains("Pa55") && !format!("{error:?}").contains("Pa55"), "{error:?}");
    (error.kind(), text)
}

fn price(reading: &Reading, id: &str) -> Option<String> {
    reading.listing.whole().products[&ExternalId::parse(id).unwrap()].price.map(|price| price.to_string())
}

fn barcodes(reading: &Reading, id: &str) -> Vec<String> {
    let product = &reading.listing.whole().products[&ExternalId::parse(id).unwrap()];
    product.barcodes.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn the_seeds_schema_is_read_as_one_view_and_never_written() {
    let server = shop().await;
    let reading = read(&options(&server)).await.unwrap();
    let names: Vec<_> = reading.listing.whole().products.values().map(|p| p.name.to_string()).collect();
    assert_eq!(names, ["Жаккард", "Silk 'A'", "Felt"]);
    assert_eq!(price(&reading, "1").as_deref(), Some("9.9955"));
    assert_eq!(price(&reading, "2").as_deref(), Some("922337203685477.5807"));
    assert_eq!(price(&reading, "3"), None);
    assert_eq!(barcodes(&reading, "1"), ["4006381333931", "73513537"]);
    assert_eq!(barcodes(&reading, "2"), [""; 0]);
    assert_eq!((reading.listing.about().product_rows, reading.listing.about().barcode_rows), (3, 5));
    assert_eq!(reading.listing.about().bad_rows, []);
    assert_eq!(reading.warnings, [""; 0]);
    assert_eq!(reading.server.isolation, UsedIsolation::Snapshot);
    assert_eq!((reading.server.database.as_str(), reading.server.login.as_str()), ("Trade", "erpsync"));
    assert!(reading.server.product_version.contains('.'), "{}", reading.server.product_version);

    assert_eq!(server.refused_writes(), [""; 0]);
    let batches = server.batches();
    for batch in &batches {
        for statement in batch.split("; ") {
            let verb = statement.split_whitespace().next().unwrap();
            assert!(["SET", "SELECT", "BEGIN", "COMMIT"].contains(&verb), "{batch}");
            assert!(!statement.to_uppercase().contains("NOLOCK"), "{batch}");
        }
    }
    let position = |what: &str| batches.iter().position(|batch| batch.contains(what)).expect(what);
    assert!(position("LEVEL SNAPSHOT") < position("BEGIN TRANSACTION"));
    assert_eq!(position("BEGIN TRANSACTION") + 3, position("COMMIT TRANSACTION"), "nothing but the two reads between");
    let login = &server.logins()[0];
    assert!(login.read_only_intent);
    assert_eq!((login.application.as_str(), login.encrypted), ("erpsync", "everything"));
}

#[tokio::test]
async fn bad_rows_are_told_one_by_one_and_the_good_ones_come_through() {
    let long_name = format!("INSERT INTO dbo.Products VALUES (6, N'{}', 1)", "я".repeat(1_001));
    let long_code = format!("INSERT INTO logistics.ProductBarcodes VALUES (1, '{}'), (77, '123')", "9".repeat(65));
    let bad = "INSERT INTO dbo.Products VALUES (4, NULL, 1), (5, N'Below zero', -0.01)";
    let server = server_with(MssqlOptions::default(), &[SCHEMA, ROWS, bad, &long_name, &long_code]).await;
    let reading = read(&options(&server)).await.unwrap();
    let told: Vec<_> = reading.listing.about().bad_rows.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "1: the barcode has more than 64 characters",
            "4: the name is empty",
            "5: the price -0.0100 is negative; Odoo's price is left as it is",
            "6: the name has more than 1000 characters",
        ]
    );
    assert_eq!(reading.listing.len(), 4);
    assert_eq!(reading.listing.about().orphan_barcodes, 1);
    assert_eq!(barcodes(&reading, "1"), ["4006381333931", "73513537"]);
}

#[tokio::test]
async fn other_types_keep_their_digits_and_their_padding() {
    let schema = "CREATE TABLE dbo.P (Code char(8) NOT NULL, Title varchar(50) NULL, Cost decimal(18,6) NULL);
         CREATE TABLE dbo.B (Code char(8) NOT NULL, Ean bigint NULL);
         INSERT INTO dbo.P VALUES ('A-17', 'Ribbon', 0.123456), ('B', 'Thread', 123456789012.000001);
         INSERT INTO dbo.B VALUES ('A-17', 4006381333931)";
    let server = server_with(MssqlOptions::default(), &[schema]).await;
    let mut options = options(&server);
    options.products_query = "SELECT Code, Title, Cost FROM dbo.P -- everything".into();
    options.barcodes_query = Some("SELECT Code, Ean FROM dbo.B;\n".into());
    options.columns = Columns { id: "code".into(), name: "Title".into(), price: "Cost".into(), barcode: "Ean".into() };
    let reading = read(&options).await.unwrap();
    assert_eq!(price(&reading, "A-17").as_deref(), Some("0.123456"));
    assert_eq!(price(&reading, "B").as_deref(), Some("123456789012.000001"));
    assert_eq!(barcodes(&reading, "A-17"), ["4006381333931"]);
}

#[tokio::test]
async fn a_wrong_query_is_told_with_its_setting_and_the_cure() {
    let server = shop().await;
    let table = [
        ("SELECT ProductID, ProductName, Price FROM dbo.Goods", ["error 208", "name and schema"]),
        ("SELECT ID, ProductName, Price FROM dbo.Products", ["error 207", "columns' names"]),
        (
            "SELECT ProductID AS ID, ProductName, Price FROM dbo.Products",
            ["no column ProductID; it has ID, ProductName, Price", "sources.polonez.columns.id"],
        ),
        (
            "SELECT ProductID, ProductName, CAST(Price AS float) AS Price FROM dbo.Products",
            ["the column Price is float", "AS decimal(19, 4))"],
        ),
        (
            "SELECT ProductID, ProductName, Price FROM dbo.Products ORDER BY ProductID",
            ["error 1033", "without ORDER BY"],
        ),
    ];
    for (query, expected) in table {
        let options = SourceOptions { products_query: query.into(), ..options(&server) };
        let (kind, text) = failure(&options).await;
        assert_eq!(kind, Kind::Configuration, "{text}");
        assert!(text.contains("sources.polonez.products_query"), "{text}");
        for part in expected {
            assert!(text.contains(part), "{query}: {text}");
        }
        let checked = mssql::check(&options).await.expect_err(query);
        assert_eq!(checked.kind(), Kind::Configuration, "{checked}");
    }
    assert_eq!(server.pending_faults(), 0);
}

#[tokio::test]
async fn a_check_reads_no_rows() {
    let server = shop().await;
    server.fail_next(Fault::deadlock(0));
    let check = mssql::check(&options(&server)).await.unwrap();
    assert_eq!(check.server.isolation, UsedIsolation::Snapshot);
    assert_eq!(server.pending_faults(), 1, "a SELECT from a table would have met it");
}

#[tokio::test]
async fn refusals_are_final_and_told_apart() {
    let server = shop().await;
    let wrong_password = SourceOptions { password: "Pa55-wrong".to_owned().into(), ..options(&server) };
    let (kind, text) = failure(&wrong_password).await;
    assert_eq!(kind, Kind::Refused, "{text}");
    assert!(
        text.contains("logging in as erpsync") && text.contains("error 18456") && text.contains("check user"),
        "{text}"
    );
    assert_eq!(server.logins().len(), 1, "a wrong password is not tried again: it may lock the account");

    let (kind, text) = failure(&SourceOptions { database: "Nowhere".into(), ..options(&server) }).await;
    assert_eq!(kind, Kind::Refused, "{text}");
    assert!(text.contains("error 4060") && text.contains("CREATE USER"), "{text}");

    server.execute("DENY SELECT ON logistics.ProductBarcodes TO erpsync").unwrap();
    let (kind, text) = failure(&options(&server)).await;
    assert_eq!(kind, Kind::Refused, "{text}");
    assert!(text.contains("barcodes_query") && text.contains("error 229") && text.contains("GRANT SELECT"), "{text}");
}

#[tokio::test]
async fn nobody_at_home() {
    let server = shop().await;
    let options = options(&server);
    server.stop().await;
    let mut pacing = NoWaiting::default();
    let error = mssql::read_paced(&options, &mut pacing).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(error.to_string().contains("the connection was refused"), "{error}");
    assert_eq!(pacing.0, [Duration::from_millis(500), Duration::from_secs(1)]);

    let nowhere = SourceOptions { host: "erp.invalid".into(), ..options };
    let (kind, text) = failure(&nowhere).await;
    assert_eq!(kind, Kind::Unreachable);
    assert!(text.contains("erp.invalid") && text.contains("does not resolve"), "{text}");
}

#[tokio::test]
async fn tls_is_checked_as_the_settings_say() {
    let signed =
        server_with(MssqlOptions { encryption: Encryption::On, ..MssqlOptions::default() }, &[SCHEMA, ROWS]).await;
    let ca = |pem: &str| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(pem.as_bytes()).unwrap();
        file
    };
    let file = ca(signed.ca_pem().unwrap());
    let with_ca = SourceOptions { tls: Tls::CaFile(file.path().into()), ..options(&signed) };
    read(&with_ca).await.unwrap();
    assert_eq!(signed.logins()[0].encrypted, "everything");

    let (kind, text) = failure(&SourceOptions { tls: Tls::Verify, ..options(&signed) }).await;
    assert_eq!(kind, Kind::Unreachable);
    assert!(
        text.contains("nobody whom this machine trusts") || text.contains("no trusted root certificates"),
        "{text}"
    );
    assert!(text.contains("ca_file") && text.contains("sources.polonez.tls"), "{text}");

    let own = MssqlOptions { certificate: Certificate::SelfSignedCa, ..MssqlOptions::default() };
    let own = server_with(own, &[SCHEMA, ROWS]).await;
    let file = ca(own.ca_pem().unwrap());
    let (_, text) = failure(&SourceOptions { tls: Tls::CaFile(file.path().into()), ..options(&own) }).await;
    assert!(text.contains("CaUsedAsEndEntity") && text.contains("trust-any"), "{text}");
    read(&options(&own)).await.unwrap();

    let file = ca("not a certificate");
    let (kind, text) = failure(&SourceOptions { tls: Tls::CaFile(file.path().into()), ..options(&own) }).await;
    assert_eq!(kind, Kind::Configuration, "{text}");
    assert!(text.contains("sources.polonez.ca_file"), "{text}");
}

#[tokio::test]
async fn plain_text_only_when_it_is_asked_for() {
    let plain = MssqlOptions { encryption: Encryption::NotSupported, ..MssqlOptions::default() };
    let plain = server_with(plain, &[SCHEMA, ROWS]).await;
    read(&SourceOptions { tls: Tls::Off, ..options(&plain) }).await.unwrap();
    assert_eq!(plain.logins()[0].encrypted, "nothing");
    let (kind, text) = failure(&options(&plain)).await;
    assert_eq!(kind, Kind::Unreachable, "{text}");
    assert!(text.contains("it offers no encryption") && text.contains("tls = \"off\""), "{text}");
    assert_eq!(plain.logins().len(), 1, "the password was not sent");
}

#[tokio::test]
async fn a_transient_failure_begins_anew_from_nothing() {
    let lost = SqlError::new(40_613, 17, 1, "Database 'Trade' on server 'erp' is not currently available.");
    let faults = [
        ("deadlock", Fault::deadlock(2)),
        ("lock timeout", Fault::lock_timeout(0)),
        ("cut in the middle of a row", Fault::Cut { after_rows: 1 }),
        ("an end without an error's token", Fault::Mute { after_rows: 2 }),
        ("not available", Fault::RefuseLogin(lost)),
        ("hung up", Fault::DropConnection),
    ];
    for (case, fault) in faults {
        let server = shop().await;
        server.fail_next(fault);
        let mut pacing = NoWaiting::default();
        let reading = mssql::read_paced(&options(&server), &mut pacing).await.unwrap_or_else(|e| panic!("{case}: {e}"));
        assert_eq!(pacing.0, [Duration::from_millis(500)], "{case}");
        assert_eq!((reading.listing.about().product_rows, reading.listing.about().barcode_rows), (3, 5), "{case}");
        assert_eq!(reading.listing.about().bad_rows, [], "{case}: a row of the first attempt came twice");
        assert_eq!(reading.warnings.len(), 1, "{case}");
        assert!(reading.warnings[0].starts_with("attempt 1 failed: "), "{case}");
        assert_eq!(server.pending_faults(), 0, "{case}");
    }
}

#[tokio::test]
async fn the_attempts_are_counted() {
    let server = shop().await;
    for _ in 0..3 {
        server.fail_next(Fault::deadlock(1));
    }
    let (kind, text) = failure(&options(&server)).await;
    assert_eq!(kind, Kind::Failed);
    assert!(text.contains("error 1205") && text.contains("sources.polonez.products_query"), "{text}");
    assert_eq!(server.logins().len(), 3);
    assert_eq!(server.pending_faults(), 0);
}

#[tokio::test]
async fn a_silent_server_does_not_hold_us() {
    let server = shop().await;
    server.fail_next(Fault::Stall { after_rows: 1 });
    let options = SourceOptions { query_timeout: Duration::from_secs(2), ..options(&server) };
    let (kind, text) = failure(&options).await;
    assert_eq!(kind, Kind::Failed);
    assert!(text.contains("no end after 2 s") && text.contains("query_timeout"), "{text}");
}

#[tokio::test]
async fn without_snapshot_the_two_views_are_told() {
    let off = MssqlOptions { snapshot_isolation: false, ..MssqlOptions::default() };
    let server = server_with(off, &[SCHEMA, ROWS]).await;
    let reading = read(&options(&server)).await.unwrap();
    assert_eq!(reading.server.isolation, UsedIsolation::ReadCommitted);
    assert_eq!(reading.warnings.len(), 1);
    assert!(reading.warnings[0].contains("two views"), "{:?}", reading.warnings);
    assert!(!server.batches().iter().any(|batch| batch.contains("BEGIN")));
    assert_eq!(server.logins().len(), 1);

    let (kind, text) = failure(&SourceOptions { isolation: Isolation::Snapshot, ..options(&server) }).await;
    assert_eq!(kind, Kind::Configuration);
    assert!(text.contains("sources.polonez.isolation") && text.contains("ALLOW_SNAPSHOT_ISOLATION ON"), "{text}");
}

#[tokio::test]
async fn what_snapshot_cannot_read_is_read_without_it() {
    let server = shop().await;
    let words = "Accessing memory optimized tables under the SNAPSHOT isolation level is not supported.";
    let refused = || Fault::Error { error: SqlError::new(41_332, 16, 0, words), after_rows: 0 };
    server.fail_next(refused());
    let reading = read(&options(&server)).await.unwrap();
    assert_eq!(reading.server.isolation, UsedIsolation::ReadCommitted);
    assert_eq!(reading.listing.about().product_rows, 3);

    server.fail_next(refused());
    let (kind, text) = failure(&SourceOptions { isolation: Isolation::Snapshot, ..options(&server) }).await;
    assert_eq!(kind, Kind::Configuration);
    assert!(text.contains("read-committed"), "{text}");
}

#[tokio::test]
async fn an_empty_result_is_looked_at_twice_and_told() {
    let off = MssqlOptions { snapshot_isolation: false, ..MssqlOptions::default() };
    let server = server_with(off, &[SCHEMA]).await;
    let reading = read(&options(&server)).await.unwrap();
    assert_eq!((reading.listing.about().product_rows, server.logins().len()), (0, 2));

    server.execute("INSERT INTO dbo.Products VALUES (1, N'Felt', 1)").unwrap();
    let reading = read(&options(&server)).await.unwrap();
    assert_eq!(
        (reading.listing.about().product_rows, reading.listing.about().barcode_rows, server.logins().len()),
        (1, 0, 4)
    );
    assert!(reading.warnings[0].contains("no barcode rows came"), "{:?}", reading.warnings);
}

#[tokio::test]
async fn many_orphans_are_looked_at_twice_and_then_told() {
    let off = MssqlOptions { snapshot_isolation: false, ..MssqlOptions::default() };
    let server = server_with(off, &[SCHEMA, ROWS]).await;
    for id in 100..130 {
        server.execute(&format!("INSERT INTO logistics.ProductBarcodes VALUES ({id}, '73513537')")).unwrap();
    }
    let reading = read(&options(&server)).await.unwrap();
    assert_eq!(server.logins().len(), 2);
    assert_eq!(reading.listing.about().barcode_rows, 35, "the second read replaces the first");
    assert!(reading.warnings[0].contains("30 of 35 barcodes"), "{:?}", reading.warnings);
}

#[tokio::test]
async fn a_named_instance_needs_the_browser() {
    let server = shop().await;
    let options = SourceOptions {
        endpoint: Endpoint::Instance("SQLEXPRESS".into()),
        connect_timeout: Duration::from_secs(5),
        attempts: 1,
        ..options(&server)
    };
    let (kind, text) = failure(&options).await;
    assert_eq!(kind, Kind::Unreachable, "{text}");
    assert!(text.contains("127.0.0.1\\SQLEXPRESS") && text.contains("Browser"), "{text}");
}
