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
    // A group that is the account's own, as many systems give each user one, is nobody else; so is root's.
    let groups = |about: &Metadata| about.gid() != 0 && own.as_ref().is_none_or(|own| own.gid() != about.gid());
    let open = |about: &Metadata| about.mode() & 0o002 != 0 || (about.mode() & 0o020 != 0 && groups(about));
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
    (open(&about) && about.mode() & STICKY == 0).then(|| {
        let (mode, shown) = (about.mode() & 0o777, directory.display());
        format!("others can put another one in its place (mode {mode:03o} of {shown}); chmod go-w {shown}")
    })
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
