//! Who else may write a file that matters: the configuration says where passwords go, a CA's certificate whom to believe, a
//! kept plan what is written into Odoo.
//!
//! Looks at modes and owners alone; access control lists are not seen.

use std::path::Path;

/// What a directory counts as in which others may put files, but leave ours alone, such as `/tmp`.
#[cfg(unix)]
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shared {
    /// Nothing can be put in our file's place there.
    Fine,
    /// What is found there was perhaps meant to be found.
    Open,
}

/// Why the file's contents may be somebody else's, in words; `None` when all is well, or the file is not there.
#[cfg(unix)]
pub(crate) fn writable_by_others(path: &Path) -> Option<String> {
    why_not(&path.canonicalize().ok()?, Shared::Fine, None)
}

/// Why a file that nobody named may have been put there by somebody else, in words: theirs, or where they may put one.
#[cfg(unix)]
pub(crate) fn perhaps_anothers(path: &Path) -> Option<String> {
    let way = std::path::absolute(path).ok()?;
    why_not(&path.canonicalize().ok()?, Shared::Open, None).or_else(|| why_not(&way, Shared::Open, None))
}

/// Looks at the file and at the directories above it, all of them or those below `top`.
#[cfg(unix)]
fn why_not(path: &Path, shared: Shared, top: Option<&Path>) -> Option<String> {
    use std::fs::{self, Metadata};
    use std::os::unix::fs::MetadataExt;

    const STICKY: u32 = 0o1000;
    // The process's directory belongs to who the process works as (proc(5)); where there is none, owners are not compared.
    let own = fs::metadata("/proc/self").ok();
    let open =
        |about: &Metadata| about.mode() & 0o002 != 0 || (about.mode() & 0o020 != 0 && !is_own_group(about.gid()));
    let strange = |about: &Metadata| about.uid() != 0 && own.as_ref().is_some_and(|own| own.uid() != about.uid());
    let about = fs::metadata(path).ok()?;
    if strange(&about) {
        return Some(format!("it belongs to another account (user {})", about.uid()));
    }
    if open(&about) {
        return Some(format!("others can write it (mode {:03o}); chmod go-w {}", about.mode() & 0o777, path.display()));
    }
    let above = path.ancestors().skip(1).take_while(|directory| Some(*directory) != top);
    above.enumerate().find_map(|(at, directory)| {
        let about = fs::metadata(directory).ok()?;
        let (mode, shown) = (about.mode() & 0o7777, directory.display());
        if strange(&about) {
            return Some(format!("{shown} belongs to another account (user {})", about.uid()));
        }
        if !open(&about) {
            return None;
        }
        if mode & STICKY == 0 {
            return Some(format!(
                "others can put another one in its place (mode {mode:03o} of {shown}); chmod go-w {shown}"
            ));
        }
        // Below it, in a directory of ours alone, nobody else puts anything.
        (shared == Shared::Open && at == 0).then(|| format!("others can put files into {shown} (mode {mode:03o})"))
    })
}

/// A group that is the account's own, as many systems give each user one, is nobody else. One that the account was put into
/// besides has other members. Nor is root's anybody.
#[cfg(unix)]
fn is_own_group(group: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut line = status.lines().filter(|line| line.starts_with("Gid:"));
    group == 0 || line.any(|line| line.split_whitespace().skip(1).any(|word| word.parse() == Ok(group)))
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

/// Other systems have other rules.
#[cfg(not(unix))]
pub(crate) fn perhaps_anothers(_: &Path) -> Option<String> {
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
        // Above as well.
        let below = dir.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        fs::write(below.join("sync.toml"), "").unwrap();
        let shown = dir.path().canonicalize().unwrap();
        let expected = format!("(mode 757 of {})", shown.display());
        assert!(writable_by_others(&below.join("sync.toml")).unwrap().contains(&expected));
        assert_eq!(writable_by_others(&dir.path().join("absent")), None);
    }

    /// Whoever looks for a configuration does not know who put it there.
    #[test]
    fn what_is_found_and_what_is_named() {
        let top = tempfile::tempdir().unwrap();
        let dir = top.path().canonicalize().unwrap().join("of the account");
        fs::create_dir(&dir).unwrap();
        let below = |path: &Path, shared| why_not(path, shared, Some(&top.path().canonicalize().unwrap()));
        let directory = dir.join("shop");
        fs::create_dir(&directory).unwrap();
        let path = directory.join("sync.toml");
        fs::write(&path, "").unwrap();
        let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        mode(&path, 0o600);
        let told = |of_directory, above| {
            mode(&directory, of_directory);
            mode(&dir, above);
            (below(&path, Shared::Fine), below(&path, Shared::Open))
        };
        assert_eq!(told(0o755, 0o755), (None, None));
        assert_eq!(told(0o755, 0o1777), (None, None));
        let (named, found) = told(0o1777, 0o755);
        assert_eq!(named, None);
        assert!(found.unwrap().contains("others can put files into"));
        let (named, found) = told(0o777, 0o755);
        assert_eq!(named, found);
        assert!(named.unwrap().contains("in its place (mode 777"));
        // A link in a directory of everybody's leads to a file that is ours.
        mode(&directory, 0o755);
        let everybodys = dir.join("everybodys");
        fs::create_dir(&everybodys).unwrap();
        mode(&everybodys, 0o1777);
        std::os::unix::fs::symlink(&path, everybodys.join("sync.toml")).unwrap();
        assert_eq!(writable_by_others(&everybodys.join("sync.toml")), None);
        assert!(perhaps_anothers(&everybodys.join("sync.toml")).unwrap().contains("everybodys (mode 1777)"));
    }
}
