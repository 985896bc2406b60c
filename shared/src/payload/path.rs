//! What a name of a form or query means: brackets and dots around the names of the table (contract, section 1).

use super::fields::Kind;
use super::names::{Name, Names, is_object};

/// What a name means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning<'n> {
    /// A member: `state`, `state[]`, `state[0]`, `contact[email]`, `phone.number`.
    Member(Name),
    /// An entry of a map, by its key: `sourceMetadata[placement]`, `sourceMetadata.placement`.
    Entry(Name, &'n str),
    /// A member in a notation that says nothing of it: `email[x]`, `sourceMetadata[a][b]`, `email[`.
    Misused(Name),
    /// No member.
    Unknown,
}

/// What comes after the part of a name that leads to a member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    Nothing,
    /// One index or one pair of empty brackets.
    Index,
    Other,
}

/// The longest path of a member has three steps. Steps after these make no difference.
const MAX_STEPS: usize = 5;

impl<'n> Meaning<'n> {
    /// What a name means that has been [`trimmed`].
    pub(super) fn of(name: &'n str) -> Self {
        let (first, mut rest) = name.split_at(name.find(['[', ']', '.']).unwrap_or(name.len()));
        let first = first.trim_end();
        let mut found = Names::flat().find(first);
        if rest.is_empty() {
            return found.map_or(Self::Unknown, Self::Member);
        }
        let mut path = first.to_owned();
        let mut tail = Tail::Nothing;
        let mut is_closed = !first.is_empty();
        for _ in 0..MAX_STEPS {
            let Some(step) = Step::first_of(rest) else { break };
            if let Some(map) = found.filter(|name| name.member.field().kind == Kind::FreeMetadata) {
                return if is_closed { Self::entry(map, rest) } else { Self::Misused(map) };
            }
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(step.name);
            let names = if path.contains('.') { Names::paths() } else { Names::flat() };
            tail = match names.find(&path) {
                Some(name) => {
                    found = Some(name);
                    Tail::Nothing
                }
                None if tail == Tail::Nothing && step.name.bytes().all(|b| b.is_ascii_digit()) => Tail::Index,
                None => Tail::Other,
            };
            is_closed &= step.is_closed;
            rest = step.rest.trim_start();
        }
        if !rest.is_empty() {
            tail = Tail::Other;
        }
        match found {
            None => Self::Unknown,
            Some(name) if is_closed && tail != Tail::Other => Self::Member(name),
            // What an object of the structured payload does not know is unknown here, too.
            Some(name) if is_closed && is_object(name.path) => Self::Unknown,
            Some(name) => Self::Misused(name),
        }
    }

    /// Everything after a dot or inside the brackets is the key. Without one the map itself is meant.
    fn entry(name: Name, rest: &'n str) -> Self {
        match rest.strip_prefix('.').or_else(|| inside_brackets(rest)).map(str::trim) {
            Some("") => Self::Member(name),
            Some(key) => Self::Entry(name, key),
            None => Self::Misused(name),
        }
    }
}

/// A name without what comes with it when a link is copied, escaped twice, or read from a file.
pub(super) fn trimmed(mut name: &str) -> &str {
    loop {
        let bare = name.trim().trim_matches('\u{feff}');
        let bare = bare.strip_prefix('?').or_else(|| bare.strip_prefix("amp;")).unwrap_or(bare);
        if bare.len() == name.len() {
            return name;
        }
        name = bare;
    }
}

/// One step of a path: `.number` or `[number]`.
struct Step<'n> {
    name: &'n str,
    /// Whether its brackets open and close.
    is_closed: bool,
    rest: &'n str,
}

impl<'n> Step<'n> {
    fn first_of(text: &'n str) -> Option<Self> {
        if let Some((name, rest)) = text.strip_prefix('[').and_then(|text| text.split_once(']'))
            && !name.contains('[')
        {
            return Some(Self { name: name.trim(), is_closed: true, rest });
        }
        let (is_closed, bare) = match text.strip_prefix('.') {
            Some(bare) => (true, bare),
            None => (false, text.trim_start_matches(['[', ']'])),
        };
        let (name, rest) = bare.split_at(bare.find(['[', ']', '.']).unwrap_or(bare.len()));
        (!text.is_empty()).then_some(Self { name: name.trim(), is_closed, rest })
    }
}

/// What is inside a pair of brackets that holds the whole text.
fn inside_brackets(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    let mut depth = 0_usize;
    for b in inside.bytes() {
        match b {
            b'[' => depth += 1,
            b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    (depth == 0).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A meaning in short: the path, and what it is.
    fn short(name: &str) -> String {
        match Meaning::of(trimmed(name)) {
            Meaning::Member(name) => name.path.to_owned(),
            Meaning::Entry(name, key) => format!("{} < {key}", name.path),
            Meaning::Misused(name) => format!("{} misused", name.path),
            Meaning::Unknown => "unknown".to_owned(),
        }
    }

    #[test]
    fn a_name_means_one_thing() {
        for (name, meaning) in [
            ("email", "email"),
            ("E_Mail", "email"),
            ("nickname", "unknown"),
            ("", "unknown"),
            // White space, a byte-order mark, and what is left of a link.
            (" email\t", "email"),
            ("\u{feff}email", "email"),
            (" \u{feff} ?email", "email"),
            ("?email", "email"),
            ("amp;email", "email"),
            ("amp;amp;email", "email"),
            ("amp; contact[email]", "contact.email"),
            ("&email", "unknown"),
            ("amp;", "unknown"),
            // One index adds nothing.
            ("state[]", "state"),
            ("state[0]", "state"),
            ("state[17]", "state"),
            ("state.0", "state"),
            ("state.", "state"),
            ("state[ 0 ]", "state"),
            ("state []", "state"),
            ("contact [email] []", "contact.email"),
            ("tagNames[]", "tagNames"),
            ("tag_names[3]", "tagNames"),
            ("contact[email][]", "contact.email"),
            ("contact[phone][]", "contact.phone"),
            // Paths of the structured payload.
            ("contact[email]", "contact.email"),
            ("contact.email", "contact.email"),
            ("Contact[E-mail]", "contact.email"),
            ("contact[ email ]", "contact.email"),
            ("contact[phone]", "contact.phone"),
            ("contact[phone][number]", "contact.phone.number"),
            ("contact.phone[number]", "contact.phone.number"),
            ("contact[phone].number", "contact.phone.number"),
            ("contact[phone.number]", "contact.phone.number"),
            ("phone[number]", "phone.number"),
            ("phone.extension", "phone.extension"),
            ("street_address[postal_code]", "streetAddress.postalCode"),
            ("contact[streetAddress][line1]", "contact.streetAddress.line1"),
            ("metadata.trustedFormUrl", "metadata.trustedFormUrl"),
            ("metadata[createdAt]", "metadata.createdAt"),
            ("contact.timeZoneId", "contact.timeZoneId"),
            ("customer[gender]", "customer.gender"),
            // A path that leads nowhere.
            ("metadata[ipAddress]", "unknown"),
            ("metadata.userAgent", "unknown"),
            ("createdAt", "unknown"),
            ("timeZoneId", "unknown"),
            ("contact", "unknown"),
            ("contact[]", "unknown"),
            ("contact[nickname]", "unknown"),
            ("contact[city]", "unknown"),
            ("contact[phone][isValid]", "unknown"),
            ("streetAddress[county]", "unknown"),
            ("metadata[tagNames]", "unknown"),
            ("fields[email][value]", "unknown"),
            ("data.email", "unknown"),
            // Entries of the map.
            ("sourceMetadata", "sourceMetadata"),
            ("sourceMetadata[]", "sourceMetadata"),
            ("sourceMetadata.", "sourceMetadata"),
            ("sourceMetadata[a]", "sourceMetadata < a"),
            ("source_metadata[A_b]", "sourceMetadata < A_b"),
            ("sourceMetadata.a", "sourceMetadata < a"),
            ("sourceMetadata.a.b", "sourceMetadata < a.b"),
            ("sourceMetadata.a[b]", "sourceMetadata < a[b]"),
            ("sourceMetadata[a.b]", "sourceMetadata < a.b"),
            ("sourceMetadata[0]", "sourceMetadata < 0"),
            ("sourceMetadata[a[b]]", "sourceMetadata < a[b]"),
            ("metadata[sourceMetadata]", "metadata.sourceMetadata"),
            ("metadata[sourceMetadata][a]", "metadata.sourceMetadata < a"),
            ("metadata.sourceMetadata.a.b", "metadata.sourceMetadata < a.b"),
            ("sourceMetadata[a][b]", "sourceMetadata misused"),
            ("sourceMetadata[a]b", "sourceMetadata misused"),
            ("sourceMetadata[a].b", "sourceMetadata misused"),
            ("sourceMetadata[a", "sourceMetadata misused"),
            ("sourceMetadata]", "sourceMetadata misused"),
            ("metadata[sourceMetadata][a][b]", "metadata.sourceMetadata misused"),
            // Any other decoration.
            ("email[x]", "email misused"),
            ("email.x", "email misused"),
            ("email[0][1]", "email misused"),
            ("email[][]", "email misused"),
            ("email[0]x", "email misused"),
            ("email[", "email misused"),
            ("email[x", "email misused"),
            ("email]", "email misused"),
            ("email[[]]", "email misused"),
            ("[email]", "email misused"),
            (".email", "email misused"),
            ("email[-1]", "email misused"),
            ("phone[mobile]", "phone misused"),
            ("phone[0][number]", "phone misused"),
            ("contact[email", "contact.email misused"),
            ("contact[phone", "contact.phone misused"),
            ("contact[email][x]", "contact.email misused"),
            ("contact[phone][number][x]", "contact.phone.number misused"),
            ("tagNames[x]", "tagNames misused"),
        ] {
            assert_eq!(short(name), meaning, "{name:?}");
        }
    }

    #[test]
    fn a_bottomless_name_costs_its_length() {
        for name in ["email[x".repeat(40_000), "[".repeat(250_000), format!("email{}", "[0]".repeat(80_000))] {
            assert!(!matches!(Meaning::of(&name), Meaning::Member(_)));
        }
    }
}
