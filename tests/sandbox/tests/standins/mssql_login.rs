//! How a session of the SQL Server stand-in begins: encryption, certificates, login, database, packet size.

use crate::mssql_support::{config, connect_with, int, rows, shop};
use erpsync_sandbox::mssql::{Certificate, Encryption, Fault, MssqlOptions, MssqlServer, SqlError};
use tiberius::EncryptionLevel as Level;

async fn server(encryption: Encryption, certificate: Certificate) -> MssqlServer {
    MssqlServer::start(MssqlOptions { encryption, certificate, ..MssqlOptions::default() }).await.unwrap()
}

fn trusting(server: &MssqlServer, level: Level) -> tiberius::Config {
    let mut config = config(server);
    config.host("localhost");
    config.encryption(level);
    if let Some(pem) = server.ca_pem() {
        config.trust_cert_ca_bundle(pem.as_bytes());
    }
    config
}

/// The address of the test's server, whatever `localhost` resolves to first.
async fn open(
    server: &MssqlServer,
    config: tiberius::Config,
) -> Result<crate::mssql_support::Conn, tiberius::error::Error> {
    use tokio_util::compat::TokioAsyncWriteCompatExt;
    let tcp = tokio::net::TcpStream::connect(server.addr()).await.unwrap();
    tiberius::Client::connect(config, tcp.compat_write()).await
}

#[tokio::test]
async fn encryption_is_negotiated() {
    for (policy, level, agreed) in [
        (Encryption::NotSupported, Level::NotSupported, Some("nothing")),
        (Encryption::NotSupported, Level::Required, None),
        (Encryption::Off, Level::NotSupported, Some("nothing")),
        (Encryption::Off, Level::Off, Some("login")),
        (Encryption::Off, Level::On, Some("everything")),
        (Encryption::Off, Level::Required, Some("everything")),
        (Encryption::On, Level::Off, Some("everything")),
        (Encryption::On, Level::Required, Some("everything")),
        (Encryption::Required, Level::Off, Some("everything")),
        (Encryption::Required, Level::On, Some("everything")),
        (Encryption::Required, Level::NotSupported, None),
    ] {
        let server = server(policy, Certificate::SignedByCa).await;
        let outcome = open(&server, trusting(&server, level)).await;
        assert_eq!(outcome.is_ok(), agreed.is_some(), "{policy:?} {level:?}");
        if let (Ok(mut client), Some(agreed)) = (outcome, agreed) {
            assert_eq!(int(&mut client, "SELECT 1 AS one").await, 1);
            assert_eq!(server.logins()[0].encrypted, agreed, "{policy:?} {level:?}");
        }
    }
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let server = server(Encryption::Required, Certificate::SignedByCa).await;
    let mut config = config(&server);
    config.encryption(Level::Required);
    let error = open(&server, config).await.unwrap_err().to_string();
    assert!(error.contains("UnknownIssuer"), "{error}");
    assert!(server.logins().is_empty());
}

#[tokio::test]
async fn a_self_signed_ca_is_refused_even_when_trusted_but_works_unchecked() {
    let server = server(Encryption::Required, Certificate::SelfSignedCa).await;
    let error = open(&server, trusting(&server, Level::Required)).await.unwrap_err().to_string();
    assert!(error.contains("CaUsedAsEndEntity"), "{error}");
    let mut config = config(&server);
    config.encryption(Level::Required);
    config.trust_cert();
    assert!(open(&server, config).await.is_ok());
}

#[tokio::test]
async fn a_wrong_password_or_database_is_refused_in_sql_servers_words() {
    let server = server(Encryption::Off, Certificate::SignedByCa).await;
    let mut wrong = config(&server);
    wrong.authentication(tiberius::AuthMethod::sql_server("erpsync", "no"));
    match connect_with(wrong).await.unwrap_err() {
        tiberius::error::Error::Server(token) => {
            assert_eq!((token.code(), token.state(), token.class()), (18_456, 1, 14));
            assert_eq!(token.message(), "Login failed for user 'erpsync'.");
        }
        other => panic!("{other:?}"),
    }
    let mut wrong = config(&server);
    wrong.database("Warehouse");
    match connect_with(wrong).await.unwrap_err() {
        tiberius::error::Error::Server(token) => {
            assert_eq!((token.code(), token.state(), token.class()), (4_060, 1, 11));
            assert_eq!(token.message(), "Cannot open database \"Warehouse\" requested by the login. The login failed.");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_login_is_seen_as_a_dba_sees_it() {
    let server = server(Encryption::NotSupported, Certificate::SignedByCa).await;
    let mut config = config(&server);
    config.application_name("erpsync/0.1 import-products");
    config.readonly(true);
    connect_with(config).await.unwrap();
    let login = server.logins().remove(0);
    assert_eq!(login.application, "erpsync/0.1 import-products");
    assert_eq!((login.user.as_str(), login.database.as_str()), ("erpsync", "Trade"));
    assert!(login.read_only_intent);
}

#[tokio::test]
async fn long_answers_and_questions_come_through_at_every_packet_size() {
    let server = shop().await;
    for size in [512, 4096, 32_767] {
        let mut config = config(&server);
        config.packet_size(size);
        let mut client = connect_with(config).await.unwrap();
        assert_eq!(server.logins().last().unwrap().packet_size, size);
        let long = "Ж".repeat(3_900);
        let sql = format!("SELECT N'{long}' AS a, CAST(N'{long}' AS nvarchar(max)) AS b");
        let rows = rows(&mut client, &sql).await;
        assert_eq!(rows[0].get::<&str, _>(0), Some(long.as_str()));
        assert_eq!(rows[0].get::<&str, _>(1), Some(long.as_str()));
    }
}

#[tokio::test]
async fn logins_fail_on_order_once() {
    let server = server(Encryption::NotSupported, Certificate::SignedByCa).await;
    server.fail_next(Fault::RefuseLogin(SqlError::new(
        18_461,
        14,
        1,
        "Login failed for user 'erpsync'. Reason: Server is in single user mode.",
    )));
    server.fail_next(Fault::DropConnection);
    // The connection that is dropped says nothing; the refusal waits for one that logs in.
    assert!(connect_with(config(&server)).await.is_err());
    match connect_with(config(&server)).await.unwrap_err() {
        tiberius::error::Error::Server(token) => assert_eq!(token.code(), 18_461),
        other => panic!("{other:?}"),
    }
    assert!(connect_with(config(&server)).await.is_ok());
    assert_eq!(server.pending_faults(), 0);
}

#[tokio::test]
async fn several_servers_live_side_by_side_and_stop() {
    let (a, b) = (shop().await, shop().await);
    a.execute("DELETE FROM dbo.Products WHERE ProductID = 1").unwrap();
    let mut on_a = connect_with(config(&a)).await.unwrap();
    let mut on_b = connect_with(config(&b)).await.unwrap();
    let count = "SELECT COUNT(*) AS n FROM dbo.Products";
    assert_eq!(int(&mut on_a, count).await, 2);
    assert_eq!(int(&mut on_b, count).await, 3);
    let addr = a.addr();
    a.stop().await;
    assert!(on_a.simple_query(count).await.is_err());
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
    assert_eq!(int(&mut on_b, count).await, 3);
}
