//! Which of the values that were sent for one member counts.

use super::value::Value;
use crate::lead::number;

/// What was sent for a member, or for an object, by the name that counts.
pub(super) struct Held<'v> {
    pub(super) path: &'static str,
    rank: u8,
    pub(super) sent: Sent<'v>,
}

pub(super) enum Sent<'v> {
    /// A value and, where it is a scalar, its text.
    Value(&'v Value, Option<&'v str>),
    /// Given more than once, with different values.
    Duplicate,
    /// In a notation that is not read.
    Misused,
}

impl<'v> Held<'v> {
    /// Takes one more value, which is `None` in a notation that is not read. Equal values are one. Of a checkbox and its hidden
    /// field, the one that is true counts.
    pub(super) fn take(
        slot: &mut Option<Self>,
        path: &'static str,
        rank: u8,
        value: Option<&'v Value>,
        is_checkbox: bool,
    ) {
        match slot {
            Some(held) if held.rank < rank => {}
            Some(held) if held.rank == rank => held.join(value, is_checkbox),
            _ => {
                let sent = value.map_or(Sent::Misused, |value| Sent::Value(value, value.scalar(true)));
                *slot = Some(Self { path, rank, sent });
            }
        }
    }

    fn join(&mut self, other: Option<&'v Value>, is_checkbox: bool) {
        let (first, text, other) = match (&self.sent, other) {
            (Sent::Value(first, text), Some(other)) => (*first, *text, other),
            (_, None) => return self.sent = Sent::Misused,
            (Sent::Duplicate | Sent::Misused, Some(_)) => return,
        };
        let other_text = other.scalar(true);
        let is_same = match (text, other_text) {
            (Some(text), Some(other)) => text == other,
            _ => first == other,
        };
        if !is_same {
            let flag = |text: Option<&str>| text.filter(|_| is_checkbox).and_then(number::flag);
            self.sent = match (flag(text), flag(other_text)) {
                (Some(true), Some(_)) => Sent::Value(first, text),
                (Some(false), Some(_)) => Sent::Value(other, other_text),
                _ => Sent::Duplicate,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reader::tests::{fault, flat, form};
    use super::super::{Member, read_form};
    use crate::failure::{Code, detail};

    #[test]
    fn one_name_of_a_member_counts() {
        let cases = [
            // The documented spelling, and what it says twice.
            (r#"{"email":"1","EMAIL":"2"}"#, "email=1&EMAIL=2", Ok("1")),
            (r#"{"e_mail":"2","email":"1","e-mail":[]}"#, "e_mail=2&email=1&e-mail[x]=3", Ok("1")),
            (r#"{"EMAIL":"2","email":" "}"#, "EMAIL=2&email=+", Ok("2")),
            (r#"{"EMAIL":"2","e_mail":"2"}"#, "EMAIL=2&e_mail=2", Ok("2")),
            (r#"{"EMAIL":"1","e_mail":"2"}"#, "EMAIL=1&e_mail=2", Err("/email")),
            (r#"{"email":"1","email":"2"}"#, "email=1&email[]=2", Err("/email")),
            (r#"{"email":"1","email":1,"email":" 1"}"#, "email[0]=1&email[1]=1&email.=+1", Ok("1")),
        ];
        for (json, pairs, expected) in cases {
            for submission in [flat(json), form(pairs)] {
                assert_eq!(submission.scalar(Member::Email), expected.ok(), "{json} {pairs}");
                let duplicate = expected.err().map(|at| (Code::PayloadDuplicate, at, Code::PayloadDuplicate.detail()));
                assert_eq!(fault(&submission), duplicate, "{json} {pairs}");
            }
        }
    }

    #[test]
    fn a_form_gives_a_member_by_its_own_name_before_a_path_before_another_name() {
        for (pairs, member, text) in [
            ("zip=1&contact[streetAddress][postalCode]=2", Member::PostalCode, "2"),
            ("contact.streetAddress.postalCode=2&postal_code=3", Member::PostalCode, "3"),
            ("zipCode=1&zip=2", Member::PostalCode, "2"),
            ("contact[phone]=1&phone[number]=2&contact[phone][number]=3", Member::PhoneNumber, "3"),
            ("contact[phone]=1&phone[number]=2", Member::PhoneNumber, "2"),
            ("phone=4&contact[phone][number]=3", Member::PhoneNumber, "4"),
        ] {
            let submission = form(pairs);
            assert_eq!((submission.scalar(member), fault(&submission)), (Some(text), None), "{pairs}");
        }
    }

    #[test]
    fn another_notation_is_a_wrong_type_whatever_comes_with_it() {
        for (pairs, pointer, detail) in [
            ("email[x]=1", "/email", detail::PLAIN_NAME),
            ("email=1&email[x]=2", "/email", detail::PLAIN_NAME),
            ("email[x]=2&email=1&email=3", "/email", detail::PLAIN_NAME),
            ("contact[email][x]=1", "/contact/email", detail::PLAIN_NAME),
            ("tagNames=a&tagNames[x]=b", "/tagNames", detail::PLAIN_LIST),
            ("sourceMetadata[a]=b&sourceMetadata[c][d]=e", "/sourceMetadata", detail::PLAIN_MAP),
            ("tagNames=a&TAGNAMES[x]=b", "/tagNames", detail::PLAIN_LIST),
            ("sourceMetadata[a]=1&source_metadata[b][c]=2", "/sourceMetadata", detail::PLAIN_MAP),
            ("sourceMetadata=text", "/sourceMetadata", detail::PLAIN_MAP),
            ("metadata[sourceMetadata]=[1]", "/metadata/sourceMetadata", detail::PLAIN_MAP),
        ] {
            assert_eq!(fault(&form(pairs)), Some((Code::PayloadType, pointer, detail)), "{pairs}");
        }
        assert_eq!(fault(&form("email=1&sourceMetadata[a][b]=+&city[x]=")), None, "nothing is lost");
    }

    #[test]
    fn a_checkbox_is_what_it_says_next_to_its_hidden_field() {
        for (pairs, flag) in [
            ("hasBankruptcy=false&hasBankruptcy=true", Ok("true")),
            ("hasBankruptcy=1&hasBankruptcy=0", Ok("true")),
            ("hasBankruptcy[]=No&hasBankruptcy[]=yes&hasBankruptcy[]=no", Ok("true")),
            ("hasBankruptcy=0&hasBankruptcy=false", Ok("false")),
            ("hasBankruptcy=false&hasBankruptcy=maybe", Err("/hasBankruptcy")),
            ("hasBankruptcy=maybe&hasBankruptcy=true", Err("/hasBankruptcy")),
            ("city=false&city=true", Err("/city")),
        ] {
            let submission = form(pairs);
            assert_eq!(submission.scalar(Member::HasBankruptcy), flag.ok(), "{pairs}");
            let duplicate = flag.err().map(|at| (Code::PayloadDuplicate, at, Code::PayloadDuplicate.detail()));
            assert_eq!(fault(&submission), duplicate, "{pairs}");
        }
        let json = flat(r#"{"hasBankruptcy":true,"hasBankruptcy":false}"#);
        assert_eq!(fault(&json).map(|(code, ..)| code), Some(Code::PayloadDuplicate));
    }

    #[test]
    fn a_form_counts_before_the_query_next_to_it() {
        for (body, query, email, tags) in [
            ("email=1", "email=2&tagNames=a", Some("1"), 1),
            ("EMAIL=1&tagNames=a", "email=2&tagNames=b&tagNames=c", Some("1"), 1),
            ("email=+&tagNames=", "email=2&tagNames=b&tagNames=c", Some("2"), 2),
            ("", "email=2", Some("2"), 0),
            ("unknown=1", "email=2", Some("2"), 0),
            ("email=1", "unknown=2", Some("1"), 0),
            ("", "", None, 0),
        ] {
            let submission = read_form(body.as_bytes(), query.as_bytes()).unwrap();
            assert_eq!(submission.scalar(Member::Email), email, "{body} {query}");
            assert_eq!(submission.entries(Member::TagNames).len(), tags, "{body} {query}");
            assert_eq!(fault(&submission), None, "{body} {query}");
        }
    }
}
