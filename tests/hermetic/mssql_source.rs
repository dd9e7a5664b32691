//! The source adapter against a stand-in for SQL Server that really speaks TDS.

use std::io::Write as _;
use std::time::Duration;

use erpsync::catalog::source::BarcodeOrder;
use erpsync::catalog::{ExternalId, SourceName};
use erpsync::mssql::{
    self, Columns, Endpoint, Isolation, Kind, Pacing, Reading, SourceError, SourceOptions, Tls, UsedIsolation,
};
use erpsync_sandbox::mssql::{Certificate, Encryption, Fault, MssqlOptions, MssqlServer, SqlError, SqlValue};

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
        codes: erpsync::catalog::CodeRules::default(),
        isolation: Isolation::Auto,
        lock_timeout: Duration::from_secs(5),
        query_timeout: Duration::from_secs(60),
        connect_timeout: Duration::from_secs(20),
        application_name: "erpsync".into(),
        read_intent: true,
        max_rows: 1_000_000,
        max_bytes: 1 << 30,
        damaged_names: false,
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

/// A table in memory, another server: what SNAPSHOT cannot read is read without it, whoever reads.
#[tokio::test]
async fn what_snapshot_cannot_read_is_read_without() {
    let options = |server: &MssqlServer| SourceOptions { attempts: 1, ..options(server) };
    let server = shop().await;
    let words = "Memory optimized tables and natively compiled modules cannot be accessed or created when the session TRANSACTION ISOLATION LEVEL is set to SNAPSHOT.";
    let fault = || Fault::Error { error: SqlError::new(41_332, 16, 1, words), after_rows: 0 };
    server.fail_next(fault());
    let reading = mssql::read(&options(&server)).await.unwrap();
    assert_eq!(reading.server.isolation, UsedIsolation::ReadCommitted);
    server.fail_next(fault());
    let prices = mssql::read_prices(&options(&server)).await.unwrap();
    assert_eq!(prices.server.isolation, UsedIsolation::ReadCommitted);
    server.fail_next(fault());
    let checks = mssql::doctor::examine(&options(&server)).await;
    let rows = checks.iter().find(|check| check.name == "products-rows").unwrap();
    assert!(rows.says.contains("all can be used"), "{rows:?}");
    assert_eq!(server.pending_faults(), 0);
    // Asked for by name, it is not left.
    server.fail_next(fault());
    let only = SourceOptions { isolation: Isolation::Snapshot, ..options(&server) };
    assert_eq!(mssql::read_prices(&only).await.unwrap_err().kind(), Kind::Configuration);
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
    assert_eq!(server.attentions(), 1, "the server was told to stop");
}

#[tokio::test]
async fn what_is_given_up_is_ended_on_the_server() {
    let server = shop().await;
    for (attentions, rows) in [(1, 0), (2, 2)] {
        server.fail_next(Fault::Stall { after_rows: rows });
        let options = options(&server);
        let reading = mssql::read(&options);
        let stalled = async {
            while server.pending_faults() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            read = reading => panic!("the server does not answer: {read:?}"),
            () = stalled => {}
        }
        let told = async {
            while server.attentions() < attentions {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), told)
            .await
            .unwrap_or_else(|_| panic!("dropped after {rows} rows"));
    }
}

#[tokio::test]
async fn no_more_than_may_be_is_taken() {
    let server = shop().await;
    let rows: Vec<[SqlValue; 3]> = (10..2_010).map(|id| [id.into(), "x".repeat(1_000).into(), "1".into()]).collect();
    server.insert_rows("dbo.Products", rows).unwrap();
    // Three products and five barcodes stand there besides.
    let exactly = SourceOptions { max_rows: 2_008, ..options(&server) };
    assert_eq!(read(&exactly).await.unwrap().listing.about().product_rows, 2_003);
    assert_eq!(server.attentions(), 0);
    for (limit, options) in [
        ("2007 rows", SourceOptions { max_rows: 2_007, ..options(&server) }),
        ("700 rows", SourceOptions { max_rows: 700, ..options(&server) }),
        ("1 MB of text", SourceOptions { max_bytes: 1 << 20, ..options(&server) }),
    ] {
        let before = server.logins().len();
        let (kind, text) = failure(&options).await;
        assert_eq!(kind, Kind::Configuration, "{text}");
        let setting =
            if limit.ends_with("rows") { "sources.polonez.max_rows" } else { "sources.polonez.max_megabytes" };
        assert!(text.contains(&format!("more than {limit} came")) && text.contains(setting), "{text}");
        assert_eq!(server.logins().len(), before + 1, "it is not tried again");
    }
    // A join without its condition.
    let cross = SourceOptions {
        products_query:
            "SELECT a.ProductID, N'x' AS ProductName, b.Price FROM dbo.Products a CROSS JOIN dbo.Products b".into(),
        max_rows: 5_000,
        ..options(&server)
    };
    let (kind, text) = failure(&cross).await;
    assert_eq!(kind, Kind::Configuration, "{text}");
    assert!(text.contains("products_query") && text.contains("a join without its condition"), "{text}");
}

/// The listener's port is the one of the settings; who does not answer is the replica that it names.
#[tokio::test]
async fn a_replica_that_cannot_be_reached_is_not_our_host() {
    let replica = shop().await;
    let routed =
        |to: &str, port| MssqlOptions { routes_readers_to: Some((to.to_owned(), port)), ..MssqlOptions::default() };
    let listener = server_with(routed("localhost", replica.addr().port()), &[SCHEMA, ROWS]).await;
    let reading = read(&options(&listener)).await.unwrap();
    assert_eq!((reading.listing.len(), replica.logins().len()), (3, 1), "the replica answered");

    let listener = server_with(routed("sql2.corp.invalid", 1_433), &[SCHEMA, ROWS]).await;
    let (kind, text) = failure(&options(&listener)).await;
    assert_eq!(kind, Kind::Unreachable);
    let sent_by = format!("sql2.corp.invalid:1433, to which 127.0.0.1:{} sends", listener.addr().port());
    assert!(text.contains(&sent_by) && text.contains("READ_ONLY_ROUTING_URL"), "{text}");
    assert!(!text.contains("check host") && text.contains("read_intent = false"), "{text}");

    // Without the intent nobody is sent anywhere.
    let primary = SourceOptions { read_intent: false, ..options(&listener) };
    assert_eq!(read(&primary).await.unwrap().listing.len(), 3);
    assert!(!listener.logins().last().unwrap().read_only_intent);

    let listener = server_with(routed("localhost", replica.addr().port()), &[SCHEMA, ROWS]).await;
    let refused = SqlError::new(18_456, 14, 1, "Login failed for user 'erpsync'.");
    replica.fail_next(Fault::RefuseLogin(refused));
    let (kind, text) = failure(&options(&listener)).await;
    assert_eq!(kind, Kind::Refused);
    assert!(text.contains(&format!("localhost:{}, to which", replica.addr().port())), "{text}");
}

/// SQL Server 2022 may insist on it: TLS before a word of TDS.
#[tokio::test]
async fn strict_encryption_is_met() {
    let strict = MssqlOptions { encryption: Encryption::Strict, ..MssqlOptions::default() };
    let server = server_with(strict, &[SCHEMA, ROWS]).await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(server.ca_pem().unwrap().as_bytes()).unwrap();
    for tls in [Tls::CaFile(file.path().into()), Tls::TrustAny, Tls::Off] {
        let case = format!("{tls:?}");
        let options = SourceOptions { tls, ..options(&server) };
        assert_eq!(read(&options).await.unwrap_or_else(|e| panic!("{case}: {e}")).listing.len(), 3, "{case}");
        assert_eq!(server.logins().last().unwrap().encrypted, "everything");
    }
    let before = server.logins().len();
    let (kind, text) = failure(&SourceOptions { tls: Tls::Verify, ..options(&server) }).await;
    assert_eq!(kind, Kind::Unreachable);
    assert!(
        text.contains("nobody whom this machine trusts") || text.contains("no trusted root certificates"),
        "it is strict, and its certificate is what is wrong: {text}"
    );
    assert_eq!(server.logins().len(), before, "nothing was sent to a stranger");
}

#[tokio::test]
async fn a_firewall_is_no_passing_trouble() {
    let server = shop().await;
    let words = "Cannot open server 'shop' requested by the login. Client with IP address '203.0.113.7' is not allowed to access the server.";
    server.fail_next(Fault::RefuseLogin(SqlError::new(40_615, 14, 1, words)));
    let mut pacing = NoWaiting::default();
    let error = mssql::read_paced(&options(&server), &mut pacing).await.unwrap_err();
    assert_eq!((error.kind(), pacing.0.len()), (Kind::Unreachable, 0), "{error}");
    let text = error.to_string();
    assert!(text.contains("203.0.113.7") && text.contains("a rule") && !text.contains("try later"), "{text}");
}

/// In front of a code, and inside it, where it must not be cut off either.
#[tokio::test]
async fn blanks_that_fill_a_column_cut_nothing_off() {
    let schema =
        "CREATE TABLE dbo.Products (ProductID varchar(200) NOT NULL, ProductName nvarchar(max) NULL, Price money NULL);
         CREATE TABLE logistics.ProductBarcodes (ProductID varchar(200) NOT NULL, Barcode varchar(200) NULL)";
    let server = server_with(MssqlOptions::default(), &[schema]).await;
    let blanks = " ".repeat(70);
    let padded = |text: &str| SqlValue::from(format!("{blanks}{text}{blanks}"));
    let many = " ".repeat(1_010);
    server.insert_rows("dbo.Products", [[padded("A-17"), format!("{many}Tea{many}").into(), "1".into()]]).unwrap();
    server
        .insert_rows(
            "logistics.ProductBarcodes",
            [[padded("A-17"), padded("4006381333931")], ["A-17".into(), padded("73513537")]],
        )
        .unwrap();
    let inside = format!("1{}2", " ".repeat(70));
    server.insert_rows("logistics.ProductBarcodes", [["A-17".into(), inside.into()] as [SqlValue; 2]]).unwrap();
    let reading = read(&options(&server)).await.unwrap();
    let catalogue = reading.listing.whole();
    let product = &catalogue.products[&ExternalId::parse("A-17").unwrap()];
    assert_eq!(product.name.as_str(), "Tea");
    assert_eq!(barcodes(&reading, "A-17"), ["4006381333931", "73513537"]);
    let told: Vec<_> = catalogue.bad_rows.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["A-17: the barcode has more than 64 characters"], "and is not taken for 1");
}

#[tokio::test]
async fn damaged_names_are_kept_when_that_is_wanted() {
    let server = shop().await;
    server.execute("INSERT INTO dbo.Products VALUES (9, N'Caf\u{fffd}', 1)").unwrap();
    let reading = read(&options(&server)).await.unwrap();
    let told: Vec<_> = reading.listing.about().bad_rows.iter().map(ToString::to_string).collect();
    assert!(told.len() == 1 && told[0].contains("U+FFFD") && told[0].contains("damaged_names"), "{told:?}");
    let kept = SourceOptions { damaged_names: true, ..options(&server) };
    let reading = read(&kept).await.unwrap();
    assert_eq!(reading.listing.about().bad_rows, []);
    let names: Vec<_> = reading.listing.whole().products.values().map(|p| p.name.to_string()).collect();
    assert!(names.contains(&"Caf\u{fffd}".to_owned()), "{names:?}");
}

#[tokio::test]
async fn a_barcode_column_without_a_value_is_no_barcodes() {
    let server = server_with(MssqlOptions { snapshot_isolation: false, ..MssqlOptions::default() }, &[SCHEMA]).await;
    server.execute("INSERT INTO dbo.Products VALUES (1, N'Felt', 1)").unwrap();
    server.execute("INSERT INTO logistics.ProductBarcodes VALUES (1, NULL), (1, '')").unwrap();
    let reading = read(&options(&server)).await.unwrap();
    assert!(reading.listing.about().no_barcodes());
    assert_eq!(server.logins().len(), 2, "it was looked at twice");
    assert!(reading.warnings[0].contains("all 2 barcodes that came are NULL or empty"), "{:?}", reading.warnings);
}

/// A server of others, or one before 2012: the same rows, and prices with all their decimals.
#[tokio::test]
async fn a_server_that_cannot_describe_is_read_as_exactly() {
    let schema =
        "CREATE TABLE dbo.Products (ProductID int NOT NULL, ProductName nvarchar(40) NULL, Price decimal(30,14) NULL);
         CREATE TABLE logistics.ProductBarcodes (ProductID int NOT NULL, Barcode varchar(20) NULL);
         INSERT INTO dbo.Products VALUES (1, N'Screw', 0.00015000000001), (2, N'Tea', 4.5);
         INSERT INTO logistics.ProductBarcodes VALUES (1, '4006381333931')";
    let server = server_with(MssqlOptions { describes: false, ..MssqlOptions::default() }, &[schema]).await;
    let reading = read(&options(&server)).await.unwrap();
    assert_eq!(price(&reading, "1").as_deref(), Some("0.00015000000001"));
    assert_eq!(price(&reading, "2").as_deref(), Some("4.5"));
    assert_eq!(reading.listing.about().bad_rows, []);
    // It says that a table is missing in words of its own.
    let words = "relation \"dbo.products\" does not exist";
    server.fail_next(Fault::Error { error: SqlError::new(33_557_097, 16, 1, words), after_rows: 0 });
    let (kind, text) = failure(&options(&server)).await;
    assert_eq!(kind, Kind::Configuration, "{text}");
    assert!(text.contains("check the table's or view's name"), "{text}");
    let locked = || Fault::Error {
        error: SqlError::new(33_557_097, 16, 1, "canceling statement due to lock timeout"),
        after_rows: 0,
    };
    server.fail_next(locked());
    assert_eq!(read(&options(&server)).await.unwrap().listing.len(), 2, "tried again, as after 1222");
}

#[tokio::test]
async fn a_query_may_end_as_people_end_it() {
    let server = shop().await;
    let query = "SELECT ProductID, ProductName, Price FROM dbo.Products; -- all of them\n;";
    let options = SourceOptions { products_query: query.into(), ..options(&server) };
    assert_eq!(read(&options).await.unwrap().listing.len(), 3);
    mssql::check(&options).await.unwrap();
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

/// Rows of the two queries meet as SQL Server would join them: capitals, padding, and numbers in text.
#[tokio::test]
async fn keys_meet_as_the_columns_compare() {
    let shop = |id: &str, other: &str, rows: &str| {
        format!(
            "CREATE TABLE dbo.Goods (ProductID {id} NOT NULL, ProductName nvarchar(50) NULL, Price money NULL);
             CREATE TABLE dbo.Codes (ProductID {other} NOT NULL, Barcode varchar(50) NULL); {rows}"
        )
    };
    let rows = "INSERT INTO dbo.Goods VALUES ('AB-1', N'Tea', 1), ('CD-2', N'Pen', 2);
        INSERT INTO dbo.Codes VALUES ('ab-1', 'A'), ('Cd-2  ', 'B'), ('ef-3', 'C')";
    let numbers = "INSERT INTO dbo.Goods VALUES (1001, N'Tea', 1), (1002, N'Pen', 2);
        INSERT INTO dbo.Codes VALUES ('001001', 'A'), ('1002', 'B'), ('x', 'C')";
    let scaled = "INSERT INTO dbo.Goods VALUES (1001, N'Tea', 1), (1002, N'Pen', 2);
        INSERT INTO dbo.Codes VALUES (1001, 'A'), (1002.00, 'B'), (7, 'C')";
    for (id, other, rows, first) in [
        ("varchar(20)", "char(20)", rows, "AB-1"),
        ("nvarchar(20)", "varchar(20) COLLATE Cyrillic_General_CI_AS", rows, "AB-1"),
        ("int", "varchar(20)", numbers, "1001"),
        ("bigint", "decimal(18,2)", scaled, "1001"),
        ("decimal(18,0)", "decimal(18,2)", scaled, "1001"),
    ] {
        let server = server_with(MssqlOptions::default(), &[&shop(id, other, rows)]).await;
        let options = SourceOptions {
            products_query: "SELECT ProductID, ProductName, Price FROM dbo.Goods".into(),
            barcodes_query: Some("SELECT ProductID, Barcode FROM dbo.Codes".into()),
            ..options(&server)
        };
        let reading = read(&options).await.unwrap();
        let case = format!("{id} {other}");
        let whole = reading.listing.whole();
        assert_eq!(whole.products.keys().next().unwrap().as_str(), first, "{case}: the product's own spelling");
        let codes: Vec<String> = whole.products.values().flat_map(|p| &p.barcodes).map(ToString::to_string).collect();
        assert_eq!(codes, ["A", "B"], "{case}");
        assert_eq!((whole.orphan_barcodes, whole.orphans.len()), (1, 1), "{case}");
    }
}
