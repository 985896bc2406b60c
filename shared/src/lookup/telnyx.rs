//! Telnyx Number Lookup (contract, section 7, "Providers").

use reqwest::Client;
use serde::Deserialize;
use url::Url;

use super::LookupFault;
use super::exchange::{LOOKUP_TIMEOUT, address, ask, lenient_text};
use crate::client::credential::Credential;
use crate::lead::line_type::CarrierType;
use crate::lead::lookup::{Carrier, Lookup, ProviderName};
use crate::lead::phone_number::PhoneNumber;
use crate::settings::Secret;
use crate::time::Timestamp;

/// A client for Telnyx Number Lookup.
#[derive(Debug)]
pub struct Telnyx {
    client: Client,
    base: Url,
    pub(super) api_key: Credential,
}

impl Telnyx {
    /// A client for the API at `base`, with the account's key. The HTTP client must not follow redirects.
    pub fn new(client: Client, base: Url, api_key: Credential) -> Self {
        Self { client, base, api_key }
    }

    pub(super) async fn look_up(&self, number: &PhoneNumber, key: &Secret) -> Result<Lookup, LookupFault> {
        let request = self
            .client
            .get(address(&self.base, "v2/number_lookup", number, "type=carrier&type=caller-name"))
            .bearer_auth(key.reveal())
            .timeout(LOOKUP_TIMEOUT);
        let TelnyxReply { data } = ask(request).await?;
        let carrier = data.carrier.unwrap_or_default();
        let carrier_type = carrier.kind.as_deref().map_or(CarrierType::Unknown, CarrierType::read);
        Ok(Lookup {
            number: number.clone(),
            // Telnyx does not say whether a number is valid.
            is_valid: None,
            national_format: data.national_format,
            line_type: carrier_type.line_type(),
            carrier_type,
            carrier: Carrier {
                name: carrier.name,
                mobile_country_code: carrier.mobile_country_code,
                mobile_network_code: carrier.mobile_network_code,
            }
            .known(),
            caller_name: data.caller_name.and_then(|caller| caller.caller_name),
            provider: ProviderName::Telnyx,
            retrieved_at: Timestamp::now(),
        })
    }
}

#[derive(Deserialize)]
struct TelnyxReply {
    data: DataReply,
}

#[derive(Deserialize)]
struct DataReply {
    #[serde(default, deserialize_with = "lenient_text")]
    national_format: Option<String>,
    carrier: Option<CarrierReply>,
    caller_name: Option<CallerReply>,
}

#[derive(Default, Deserialize)]
struct CarrierReply {
    #[serde(default, deserialize_with = "lenient_text")]
    name: Option<String>,
    #[serde(rename = "type", default, deserialize_with = "lenient_text")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    mobile_country_code: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    mobile_network_code: Option<String>,
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
    async fn answered(body: Value) -> (Lookup, String) {
        let (base, served) = serve(reply("200 OK", "Content-Type: application/json\r\n", &body.to_string()));
        let key = Secret::new("KEY123");
        let telnyx = Telnyx::new(client(), base, key.clone().into());
        let number = PhoneNumber::parse("512-555-0123").unwrap().number;
        let lookup = telnyx.look_up(&number, &key).await.unwrap();
        (lookup, served.join().unwrap())
    }

    #[tokio::test]
    async fn the_request_is_the_documented_one() {
        let (_, head) = answered(json!({"data": {}})).await;
        let line = "GET /v2/number_lookup/%2B15125550123?type=carrier&type=caller-name HTTP/1.1\r\n";
        assert!(head.starts_with(line), "{head}");
        assert!(head.contains("\r\nauthorization: Bearer KEY123\r\n"), "{head}");
    }

    #[tokio::test]
    async fn a_full_answer_is_read() {
        let (lookup, _) = answered(json!({"data": {
            "record_type": "number_lookup", "country_code": "US", "phone_number": "+15125550123",
            "national_format": "(512) 555-0123", "fraud": null,
            "carrier": {
                "name": "Example Wireless", "type": "mobile", "error_code": null,
                "mobile_country_code": "311", "mobile_network_code": 480
            },
            "caller_name": {"caller_name": "JORDAN LEE", "error_code": ""}
        }}))
        .await;
        assert_eq!(lookup.number.as_str(), "+15125550123");
        assert_eq!(lookup.is_valid, None);
        assert_eq!(lookup.national_format.as_deref(), Some("(512) 555-0123"));
        assert_eq!((lookup.line_type, lookup.carrier_type), (LineType::Wireless, CarrierType::Mobile));
        let carrier = lookup.carrier.unwrap();
        assert_eq!(carrier.name.as_deref(), Some("Example Wireless"));
        assert_eq!(carrier.mobile_country_code.as_deref(), Some("311"));
        // Some answers contain it as a number.
        assert_eq!(carrier.mobile_network_code.as_deref(), Some("480"));
        assert_eq!(lookup.caller_name.as_deref(), Some("JORDAN LEE"));
        assert_eq!(lookup.provider, ProviderName::Telnyx);
    }

    #[tokio::test]
    async fn an_answer_without_details_is_a_success() {
        for data in [
            json!({}),
            json!({"national_format": null, "carrier": null, "caller_name": null}),
            json!({"national_format": "", "carrier": {"name": " ", "type": ""}, "caller_name": {"caller_name": ""}}),
        ] {
            let (lookup, _) = answered(json!({"data": data})).await;
            assert_eq!((lookup.line_type, lookup.carrier_type), (LineType::Unknown, CarrierType::Unknown));
            assert_eq!((lookup.national_format, lookup.carrier, lookup.caller_name), (None, None, None));
        }
    }
}
