//! The documented names of the members, and which of them a sent name is.
//!
//! A sent name matches in any letter case and without `_` and `-` (contract, section 1).

use std::borrow::Cow;
use std::sync::LazyLock;

use super::fields::{Field, Member, OBJECTS};

/// A documented name of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) member: Member,
    /// The name with its objects: `contact.phone.number`.
    pub(super) path: &'static str,
    /// Of several given names of a member, the one with the lowest rank counts. Even: the documented spelling was sent.
    pub(super) rank: u8,
}

/// Names that can be in one place, each by what is compared with a sent name.
pub(super) struct Names(Vec<(&'static str, Name)>);

/// Added to a rank for a spelling that is not the documented one.
const OTHER_SPELLING: u8 = 1;
/// Above every rank of [`FLAT`] and [`PATHS`]: what a query gives next to a body yields to the body.
pub(super) const BESIDE_A_BODY: u8 = 64;

/// The flat payload. The structured model's own name comes first, then a path to it, then the other names.
static FLAT: LazyLock<Names> = LazyLock::new(|| {
    let rank = |at| if at == 0 { 0 } else { 8 + 2 * at };
    Names(each(|field| field.flat).map(|(at, path, member)| (path, Name { member, path, rank: rank(at) })).collect())
});

/// What a decorated name of a form may lead to: each path of the structured payload, with and without its first object. A flat
/// post does not set the visitor's address and user agent (contract, section 3.2).
static PATHS: LazyLock<Names> = LazyLock::new(|| {
    let set = each(|field| field.structured)
        .filter(|(.., member)| !matches!(member, Member::IpAddress | Member::UserAgent))
        .flat_map(|(at, path, member)| {
            let rank = 2 + 4 * at;
            let short = path.split_once('.').map(|(_, short)| (short, Name { member, path: short, rank: rank + 2 }));
            [Some((path, Name { member, path, rank })), short].into_iter().flatten()
        });
    Names(set.filter(|(path, _)| path.contains('.')).collect())
});

/// The structured payload: the members of each object, by the object's path. What is an object itself is not among them.
static STRUCTURED: LazyLock<Vec<(&str, Names)>> = LazyLock::new(|| {
    let objects = [""].into_iter().chain(OBJECTS.map(|(path, _)| path));
    let mut objects: Vec<_> = objects.map(|path| (path, Names(Vec::new()))).collect();
    for (at, path, member) in each(|field| field.structured).filter(|(_, path, _)| !is_object(path)) {
        let (object, name) = split(path);
        if let Some((_, Names(names))) = objects.iter_mut().find(|(path, _)| *path == object) {
            names.push((name, Name { member, path, rank: 2 * at }));
        }
    }
    objects
});

impl Names {
    pub(super) fn flat() -> &'static Self {
        &FLAT
    }

    pub(super) fn paths() -> &'static Self {
        &PATHS
    }

    /// The members of an object of the structured payload, which has its place at `path`.
    pub(super) fn within(path: &str) -> Option<&'static Self> {
        STRUCTURED.iter().find(|(object, _)| *object == path).map(|(_, names)| names)
    }

    /// The documented name that a sent name is. Names that are sent as documented cost no more than a comparison.
    pub(super) fn find(&self, sent: &str) -> Option<Name> {
        let Self(names) = self;
        if let Some((_, name)) = names.iter().find(|(known, _)| *known == sent) {
            return Some(*name);
        }
        let bare = bare(sent);
        let (_, name) = names.iter().find(|(known, _)| known.eq_ignore_ascii_case(&bare))?;
        Some(Name { rank: name.rank + OTHER_SPELLING, ..*name })
    }
}

/// Every name of every member, with its number among the member's names.
fn each(names: fn(&Field) -> &'static [&'static str]) -> impl Iterator<Item = (u8, &'static str, Member)> {
    Member::ALL
        .iter()
        .flat_map(move |member| (0_u8..).zip(names(member.field())).map(|(at, path)| (at, *path, *member)))
}

/// Whether a sent name is this documented one.
pub(super) fn is_same(known: &str, sent: &str) -> bool {
    known.eq_ignore_ascii_case(&bare(sent))
}

/// A sent name without what does not count in it.
fn bare(sent: &str) -> Cow<'_, str> {
    const IGNORED: [char; 2] = ['_', '-'];
    if sent.contains(IGNORED) { sent.replace(IGNORED, "").into() } else { sent.into() }
}

/// Whether an object of the structured payload has its place at a path.
pub(super) fn is_object(path: &str) -> bool {
    OBJECTS.iter().any(|(object, _)| *object == path)
}

/// `contact.phone.number` is `number` in `contact.phone`.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_case_underscores_and_hyphens_do_not_count() {
        for (sent, rank) in [
            ("trustedFormUrl", Some(0)),
            ("TrustedFormURL", Some(1)),
            ("trusted_form_url", Some(1)),
            ("TRUSTED-FORM-URL", Some(1)),
            ("_trustedFormUrl--", Some(1)),
            ("trustedFormCertUrl", Some(10)),
            ("xx_trusted_form_cert_url", Some(13)),
            ("trustedFormUr", None),
            ("trustedFormUrls", None),
            ("trusted form url", None),
            ("trusted.form.url", None),
            ("", None),
            ("_", None),
        ] {
            assert_eq!(Names::flat().find(sent).map(|name| name.rank), rank, "{sent}");
        }
    }

    #[test]
    fn each_name_means_one_member() {
        let tables = [&*FLAT, &*PATHS].into_iter().chain(STRUCTURED.iter().map(|(_, names)| names));
        for Names(names) in tables {
            for (known, name) in names {
                assert_eq!(names.iter().filter(|(other, _)| is_same(other, known)).count(), 1, "{known}");
                assert!(name.rank < BESIDE_A_BODY && name.rank % 2 == 0, "{known}");
                let same = names.iter().filter(|(_, other)| (other.member, other.rank) == (name.member, name.rank));
                assert_eq!(same.count(), 1, "{known} has a rank of its own");
            }
        }
    }
}
