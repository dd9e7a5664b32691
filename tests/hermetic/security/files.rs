//! Files: who may read and write what the program makes and believes.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::stage::Stage;
use crate::common::SOURCE_PASSWORD;

#[test]
fn a_plan_is_for_its_owner_alone() {
    let stage = Stage::new(14);
    stage.bench.setup(&["-q"]).expect(0);
    let plan = stage.bench.path("plan.json");
    fs::write(&plan, "an older file that everybody may read").unwrap();
    fs::set_permissions(&plan, Permissions::from_mode(0o644)).unwrap();
    for _ in 0..2 {
        stage.bench.import(&["--dry-run", "--first-run", "--out", "plan.json"]).expect(2);
        assert_eq!(fs::metadata(&plan).unwrap().mode() & 0o777, 0o600);
    }
    let others = fs::read_dir(plan.parent().unwrap())
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().contains(".tmp"));
    assert_eq!(others.count(), 0);
}

#[test]
fn a_plan_that_others_can_write_is_warned_of() {
    let stage = Stage::new(14);
    stage.bench.setup(&["-q"]).expect(0);
    stage.bench.import(&["--dry-run", "--first-run", "--out", "plan.json"]).expect(2);
    let plan = stage.bench.path("plan.json");
    fs::set_permissions(&plan, Permissions::from_mode(0o666)).unwrap();
    let run = stage.bench.run(&["apply", "plan.json"]);
    run.says("decides what is written into Odoo, and others can write it (mode 666)");
}

#[test]
fn a_secret_s_file_that_others_can_read_or_replace_is_warned_of() {
    let stage = Stage::new(14);
    stage.bench.setup(&["-q"]).expect(0);
    let directory = stage.bench.path("private");
    fs::create_dir(&directory).unwrap();
    let file = directory.join("source.password");
    fs::write(&file, SOURCE_PASSWORD).unwrap();
    let config = fs::read_to_string(stage.bench.config()).unwrap();
    let config =
        config.replace("user = \"erpsync\"", "user = \"erpsync\"\npassword_file = \"private/source.password\"");
    fs::write(stage.bench.config(), config).unwrap();
    let told = |of_directory, of_file| {
        fs::set_permissions(&directory, Permissions::from_mode(of_directory)).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(of_file)).unwrap();
        let run = stage.run_with(&["import-products", "--dry-run", "--first-run"], |c| {
            c.env_remove("ERPSYNC_SOURCE_POLONEZ_PASSWORD");
        });
        assert_eq!(run.status, 2, "{run:?}");
        run.stderr
    };
    assert_eq!(told(0o700, 0o600), "");
    assert_eq!(told(0o700, 0o640), "", "a group that this account is in");
    assert!(told(0o700, 0o604).contains("which others can read (mode 604); chmod o-r"));
    assert!(told(0o700, 0o602).contains("others can write it (mode 602)"));
    assert!(told(0o777, 0o600).contains("others can put another one in its place (mode 777"));
}

/// The fallback for the lock is a directory that everybody may write: a link there leads nowhere.
#[test]
fn a_lock_is_not_taken_through_a_link() {
    let stage = Stage::new(14);
    stage.bench.setup(&["-q"]).expect(0);
    let config = fs::read_to_string(stage.bench.config()).unwrap().replace("lock_file = \"run.lock\"", "");
    fs::write(stage.bench.config(), config).unwrap();
    let (runtime, victim) = (stage.bench.path("runtime"), stage.bench.path("victim"));
    fs::create_dir(&runtime).unwrap();
    let run = |args: &[&str]| {
        stage.run_with(args, |c| {
            c.env("XDG_RUNTIME_DIR", &runtime).env("TMPDIR", &runtime);
        })
    };
    run(&["import-products", "--first-run"]).expect(3);
    let locks: Vec<_> = fs::read_dir(&runtime).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(locks.len(), 1, "{locks:?}");
    assert_eq!(fs::metadata(&locks[0]).unwrap().mode() & 0o777, 0o600);
    // Somebody puts a link in its place, to a file that is not there, and to one that is.
    for contents in [None, Some("precious")] {
        let _ = fs::remove_file(&locks[0]);
        if let Some(contents) = contents {
            fs::write(&victim, contents).unwrap();
        }
        symlink(&victim, &locks[0]).unwrap();
        let _ = run(&["import-products"]).expect(3);
        assert_eq!(fs::read_to_string(&victim).ok().as_deref(), contents);
        assert!(locks[0].is_symlink(), "it is left as it is");
    }
    // Or a pipe that nobody reads.
    fs::remove_file(&locks[0]).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&locks[0]).status().unwrap().success());
    let _ = run(&["import-products", "--deadline", "60s"]).expect(3);
}

/// Every crate of ours forbids unsafe code, and no lint is let off for it.
#[test]
fn no_crate_may_have_unsafe_code() {
    for (manifest, lint) in [
        ("Cargo.toml", "[workspace.lints.rust]\nunsafe_code = \"forbid\""),
        ("Cargo.toml", "[lints]\nworkspace = true"),
        ("packaging/Cargo.toml", "[lints]\nworkspace = true"),
        ("tests/sandbox/Cargo.toml", "[lints]\nworkspace = true"),
        ("fuzz/Cargo.toml", "[lints.rust]\nunsafe_code = \"forbid\""),
    ] {
        let text = fs::read_to_string(manifest).unwrap();
        assert!(text.contains(lint), "{manifest} does not say {lint}");
    }
    let members = fs::read_to_string("Cargo.toml").unwrap();
    assert!(members.contains("members = [\"packaging\", \"tests/sandbox\"]"), "a new member needs its line above");
}

/// Whoever stands in a directory of somebody else's, or in one of everybody's, does not take what lies there for their own.
#[test]
fn a_configuration_that_was_found_is_ours_or_not_used() {
    let stage = Stage::new(14);
    stage.bench.setup(&["-q"]).expect(0);
    let directory = tempfile::tempdir().unwrap();
    let found = directory.path().join("sync.toml");
    let config = fs::read_to_string(stage.bench.config()).unwrap();
    // What the file names is not even looked at.
    let config = config.replace("user = \"erpsync\"", "user = \"erpsync\"\npassword_file = \"not-there\"");
    fs::write(&found, config.replace("ca.pem", stage.bench.path("ca.pem").to_str().unwrap())).unwrap();
    let run = |named: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_erpsync"));
        command
            .arg("runs")
            .args(named)
            .current_dir(directory.path())
            .env_clear()
            .envs(stage.bench.target.secrets.clone());
        let output = command.output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let heard = || stage.wire.heard().len();
    for (of_directory, of_file, why) in [
        (0o777, 0o600, "others can put another one in its place (mode 777 of "),
        (0o1777, 0o600, "others can put files into "),
        (0o755, 0o666, "others can write it (mode 666)"),
    ] {
        fs::set_permissions(&found, Permissions::from_mode(of_file)).unwrap();
        fs::set_permissions(directory.path(), Permissions::from_mode(of_directory)).unwrap();
        let before = heard();
        let (status, told) = run(&[]);
        assert_eq!(status, 78, "{told}");
        assert!(told.contains("sync.toml: not used") && told.contains(why) && told.contains("--config FILE"), "{told}");
        assert_eq!(heard(), before, "nothing is sent");
        // Word for word.
        let (status, told) = run(&["--config", "sync.toml"]);
        assert_eq!(status, 0, "{told}");
        assert_eq!(told.contains(why), of_directory != 0o1777, "{told}");
        assert!(heard() > before);
    }
    // Ours alone.
    fs::set_permissions(&found, Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
    let (status, told) = run(&[]);
    assert_eq!(status, 0, "{told}");
    // Somebody else's, which only root can make.
    if std::os::unix::fs::chown(&found, Some(12_345), None).is_ok() {
        let before = heard();
        let (status, told) = run(&[]);
        assert_eq!((status, heard()), (78, before), "{told}");
        assert!(told.contains("belongs to another account (user 12345)"), "{told}");
        assert_eq!(run(&["--config", "sync.toml"]).0, 0);
    }
}
