//! The parameters of a query string. Those that are not served are refused by name (contract, section 12).

use lambda_http::Request;
use url::form_urlencoded;

use crate::http::Problem;
use crate::http::problem::{QueryFault, Spot};

/// The parameters of a query string, each once.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the query string, which may have only these parameters.
    pub(super) fn read(request: &Request, supported: &[&str]) -> Result<Self, Problem> {
        let query = request.uri().query().unwrap_or_default();
        let mut found: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let at = || Spot::Parameter(name.chars().take(64).collect());
            if !supported.contains(&name.as_ref()) {
                let detail = if supported.is_empty() {
                    "This call has no parameters.".to_owned()
                } else {
                    format!("Supported are: {}.", supported.join(", "))
                };
                return Err(Problem::Query(QueryFault::unsupported(at(), detail)));
            }
            if found.iter().any(|(other, _)| *other == name) {
                return Err(Problem::Query(QueryFault::invalid(at(), "Send this parameter once.")));
            }
            found.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(found))
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}
