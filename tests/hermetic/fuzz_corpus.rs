//! The fuzz targets' corpus, and a fixed number of mutations of it, through the same checks as under libFuzzer (`fuzz/`); on
//! any toolchain, in seconds. The long run is `fuzz/run`.

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use erpsync::mssql;
use erpsync_sandbox::mssql::{Encryption, MssqlOptions, MssqlServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Mutations of each target's files, together.
const MUTATIONS: usize = 600;

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<PathBuf> = ["seeds", "corpus"]
        .iter()
        .filter_map(|kind| std::fs::read_dir(Path::new("fuzz").join(kind).join(target)).ok())
        .flat_map(|dir| dir.map(|entry| entry.unwrap().path()))
        .collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// Small steps of a 64-bit linear congruential generator (Knuth's constants): the same mutations on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n.max(1)
    }

    fn mutate(&mut self, data: &[u8], other: &[u8]) -> Vec<u8> {
        let mut out = data.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(out.len() + 1);
            let some = self.below(16).min(out.len() - at);
            match self.below(6) {
                0 => out.insert(at, u8::try_from(self.below(256)).unwrap()),
                1 => drop(out.drain(at..at + some)),
                2 if at < out.len() => out[at] ^= 1 << self.below(8),
                3 => out.truncate(at),
                4 => {
                    let from = self.below(other.len());
                    let part = &other[from..(from + 24).min(other.len())];
                    out.splice(at..at, part.iter().copied());
                }
                _ => {
                    let odd: [&[u8]; 6] = [
                        b"\xff\xff\xff\xff",
                        b"\x00",
                        b"-1",
                        b"9223372036854775808",
                        b"\"",
                        "\u{202e}\u{1b}".as_bytes(),
                    ];
                    out.splice(at..at + some, odd[self.below(6)].iter().copied());
                }
            }
        }
        out
    }
}

fn replay(target: &str) {
    let (_, check) = targets::TARGETS.into_iter().find(|(name, _)| *name == target).unwrap();
    let files = corpus(target);
    assert!(files.len() >= 10, "{target} has {} files", files.len());
    let mut dice = Dice(20_261_123);
    let mut done = 0;
    for (path, data) in &files {
        let mut tried = vec![data.clone()];
        let other = &files[dice.below(files.len())].1;
        tried.extend((0..MUTATIONS.div_ceil(files.len())).map(|_| dice.mutate(data, other)));
        for (i, data) in tried.iter().enumerate() {
            let broken = std::panic::catch_unwind(|| check(data)).is_err();
            if broken {
                let kept = std::env::temp_dir().join(format!("erpsync-fuzz-{target}"));
                std::fs::write(&kept, data).unwrap();
                panic!(
                    "{target}: {} (mutation {i}) breaks a promise; the input is in {}",
                    path.display(),
                    kept.display()
                );
            }
            done += 1;
        }
    }
    println!("{target}: {} files, {done} inputs", files.len());
}

#[test]
fn config() {
    replay("config");
}

#[test]
fn odoo_answers() {
    replay("odoo_answers");
}

#[test]
fn plan_file() {
    replay("plan_file");
}

#[test]
fn tds_rows() {
    replay("tds_rows");
    println!("tds_rows: {} panics of the driver", targets::tds_rows::DRIVER_PANICS.load(Ordering::Relaxed));
}

/// A seed that is not understood any longer would try nothing.
#[test]
fn seeds_of_good_answers_are_understood() {
    let bad = ["busy", "cut", "fault", "hello-bad", "http", "lost", "paused", "setup-old", "setup-no-field"];
    let mut wrong = Vec::new();
    for (path, data) in corpus("odoo_answers").iter().filter(|(path, _)| path.starts_with("fuzz/seeds")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let outcome = targets::odoo_answers::outcome(data);
        let good = !bad.iter().any(|b| name.starts_with(b)) || ["busy", "paused"].contains(&name);
        if outcome.as_ref().is_none_or(|o| o.is_ok() != good) {
            wrong.push(format!("{name}: {outcome:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A recording that no longer fits what is asked would let the fuzzing end at the first statement.
#[test]
fn the_recorded_conversation_is_the_one_that_is_held() {
    let catalogue =
        targets::tds_rows::read_recorded().unwrap_or_else(|e| panic!("{e}; record it anew, see fuzz/README.md"));
    assert_eq!((catalogue.products.len(), catalogue.barcode_rows), (7, 8), "{catalogue:?}");
}

/// Records what the stand-in says, and a seed for each of its messages.
#[tokio::test]
#[ignore = "writes fuzz/recorded.tds"]
async fn record() {
    let options = MssqlOptions { encryption: Encryption::NotSupported, ..MssqlOptions::default() };
    let server = MssqlServer::start(options).await.unwrap();
    for sql in [
        "CREATE TABLE dbo.Products (ProductID int NULL, ProductName nvarchar(max) NULL, Price money NULL)",
        "CREATE TABLE logistics.ProductBarcodes (ProductID int NULL, Barcode nvarchar(max) NULL)",
        "INSERT INTO dbo.Products VALUES (1, N'Чай \"Earl Grey\"', 9.9955), (2, N'Coffee', 0), (3, N'Juice', NULL), (4, NULL, 1), (5, N'', 2), (6, N'Milk', 922337203685477.5807), (7, N'Bread', 3), (8, N'Żurek', -1), (9, N'茶 👩‍🍳', 4.1)",
        "INSERT INTO logistics.ProductBarcodes VALUES (1, N'4006381333931'), (1, N'shop-1'), (2, N'4006381333931'), (3, N' 0012345678905'), (6, NULL), (7, N''), (99, N'1'), (9, N'96385074')",
    ] {
        server.execute(sql).unwrap();
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let behind = server.addr();
    let recording = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = TcpStream::connect(behind).await.unwrap();
        let mut heard = Vec::new();
        let (mut asked, mut said) = (vec![0; 65_536], vec![0; 65_536]);
        loop {
            tokio::select! {
                n = client.read(&mut asked) => match n.unwrap_or(0) {
                    0 => return heard,
                    n => server.write_all(&asked[..n]).await.unwrap(),
                },
                n = server.read(&mut said) => match n.unwrap_or(0) {
                    0 => return heard,
                    n => {
                        heard.extend_from_slice(&said[..n]);
                        client.write_all(&said[..n]).await.unwrap();
                    }
                },
            }
        }
    });
    let options = targets::tds_rows::options();
    let options = mssql::SourceOptions {
        host: "127.0.0.1".to_owned(),
        endpoint: mssql::Endpoint::Port(port),
        password: server.options().password.clone().into(),
        connect_timeout: Duration::from_secs(20),
        ..options
    };
    mssql::read(&options).await.unwrap();
    let heard = recording.await.unwrap();
    std::fs::write("fuzz/recorded.tds", &heard).unwrap();
    let seeds = Path::new("fuzz/seeds/tds_rows");
    std::fs::create_dir_all(seeds).unwrap();
    std::fs::write(seeds.join("whole"), [b"R".as_slice(), &heard].concat()).unwrap();
    for (letter, message) in (b'A'..).zip(targets::tds_rows::split(&heard)) {
        let seed = [b"M".as_slice(), &[letter], &targets::tds_rows::payload(message)].concat();
        std::fs::write(seeds.join(format!("message-{}", char::from(letter))), seed).unwrap();
    }
}
