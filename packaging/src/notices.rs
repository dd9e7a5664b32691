//! The notices of the crates that the program is linked with: their licences let a binary be handed on with them, and not
//! without. Asks cargo which crates these are, and takes the texts from the crates' own sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// How the files with such texts begin.
const NAMES: [&str; 6] = ["licen", "copying", "copyright", "notice", "unlicense", "authors"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    manifest_path: String,
    #[serde(default)]
    authors: Vec<String>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    kind: Option<String>,
}

/// All of them, each text once.
///
/// # Errors
/// When cargo does not answer, or a source cannot be read.
pub fn of_the_program() -> Result<String> {
    let metadata: Metadata = serde_json::from_slice(&cargo_metadata()?).context("cargo metadata")?;
    let linked = linked(&metadata)?;
    let mut texts: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    let mut out = String::from(
        "erpsync is linked with the crates below. Each has its licence, and the notices that the crates themselves come \
         with follow after the list, each text once.\n\n",
    );
    for package in &linked {
        let what = format!("{} {}", package.name, package.version);
        let license = package.license.as_deref().unwrap_or("see below");
        out += &format!("{what}: {license}");
        let found = texts_of(Path::new(&package.manifest_path))?;
        if found.is_empty() && !package.authors.is_empty() {
            out += &format!(" (no file with the text; by {})", package.authors.join(", "));
        }
        out.push('\n');
        for text in found {
            let key = text.split_whitespace().collect::<Vec<_>>().join(" ");
            texts.entry(key).or_insert_with(|| (text, BTreeSet::new())).1.insert(what.clone());
        }
    }
    for (text, crates) in texts.values() {
        let crates: Vec<&str> = crates.iter().map(String::as_str).collect();
        out += &format!("\n{}\n{}\n\n{}\n", "-".repeat(72), crates.join(", "), text.trim_end());
    }
    Ok(out)
}

fn cargo_metadata() -> Result<Vec<u8>> {
    // Only what this machine's program is linked with: other systems have other crates.
    let said = Command::new("rustc").arg("-vV").output().context("rustc -vV")?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc -vV names no host")?;
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", host, "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"))
        .output()
        .context("cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

/// Others' crates in the program, without what only builds or tests need, by name.
fn linked(metadata: &Metadata) -> Result<Vec<&Package>> {
    let packages: BTreeMap<&str, &Package> = metadata.packages.iter().map(|p| (p.id.as_str(), p)).collect();
    let nodes: BTreeMap<&str, &Node> = metadata.resolve.nodes.iter().map(|n| (n.id.as_str(), n)).collect();
    let Some(program) = metadata.packages.iter().find(|p| p.name == "erpsync" && p.source.is_none()) else {
        bail!("cargo metadata does not know erpsync")
    };
    let (mut waiting, mut seen) = (vec![program.id.as_str()], BTreeSet::new());
    while let Some(id) = waiting.pop() {
        // A procedural macro runs in the compiler, and so does all that it needs.
        let runs_at_build = |p: &Package| p.targets.iter().any(|t| t.kind.iter().any(|kind| kind == "proc-macro"));
        if packages.get(id).is_none_or(|p| runs_at_build(p)) || !seen.insert(id) {
            continue;
        }
        let deps = nodes.get(id).map(|node| node.deps.as_slice()).unwrap_or_default();
        let linked = deps.iter().filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind.is_none()));
        waiting.extend(linked.map(|dep| dep.pkg.as_str()));
    }
    let mut linked: Vec<&Package> = seen.iter().map(|id| packages[id]).filter(|p| p.source.is_some()).collect();
    linked.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(linked)
}

fn texts_of(manifest: &Path) -> Result<Vec<String>> {
    let directory = manifest.parent().context("a manifest without a directory")?;
    let mut files: Vec<_> = fs::read_dir(directory)
        .with_context(|| directory.display().to_string())?
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().to_lowercase();
            NAMES.iter().any(|start| name.starts_with(start)) && entry.path().is_file()
        })
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files.iter().map(|path| Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crates_of_the_program_and_no_others() {
        let text = of_the_program().unwrap();
        let listed = |name: &str| text.lines().any(|line| line.starts_with(&format!("{name} ")) && line.contains(": "));
        for name in ["clap", "tiberius", "rustls", "tokio", "reqwest"] {
            assert!(listed(name), "{name}");
        }
        for name in ["erpsync", "proptest", "insta", "clap_mangen", "rusqlite", "serde_derive"] {
            assert!(!listed(name), "{name}");
        }
        assert!(text.contains("Permission is hereby granted, free of charge"));
    }
}
