//! The routes of both APIs, each once (contract, sections 1, 9 and 12). The local gateway serves them, and tests compare them
//! with `template.yaml` and with the router of `cargo lambda watch`.

use std::collections::BTreeMap;

use lambda_http::http::Method;
use percent_encoding::percent_decode_str;

use super::user_route::UserRoute;
use super::window_route::WindowRoute;
use crate::payload::Entrance;

/// A method and a path of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// A lead in the structured payload.
    Leads,
    /// A lead in the flat payload.
    Intake,
    /// A lead in the query string.
    IntakeQuery,
    /// What a partner asks without creating a lead.
    Window(WindowRoute),
    /// What users and their systems ask, with a token instead of a source's credentials.
    User(UserRoute),
}

impl Route {
    /// Every route, of sources and of users.
    pub fn all() -> impl Iterator<Item = Self> {
        let window = WindowRoute::ALL.map(Self::Window);
        [Self::Leads, Self::Intake, Self::IntakeQuery].into_iter().chain(window).chain(UserRoute::ALL.map(Self::User))
    }

    /// The name of the function that answers.
    pub const fn function(self) -> &'static str {
        match self {
            Self::Leads => "create-lead",
            Self::Intake | Self::IntakeQuery => "intake-lead",
            Self::Window(_) => "check-lead",
            Self::User(_) => "read-leads",
        }
    }

    /// The method that it is served with.
    pub const fn method(self) -> Method {
        match self {
            Self::Leads | Self::Intake => Method::POST,
            Self::IntakeQuery => Method::GET,
            Self::Window(route) => route.method(),
            Self::User(route) => route.method(),
        }
    }

    /// The path, whose parameters are in braces.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Leads => Entrance::Structured.path(),
            Self::Intake | Self::IntakeQuery => Entrance::Flat.path(),
            Self::Window(route) => route.path(),
            Self::User(route) => route.path(),
        }
    }

    /// The path that a problem names: without what the caller chose.
    pub const fn instance(self) -> &'static str {
        match self {
            Self::Window(route) => route.instance(),
            Self::User(route) => route.instance(),
            intake => intake.path(),
        }
    }

    /// The route's key, as the gateway writes it: `POST /leads`.
    pub fn key(self) -> String {
        format!("{} {}", self.method(), self.path())
    }

    /// The route of a method and path, with the decoded parameters of the path. An exact route wins over a parameter.
    pub fn find(method: &Method, path: &str) -> Option<(Self, BTreeMap<&'static str, String>)> {
        let of_method = Self::all().filter(|route| route.method() == method);
        let found = of_method.filter_map(|route| Some((route, parameters(route.path(), path)?)));
        found.min_by_key(|(_, parameters)| parameters.len())
    }
}

/// The decoded parameters of a path, if it matches this pattern. As at the gateway, a parameter is one segment that is
/// not empty, and a slash that is encoded separates nothing.
pub fn parameters<'a>(pattern: &'a str, path: &str) -> Option<BTreeMap<&'a str, String>> {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    let mut found = BTreeMap::new();
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return Some(found),
            (Some(expected), Some(segment)) => {
                let name = expected.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
                match name {
                    Some(name) if !segment.is_empty() => {
                        found.insert(name, percent_decode_str(segment).decode_utf8_lossy().into_owned());
                    }
                    None if expected == segment => {}
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_route() {
        let lead = |id: &str| Some((Route::Window(WindowRoute::Lead), Some(id.to_owned())));
        let user = |route, id: Option<&str>| Some((Route::User(route), id.map(str::to_owned)));
        for (method, path, expected) in [
            (Method::POST, "/leads", Some((Route::Leads, None))),
            (Method::GET, "/leads/intake", Some((Route::IntakeQuery, None))),
            (Method::GET, "/sources/me/leads", Some((Route::Window(WindowRoute::Leads), None))),
            (Method::GET, "/sources/me/leads/lead_a", lead("lead_a")),
            (Method::GET, "/sources/me/leads/a%2Fb%20c", lead("a/b c")),
            (Method::GET, "/sources/me/leads/%FF", lead("\u{fffd}")),
            (Method::GET, "/sources/me/leads/{leadId}", lead("{leadId}")),
            (Method::GET, "/sources/me/leads/", None),
            (Method::GET, "/sources/me/leads/a/", None),
            (Method::GET, "/sources/me/leads/a/b", None),
            (Method::GET, "/sources/me/", None),
            (Method::GET, "/sources/source_1", user(UserRoute::Source, Some("source_1"))),
            (Method::GET, "/sources/source_1/metrics", user(UserRoute::SourceMetrics, Some("source_1"))),
            (Method::GET, "/leads/lead_a", user(UserRoute::Lead, Some("lead_a"))),
            (Method::POST, "/leads/all/my", user(UserRoute::Leads, None)),
            (Method::POST, "/conversations/my", user(UserRoute::Inbox, None)),
            (Method::POST, "/conversations/lead/lead_a", user(UserRoute::LeadConversations, Some("lead_a"))),
            (Method::POST, "/conversations/my/mark-read", user(UserRoute::MarkRead, Some("my"))),
            (Method::GET, "/leads", None),
            (Method::POST, "/sources/me", None),
            (Method::GET, "sources/me", None),
            (Method::GET, "", None),
        ] {
            let found = Route::find(&method, path);
            let found = found.map(|(route, parameters)| (route, parameters.into_values().next()));
            assert_eq!(found, expected, "{method} {path}");
        }
    }

    #[test]
    fn parameters_are_whole_segments() {
        for (pattern, path, expected) in [
            ("/a/{b}/c/{d}", "/a/1/c/2", Some(vec![("b", "1"), ("d", "2")])),
            ("/a/{b}/c/{d}", "/a/1/c", None),
            ("/a/{b}", "/a/{b}", Some(vec![("b", "{b}")])),
            ("/a/b", "/a/b", Some(vec![])),
            ("/a/b", "/a/c", None),
        ] {
            let found = parameters(pattern, path);
            let found = found.as_ref().map(|found| found.iter().map(|(name, it)| (*name, it.as_str())).collect());
            assert_eq!(found, expected, "{pattern} {path}");
        }
    }
}
