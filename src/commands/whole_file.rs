//! Files that are there whole or not at all: written beside their name first, and then put in its place.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Failure;

/// Names and prices of a whole catalogue are nobody else's business, and nobody else shall change what will be applied.
pub(super) const PRIVATE: u32 = 0o600;

/// For what another account shall read.
pub(super) const PUBLIC: u32 = 0o644;

/// Where a file that a flag names is to be: behind a link, so that the link stays. A device, a pipe or a read-only file is
/// not replaced. Asked before servers are, so that nobody waits for what cannot be kept.
///
/// # Errors
/// When it cannot be there.
pub(super) fn destination(flag: &str, path: &Path) -> Result<PathBuf, Failure> {
    let refused = |what: &dyn Display| Failure::File(format!("{flag} {}: {what}", path.display()));
    if is_a_strangers_link(path) {
        return Err(refused(&"it is a link of another account's; give the name of a file"));
    }
    match fs::metadata(path) {
        Ok(about) if !about.is_file() => Err(refused(&"it is there, and no file; give the name of a file")),
        Ok(about) if about.permissions().readonly() => Err(refused(&"the file is read-only; give another name")),
        Ok(_) => path.canonicalize().map_err(|e| refused(&e)),
        Err(_) if path.is_symlink() => Err(refused(&"it is a link to nowhere; give the name of a file")),
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(refused(&e)),
        Err(_) => {
            if path.file_name().is_none() || !directory(path).is_dir() {
                return Err(refused(&"there is no such directory; make it first"));
            }
            Ok(path.to_owned())
        }
    }
}

/// The directory that a file is in.
pub(super) fn directory(path: &Path) -> &Path {
    path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Puts a file with this content and mode in the place of whatever is there, which stays when that fails.
///
/// # Errors
/// The system's.
pub(super) fn replace(target: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut name = target.as_os_str().to_owned();
    // A name of its own: what a killed process left is in nobody's way, also where all have one number.
    name.push(format!(".{}.tmp", uuid::Uuid::new_v4().simple()));
    let beside = PathBuf::from(name);
    // Nobody else's file, nor what a link leads to.
    let mut file = new_file(&beside)?;
    let written = file.write_all(content).and_then(|()| with_mode(&file, mode)).and_then(|()| file.sync_all());
    written.and_then(|()| fs::rename(&beside, target)).inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })?;
    // The new name, too, outlives a power cut. One that may not be opened is as good as its file system makes it.
    let _ = File::open(directory(target)).and_then(|directory| directory.sync_all());
    Ok(())
}

fn new_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE);
    options.open(path)
}

/// Whatever the account's mask is.
#[cfg(unix)]
fn with_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn with_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

/// In a directory that everybody may write, somebody else's link would have us replace a file that they may not.
#[cfg(unix)]
fn is_a_strangers_link(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let owner = |about: io::Result<fs::Metadata>| about.ok().map(|about| about.uid());
    let (own, link) = (owner(fs::metadata("/proc/self")), owner(fs::symlink_metadata(path)));
    path.is_symlink() && link != Some(0) && own.is_some() && own != link
}

#[cfg(not(unix))]
fn is_a_strangers_link(_: &Path) -> bool {
    false
}
