//! Names of keys and indexes. The deployment's template and the local stack make the tables by them.

/// Partition key of both tables.
pub const PK: &str = "pk";
/// Sort key of both tables.
pub const SK: &str = "sk";
/// The version of an item's form.
pub const SCHEMA_VERSION: &str = "schemaVersion";
/// An item's content, as one JSON text.
pub const DOCUMENT: &str = "document";
/// How far a lead has come.
pub const PROCESSING_STATUS: &str = "processingStatus";
/// When something was accepted, or last became unfinished.
pub const CREATED_AT: &str = "createdAt";
/// When something unfinished is tried again.
pub const DUE_AT: &str = "dueAt";
/// Until when one lookup has a lead for itself.
pub const LEASED_UNTIL: &str = "leasedUntil";
/// A lead's conversation, once it is open.
pub const CONVERSATION_ID: &str = "conversationId";
/// How many events a lead has.
pub const EVENT_VERSION: &str = "eventVersion";
/// Whether a conversation has news that no user has read.
pub const IS_UNREAD: &str = "isUnread";
/// What happened last in a conversation.
pub const LAST_SNIPPET: &str = "lastSnippet";

/// An index: its name, its partition key and sort key, and what it projects beside the keys. A key ends in
/// `Shard` when it is a number.
#[derive(Clone, Copy, Debug)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Its partition key.
    pub partition: &'static str,
    /// Its sort key.
    pub sort: &'static str,
    /// Attributes beside the keys.
    pub includes: &'static [&'static str],
}

/// All sources, by name.
pub const SOURCE_LIST: Index = Index { name: "list", partition: "listed", sort: "name", includes: &[] };
/// Leads not yet `Ready`, by when they are due: the outbox and the only retry mechanism.
pub const UNFINISHED: Index =
    Index { name: "unfinished", partition: "unfinishedShard", sort: DUE_AT, includes: &[CREATED_AT] };
/// A business's conversations, by when something last happened.
pub const INBOX: Index = Index { name: "inbox", partition: "businessId", sort: "lastEventAt", includes: &[] };
/// Leads by source and external id.
pub const EXTERNAL_ID: Index =
    Index { name: "externalId", partition: "externalIdKey", sort: "createdAt", includes: &[] };
/// Leads by business and phone number.
pub const PHONE: Index = Index { name: "phone", partition: "phoneKey", sort: "createdAt", includes: &[] };
/// Leads by business and e-mail address.
pub const EMAIL: Index = Index { name: "email", partition: "emailKey", sort: "createdAt", includes: &[] };
/// Leads by source and day, in four shards.
pub const DAY: Index = Index { name: "day", partition: "dayKey", sort: "createdAt", includes: &[] };

/// The indexes of the sources' table.
pub const SOURCE_INDEXES: &[Index] = &[SOURCE_LIST];
/// The indexes of the leads' table.
pub const LEAD_INDEXES: &[Index] = &[UNFINISHED, INBOX, EXTERNAL_ID, PHONE, EMAIL, DAY];

/// How many shards the unfinished leads are spread over.
pub const UNFINISHED_SHARDS: u8 = 64;
/// How many shards a source's day is spread over.
pub const DAY_SHARDS: u8 = 4;
