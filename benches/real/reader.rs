//! The ceiling of reading: the queries that the tool sends, every column decoded and dropped, in a process of its own.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use erpsync::catalog::{Barcode, ExternalId, ProductName};
use futures_util::TryStreamExt;
use tiberius::numeric::Numeric;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel, QueryItem};
use tokio::net::TcpStream;
use tokio_util::compat::TokioAsyncWriteCompatExt;

use crate::measure::{self, Usage};
use crate::source::{LOGIN, Source};

/// As `erpsync::mssql` wraps its default queries, for columns of these types: the stand-in answers both from one memory.
fn queries() -> [String; 2] {
    let text =
        |column: &str, max: usize, name: &str| format!("CAST(q.[{column}] AS nvarchar({})) AS [{name}]", max + 2);
    let id = text("ProductID", ExternalId::MAX_LEN, "id");
    let name = text("ProductName", ProductName::MAX_LEN, "name");
    let barcode = text("Barcode", Barcode::MAX_LEN, "barcode");
    [
        format!(
            "SELECT {id}, {name}, CAST(q.[Price] AS decimal(19, 4)) AS [price] \
             FROM (SELECT ProductID, ProductName, Price FROM dbo.Products) AS q"
        ),
        format!("SELECT {id}, {barcode} FROM (SELECT ProductID, Barcode FROM logistics.ProductBarcodes) AS q"),
    ]
}

/// The hidden subcommand `read PORT CA-FILE`: prints how many products and barcodes came.
pub fn read(arguments: &[String]) -> Result<()> {
    let [port, ca] = arguments else { anyhow::bail!("read PORT CA-FILE") };
    // As many threads as the tool has.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (products, barcodes) = runtime.block_on(both(port.parse()?, ca))?;
    println!("{products} {barcodes}");
    Ok(())
}

async fn both(port: u16, ca: &str) -> Result<(u64, u64)> {
    let mut config = Config::new();
    config.host("localhost");
    config.port(port);
    config.database(LOGIN.2);
    config.authentication(AuthMethod::sql_server(LOGIN.0, LOGIN.1));
    config.encryption(EncryptionLevel::Required);
    config.trust_cert_ca_bundle(std::fs::read(ca)?);
    config.command_timeout(None);
    config.lossy_utf16_decoding(true);
    let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
    tcp.set_nodelay(true)?;
    let mut client = Client::connect(config, tcp.compat_write()).await?;
    let (mut products, mut barcodes) = (0, 0);
    let [of_products, of_barcodes] = queries();
    for (query, count, priced) in [(of_products, &mut products, true), (of_barcodes, &mut barcodes, false)] {
        let mut stream = client.simple_query(query).await?;
        while let Some(item) = stream.try_next().await? {
            let QueryItem::Row(row) = item else { continue };
            let texts = (row.try_get::<&str, _>(0)?, row.try_get::<&str, _>(1)?);
            let price = if priced { row.try_get::<Numeric, _>(2)? } else { None };
            std::hint::black_box((texts, price));
            *count += 1;
        }
    }
    Ok((products, barcodes))
}

/// Reads without measuring.
///
/// # Errors
/// When not all products come.
pub fn check(source: &Source, size: u64) -> Result<()> {
    let output = Command::new(std::env::current_exe()?)
        .args(["read", &source.port.to_string()])
        .arg(&source.ca)
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let products = text.split(' ').next().context("nothing was read")?;
    ensure!(products == size.to_string(), "{products} of {size} products were read");
    Ok(())
}

/// Reads and measures.
pub fn measured(source: &Source, log: &Path) -> Result<Usage> {
    let (port, ca) = (source.port.to_string(), source.ca.display().to_string());
    measure::run(&std::env::current_exe()?, &["read", &port, &ca], log, &[0], |_| {})
}

/// The same two queries by FreeTDS' bulk copy program into a file; `None` where it is not installed.
pub fn freebcp(source: &Source, directory: &Path) -> Result<Option<Usage>> {
    let Ok(path) = which("freebcp") else { return Ok(None) };
    let log = directory.join("freebcp.log");
    let server = format!("127.0.0.1:{}", source.port);
    let mut all = Usage::default();
    for query in queries() {
        let out = directory.join("freebcp.out").display().to_string();
        let arguments = [&query, "queryout", &out, "-c", "-S", &server, "-U", LOGIN.0, "-P", LOGIN.1, "-D", LOGIN.2];
        let usage = measure::run(&path, &arguments, &log, &[0], |command| {
            command.env("TDSVER", "7.4").env("LC_ALL", "C.UTF-8");
        })?;
        all.seconds += usage.seconds;
        all.cpu += usage.cpu;
        all.peak = all.peak.max(usage.peak);
    }
    Ok(Some(all))
}

fn which(program: &str) -> Result<std::path::PathBuf> {
    let path = std::env::var_os("PATH").context("no PATH")?;
    let found = std::env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file());
    found.with_context(|| format!("{program} is not installed"))
}
