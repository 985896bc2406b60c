//! The names of attributes and indexes. `template.yaml` repeats them, and the local stack creates its tables from them.

/// The partition key of every table.
pub const PK: &str = "pk";
/// The sort key of every table.
pub const SK: &str = "sk";
/// The schema version of an item.
pub const SCHEMA_VERSION: &str = "schemaVersion";
/// An item's content, as one JSON text.
pub const DOCUMENT: &str = "document";
/// How far a lead has come.
pub const PROCESSING_STATUS: &str = "processingStatus";
/// When a lead was accepted.
pub const CREATED_AT: &str = "createdAt";
/// When the sweep announces a lead of the outbox.
pub const DUE_AT: &str = "dueAt";
/// When the lease of the current lookup ends.
pub const LEASED_UNTIL: &str = "leasedUntil";
/// The id of a lead's conversation, after it was opened.
pub const CONVERSATION_ID: &str = "conversationId";
/// The sequence of the last event that subscribers were told.
pub const PUBLISHED: &str = "published";
/// How many events a lead has.
pub const EVENT_VERSION: &str = "eventVersion";
/// Whether a conversation has news that no user has read.
pub const IS_UNREAD: &str = "isUnread";
/// Since when a lead's certificate waits to be retained.
pub const RETAIN_SINCE: &str = "retainSince";
/// What happened last in a conversation.
pub const LAST_SNIPPET: &str = "lastSnippet";

/// When DynamoDB deletes an item, in seconds since 1970. In the table of leads, exactly the items of test leads have it; in
/// the table of limits, all items.
pub const EXPIRES_AT: &str = "expiresAt";

/// A secondary index. A key whose name ends in `Shard` is a number; the others are strings.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the others are what they are called")]
pub struct Index {
    pub name: &'static str,
    pub partition: &'static str,
    pub sort: &'static str,
    /// Attributes that the index contains in addition to the keys.
    pub includes: &'static [&'static str],
}

/// All sources, by name.
pub const SOURCE_LIST: Index = Index { name: "list", partition: "listed", sort: "name", includes: &[] };
/// The outbox: leads that are not yet `Ready` or that leave something else to do, by due time. It is the only retry mechanism.
pub const UNFINISHED: Index =
    Index { name: "unfinished", partition: "unfinishedShard", sort: DUE_AT, includes: &[CREATED_AT, RETAIN_SINCE] };
/// The inbox of a business: its conversations, by when they last moved to the top.
pub const INBOX: Index = Index { name: "inbox", partition: "businessId", sort: "lastEventAt", includes: &[] };
/// Leads by source and external id.
pub const EXTERNAL_ID: Index =
    Index { name: "externalId", partition: "externalIdKey", sort: "createdAt", includes: &[] };
/// Leads by business and phone number.
pub const PHONE: Index = Index { name: "phone", partition: "phoneKey", sort: "createdAt", includes: &[] };
/// Leads by business and email address.
pub const EMAIL: Index = Index { name: "email", partition: "emailKey", sort: "createdAt", includes: &[] };
/// Leads by source and day, in four shards.
pub const DAY: Index = Index { name: "day", partition: "dayKey", sort: "createdAt", includes: &[] };

/// Leads by business, newest last; tombstones in a partition of their own. Nothing else has both keys: a test lead has no
/// business, and a conversation has no `createdAt` next to its document.
pub const BUSINESS: Index = Index { name: "business", partition: "businessId", sort: CREATED_AT, includes: &[] };
/// Leads by business and last name.
pub const NAME: Index = Index { name: "name", partition: "businessId", sort: "nameKey", includes: &[] };

/// The sources of a business, by name.
pub const SOURCE_BUSINESS: Index = Index { name: "business", partition: "businessId", sort: "name", includes: &[] };

/// The indexes of the table of sources.
pub const SOURCE_INDEXES: &[Index] = &[SOURCE_LIST, SOURCE_BUSINESS];
/// The indexes of the table of leads.
pub const LEAD_INDEXES: &[Index] = &[UNFINISHED, INBOX, EXTERNAL_ID, PHONE, EMAIL, DAY, BUSINESS, NAME];

/// The indexes of the table of limits.
pub const LIMIT_INDEXES: &[Index] = &[];

/// The number of shards of the outbox.
pub const UNFINISHED_SHARDS: u8 = 64;
/// The number of shards of a source's day.
pub const DAY_SHARDS: u8 = 4;
