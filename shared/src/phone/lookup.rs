//! What a look-up tells about a number, in our own words, whichever provider it was asked of.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize};

use super::{CarrierType, LineType, PhoneNumber, Telnyx, Twilio};
use crate::credential::Credential;
use crate::settings::Secret;
use crate::time::Timestamp;

/// The provider that numbers are looked up at. Without one there is no `PhoneLookup`.
#[derive(Debug)]
pub enum PhoneLookup {
    /// Twilio Lookup v2.
    Twilio(Twilio),
    /// Telnyx Number Lookup.
    Telnyx(Telnyx),
}

impl PhoneLookup {
    /// Asks the provider about a number, within 3 seconds; once more when it refused a credential that has changed
    /// since it was read.
    ///
    /// A number that the provider knows to be invalid is a look-up that succeeded.
    ///
    /// # Errors
    ///
    /// A [`LookupFault`], which tells whether asking again can help (contract, section 7,
    /// "Providers").
    pub async fn look_up(&self, number: &PhoneNumber) -> Result<Lookup, LookupFault> {
        let key = self.credential().secret().await;
        let answer = self.ask(number, &key).await;
        if let Err(LookupFault::Refused { .. }) = answer
            && let Some(key) = self.credential().instead_of(&key).await
        {
            return self.ask(number, &key).await;
        }
        answer
    }

    async fn ask(&self, number: &PhoneNumber, key: &Secret) -> Result<Lookup, LookupFault> {
        match self {
            Self::Twilio(twilio) => twilio.look_up(number, key).await,
            Self::Telnyx(telnyx) => telnyx.look_up(number, key).await,
        }
    }

    fn credential(&self) -> &Credential {
        match self {
            Self::Twilio(twilio) => &twilio.auth_token,
            Self::Telnyx(telnyx) => &telnyx.api_key,
        }
    }

    /// The provider's name for logs and settings: `twilio` or `telnyx`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Twilio(_) => "twilio",
            Self::Telnyx(_) => "telnyx",
        }
    }
}

/// What a provider said about a number: `contact.phone.lookup` (contract, section 5). For
/// operators, never for a source.
///
/// `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lookup {
    /// The number that was asked about.
    pub number: PhoneNumber,
    /// Whether the number exists; a provider that does not say leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_valid: Option<bool>,
    /// The number as it is written at home, as in `(512) 555-0123`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub national_format: Option<String>,
    /// The kind of line, coarse.
    pub line_type: LineType,
    /// The kind of line, fine.
    pub carrier_type: CarrierType,
    /// The network the number belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<Carrier>,
    /// The name that a called party would see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_name: Option<String>,
    /// Who was asked.
    pub provider: Provider,
    /// When the answer came.
    pub retrieved_at: Timestamp,
}

/// A network, as far as the provider knows it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Carrier {
    /// The carrier's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// As the provider has it: three digits as a rule, as in `311`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile_country_code: Option<String>,
    /// As the provider has it: two or three digits, as in `480`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile_network_code: Option<String>,
}

impl Carrier {
    /// `None` for a carrier of which nothing is known.
    pub(super) fn known(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }
}

/// Who was asked about a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Twilio Lookup v2.
    Twilio,
    /// Telnyx Number Lookup.
    Telnyx,
}

/// Why a look-up gave nothing, told apart by what is to be done (contract, section 7, "Providers").
/// Its text is safe to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupFault {
    /// Asking again later can help.
    #[error("the provider cannot answer now: {cause}")]
    Passing {
        /// What went wrong.
        cause: Cause,
        /// How long the provider asks to be left alone; at most six hours.
        retry_after: Option<Duration>,
    },
    /// Asking again is of no use.
    #[error("the provider will not answer: status {status}")]
    Lasting {
        /// The HTTP status.
        status: u16,
    },
    /// The provider refuses our credentials or our account: for an operator to mend.
    #[error("the provider refuses our credentials: status {status}")]
    Refused {
        /// The HTTP status, 401 or 403.
        status: u16,
    },
}

/// What keeps a provider from answering for the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// No answer within the time limit.
    #[error("timed out")]
    TimedOut,
    /// No connection, or one that broke before an answer.
    #[error("unreachable")]
    Unreachable,
    /// A 200 that breaks off, is too large, or is not the documented JSON.
    #[error("unreadable answer")]
    Unreadable,
    /// This HTTP status.
    #[error("status {0}")]
    Status(u16),
}

/// Reads a text that providers also send as a number, a blank string or `null`; the last two are no
/// text.
pub(super) fn lenient_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Sent {
        Text(String),
        Number(u64),
    }
    let text = Option::<Sent>::deserialize(from)?.map(|sent| match sent {
        Sent::Text(text) => text.trim().to_owned(),
        Sent::Number(number) => number.to_string(),
    });
    Ok(text.filter(|text| !text.is_empty()))
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup")
            .field("is_valid", &self.is_valid)
            .field("carrier_type", &self.carrier_type)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carrier").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use url::Url;

    use super::*;
    use crate::phone::loopback::{client, reply, serve};

    /// Both providers, before a server that gives this reply.
    fn providers(replied: &str) -> [PhoneLookup; 2] {
        let base = || -> Url { serve(replied.to_owned()).0 };
        [
            PhoneLookup::Twilio(Twilio::new(client(), base(), "AC1".to_owned(), Secret::new("hush-hush").into(), true)),
            PhoneLookup::Telnyx(Telnyx::new(client(), base(), Secret::new("hush-hush").into())),
        ]
    }

    fn number() -> PhoneNumber {
        PhoneNumber::parse("512-555-0123").unwrap().number
    }

    fn passing(cause: Cause) -> LookupFault {
        LookupFault::Passing { cause, retry_after: None }
    }

    #[tokio::test]
    async fn a_status_says_whether_to_ask_again() {
        let status = |status| passing(Cause::Status(status));
        for (line, fault) in [
            ("400 Bad Request", LookupFault::Lasting { status: 400 }),
            ("401 Unauthorized", LookupFault::Refused { status: 401 }),
            ("402 Payment Required", LookupFault::Lasting { status: 402 }),
            ("403 Forbidden", LookupFault::Refused { status: 403 }),
            ("404 Not Found", LookupFault::Lasting { status: 404 }),
            ("408 Request Timeout", status(408)),
            ("410 Gone", LookupFault::Lasting { status: 410 }),
            ("422 Unprocessable Content", LookupFault::Lasting { status: 422 }),
            ("429 Too Many Requests", status(429)),
            ("500 Internal Server Error", status(500)),
            ("502 Bad Gateway", status(502)),
            ("503 Service Unavailable", status(503)),
            ("504 Gateway Timeout", status(504)),
            ("204 No Content", status(204)), // no answer, and none that is documented
            ("302 Found", status(302)),
        ] {
            for provider in providers(&reply(line, "Location: /elsewhere\r\n", "{}")) {
                assert_eq!(provider.look_up(&number()).await, Err(fault), "{line}, {}", provider.name());
            }
        }
    }

    #[tokio::test]
    async fn a_provider_that_asks_for_time_is_heard() {
        for (line, header, seconds) in [
            ("429 Too Many Requests", "Retry-After: 7\r\n", Some(7)),
            ("503 Service Unavailable", "retry-after: 90000\r\n", Some(21_600)),
            ("429 Too Many Requests", "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", Some(0)),
            ("429 Too Many Requests", "Retry-After: later\r\n", None),
        ] {
            for provider in providers(&reply(line, header, "")) {
                match provider.look_up(&number()).await {
                    Err(LookupFault::Passing { retry_after, .. }) => {
                        assert_eq!(retry_after, seconds.map(Duration::from_secs), "{header}");
                    }
                    other => panic!("{other:?} for {header}"),
                }
            }
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_none_is_passing() {
        for body in ["", "null", "[]", "{}", "<html>", "{\"valid\":", "{\"valid\":\"yes\",\"data\":[7]}"] {
            for provider in providers(&reply("200 OK", "", body)) {
                assert_eq!(provider.look_up(&number()).await, Err(passing(Cause::Unreadable)), "{body}");
            }
        }
        // The connection closed: before an answer, in its head, in its body.
        for (cut, cause) in [
            ("", Cause::Unreachable),
            ("HTTP/1.1 200 OK\r\nContent-", Cause::Unreachable),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"valid\":", Cause::Unreadable),
        ] {
            for provider in providers(cut) {
                assert_eq!(provider.look_up(&number()).await, Err(passing(cause)), "{cut}");
            }
        }
    }

    fn lookup() -> Lookup {
        Lookup {
            number: number(),
            is_valid: Some(true),
            national_format: Some("(512) 555-0123".to_owned()),
            line_type: LineType::Voip,
            carrier_type: CarrierType::Voip,
            carrier: Some(Carrier { name: Some("Example Voice".to_owned()), ..Carrier::default() }),
            caller_name: Some("JORDAN LEE".to_owned()),
            provider: Provider::Twilio,
            retrieved_at: "2026-06-15T12:00:00.12Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_lookup_is_stored_as_operators_see_it() {
        let full = lookup();
        let json = json!({
            "number": "+15125550123", "isValid": true, "nationalFormat": "(512) 555-0123",
            "lineType": "VoIP", "carrierType": "Voip", "carrier": {"name": "Example Voice"},
            "callerName": "JORDAN LEE", "provider": "twilio", "retrievedAt": "2026-06-15T12:00:00.120Z"
        });
        assert_eq!(serde_json::to_value(&full).unwrap(), json);
        assert_eq!(serde_json::from_value::<Lookup>(json).unwrap(), full);

        let bare = Lookup { is_valid: None, national_format: None, carrier: None, caller_name: None, ..full };
        let json = json!({
            "number": "+15125550123", "lineType": "VoIP", "carrierType": "Voip",
            "provider": "twilio", "retrievedAt": "2026-06-15T12:00:00.120Z"
        });
        assert_eq!(serde_json::to_value(&bare).unwrap(), json);
        assert_eq!(serde_json::from_value::<Lookup>(json).unwrap(), bare);
    }

    #[test]
    fn debug_shows_neither_person_nor_secret() {
        let lookup = lookup();
        // Each by itself: a provider shows a port and an instant too, whose digits may be anyone's.
        let cases: [(String, &[&str]); 2] = [
            (format!("{lookup:?} {:?}", lookup.carrier), &["555", "JORDAN", "Example"]),
            (format!("{:?}", providers("")), &["AC1", "hush-hush"]),
        ];
        for (shown, hidden) in cases {
            assert!(!hidden.iter().any(|hidden| shown.contains(hidden)), "{hidden:?} in {shown}");
        }
    }

    #[test]
    fn a_fault_says_what_to_log_and_no_more() {
        let passing = LookupFault::Passing { cause: Cause::Status(429), retry_after: Some(Duration::from_secs(7)) };
        assert_eq!(passing.to_string(), "the provider cannot answer now: status 429");
        assert_eq!(
            LookupFault::Refused { status: 401 }.to_string(),
            "the provider refuses our credentials: status 401"
        );
    }
}
