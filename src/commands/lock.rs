//! The lock file: keeps a second process on this machine from even asking the servers. Between machines the lease in Odoo
//! keeps runs apart.

use std::fs::File;

use fs4::{FileExt, TryLockError};

use crate::config::{Environment, Settings};

use super::Failure;

/// Takes the lock for as long as the file is open.
///
/// # Errors
/// [`Failure::Busy`] when another process has it. A lock that cannot be had at all is warned about.
pub(super) fn take(settings: &Settings, env: &dyn Environment) -> Result<Option<File>, Failure> {
    let paths = settings.lock_files(env);
    for path in &paths {
        let Ok(file) = File::options().create(true).write(true).truncate(false).open(path) else { continue };
        return match FileExt::try_lock(&file) {
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
    log::warn!("cannot open a lock file ({}); the lease in Odoo alone keeps runs apart", tried.join(", "));
    Ok(None)
}
