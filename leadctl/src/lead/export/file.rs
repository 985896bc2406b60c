//! Files with people's data: for their owner alone, and never reached through a link that another user has planted.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// Creates a file that does not exist yet.
///
/// # Errors
/// When it exists, also as a link, or cannot be created.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Opens a file to write more to it.
///
/// # Errors
/// When it is a link, or cannot be opened.
pub(super) fn reopen(path: &Path) -> io::Result<File> {
    no_link(OpenOptions::new().write(true)).open(path)
}

/// Reads a file.
///
/// # Errors
/// When it is a link, or cannot be read.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    no_link(OpenOptions::new().read(true)).open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn no_link(options: &mut OpenOptions) -> &OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NOFOLLOW);
    options
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_is_its_owner_s_alone_and_no_link_is_followed() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        create(&path("new")).unwrap();
        assert_eq!(fs::metadata(path("new")).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(create(&path("new")).unwrap_err().kind(), io::ErrorKind::AlreadyExists);

        fs::write(path("other"), "kept").unwrap();
        symlink(path("other"), path("link")).unwrap();
        symlink(path("nowhere"), path("dangling")).unwrap();
        for link in ["link", "dangling"] {
            assert!(
                create(&path(link)).is_err() && reopen(&path(link)).is_err() && read(&path(link)).is_err(),
                "{link}"
            );
        }
        assert!(reopen(&path("other")).is_ok() && read(&path("other")).unwrap() == b"kept");
        assert!(!path("nowhere").exists());
    }
}
