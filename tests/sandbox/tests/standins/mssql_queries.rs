//! What erpsync asks, answered by the SQL Server stand-in as SQL Server would: wrapped reads, descriptions, system
//! views, settings, errors.

use crate::mssql_support::{connect, failure, int, rows, shop, text};
use erpsync_sandbox::mssql::{MssqlOptions, MssqlServer};
use rust_decimal::Decimal;

const PRODUCTS: &str = "SELECT CAST(q.[ProductID] AS nvarchar(64)) AS [id], CAST(q.[ProductName] AS nvarchar(4000)) AS [name], CAST(q.[Price] AS decimal(19,4)) AS [price] FROM (SELECT ProductID, ProductName, Price FROM dbo.Products) AS q";

#[tokio::test]
async fn the_wrapped_reads_of_erpsync() {
    let server = shop().await;
    let mut client = connect(&server).await;
    let rows_ = rows(&mut client, PRODUCTS).await;
    let got: Vec<_> = rows_
        .iter()
        .map(|row| {
            (
                row.get::<&str, _>("id").unwrap(),
                row.get::<&str, _>("name"),
                row.get::<Decimal, _>("price").map(|price| price.to_string()),
            )
        })
        .collect();
    assert_eq!(
        got,
        [
            ("1", Some("Жаккард"), Some("9.9955".to_owned())),
            ("2", Some("Silk 'A'"), Some("922337203685477.5807".to_owned())),
            ("3", None, None),
        ]
    );
    let rows_ = rows(
        &mut client,
        "select\tcast(q.productid as NVARCHAR(64)) as id, LTRIM(RTRIM(CAST(q.[barcode] AS nvarchar(128)))) AS code
         from (select ProductID, Barcode from logistics.ProductBarcodes WITH (READCOMMITTED)) q
         ORDER BY q.ProductID, code OPTION (MAXDOP 1);",
    )
    .await;
    let got: Vec<_> =
        rows_.iter().map(|row| (row.get::<&str, _>(0).unwrap(), row.get::<&str, _>(1).unwrap())).collect();
    assert_eq!(got, [("1", "0012345678905"), ("1", "4601234567890"), ("2", "")]);
}

#[tokio::test]
async fn the_clauses_a_configured_query_may_have() {
    let server = shop().await;
    let mut client = connect(&server).await;
    for (sql, want) in [
        ("SELECT CAST(COUNT_BIG(*) AS int) AS n FROM dbo.Products", 3),
        ("SELECT COUNT(*) FROM (SELECT TOP (2) ProductID FROM Products ORDER BY Price DESC) AS q", 2),
        ("SELECT TOP 1 ProductID FROM dbo.Products ORDER BY Price DESC", 2),
        ("SELECT COUNT(*) FROM dbo.Products p LEFT JOIN logistics.ProductBarcodes b ON b.ProductID = p.ProductID", 4),
        ("SELECT COUNT(*) FROM dbo.Products WHERE ProductName = N'ЖАККАРД  '", 1),
        ("SELECT COUNT(*) FROM dbo.Products WHERE ProductName LIKE N'жак[а-к]%'", 1),
        ("SELECT COUNT(*) FROM dbo.Products WHERE Price > 9.99 AND Price < 10", 1),
        (
            "SELECT COUNT(*) FROM (SELECT ProductID FROM dbo.Products UNION ALL SELECT ProductID FROM logistics.ProductBarcodes) AS u",
            6,
        ),
        (
            "SELECT COUNT(*) FROM (SELECT ProductID FROM dbo.Products UNION SELECT ProductID FROM logistics.ProductBarcodes) AS u",
            3,
        ),
        (
            "SELECT COUNT(*) FROM dbo.Products p WHERE NOT EXISTS (SELECT 1 FROM logistics.ProductBarcodes b WHERE b.ProductID = p.ProductID)",
            1,
        ),
        ("SELECT COUNT(*) FROM dbo.Products WHERE ProductID IN (SELECT ProductID FROM logistics.ProductBarcodes)", 2),
        ("WITH c AS (SELECT ProductID AS id FROM [Trade].[dbo].[Products]) SELECT MAX(id) FROM c", 3),
        ("SELECT ISNULL(LEN(ProductName), -1) FROM dbo.Products WHERE ProductID = 3", -1),
        ("SELECT CASE WHEN Price IS NULL THEN 1 ELSE 0 END AS f FROM dbo.Products ORDER BY ProductID DESC", 1),
        (
            "SELECT n FROM (SELECT ProductID, COUNT(*) AS n FROM logistics.ProductBarcodes GROUP BY ProductID HAVING COUNT(*) > 1) AS q",
            2,
        ),
        ("SELECT ProductID FROM dbo.Products ORDER BY ProductID OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY", 2),
        ("SELECT 7 * 6 - 0 AS x", 42),
        ("SELECT COUNT(DISTINCT ProductID) FROM logistics.ProductBarcodes", 2),
    ] {
        assert_eq!(int(&mut client, sql).await, want, "{sql}");
    }
}

#[tokio::test]
async fn a_view_can_be_the_contract() {
    let server = shop().await;
    server
        .execute("CREATE VIEW dbo.ForSync AS SELECT p.ProductID AS id, p.ProductName AS name FROM dbo.Products AS p WHERE p.Price IS NOT NULL; DENY SELECT ON dbo.Products TO erpsync")
        .unwrap();
    let mut client = connect(&server).await;
    assert_eq!(int(&mut client, "SELECT COUNT(*) FROM dbo.ForSync AS v").await, 2);
    assert_eq!(failure(&mut client, "SELECT ProductID FROM dbo.Products").await.code(), 229);
    assert_eq!(
        int(&mut client, "SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = 'Products'").await,
        0
    );
}

#[tokio::test]
async fn the_server_tells_about_itself() {
    let server = shop().await;
    let mut client = connect(&server).await;
    for (sql, want) in [
        ("SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)) AS v", "16.0.4135.1"),
        ("SELECT DB_NAME() AS d", "Trade"),
        ("SELECT SUSER_SNAME() AS u", "erpsync"),
        ("SELECT SERVERPROPERTY('Collation') AS c", "SQL_Latin1_General_CP1_CI_AS"),
    ] {
        assert_eq!(text(&mut client, sql).await, want, "{sql}");
    }
    assert!(text(&mut client, "SELECT @@VERSION").await.starts_with("Microsoft SQL Server 2022"));
    let snapshot = "SELECT CAST(snapshot_isolation_state AS int) AS s FROM sys.databases WHERE name = DB_NAME()";
    assert_eq!(int(&mut client, snapshot).await, 1);
    for (sql, want) in [
        ("SELECT HAS_PERMS_BY_NAME(N'dbo.Products', 'OBJECT', 'SELECT') AS p", Some(1)),
        ("SELECT HAS_PERMS_BY_NAME('[logistics].[ProductBarcodes]', 'OBJECT', 'INSERT') AS p", Some(0)),
        ("SELECT HAS_PERMS_BY_NAME('dbo.Nothing', 'OBJECT', 'SELECT') AS p", None),
        ("SELECT IS_SRVROLEMEMBER('sysadmin') AS p", Some(0)),
        ("SELECT IS_SRVROLEMEMBER('public') AS p", Some(1)),
        ("SELECT IS_SRVROLEMEMBER('db_owner') AS p", None),
        ("SELECT IS_ROLEMEMBER('db_datawriter') AS p", Some(0)),
        ("SELECT IS_ROLEMEMBER('nobody') AS p", None),
        ("SELECT CAST(COLLATIONPROPERTY('Cyrillic_General_CI_AS', 'CodePage') AS int) AS p", Some(1_251)),
        ("SELECT CAST(COLLATIONPROPERTY('Klingon_CI_AS', 'CodePage') AS int) AS p", None),
    ] {
        assert_eq!(rows(&mut client, sql).await[0].get::<i32, _>(0), want, "{sql}");
    }
    let now = "SELECT DATALENGTH(DB_NAME()) AS n, GETDATE() AS a, SYSUTCDATETIME() AS b";
    assert!(rows(&mut client, now).await[0].get::<chrono::NaiveDateTime, _>("b").is_some());
}

#[tokio::test]
async fn the_schema_can_be_looked_up() {
    let server = shop().await;
    let mut client = connect(&server).await;
    let found = rows(
        &mut client,
        "SELECT COLUMN_NAME, DATA_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH FROM INFORMATION_SCHEMA.COLUMNS
         WHERE TABLE_SCHEMA = N'dbo' AND TABLE_NAME = N'products' ORDER BY ORDINAL_POSITION",
    )
    .await;
    let got: Vec<_> = found
        .iter()
        .map(|row| {
            let text = |at| row.get::<&str, _>(at).unwrap();
            (text(0), text(1), text(2), row.get::<i32, _>(3))
        })
        .collect();
    assert_eq!(
        got,
        [
            ("ProductID", "int", "NO", None),
            ("ProductName", "nvarchar", "YES", Some(200)),
            ("Price", "money", "YES", None),
        ]
    );
}

#[tokio::test]
async fn a_query_is_described_without_being_run() {
    let server = shop().await;
    let mut client = connect(&server).await;
    let describe = |query: &str| {
        format!(
            "SELECT name, system_type_name, CAST(is_nullable AS int) AS is_nullable, error_number, error_message FROM sys.dm_exec_describe_first_result_set(N'{}', NULL, 0)",
            query.replace('\'', "''")
        )
    };
    let found = rows(
        &mut client,
        &describe("SELECT ProductID, ProductName AS [name], Price, N'x' + ProductName AS y, Barcode FROM dbo.Products JOIN logistics.ProductBarcodes AS b ON b.ProductID = Products.ProductID"),
    )
    .await;
    // ProductID is in both tables.
    assert_eq!(found[0].get::<i32, _>("error_number"), Some(209));
    let found =
        rows(&mut client, &describe("SELECT ProductID, ProductName AS [name], Price, N'it''s' AS y FROM dbo.Products"))
            .await;
    let got: Vec<_> = found
        .iter()
        .map(|row| {
            assert_eq!(row.get::<i32, _>("error_number"), None);
            let text = |at| row.get::<&str, _>(at).unwrap();
            (text(0), text(1), row.get::<i32, _>(2).unwrap())
        })
        .collect();
    assert_eq!(
        got,
        [("ProductID", "int", 0), ("name", "nvarchar(200)", 1), ("Price", "money", 1), ("y", "nvarchar(4)", 0),]
    );
    for (query, number, message) in [
        ("SELECT a FROM dbo.Goods", 208, "Invalid object name 'dbo.Goods'."),
        ("SELECT Cost FROM dbo.Products", 207, "Invalid column name 'Cost'."),
        ("SELECT ProductID FROM dbo.Products WHERE", 102, "Incorrect syntax near"),
    ] {
        let found = rows(&mut client, &describe(query)).await;
        assert_eq!(found.len(), 1);
        assert!(found[0].get::<&str, _>("name").is_none());
        let number_found = found[0].get::<i32, _>("error_number").unwrap();
        let message_found = found[0].get::<&str, _>("error_message").unwrap();
        if number == 102 {
            assert!([102, 156].contains(&number_found), "{number_found}");
            assert!(message_found.starts_with(message));
        } else {
            assert_eq!((number_found, message_found), (number, message));
        }
    }
}

#[tokio::test]
async fn errors_carry_number_state_class_and_line() {
    let server = shop().await;
    let mut client = connect(&server).await;
    for (sql, number, state, class, line, message) in [
        ("SELECT 1 AS a;\nSELECT x FROM dbo.Nothing", 208, 1, 16, 2, "Invalid object name 'dbo.Nothing'."),
        ("SELECT Cost FROM dbo.Products", 207, 1, 16, 1, "Invalid column name 'Cost'."),
        (
            "SELECT z.Price FROM dbo.Products AS q",
            4_104,
            1,
            16,
            1,
            "The multi-part identifier \"z.Price\" could not be bound.",
        ),
        (
            "SELECT q.a FROM (SELECT COUNT(*) FROM dbo.Products) AS q",
            8_155,
            2,
            16,
            1,
            "No column name was specified for column 1 of 'q'.",
        ),
        ("SELECT FROM dbo.Products", 156, 1, 15, 1, "Incorrect syntax near the keyword 'FROM'."),
        (
            "SELECT q.ProductID FROM (SELECT ProductID FROM dbo.Products ORDER BY 1) AS q",
            1_033,
            1,
            15,
            1,
            "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also specified.",
        ),
        ("SELECT NOSUCH(1) AS a", 195, 10, 15, 1, "'NOSUCH' is not a recognized built-in function name."),
        ("SELECT @x AS a", 137, 2, 15, 1, "Must declare the scalar variable \"@x\"."),
        ("COMMIT", 3_902, 1, 16, 1, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION."),
        (
            "USE Warehouse",
            911,
            1,
            16,
            1,
            "Database 'Warehouse' does not exist. Make sure that the name is entered correctly.",
        ),
    ] {
        let error = failure(&mut client, sql).await;
        assert_eq!(
            (error.code(), error.state(), error.class(), error.line(), error.message()),
            (number, state, class, line, message),
            "{sql}"
        );
        assert_eq!(error.server(), "SANDBOX");
    }
    // The connection is as good as before.
    assert_eq!(int(&mut client, "SELECT 1 AS a").await, 1);
}

#[tokio::test]
async fn a_wrong_column_stops_the_whole_batch_a_missing_table_only_the_rest() {
    let server = shop().await;
    let mut client = connect(&server).await;
    for (second, results) in [("SELECT Cost FROM dbo.Products", 0), ("SELECT 2 FROM dbo.Nothing", 1)] {
        use futures_util::TryStreamExt;
        let sql = format!("SELECT 1 AS a; {second}; SELECT 3 AS b");
        let mut seen = 0;
        match client.simple_query(sql).await {
            Err(tiberius::error::Error::Server(_)) => {}
            Err(other) => panic!("{other:?}"),
            Ok(mut stream) => {
                while let Ok(Some(item)) = stream.try_next().await {
                    seen += usize::from(item.as_row().is_some());
                }
            }
        }
        assert_eq!(seen, results, "{second}");
    }
}

#[tokio::test]
async fn the_source_is_never_written() {
    let server = shop().await;
    let mut client = connect(&server).await;
    let writes = [
        ("INSERT INTO dbo.Products (ProductID) VALUES (9)", 229),
        ("UPDATE dbo.Products SET Price = 0", 229),
        ("DELETE FROM logistics.ProductBarcodes WHERE ProductID = 1", 229),
        ("CREATE TABLE dbo.Mine (id int)", 262),
        ("SELECT * INTO dbo.Mine FROM dbo.Products", 262),
        ("DROP TABLE dbo.Products", 3_701),
        ("TRUNCATE TABLE dbo.Products", 1_088),
        ("EXEC sp_rename 'a', 'b'", 2_812),
    ];
    for (sql, number) in writes {
        assert_eq!(failure(&mut client, sql).await.code(), number, "{sql}");
    }
    let error = failure(&mut client, writes[1].0).await;
    assert_eq!(
        error.message(),
        "The UPDATE permission was denied on the object 'Products', database 'Trade', schema 'dbo'."
    );
    assert_eq!(server.refused_writes().len(), writes.len() + 1);
    assert_eq!(server.refused_writes()[0], writes[0].0);
    assert_eq!(int(&mut client, "SELECT COUNT(*) FROM dbo.Products").await, 3);
}

#[tokio::test]
async fn several_results_of_one_batch_keep_their_order() {
    let server = shop().await;
    let mut client = connect(&server).await;
    let sql = "SET NOCOUNT ON SET LOCK_TIMEOUT 10000 SET DEADLOCK_PRIORITY LOW
        SET ANSI_NULLS, QUOTED_IDENTIFIER ON; SET TEXTSIZE 2147483647
        IF @@TRANCOUNT > 0 ROLLBACK
        SELECT 1 AS a UNION ALL SELECT 2; SELECT ProductID FROM dbo.Products WHERE 1 = 0
        SELECT N'end' AS c; SET NOCOUNT OFF";
    let results = client.simple_query(sql).await.unwrap().into_results().await.unwrap();
    let sizes: Vec<usize> = results.iter().map(Vec::len).collect();
    assert_eq!(sizes, [2, 0, 1]);
    assert_eq!(results[2][0].get::<&str, _>("c"), Some("end"));
    assert_eq!(server.batches(), [sql]);
}

#[tokio::test]
async fn parameters_come_by_rpc() {
    let server = shop().await;
    let mut client = connect(&server).await;
    let row = client
        .query("SELECT ProductID, @P2 AS back FROM dbo.Products WHERE ProductName = @P1", &[&"жаккард", &42i32])
        .await
        .unwrap()
        .into_row()
        .await
        .unwrap()
        .unwrap();
    assert_eq!((row.get::<i32, _>(0), row.get::<i32, _>(1)), (Some(1), Some(42)));
}

#[tokio::test]
async fn snapshot_isolation_can_be_off() {
    let server =
        MssqlServer::start(MssqlOptions { snapshot_isolation: false, ..MssqlOptions::default() }).await.unwrap();
    server.execute("CREATE TABLE dbo.T (id int NOT NULL)").unwrap();
    let mut client = connect(&server).await;
    let state = "SELECT CAST(snapshot_isolation_state AS int) AS s FROM sys.databases WHERE name = DB_NAME()";
    assert_eq!(int(&mut client, state).await, 0);
    let error =
        failure(&mut client, "SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRANSACTION; SELECT id FROM dbo.T").await;
    assert_eq!((error.code(), error.class()), (3_952, 16));
}

#[tokio::test]
async fn a_snapshot_transaction_sees_one_state_of_both_schemas() {
    let server = shop().await;
    let mut client = connect(&server).await;
    let count = "SELECT COUNT(*) FROM logistics.ProductBarcodes";
    let begin = "SET TRANSACTION ISOLATION LEVEL SNAPSHOT BEGIN TRANSACTION";
    client.simple_query(begin).await.unwrap().into_results().await.unwrap();
    assert_eq!(int(&mut client, "SELECT COUNT(*) FROM dbo.Products").await, 3);
    server.execute("DELETE FROM logistics.ProductBarcodes; UPDATE dbo.Products SET ProductName = N'new'").unwrap();
    assert_eq!(int(&mut client, count).await, 3);
    assert_eq!(int(&mut client, "SELECT @@TRANCOUNT AS n").await, 1);
    client.simple_query("COMMIT").await.unwrap().into_results().await.unwrap();
    assert_eq!(int(&mut client, count).await, 0);
}

#[tokio::test]
async fn a_read_committed_transaction_sees_each_change() {
    let server = shop().await;
    let mut client = connect(&server).await;
    let begin = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN TRAN";
    client.simple_query(begin).await.unwrap().into_results().await.unwrap();
    let count = "SELECT COUNT(*) FROM dbo.Products";
    assert_eq!(int(&mut client, count).await, 3);
    server.execute("DELETE FROM dbo.Products WHERE Price IS NULL").unwrap();
    assert_eq!(int(&mut client, count).await, 2);
}

#[tokio::test]
async fn an_answer_that_is_given_again_is_the_same_until_a_table_changes() {
    let again = MssqlServer::start(MssqlOptions { repeat_answers: true, ..MssqlOptions::default() }).await.unwrap();
    again.execute("CREATE TABLE dbo.Products (ProductID int NOT NULL PRIMARY KEY, ProductName nvarchar(200) NULL, Price money NULL)").unwrap();
    let many = |from: i64| (from..from + 3_000).map(|id| [id.into(), format!("Сыр {id}").into(), "1.25".into()]);
    again.insert_rows("dbo.Products", many(1)).unwrap();
    let mut client = connect(&again).await;
    let counted = format!("{PRODUCTS};\nSELECT ROWCOUNT_BIG() AS [rows]");
    let read = async |client: &mut crate::mssql_support::Conn| {
        let results = client.simple_query(&counted).await.unwrap().into_results().await.unwrap();
        let names: Vec<String> = results[0].iter().map(|row| row.get::<&str, _>(1).unwrap().to_owned()).collect();
        assert_eq!(results[1][0].get::<i64, _>(0), Some(names.len() as i64));
        names
    };
    let first = read(&mut client).await;
    assert_eq!((first.len(), first[2_999].as_str()), (3_000, "Сыр 3000"));
    assert_eq!(read(&mut client).await, first);
    let mut other = connect(&again).await;
    assert_eq!(read(&mut other).await, first);
    again.execute("UPDATE dbo.Products SET ProductName = N'Silk' WHERE ProductID = 1").unwrap();
    assert_eq!(read(&mut other).await[0], "Silk");
    again.insert_rows("dbo.Products", many(10_000)).unwrap();
    assert_eq!(read(&mut client).await.len(), 6_000);
}

#[tokio::test]
async fn a_bulk_copy_program_asks_for_columns_first() {
    let server = shop().await;
    let mut client = connect(&server).await;
    let none = client.simple_query("SET FMTONLY ON SELECT ProductID FROM dbo.Products SET FMTONLY OFF").await.unwrap();
    assert!(none.into_results().await.unwrap().iter().all(Vec::is_empty));
    assert_eq!(rows(&mut client, "SELECT ProductID FROM dbo.Products").await.len(), 3);
}
