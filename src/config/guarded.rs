//! Who else may write a file that matters: the configuration says where passwords go, a CA's certificate whom to believe, a
//! kept plan what is written into Odoo.
//!
//! Looks at modes and owners alone; access control lists are not seen.

use std::path::Path;

/// Why the file's contents may be somebody else's, in words; `None` when all is well, or the file is not there.
#[cfg(unix)]
pub(crate) fn writable_by_others(path: &Path) -> Option<String> {
    use std::fs::{self, Metadata};
    use std::os::unix::fs::MetadataExt;

    const STICKY: u32 = 0o1000;
    let path = path.canonicalize().ok()?;
    // The process's directory belongs to who the process works as (proc(5)); where there is none, owners are not compared.
    let own = fs::metadata("/proc/self").ok();
    let open =
        |about: &Metadata| about.mode() & 0o002 != 0 || (about.mode() & 0o020 != 0 && !is_own_group(about.gid()));
    let strange = |about: &Metadata| about.uid() != 0 && own.as_ref().is_some_and(|own| own.uid() != about.uid());
    let about = fs::metadata(&path).ok()?;
    if strange(&about) {
        return Some(format!("it belongs to another account (user {})", about.uid()));
    }
    if open(&about) {
        return Some(format!("others can write it (mode {:03o}); chmod go-w {}", about.mode() & 0o777, path.display()));
    }
    let directory = path.parent()?;
    let about = fs::metadata(directory).ok()?;
    if strange(&about) {
        return Some(format!("{} belongs to another account (user {})", directory.display(), about.uid()));
    }
    (open(&about) && about.mode() & STICKY == 0).then(|| {
        let (mode, shown) = (about.mode() & 0o777, directory.display());
        format!("others can put another one in its place (mode {mode:03o} of {shown}); chmod go-w {shown}")
    })
}

/// A group that is the account's own, as many systems give each user one, is nobody else, nor is one that the account was
/// put into so that it may read: its administrator chose who else is there. Nor is root's.
#[cfg(unix)]
fn is_own_group(group: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines().filter(|line| line.starts_with("Gid:") || line.starts_with("Groups:"));
    group == 0 || lines.any(|line| line.split_whitespace().skip(1).any(|word| word.parse() == Ok(group)))
}

/// The mode of a file that others can read.
#[cfg(unix)]
pub(crate) fn readable_by_others(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;

    let about = std::fs::metadata(path).ok()?;
    let open = about.mode() & 0o004 != 0 || (about.mode() & 0o040 != 0 && !is_own_group(about.gid()));
    open.then_some(about.mode() & 0o777)
}

/// Other systems have other rules.
#[cfg(not(unix))]
pub(crate) fn readable_by_others(_: &Path) -> Option<u32> {
    None
}

/// Other systems have other rules.
#[cfg(not(unix))]
pub(crate) fn writable_by_others(_: &Path) -> Option<String> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_and_directories_that_others_can_write() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sync.toml");
        fs::write(&path, "").unwrap();
        let told = |of_directory, of_file| {
            fs::set_permissions(dir.path(), Permissions::from_mode(of_directory)).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(of_file)).unwrap();
            writable_by_others(&path)
        };
        assert_eq!(told(0o755, 0o644), None);
        assert_eq!(told(0o700, 0o664), None, "the account's own group");
        assert_eq!(told(0o1777, 0o600), None, "nobody else can rename or remove it there");
        assert!(told(0o755, 0o646).unwrap().contains("mode 646"));
        assert!(told(0o757, 0o600).unwrap().contains("in its place (mode 757"));
        assert_eq!(writable_by_others(&dir.path().join("absent")), None);
    }
}
