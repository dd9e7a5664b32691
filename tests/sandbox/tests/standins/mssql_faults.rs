//! Long streams, and what goes wrong in the middle of them.

use std::time::Duration;

use crate::mssql_support::{Conn, config, connect, connect_with, int, shop};
use erpsync_sandbox::mssql::{Fault, MssqlOptions, MssqlServer, SqlValue};
use futures_util::TryStreamExt;
use tiberius::QueryItem;

const READ: &str = "SELECT CAST(q.[id] AS nvarchar(64)) AS [id], CAST(q.[name] AS nvarchar(4000)) AS [name], CAST(q.[price] AS decimal(19,4)) AS [price] FROM (SELECT id, name, price FROM dbo.Many) AS q";

async fn many(rows: i64) -> MssqlServer {
    let server = MssqlServer::start(MssqlOptions::default()).await.unwrap();
    server
        .execute("CREATE TABLE dbo.Many (id int NOT NULL PRIMARY KEY, name nvarchar(100) NULL, price money NULL)")
        .unwrap();
    let made = (0..rows).map(|id| {
        let name = (id % 10 != 0).then(|| format!("Ткань {id}"));
        [id.into(), name.into(), SqlValue::from(format!("{}.{:04}", id, id % 10_000))]
    });
    assert_eq!(server.insert_rows("dbo.Many", made).unwrap(), rows as u64);
    server
}

/// Reads rows until the end or an error.
async fn drain(client: &mut Conn, sql: &str) -> (u64, Option<tiberius::error::Error>) {
    let mut count = 0;
    let mut stream = match client.simple_query(sql).await {
        Ok(stream) => stream,
        Err(error) => return (0, Some(error)),
    };
    loop {
        match stream.try_next().await {
            Ok(Some(QueryItem::Row(_))) => count += 1,
            Ok(Some(QueryItem::Metadata(_))) => {}
            Ok(None) => return (count, None),
            Err(error) => return (count, Some(error)),
        }
    }
}

fn code(error: Option<tiberius::error::Error>) -> Option<u32> {
    error.and_then(|error| error.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_rows_come_whole() {
    let server = many(100_000).await;
    let mut client = connect(&server).await;
    let mut stream = client.simple_query(READ).await.unwrap().into_row_stream();
    let mut next = 0;
    while let Some(row) = stream.try_next().await.unwrap() {
        assert_eq!(row.get::<&str, _>(0).unwrap(), next.to_string());
        assert_eq!(row.get::<&str, _>(1).is_none(), next % 10 == 0);
        next += 1;
    }
    assert_eq!(next, 100_000);
}

#[tokio::test]
async fn a_deadlock_comes_after_some_rows_and_only_once() {
    let server = many(1_000).await;
    let mut client = connect(&server).await;
    server.fail_next(Fault::deadlock(500));
    let begin = "SET TRANSACTION ISOLATION LEVEL SNAPSHOT BEGIN TRANSACTION";
    client.simple_query(begin).await.unwrap().into_results().await.unwrap();
    let (rows, error) = drain(&mut client, READ).await;
    let error = error.unwrap();
    assert!(error.is_deadlock(), "{error}");
    assert_eq!(rows, 500);
    // The victim's transaction is gone.
    assert_eq!(int(&mut client, "SELECT @@TRANCOUNT AS n").await, 0);
    assert_eq!(drain(&mut client, READ).await.0, 1_000);
}

#[tokio::test]
async fn a_lock_timeout_leaves_the_transaction() {
    let server = many(10).await;
    let mut client = connect(&server).await;
    server.fail_next(Fault::lock_timeout(0));
    client.simple_query("BEGIN TRAN").await.unwrap().into_results().await.unwrap();
    // A read of the system's views is not what the fault waits for.
    assert_eq!(int(&mut client, "SELECT COUNT(*) FROM sys.databases").await, 2);
    assert_eq!(code(drain(&mut client, READ).await.1), Some(1_222));
    assert_eq!(int(&mut client, "SELECT @@TRANCOUNT AS n").await, 1);
}

#[tokio::test]
async fn a_cut_connection_is_an_error_and_the_next_one_works() {
    let server = many(1_000).await;
    let mut client = connect(&server).await;
    server.fail_next(Fault::Cut { after_rows: 700 });
    let (rows, error) = drain(&mut client, READ).await;
    assert_eq!(rows, 700);
    assert!(matches!(error, Some(tiberius::error::Error::Io { .. })), "{error:?}");
    let mut client = connect(&server).await;
    assert_eq!(drain(&mut client, READ).await.0, 1_000);
}

#[tokio::test]
async fn a_stalled_answer_runs_into_the_clients_timeout() {
    let server = many(100).await;
    let mut config = config(&server);
    config.command_timeout(Some(Duration::from_millis(200)));
    let mut client = connect_with(config).await.unwrap();
    server.fail_next(Fault::Stall { after_rows: 10 });
    let (rows, error) = drain(&mut client, READ).await;
    // On a busy machine the timeout may come before the ten.
    assert!(rows <= 10, "{rows}");
    assert!(error.is_some());
    let mut client = connect(&server).await;
    assert_eq!(drain(&mut client, READ).await.0, 100);
}

#[tokio::test]
async fn an_attention_ends_a_stalled_answer() {
    let server = many(100).await;
    let mut client = connect(&server).await;
    server.fail_next(Fault::Stall { after_rows: 10 });
    let mut stream = client.simple_query(READ).await.unwrap();
    for _ in 0..11 {
        assert!(stream.try_next().await.unwrap().is_some());
    }
    drop(stream);
    client.cancel_query().await.unwrap();
    assert_eq!(drain(&mut client, READ).await.0, 100);
}

#[tokio::test]
async fn an_attention_cancels_a_long_answer() {
    let server = many(50_000).await;
    let mut client = connect(&server).await;
    let mut stream = client.simple_query(READ).await.unwrap();
    for _ in 0..100 {
        stream.try_next().await.unwrap();
    }
    drop(stream);
    client.cancel_query().await.unwrap();
    assert_eq!(int(&mut client, "SELECT 5 AS a").await, 5);
}

#[tokio::test]
async fn an_attention_after_the_answer_is_answered_too() {
    let server = shop().await;
    let mut client = connect(&server).await;
    for _ in 0..20 {
        drop(client.simple_query("SELECT 1 AS a").await.unwrap());
        client.cancel_query().await.unwrap();
    }
    assert_eq!(int(&mut client, "SELECT 5 AS a").await, 5);
}

#[tokio::test]
async fn a_client_that_hangs_up_in_mid_stream_harms_nobody() {
    let server = many(50_000).await;
    let mut client = connect(&server).await;
    let mut stream = client.simple_query(READ).await.unwrap();
    stream.try_next().await.unwrap();
    drop(stream);
    drop(client);
    let mut client = connect(&server).await;
    assert_eq!(drain(&mut client, READ).await.0, 50_000);
}
