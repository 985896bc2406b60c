//! Twilio Lookup v2 (contract, section 7, "Providers").

use std::fmt;

use reqwest::Client;
use serde::Deserialize;
use serde::de::IgnoredAny;
use url::Url;

use super::LookupFault;
use super::exchange::{LOOKUP_TIMEOUT, address, ask, lenient_text};
use crate::client::credential::Credential;
use crate::lead::line_type::CarrierType;
use crate::lead::lookup::{Carrier, Lookup, ProviderName};
use crate::lead::phone_number::PhoneNumber;
use crate::settings::Secret;
use crate::time::Timestamp;

/// A client for Twilio Lookup v2. `Debug` shows nothing of the account.
pub struct Twilio {
    client: Client,
    base: Url,
    account_sid: String,
    pub(super) auth_token: Credential,
    caller_name: bool,
}

impl Twilio {
    /// A client for the API at `base`, with the account's SID and token. `caller_name` requests the caller name too,
    /// which Twilio bills separately. The HTTP client must not follow redirects.
    pub fn new(client: Client, base: Url, account_sid: String, auth_token: Credential, caller_name: bool) -> Self {
        Self { client, base, account_sid, auth_token, caller_name }
    }

    pub(super) async fn look_up(&self, number: &PhoneNumber, key: &Secret) -> Result<Lookup, LookupFault> {
        let query = if self.caller_name {
            "Fields=line_type_intelligence,caller_name"
        } else {
            "Fields=line_type_intelligence"
        };
        let request = self
            .client
            .get(address(&self.base, "v2/PhoneNumbers", number, query))
            .basic_auth(&self.account_sid, Some(key.reveal()))
            .timeout(LOOKUP_TIMEOUT);
        let answer: TwilioReply = ask(request).await?;
        let line = answer.line_type_intelligence.unwrap_or_default();
        // An error code here invalidates only this part of the answer.
        let carrier_type = match (line.error_code, line.kind) {
            (None, Some(kind)) => CarrierType::read(&kind),
            _ => CarrierType::Unknown,
        };
        Ok(Lookup {
            number: number.clone(),
            is_valid: Some(answer.valid),
            national_format: answer.national_format,
            line_type: carrier_type.line_type(),
            carrier_type,
            carrier: Carrier {
                name: line.carrier_name,
                mobile_country_code: line.mobile_country_code,
                mobile_network_code: line.mobile_network_code,
            }
            .known(),
            caller_name: answer.caller_name.and_then(|caller| caller.caller_name),
            provider: ProviderName::Twilio,
            retrieved_at: Timestamp::now(),
        })
    }
}

impl fmt::Debug for Twilio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twilio").field("caller_name", &self.caller_name).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct TwilioReply {
    valid: bool,
    #[serde(default, deserialize_with = "lenient_text")]
    national_format: Option<String>,
    line_type_intelligence: Option<LineReply>,
    caller_name: Option<CallerReply>,
}

#[derive(Default, Deserialize)]
struct LineReply {
    #[serde(rename = "type", default, deserialize_with = "lenient_text")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    carrier_name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    mobile_country_code: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    mobile_network_code: Option<String>,
    error_code: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct CallerReply {
    #[serde(default, deserialize_with = "lenient_text")]
    caller_name: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::lead::line_type::LineType;
    use crate::lookup::loopback::{client, reply, serve};

    /// Looks a number up at a server with this answer. Returns the result and the head of the request.
    async fn answered(body: Value, caller_name: bool) -> (Lookup, String) {
        let (base, served) = serve(reply("200 OK", "Content-Type: application/json\r\n", &body.to_string()));
        let key = Secret::new("token");
        let twilio = Twilio::new(client(), base, "AC123".to_owned(), key.clone().into(), caller_name);
        let number = PhoneNumber::parse("512-555-0123").unwrap().number;
        let lookup = twilio.look_up(&number, &key).await.unwrap();
        (lookup, served.join().unwrap())
    }

    #[tokio::test]
    async fn the_request_is_the_documented_one() {
        for (caller_name, line) in [
            (false, "GET /v2/PhoneNumbers/%2B15125550123?Fields=line_type_intelligence HTTP/1.1\r\n"),
            (true, "GET /v2/PhoneNumbers/%2B15125550123?Fields=line_type_intelligence,caller_name HTTP/1.1\r\n"),
        ] {
            let (_, head) = answered(json!({"valid": true}), caller_name).await;
            assert!(head.starts_with(line), "{head}");
            assert!(head.contains("\r\nauthorization: Basic QUMxMjM6dG9rZW4=\r\n"), "{head}");
        }
    }

    #[tokio::test]
    async fn a_full_answer_is_read() {
        let (lookup, _) = answered(
            json!({
                "calling_country_code": "1", "country_code": "US", "phone_number": "+15125550123",
                "national_format": "(512) 555-0123", "valid": true, "validation_errors": [],
                "caller_name": {"caller_name": "JORDAN LEE", "caller_type": "CONSUMER", "error_code": null},
                "line_type_intelligence": {
                    "type": "nonFixedVoip", "carrier_name": "Example Voice",
                    "mobile_country_code": "311", "mobile_network_code": "480", "error_code": null
                },
                "sim_swap": null, "url": "https://lookups.test/v2/PhoneNumbers/+15125550123"
            }),
            true,
        )
        .await;
        assert_eq!(lookup.number.as_str(), "+15125550123");
        assert_eq!(lookup.is_valid, Some(true));
        assert_eq!(lookup.national_format.as_deref(), Some("(512) 555-0123"));
        assert_eq!((lookup.line_type, lookup.carrier_type), (LineType::Voip, CarrierType::Voip));
        let carrier = lookup.carrier.unwrap();
        assert_eq!(carrier.name.as_deref(), Some("Example Voice"));
        assert_eq!(carrier.mobile_country_code.as_deref(), Some("311"));
        assert_eq!(carrier.mobile_network_code.as_deref(), Some("480"));
        assert_eq!(lookup.caller_name.as_deref(), Some("JORDAN LEE"));
        assert_eq!(lookup.provider, ProviderName::Twilio);
    }

    #[tokio::test]
    async fn an_invalid_number_is_a_success() {
        let (lookup, _) = answered(
            json!({
                "valid": false, "validation_errors": ["INVALID_BUT_POSSIBLE"], "national_format": null,
                "line_type_intelligence": null, "caller_name": null
            }),
            false,
        )
        .await;
        assert_eq!(lookup.is_valid, Some(false));
        assert_eq!((lookup.line_type, lookup.carrier_type), (LineType::Unknown, CarrierType::Unknown));
        assert_eq!((lookup.national_format, lookup.carrier, lookup.caller_name), (None, None, None));
    }

    #[tokio::test]
    async fn a_line_type_with_an_error_code_is_unknown() {
        let (lookup, _) =
            answered(json!({"valid": true, "line_type_intelligence": {"type": "mobile", "error_code": 60600}}), false)
                .await;
        assert_eq!((lookup.line_type, lookup.carrier_type), (LineType::Unknown, CarrierType::Unknown));
    }
}
