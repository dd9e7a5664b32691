//! Databases in which everything is set up already: copies of one per version and language, which is made once and kept
//! from run to run, for as long as what `setup` installs stays the same.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use md5::{Digest, Md5};

use super::Bench;
use super::target::{How, SYNC_PASSWORD, Target, script};

/// A database that is set up, with an ordinary account that may manage products and run the synchronisation: the same
/// database to everybody, its identifier included.
pub fn ready(version: u32, name: &str, languages: &[&str], how: How) -> Target {
    let template = template(version, languages);
    let v = version.to_string();
    script("drop-db", &[&v, name]);
    in_postgres(&v, &[&format!("create database {name} template {} strategy file_copy", template.database)]);
    let mut target = Target::at(version, name, languages);
    target.secrets.push(match how {
        How::Password => ("ERPSYNC_ODOO_PASSWORD".to_owned(), SYNC_PASSWORD.to_owned()),
        How::ApiKey => ("ERPSYNC_ODOO_API_KEY".to_owned(), template.key.clone().expect("made on 19")),
    });
    target
}

struct Template {
    database: String,
    /// The account's API key, on versions whose suites use one.
    key: Option<String>,
}

fn in_postgres(version: &str, statements: &[&str]) -> String {
    let mut args = vec![version, "postgres", "-XAtq"];
    for statement in statements {
        args.extend(["-c", statement]);
    }
    script("psql", &args)
}

/// The kept one; made when there is none yet. Nobody connects to it, and its comment is the API key.
fn template(version: u32, languages: &[&str]) -> Arc<Template> {
    type Known = BTreeMap<(u32, String), Arc<OnceLock<Arc<Template>>>>;
    static KNOWN: Mutex<Known> = Mutex::new(BTreeMap::new());
    let second = languages.iter().find(|l| **l != "en_US").map_or_else(|| "en".to_owned(), |l| l.to_lowercase());
    // One thread makes it; those who want another do not wait.
    let slot = {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry((version, second.clone())).or_default().clone()
    };
    slot.get_or_init(|| Arc::new(kept_or_made(version, &second, languages))).clone()
}

fn kept_or_made(version: u32, second: &str, languages: &[&str]) -> Template {
    let v = version.to_string();
    // Another process of the same tests would drop the one that is being made.
    let lock = env::temp_dir().join(format!("erpsync_ready_{version}_{second}.lock"));
    let lock = File::create(&lock).unwrap_or_else(|e| panic!("{}: {e}", lock.display()));
    lock.lock().expect("a lock on a file of the temporary directory");
    let all = format!("erpsync_ready_{second}_");
    let database = format!("{all}{}", digest());
    let found = format!(
        "select coalesce(shobj_description(oid, 'pg_database'), '') from pg_database where datname = '{database}'"
    );
    let found = in_postgres(&v, &[&found]);
    if let Some(comment) = found.lines().next() {
        let key = (!comment.is_empty()).then(|| comment.to_owned());
        return Template { database, key };
    }
    // Those of earlier sources, but for two: somebody may be at work with one.
    let others =
        format!("select datname from pg_database where starts_with(datname, '{all}') order by oid desc offset 2");
    let others = in_postgres(&v, &[&others]);
    let others: Vec<&str> = others.lines().collect();
    if !others.is_empty() {
        script("drop-db", &[&[v.as_str()], &others[..]].concat());
    }

    let making = format!("erpsync_making_{second}");
    let bench = Bench::new(Target::real(version, &making, languages, How::Password));
    let key = (version >= 19).then(|| bench.target.api_key("sync", None));
    bench.setup(&[]).expect(0);
    in_postgres(
        &v,
        &[
            // Odoo's own connections.
            &format!(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{making}' and usename = current_user"
            ),
            &format!("comment on database {making} is '{}'", key.as_deref().unwrap_or_default()),
            &format!("alter database {making} with allow_connections false"),
            &format!("alter database {making} rename to {database}"),
        ],
    );
    Template { database, key }
}

/// Of everything that decides what such a database holds.
fn digest() -> &'static str {
    static DIGEST: OnceLock<String> = OnceLock::new();
    DIGEST.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files: Vec<PathBuf> =
            ["common/ready.rs", "common/target.rs"].map(|file| root.join("tests").join(file)).into();
        files.push(root.join("src/odoo/procedure.rs"));
        for dir in ["setup", "procedures"] {
            below(&root.join("src/odoo").join(dir), &mut files);
        }
        files.sort();
        let mut hash = Md5::new();
        for file in files {
            let text = fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        }
        hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    })
}

fn below(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { below(&path, out) } else { out.push(path) }
    }
}
