//! One call to a lookup provider: the URL, the timeout, and what an answer means.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::RETRY_AFTER;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use url::Url;

use super::{Cause, LookupFault};
use crate::client::web;
use crate::lead::phone_number::PhoneNumber;
use crate::lead::text::clean_lossy;

/// The timeout of one call, including the connection and the body.
pub(super) const LOOKUP_TIMEOUT: Duration = Duration::from_secs(3);

/// The longest delay that a provider can ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(6 * 60 * 60);

/// In characters. Longer texts of a provider are cut.
const MAX_TEXT: usize = 255;

/// The URL of a number at a provider: `{base}/{collection}/%2B15125550123?{query}`.
///
/// The plus sign is escaped, because a server that decodes paths like forms would read a space.
pub(super) fn address(base: &Url, collection: &str, number: &PhoneNumber, query: &str) -> Url {
    let mut address = base.clone();
    let root = base.path().trim_end_matches('/');
    let number = utf8_percent_encode(number.as_str(), NON_ALPHANUMERIC);
    address.set_path(&format!("{root}/{collection}/{number}"));
    address.set_query(Some(query));
    address
}

/// Sends a request and parses the JSON of a 200.
///
/// # Errors
/// A [`LookupFault`] by status (contract, section 7, "Providers"). No answer, a body that is too large and an
/// unexpected body are temporary faults, because a broken provider may send anything. The client's own error is
/// dropped: it shows the URL, and so the number.
pub(super) async fn ask<Answer: DeserializeOwned>(request: RequestBuilder) -> Result<Answer, LookupFault> {
    let answer = request
        .send()
        .await
        .map_err(|error| passing(if error.is_timeout() { Cause::TimedOut } else { Cause::Unreachable }))?;
    let status = answer.status();
    match status {
        StatusCode::OK => {
            let body = web::body(answer).await;
            body.and_then(|body| serde_json::from_slice(&body).ok()).ok_or(passing(Cause::Unreadable))
        }
        StatusCode::UNAUTHORIZED | StatusCode::PAYMENT_REQUIRED | StatusCode::FORBIDDEN => {
            Err(LookupFault::Refused { status: status.as_u16() })
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Err(later(&answer)),
        _ if status.is_client_error() => Err(LookupFault::Lasting { status: status.as_u16() }),
        _ => Err(later(&answer)),
    }
}

/// Reads a text that providers may also send as a number, a blank string or `null`; the last two mean no text. The text
/// is cleaned like a partner's, but never fails: the owner of a line chooses the caller name, and an odd one must not
/// cost us the whole answer.
pub(super) fn lenient_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Sent {
        Text(String),
        Number(u64),
    }
    let text = Option::<Sent>::deserialize(from)?.map(|sent| match sent {
        Sent::Text(text) => clean_lossy(&text, MAX_TEXT),
        Sent::Number(number) => number.to_string(),
    });
    Ok(text.filter(|text| !text.is_empty()))
}

fn passing(cause: Cause) -> LookupFault {
    LookupFault::Passing { cause, retry_after: None }
}

fn later(answer: &Response) -> LookupFault {
    let wait = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    LookupFault::Passing {
        cause: Cause::Status(answer.status().as_u16()),
        retry_after: wait.and_then(|text| retry_after(text, Timestamp::now())),
    }
}

/// Parses `Retry-After`: whole seconds or an HTTP date (RFC 9110, section 10.2.3), up to six hours. Any other text
/// counts as no header. A date in the past means no delay.
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let then = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
            Duration::try_from(then.duration_since(now)).unwrap_or_default()
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use serde_json::Value;

    use super::*;
    use crate::lookup::loopback::{client, reply, serve};

    #[test]
    fn the_url_of_a_number_does_not_depend_on_how_the_base_ends() {
        let number = PhoneNumber::parse("512-555-0123").unwrap().number;
        for (base, expected) in [
            ("https://api.test", "https://api.test/v2/n/%2B15125550123?a=b"),
            ("https://api.test/", "https://api.test/v2/n/%2B15125550123?a=b"),
            ("https://api.test/twilio/", "https://api.test/twilio/v2/n/%2B15125550123?a=b"),
            ("https://api.test/?x=y", "https://api.test/v2/n/%2B15125550123?a=b"),
        ] {
            assert_eq!(address(&base.parse().unwrap(), "v2/n", &number, "a=b").as_str(), expected, "{base}");
        }
    }

    #[test]
    fn a_providers_text_is_cleaned_and_cut_and_never_fails() {
        #[derive(Deserialize)]
        struct Reply {
            #[serde(default, deserialize_with = "lenient_text")]
            name: Option<String>,
        }
        let long = "n".repeat(60_000);
        for (sent, read) in [
            ("EXAMPLE JORDAN", Some("EXAMPLE JORDAN")),
            (" EXAMPLE ", Some("EXAMPLE")),
            ("EXAMPLE\r\nforged: row", Some("EXAMPLE forged: row")),
            ("\u{1b}]0;title\u{7}EXAMPLE\u{9b}2J\0", Some("]0;titleEXAMPLE2J")),
            ("\u{202e}NADROJ\u{202c}", Some("NADROJ")),
            ("Mu\u{fffd}oz", Some("Mu\u{fffd}oz")),
            ("\u{1b}", None),
            ("\u{2066}\u{2069} ", None),
            (&long, Some(&long[..255])),
        ] {
            let reply: Reply = serde_json::from_value(serde_json::json!({"name": sent})).unwrap();
            assert_eq!(reply.name.as_deref(), read, "{sent:.20?}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_at_most_six_hours() {
        let now = "1994-11-06T08:49:00Z".parse().unwrap();
        for (text, seconds) in [
            ("0", Some(0)),
            ("120", Some(120)),
            ("21600", Some(21_600)),
            ("21601", Some(21_600)),
            ("18446744073709551615", Some(21_600)),
            ("18446744073709551616", None), // does not fit into 64 bits
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("Mon, 07 Nov 1994 08:49:37 GMT", Some(21_600)),
            ("Sun, 06 Nov 1994 08:48:37 GMT", Some(0)), // in the past
            ("1994-11-06T08:49:37Z", None),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(text, now), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[tokio::test]
    async fn an_endless_answer_is_not_read_completely() {
        let (base, _) = serve(reply("200 OK", "", &format!("\"{}\"", "a".repeat(1 << 20))));
        assert_eq!(ask::<Value>(client().get(base)).await, Err(passing(Cause::Unreadable)));
    }

    #[tokio::test]
    async fn a_silent_provider_times_out() {
        // The operating system completes the connection, but no code accepts it.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let request = client().get(address).timeout(Duration::from_millis(50));
        assert_eq!(ask::<Value>(request).await, Err(passing(Cause::TimedOut)));
    }

    #[tokio::test]
    async fn a_closed_port_is_unreachable() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        assert_eq!(ask::<Value>(client().get(address)).await, Err(passing(Cause::Unreachable)));
    }
}
