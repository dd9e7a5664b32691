//! What is weaker than it should be is said at every run of every command that reads the configuration.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::stage::Stage;

/// Every command that reads the configuration, with what makes it go as far as that.
const COMMANDS: [&[&str]; 15] = [
    &["import-products"],
    &["import-products", "--dry-run"],
    &["sync-prices"],
    &["apply", "plan.json"],
    &["check-barcodes"],
    &["show-history"],
    &["revert", "--run", "x"],
    &["deferred", "list"],
    &["deferred", "show", "1"],
    &["deferred", "resolve", "1", "--choose", "keep"],
    &["deferred", "reset", "1"],
    &["unlock"],
    &["setup", "--dry-run"],
    &["runs"],
    &["prune", "--keep", "24m", "--dry-run"],
];

fn weaken(stage: &Stage, pairs: &[(&str, &str)]) {
    let mut text = fs::read_to_string(stage.bench.config()).unwrap();
    for (from, to) in pairs {
        assert!(text.contains(from), "{from} in {text}");
        text = text.replace(from, to);
    }
    fs::write(stage.bench.config(), text).unwrap();
}

#[test]
fn every_command_warns_of_every_weakness() {
    let stage = Stage::new(14);
    stage.bench.setup(&["-q"]).expect(0);
    stage.bench.import(&["--dry-run", "--first-run", "--out", "plan.json"]).expect(2);
    // An address that leads here and is not known to.
    let elsewhere = format!("http://0.0.0.0:{}", stage.wire.addr.port());
    weaken(
        &stage,
        &[
            (&stage.bench.target.url, &elsewhere),
            ("tls = \"ca-file\"\nca_file = \"ca.pem\"", "tls = \"trust-any\""),
            ("timeout = 10", "timeout = 10\ntls = \"trust-any\""),
        ],
    );
    fs::set_permissions(stage.bench.config(), fs::Permissions::from_mode(0o666)).unwrap();
    for command in COMMANDS {
        let run = stage.bench.run(command);
        for warning in [
            "source polonez: tls = \"trust-any\" does not check who answers",
            "Odoo: tls = \"trust-any\" does not check who answers",
            "/ is not encrypted, so anyone on the network can read the password or key",
            "sync.toml decides where passwords are sent, and others can write it (mode 666)",
        ] {
            let times = run.stderr.matches(warning).count();
            assert_eq!(times, 1, "{command:?} says {warning:?} {times} times:\n{}", run.stderr);
        }
    }
    weaken(&stage, &[("tls = \"trust-any\"\n\n[odoo]", "tls = \"off\"\n\n[odoo]")]);
    for command in COMMANDS {
        stage.bench.run(command).says("source polonez: tls = \"off\" sends the password and all data where anyone");
    }
}

/// Errors alone, as asked for.
#[test]
fn quiet_is_quiet() {
    let stage = Stage::new(14);
    stage.bench.setup(&["-q"]).expect(0);
    weaken(&stage, &[("tls = \"ca-file\"\nca_file = \"ca.pem\"", "tls = \"trust-any\"")]);
    let run = stage.bench.run(&["import-products", "--first-run", "-q"]);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{run:?}");
}

/// The subcommands of `COMMANDS`, those without a configuration, and `doctor`, among whose findings the weak settings are, are
/// all that there are.
#[test]
fn no_command_is_forgotten() {
    let stage = Stage::new(14);
    let help = stage.bench.run(&["--help"]).expect(0).stdout;
    let listed = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap();
    let names: Vec<&str> = listed
        .lines()
        .filter(|l| l.starts_with("  ") && !l.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    for name in names.iter().filter(|n| !["show", "help", "init", "doctor"].contains(*n)) {
        assert!(COMMANDS.iter().any(|c| c[0] == *name), "{name} is not in COMMANDS");
    }
    assert!(names.len() > 8, "{names:?}");
}
