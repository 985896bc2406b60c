//! The build that the fault suite runs within `cargo test`.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use tests::binaries::cargo_build;

#[test]
fn the_nested_build_sees_the_environment_of_the_developers_own_builds() {
    let command = cargo_build();
    let changed: BTreeMap<_, _> = command.get_envs().collect();
    let removed = |name: &str| changed.get(OsStr::new(name)) == Some(&None);
    for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION_MAJOR"] {
        assert!(std::env::var_os(name).is_some(), "cargo sets {name} for a test");
        assert!(removed(name), "{name} would rebuild every crate whose build script watches it");
    }
    for name in ["PATH", "CARGO_HOME", "CARGO_BUILD_JOBS", "CARGO_TARGET_DIR", "CARGO_INCREMENTAL", "RUSTFLAGS"] {
        assert!(!changed.contains_key(OsStr::new(name)), "{name} is the developer's setting");
    }
}
