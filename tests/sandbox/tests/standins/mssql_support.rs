//! What the tests of the SQL Server stand-in share: a tiberius client and the seed's tables.

use erpsync_sandbox::mssql::{MssqlOptions, MssqlServer};
use tiberius::{AuthMethod, Client, Config, EncryptionLevel, QueryItem, Row};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

pub type Conn = Client<Compat<TcpStream>>;

pub fn config(server: &MssqlServer) -> Config {
    let options = server.options();
    let mut config = Config::new();
    config.host("127.0.0.1");
    config.port(server.addr().port());
    config.authentication(AuthMethod::sql_server(&options.login, &options.password));
    config.database(&options.database);
    config.application_name("erpsync test");
    config.encryption(EncryptionLevel::NotSupported);
    config
}

pub async fn connect_with(config: Config) -> Result<Conn, tiberius::error::Error> {
    let tcp = TcpStream::connect(config.get_addr()).await.unwrap();
    tcp.set_nodelay(true).unwrap();
    Client::connect(config, tcp.compat_write()).await
}

pub async fn connect(server: &MssqlServer) -> Conn {
    connect_with(config(server)).await.unwrap()
}

/// The seed's two tables with a few rows.
pub async fn shop() -> MssqlServer {
    let server = MssqlServer::start(MssqlOptions::default()).await.unwrap();
    server
        .execute(
            "CREATE TABLE dbo.Products (ProductID int NOT NULL PRIMARY KEY, ProductName nvarchar(200) NULL, Price money NULL);
             CREATE TABLE logistics.ProductBarcodes (ProductID int NOT NULL, Barcode varchar(30) NULL);
             INSERT INTO dbo.Products (ProductID, ProductName, Price) VALUES (1, N'Жаккард', 9.9955), (2, N'Silk ''A''', 922337203685477.5807), (3, NULL, NULL);
             INSERT INTO logistics.ProductBarcodes VALUES (1, '4601234567890'), (1, ' 0012345678905'), (2, '')",
        )
        .unwrap();
    server
}

pub async fn rows(client: &mut Conn, sql: &str) -> Vec<Row> {
    client.simple_query(sql).await.unwrap().into_first_result().await.unwrap()
}

/// The error of a batch, wherever in its answer it comes.
pub async fn failure(client: &mut Conn, sql: &str) -> tiberius::error::TokenError {
    let outcome = match client.simple_query(sql).await {
        Err(error) => Err(error),
        Ok(stream) => stream.into_results().await,
    };
    match outcome {
        Err(tiberius::error::Error::Server(error)) => error,
        other => panic!("{sql}: {other:?}"),
    }
}

pub async fn int(client: &mut Conn, sql: &str) -> i32 {
    rows(client, sql).await[0].get::<i32, _>(0).unwrap()
}

pub async fn text(client: &mut Conn, sql: &str) -> String {
    rows(client, sql).await[0].get::<&str, _>(0).unwrap().to_owned()
}

/// Names and types of the first result set, as the wire has them.
pub async fn columns(client: &mut Conn, sql: &str) -> Vec<(String, tiberius::ColumnType)> {
    use futures_util::TryStreamExt;
    let mut stream = client.simple_query(sql).await.unwrap();
    let mut found = Vec::new();
    while let Some(item) = stream.try_next().await.unwrap() {
        if let QueryItem::Metadata(metadata) = item {
            found = metadata.columns().iter().map(|column| (column.name().to_owned(), column.column_type())).collect();
        }
    }
    found
}
