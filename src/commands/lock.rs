//! The lock file: keeps a second process on this machine from even asking the servers. Between machines the lease in Odoo
//! keeps runs apart.
//!
//! One of the usual places is a directory that everybody may write. What somebody else has put there under our name – a link,
//! a file of theirs that they keep locked – is passed by.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use crate::config::{Environment, Settings};

use super::Failure;

/// What tells the file of a lock from every other one of the machine, and hardly ever is that of another machine's.
#[cfg(unix)]
pub(super) fn identity(file: &File) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let data = file.metadata().ok()?;
    Some(format!("{:x}.{:x}", data.dev(), data.ino()))
}

/// Elsewhere a file has no number.
#[cfg(not(unix))]
pub(super) fn identity(_file: &File) -> Option<String> {
    None
}

/// Takes the lock for as long as the file is open.
///
/// # Errors
/// [`Failure::Busy`] when another process has it. A lock that cannot be had at all is warned about.
pub(super) fn take(settings: &Settings, env: &dyn Environment) -> Result<Option<File>, Failure> {
    let paths = settings.lock_files(env);
    let named = settings.sync.lock_file.is_some();
    for path in &paths {
        let Ok(file) = open(path, named) else { continue };
        return match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Err(Failure::Busy(format!(
                "another run on this machine is at work (lock file {}); try later",
                path.display()
            ))),
            Err(TryLockError::Error(e)) => {
                log::warn!("cannot lock {}: {e}; the lease in Odoo alone keeps runs apart", path.display());
                Ok(None)
            }
        };
    }
    let tried: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
    log::warn!(
        "cannot open a lock file of our own ({}); the lease in Odoo alone keeps runs apart; name a file with sync.lock_file",
        tried.join(", ")
    );
    Ok(None)
}

/// A file that the configuration names may be a link or another account's: somebody chose it.
#[cfg(unix)]
fn open(path: &Path, named: bool) -> io::Result<File> {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

    use rustix::fs::OFlags;

    let mut options = File::options();
    options.create(true).write(true).truncate(false).mode(0o600);
    if named {
        return options.open(path);
    }
    // Nor is it waited for a reader of somebody's pipe.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = options.custom_flags(flags.bits().cast_signed()).open(path)?;
    let about = file.metadata()?;
    // The process's directory belongs to who the process works as (proc(5)).
    let ours = fs::metadata("/proc/self").map_or(true, |own| own.uid() == about.uid());
    if about.is_file() && ours { Ok(file) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

#[cfg(not(unix))]
fn open(path: &Path, _: bool) -> io::Result<File> {
    File::options().create(true).write(true).truncate(false).open(path)
}
