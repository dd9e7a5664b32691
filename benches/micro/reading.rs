//! From rows to a catalogue, without and with the driver.

use std::time::Duration;

use divan::Bencher;
use divan::counter::ItemsCount;
use erpsync::catalog::SourceName;
use erpsync::catalog::source::BarcodeOrder;
use erpsync::mssql::{self, Columns, Endpoint, Isolation, SourceOptions, Tls};
use erpsync_sandbox::mssql::{Encryption, MssqlOptions, MssqlServer};

use crate::SIZE;
use crate::catalogue::catalogue;
use crate::recipe::{BASE, product};

/// The recipe's own time included.
#[divan::bench(sample_count = 10)]
fn assemble(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(SIZE)).bench_local(|| catalogue(BASE));
}

/// Over a socket from a stand-in that repeats its answer, in this process and unencrypted.
#[divan::bench(sample_count = 10)]
fn read(bencher: Bencher<'_, '_>) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let options =
        MssqlOptions { encryption: Encryption::NotSupported, repeat_answers: true, ..MssqlOptions::default() };
    let server = runtime.block_on(MssqlServer::start(options)).expect("a server");
    server
        .execute(
            "CREATE TABLE dbo.Products (ProductID int NOT NULL PRIMARY KEY, ProductName nvarchar(200) NULL, Price money NULL);
             CREATE TABLE logistics.ProductBarcodes (ProductID int NOT NULL, Barcode varchar(30) NULL)",
        )
        .expect("tables");
    let all = || (0..SIZE).map(|i| product(i, BASE));
    let products = all().map(|p| [p.id.cast_signed().into(), p.name.into(), p.price.into()]);
    server.insert_rows("dbo.Products", products).expect("products");
    let barcodes = all().flat_map(|p| p.barcodes.into_iter().map(move |code| [p.id.cast_signed().into(), code.into()]));
    server.insert_rows("logistics.ProductBarcodes", barcodes).expect("barcodes");
    let options = source(&server);
    let read = || {
        let reading = runtime.block_on(mssql::read(&options)).expect("a catalogue");
        assert_eq!(reading.listing.len() as u64, SIZE);
    };
    read();
    bencher.counter(ItemsCount::new(SIZE)).bench_local(read);
}

fn source(server: &MssqlServer) -> SourceOptions {
    let column = |name: &str| name.to_owned();
    SourceOptions {
        name: SourceName::parse("bench").expect("a name"),
        host: "127.0.0.1".to_owned(),
        endpoint: Endpoint::Port(server.addr().port()),
        database: server.options().database.clone(),
        user: server.options().login.clone(),
        password: server.options().password.clone().into(),
        tls: Tls::Off,
        products_query: "SELECT ProductID, ProductName, Price FROM dbo.Products".to_owned(),
        barcodes_query: Some("SELECT ProductID, Barcode FROM logistics.ProductBarcodes".to_owned()),
        columns: Columns {
            id: column("ProductID"),
            name: column("ProductName"),
            price: column("Price"),
            barcode: column("Barcode"),
        },
        barcode_order: BarcodeOrder::Gtin,
        codes: erpsync::catalog::CodeRules::default(),
        isolation: Isolation::Auto,
        lock_timeout: Duration::from_secs(10),
        query_timeout: Duration::from_secs(60),
        connect_timeout: Duration::from_secs(15),
        application_name: "erpsync".to_owned(),
        read_intent: true,
        max_rows: u64::MAX,
        max_bytes: u64::MAX,
        damaged_names: false,
        attempts: 1,
    }
}
