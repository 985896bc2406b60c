//! The lookup provider, and why a lookup can fail.

use std::time::Duration;

use super::{Telnyx, Twilio, test};
use crate::lead::lookup::Lookup;
use crate::lead::phone_number::PhoneNumber;
use crate::settings::Secret;

/// The configured lookup provider.
#[derive(Debug)]
#[expect(missing_docs, reason = "the others are what they are called")]
pub enum Provider {
    Twilio(Twilio),
    Telnyx(Telnyx),
    /// No provider: test leads have fixed results.
    Test,
}

impl Provider {
    /// Asks the provider about a number, within 3 seconds. If the provider refuses our credential and the credential
    /// has changed, asks once more.
    ///
    /// A lookup that finds the number to be invalid has succeeded.
    ///
    /// # Errors
    /// A [`LookupFault`], which says whether a retry can help (contract, section 7, "Providers").
    pub async fn look_up(&self, number: &PhoneNumber) -> Result<Lookup, LookupFault> {
        let credential = match self {
            Self::Twilio(twilio) => &twilio.auth_token,
            Self::Telnyx(telnyx) => &telnyx.api_key,
            Self::Test => return test::look_up(number),
        };
        let key = credential.secret().await;
        let answer = self.ask(number, &key).await;
        if let Err(LookupFault::Refused { .. }) = answer
            && let Some(key) = credential.replacement_for(&key).await
        {
            return self.ask(number, &key).await;
        }
        answer
    }

    async fn ask(&self, number: &PhoneNumber, key: &Secret) -> Result<Lookup, LookupFault> {
        match self {
            Self::Twilio(twilio) => twilio.look_up(number, key).await,
            Self::Telnyx(telnyx) => telnyx.look_up(number, key).await,
            Self::Test => test::look_up(number),
        }
    }

    /// The provider's name in logs and settings: `twilio` or `telnyx`; `test` for a test lead.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Twilio(_) => "twilio",
            Self::Telnyx(_) => "telnyx",
            Self::Test => "test",
        }
    }
}

/// Why a lookup failed, by what to do about it (contract, section 7, "Providers"). The text is safe to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the others are what they are called")]
pub enum LookupFault {
    /// A retry can help.
    #[error("the provider cannot answer now: {cause}")]
    Passing {
        cause: Cause,
        /// The delay that the provider asks for, at most six hours.
        retry_after: Option<Duration>,
    },
    /// A retry cannot help.
    #[error("the provider will not answer: status {status}")]
    Lasting { status: u16 },
    /// The provider refuses our credentials or our account. An operator has to fix it.
    #[error("the provider refuses our account: status {status}")]
    Refused {
        /// 401, 402 or 403.
        status: u16,
    },
}

/// The cause of a temporary fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The provider did not answer within the timeout.
    #[error("timed out")]
    TimedOut,
    /// The connection failed, or broke before an answer.
    #[error("unreachable")]
    Unreachable,
    /// A 200 that is cut off, is too large, or is not the documented JSON.
    #[error("unreadable answer")]
    Unreadable,
    /// The provider answered with this HTTP status.
    #[error("status {0}")]
    Status(u16),
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::lookup::loopback::{client, reply, serve};

    /// A client of each provider, whose server sends this reply.
    fn providers(replied: &str) -> [Provider; 2] {
        let base = || -> Url { serve(replied.to_owned()).0 };
        [
            Provider::Twilio(Twilio::new(client(), base(), "AC1".to_owned(), Secret::new("hush-hush").into(), true)),
            Provider::Telnyx(Telnyx::new(client(), base(), Secret::new("hush-hush").into())),
        ]
    }

    fn number() -> PhoneNumber {
        PhoneNumber::parse("512-555-0123").unwrap().number
    }

    fn passing(cause: Cause) -> LookupFault {
        LookupFault::Passing { cause, retry_after: None }
    }

    #[tokio::test]
    async fn the_status_decides_about_a_retry() {
        let status = |status| passing(Cause::Status(status));
        for (line, fault) in [
            ("400 Bad Request", LookupFault::Lasting { status: 400 }),
            ("401 Unauthorized", LookupFault::Refused { status: 401 }),
            ("402 Payment Required", LookupFault::Refused { status: 402 }),
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
            ("204 No Content", status(204)), // not documented
            ("302 Found", status(302)),
        ] {
            for provider in providers(&reply(line, "Location: /elsewhere\r\n", "{}")) {
                assert_eq!(provider.look_up(&number()).await, Err(fault), "{line}, {}", provider.name());
            }
        }
    }

    #[tokio::test]
    async fn the_provider_chooses_the_delay() {
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
    async fn an_unexpected_answer_is_a_temporary_fault() {
        for body in ["", "null", "[]", "{}", "<html>", "{\"valid\":", "{\"valid\":\"yes\",\"data\":[7]}"] {
            for provider in providers(&reply("200 OK", "", body)) {
                assert_eq!(provider.look_up(&number()).await, Err(passing(Cause::Unreadable)), "{body}");
            }
        }
        // The connection closes before the answer, in its head, and in its body.
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

    #[test]
    fn debug_shows_no_secret() {
        // The test account is not digits: a client also shows a port and an instant, whose digits could match by
        // chance.
        let shown = format!("{:?}", providers(""));
        assert!(!["AC1", "hush-hush"].iter().any(|hidden| shown.contains(hidden)), "{shown}");
    }

    #[test]
    fn the_text_of_a_fault_contains_only_the_status() {
        let passing = LookupFault::Passing { cause: Cause::Status(429), retry_after: Some(Duration::from_secs(7)) };
        assert_eq!(passing.to_string(), "the provider cannot answer now: status 429");
        assert_eq!(LookupFault::Refused { status: 401 }.to_string(), "the provider refuses our account: status 401");
    }
}
