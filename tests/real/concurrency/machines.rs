//! Machines that share one Odoo and one source: each with its own host name, home, lock file and clock.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::common::Run;
use crate::gate::end;
use crate::world::World;

/// A machine that runs the built binary.
pub struct Machine<'a> {
    world: &'a World,
    /// Its host name.
    pub name: &'static str,
    config: PathBuf,
    home: PathBuf,
    clock: Option<(PathBuf, &'static str)>,
}

impl<'a> Machine<'a> {
    /// It speaks to Odoo as the world does now, through a proxy or not.
    pub fn new(world: &'a World, name: &'static str) -> Self {
        let (config, home) = (world.bench.path(&format!("{name}.toml")), world.bench.path(name));
        let text = std::fs::read_to_string(world.bench.config()).unwrap();
        std::fs::write(&config, text.replace("run.lock", &format!("{name}.lock"))).unwrap();
        std::fs::create_dir_all(&home).unwrap();
        Self { world, name, config, home, clock: None }
    }

    /// Its clock is wrong by so much, such as `+7h`.
    pub fn with_clock(mut self, wrong_by: &'static str) -> Self {
        let library = format!("/usr/lib/{}-linux-gnu/faketime/libfaketime.so.1", std::env::consts::ARCH);
        assert!(PathBuf::from(&library).exists(), "no {library}; apt-get install faketime");
        self.clock = Some((library.into(), wrong_by));
        self
    }

    /// Anything that the binary does, in the background.
    pub fn spawn(&self, args: &[&str]) -> Child {
        // A host name of its own needs a namespace; the shell and its parents replace themselves, so that the process
        // that is started is the binary in the end.
        let mut program = Command::new("unshare");
        program.args(["--uts", "sh", "-c", "hostname \"$0\" && exec \"$@\"", self.name]);
        let mut command = self.world.bench.command_by(program, &self.config, args);
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", &self.home);
        if let Some((library, wrong_by)) = &self.clock {
            command.env("LD_PRELOAD", library).env("FAKETIME", wrong_by).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// An import in the background.
    pub fn start(&self, args: &[&str]) -> Child {
        self.spawn(&[&["import-products"], args].concat())
    }

    /// An import to its end.
    #[track_caller]
    pub fn import(&self, args: &[&str]) -> Run {
        end(self.start(args))
    }

    /// Anything, to its end.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Run {
        end(self.spawn(args))
    }
}

/// The lease looks as if its holder had been silent for a day.
pub fn expire_lease(world: &World) {
    world.sql("update x_pz_lane set x_expires = x_expires - interval '1 day'");
}
