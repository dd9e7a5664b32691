//! Every type that the SQL Server stand-in sends, read back by tiberius: values, NULLs, types on the wire.

use crate::mssql_support::{columns, connect, failure, rows, text};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use erpsync_sandbox::mssql::{MssqlOptions, MssqlServer, SqlValue};
use rust_decimal::Decimal;
use tiberius::ColumnType;

const ALL: &str = "CREATE TABLE dbo.AllTypes (
    id int NOT NULL PRIMARY KEY, big bigint, small smallint, tiny tinyint, flag bit,
    f float, r real, d decimal(19,4), n numeric(28,10), m money, sm smallmoney,
    nv nvarchar(50), nvm nvarchar(max), v varchar(50), ru varchar(50) COLLATE Cyrillic_General_CI_AS, vm varchar(max),
    c char(5), nc nchar(5), g uniqueidentifier,
    day date, at datetime, at2 datetime2(7), sat smalldatetime, tod time(3), bin varbinary(20), binm varbinary(max))";

async fn all_types() -> MssqlServer {
    let server = MssqlServer::start(MssqlOptions::default()).await.unwrap();
    server.execute(ALL).unwrap();
    server
        .execute(
            "INSERT INTO dbo.AllTypes VALUES (1, 9223372036854775807, -32768, 255, 1,
             0.1, 1.5, 922337203685477.5807, -123456789012345678.0123456789, -922337203685477.5808, 214748.3647,
             N'Жаккард 漢字 😀', N'long', 'naïve', 'Сыр «Ж»', 'plain',
             'ab', N'Ж', '6F9619FF-8B86-D011-B42D-00C04FC964FF',
             '2026-02-28', '1753-01-01T23:59:59.997', '9999-12-31 23:59:59.9999999', '2026-11-22 20:05:31', '20:05:32.125', 0xDEADBEEF, 0x00)",
        )
        .unwrap();
    server.execute("INSERT INTO dbo.AllTypes (id) VALUES (2)").unwrap();
    server
}

#[tokio::test]
async fn every_type_comes_back() {
    let server = all_types().await;
    let mut client = connect(&server).await;
    let rows = rows(&mut client, "SELECT * FROM dbo.AllTypes ORDER BY id").await;
    let row = &rows[0];
    assert_eq!(row.get::<i32, _>("id"), Some(1));
    assert_eq!(row.get::<i64, _>("big"), Some(i64::MAX));
    assert_eq!(row.get::<i16, _>("small"), Some(i16::MIN));
    assert_eq!(row.get::<u8, _>("tiny"), Some(255));
    assert_eq!(row.get::<bool, _>("flag"), Some(true));
    assert_eq!(row.get::<f64, _>("f"), Some(0.1));
    assert_eq!(row.get::<f32, _>("r"), Some(1.5));
    let decimal = |name| row.get::<Decimal, _>(name).unwrap().to_string();
    assert_eq!(decimal("d"), "922337203685477.5807");
    assert_eq!(decimal("n"), "-123456789012345678.0123456789");
    // tiberius makes floats of money; exact values are asked for with CAST.
    assert_eq!(row.get::<f64, _>("sm"), Some(214_748.364_7));
    assert_eq!(row.get::<&str, _>("nv"), Some("Жаккард 漢字 😀"));
    assert_eq!(row.get::<&str, _>("nvm"), Some("long"));
    assert_eq!(row.get::<&str, _>("v"), Some("naïve"));
    assert_eq!(row.get::<&str, _>("ru"), Some("Сыр «Ж»"));
    assert_eq!(row.get::<&str, _>("vm"), Some("plain"));
    assert_eq!(row.get::<&str, _>("c"), Some("ab   "));
    assert_eq!(row.get::<&str, _>("nc"), Some("Ж    "));
    assert_eq!(row.get::<uuid::Uuid, _>("g").unwrap().to_string(), "6f9619ff-8b86-d011-b42d-00c04fc964ff");
    let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
    assert_eq!(row.get::<NaiveDate, _>("day"), Some(day(2026, 2, 28)));
    let moment = |name| row.get::<NaiveDateTime, _>(name).unwrap();
    assert_eq!(
        moment("at").date().and_hms_milli_opt(23, 59, 59, 996).unwrap(),
        day(1753, 1, 1).and_hms_milli_opt(23, 59, 59, 996).unwrap()
    );
    assert_eq!(moment("at2"), day(9999, 12, 31).and_hms_nano_opt(23, 59, 59, 999_999_900).unwrap());
    assert_eq!(moment("sat"), day(2026, 11, 22).and_hms_opt(20, 6, 0).unwrap());
    assert_eq!(row.get::<NaiveTime, _>("tod"), NaiveTime::from_hms_milli_opt(20, 5, 32, 125));
    assert_eq!(row.get::<&[u8], _>("bin"), Some(&[0xde, 0xad, 0xbe, 0xef][..]));
    assert_eq!(row.get::<&[u8], _>("binm"), Some(&[0][..]));
    for (at, column) in rows[1].columns().iter().enumerate().skip(1) {
        let data = rows[1].cells().nth(at).unwrap().1;
        assert!(format!("{data:?}").contains("None"), "{}: {data:?}", column.name());
    }
}

#[tokio::test]
async fn types_on_the_wire_are_the_declared_ones() {
    let server = all_types().await;
    let mut client = connect(&server).await;
    let found = columns(&mut client, "SELECT * FROM dbo.AllTypes").await;
    let want = [
        ("id", ColumnType::Int4),
        ("big", ColumnType::Int8),
        ("small", ColumnType::Int2),
        ("tiny", ColumnType::Int1),
        ("flag", ColumnType::Bitn),
        ("f", ColumnType::Float8),
        ("r", ColumnType::Float4),
        ("d", ColumnType::Decimaln),
        ("n", ColumnType::Numericn),
        ("m", ColumnType::Money),
        ("sm", ColumnType::Money),
        ("nv", ColumnType::NVarchar),
        ("nvm", ColumnType::NVarchar),
        ("v", ColumnType::BigVarChar),
        ("ru", ColumnType::BigVarChar),
        ("vm", ColumnType::BigVarChar),
        ("c", ColumnType::BigChar),
        ("nc", ColumnType::NChar),
        ("g", ColumnType::Guid),
        ("day", ColumnType::Daten),
        ("at", ColumnType::Datetimen),
        ("at2", ColumnType::Datetime2),
        ("sat", ColumnType::Datetimen),
        ("tod", ColumnType::Timen),
        ("bin", ColumnType::BigVarBin),
        ("binm", ColumnType::BigVarBin),
    ];
    let found: Vec<_> = found.iter().map(|(name, ty)| (name.as_str(), *ty)).collect();
    assert_eq!(found, want);
}

#[tokio::test]
async fn not_null_columns_have_the_fixed_types() {
    let server = MssqlServer::start(MssqlOptions::default()).await.unwrap();
    server
        .execute(
            "CREATE TABLE dbo.Fixed (a tinyint NOT NULL, b smallint NOT NULL, c int NOT NULL, d bigint NOT NULL, e bit NOT NULL,
             f float NOT NULL, g real NOT NULL, h money NOT NULL, i smallmoney NOT NULL, j datetime NOT NULL, k smalldatetime NOT NULL);
             INSERT INTO dbo.Fixed VALUES (1, -2, 3, -4, 0, 0.5, 0.25, 1.23, 4.56, '2026-01-02 03:04:05', '2026-01-02 03:04:05')",
        )
        .unwrap();
    let mut client = connect(&server).await;
    let rows = rows(&mut client, "SELECT a, b, c, d, e, f, g, h, i, j, k FROM dbo.Fixed").await;
    let row = &rows[0];
    assert_eq!(row.get::<u8, _>(0), Some(1));
    assert_eq!(row.get::<i16, _>(1), Some(-2));
    assert_eq!(row.get::<i32, _>(2), Some(3));
    assert_eq!(row.get::<i64, _>(3), Some(-4));
    assert_eq!(row.get::<bool, _>(4), Some(false));
    assert_eq!(row.get::<f64, _>(5), Some(0.5));
    assert_eq!(row.get::<f32, _>(6), Some(0.25));
    assert_eq!(row.get::<f64, _>(7), Some(1.23));
    assert_eq!(row.get::<f64, _>(8), Some(4.56));
    let day = NaiveDate::from_ymd_opt(2026, 1, 2).unwrap();
    assert_eq!(row.get::<NaiveDateTime, _>(9), day.and_hms_opt(3, 4, 5));
    assert_eq!(row.get::<NaiveDateTime, _>(10), day.and_hms_opt(3, 4, 0));
}

#[tokio::test]
async fn money_is_exact_under_a_cast() {
    let server = all_types().await;
    let mut client = connect(&server).await;
    for (sql, want) in [
        ("SELECT CAST(m AS decimal(19,4)) AS p FROM dbo.AllTypes WHERE id = 1", "-922337203685477.5808"),
        (
            "SELECT CAST(q.d AS decimal(19,4)) AS p FROM (SELECT d FROM dbo.AllTypes) AS q WHERE q.d > 1",
            "922337203685477.5807",
        ),
        ("SELECT CAST(9.9955 AS decimal(19,4)) AS p", "9.9955"),
        ("SELECT SUM(x.a) AS p FROM (SELECT CAST('0.1' AS decimal(9,4)) AS a UNION ALL SELECT 0.2) AS x", "0.3000"),
    ] {
        let got = rows(&mut client, sql).await[0].get::<Decimal, _>(0).unwrap();
        assert_eq!(got.to_string(), want, "{sql}");
    }
}

#[tokio::test]
async fn bytes_outside_the_code_page_reach_the_client_as_they_are() {
    let server = MssqlServer::start(MssqlOptions::default()).await.unwrap();
    server.execute("CREATE TABLE dbo.Old (name varchar(20) COLLATE Cyrillic_General_CI_AS NULL)").unwrap();
    // 0x98 is the one byte that code page 1251 has no character for.
    let rows = [[SqlValue::Bytes(vec![0xc6, 0x98, 0xe0])]];
    server.insert_rows("dbo.Old", rows).unwrap();
    let mut client = connect(&server).await;
    assert_eq!(text(&mut client, "SELECT name FROM dbo.Old").await, "Ж\u{98}а");
    let cast = "SELECT CAST(name AS nvarchar(20)) AS name FROM dbo.Old";
    assert_eq!(text(&mut client, cast).await, "Ж\u{98}а");
    // Cyrillic under a Latin collation is lost when it is written, not when it is read.
    server.execute("CREATE TABLE dbo.Lost (name varchar(20)); INSERT INTO dbo.Lost VALUES (N'Сыр')").unwrap();
    assert_eq!(text(&mut client, "SELECT name FROM dbo.Lost").await, "???");
}

#[tokio::test]
async fn conversions_fail_as_in_sql_server() {
    let server = all_types().await;
    let mut client = connect(&server).await;
    for (sql, number, state, class) in [
        ("SELECT CAST(nv AS int) AS a FROM dbo.AllTypes WHERE id = 1", 245, 1, 16),
        ("SELECT CAST(nv AS decimal(9,2)) AS a FROM dbo.AllTypes WHERE id = 1", 8_114, 5, 16),
        ("SELECT CAST(big AS int) AS a FROM dbo.AllTypes WHERE id = 1", 8_115, 2, 16),
        ("SELECT CAST(m AS decimal(9,2)) AS a FROM dbo.AllTypes WHERE id = 1", 8_115, 8, 16),
        ("SELECT CAST('x' AS uniqueidentifier) AS a", 8_169, 2, 16),
        ("SELECT CAST('x' AS date) AS a", 241, 1, 16),
    ] {
        let error = failure(&mut client, sql).await;
        assert_eq!((error.code(), error.state(), error.class()), (number, state, class), "{sql}");
    }
    let error = failure(&mut client, "SELECT\nCAST(N'Ж' AS int) AS a").await;
    assert_eq!(error.message(), "Conversion failed when converting the nvarchar value 'Ж' to data type int.");
    assert!(rows(&mut client, "SELECT TRY_CAST(N'x' AS int) AS a").await[0].get::<i32, _>(0).is_none());
}
