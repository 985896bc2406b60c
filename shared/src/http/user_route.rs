//! The routes of the API that users and their systems read with, each once (contract, section 12).

use lambda_http::http::Method;

/// What a user's token must allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Reading leads, conversations, sources and reports.
    ReadLeads,
    /// Marking conversations as read.
    WriteConversations,
}

impl Scope {
    /// Every scope that a route can need.
    pub const ALL: [Self; 2] = [Self::ReadLeads, Self::WriteConversations];

    /// The name, without the prefix that an issuer may add.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadLeads => "leads:read",
            Self::WriteConversations => "conversations:write",
        }
    }
}

/// A method and a path of the API of users. No path has more than one parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserRoute {
    /// One lead, with its conversation and timeline.
    Lead,
    /// The leads of the business.
    Leads,
    /// The conversations of the business.
    Inbox,
    /// The conversation of one lead.
    LeadConversations,
    /// A user has read a conversation.
    MarkRead,
    /// The timeline of one lead.
    LeadEvents,
    /// The sources of the business.
    Sources,
    /// One source of the business.
    Source,
    /// The leads per day of one source.
    SourceMetrics,
    /// The leads per day and source.
    Analytics,
}

impl UserRoute {
    /// Every route that needs a token.
    pub const ALL: [Self; 10] = [
        Self::Lead,
        Self::Leads,
        Self::Inbox,
        Self::LeadConversations,
        Self::MarkRead,
        Self::LeadEvents,
        Self::Sources,
        Self::Source,
        Self::SourceMetrics,
        Self::Analytics,
    ];

    /// What the token must allow.
    pub const fn scope(self) -> Scope {
        match self {
            Self::MarkRead => Scope::WriteConversations,
            _ => Scope::ReadLeads,
        }
    }

    /// The method that it is served with.
    pub const fn method(self) -> Method {
        match self {
            Self::Leads | Self::Inbox | Self::LeadConversations | Self::MarkRead | Self::LeadEvents | Self::Sources => {
                Method::POST
            }
            Self::Lead | Self::Source | Self::SourceMetrics | Self::Analytics => Method::GET,
        }
    }

    /// The path, whose parameter is in braces.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Lead => "/leads/{id}",
            Self::Leads => "/leads/all/my",
            Self::Inbox => "/conversations/my",
            Self::LeadConversations => "/conversations/lead/{leadId}",
            Self::MarkRead => "/conversations/{id}/mark-read",
            Self::LeadEvents => "/events/leads/{leadId}",
            Self::Sources => "/sources/all/my",
            Self::Source => "/sources/{id}",
            Self::SourceMetrics => "/sources/{id}/metrics",
            Self::Analytics => "/analytics/my",
        }
    }

    /// The path that a problem names: up to what the caller chose.
    pub const fn instance(self) -> &'static str {
        match self {
            Self::Lead => "/leads",
            Self::LeadConversations => "/conversations/lead",
            Self::MarkRead => "/conversations",
            Self::LeadEvents => "/events/leads",
            Self::Source | Self::SourceMetrics => "/sources",
            Self::Leads | Self::Inbox | Self::Sources | Self::Analytics => self.path(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_the_path_up_to_its_id() {
        for route in UserRoute::ALL {
            let (before, _) = route.path().split_once("/{").unwrap_or((route.path(), ""));
            assert_eq!(route.instance(), before, "{route:?}");
        }
    }
}
