//! Random bytes for the ids that AWS would assign.

/// `N` random bytes.
#[expect(clippy::expect_used, reason = "a machine without randomness can serve no connection either")]
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    bytes
}
