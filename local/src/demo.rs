//! The demo sources. `source_123` is in the examples of the partner specification, so they work as printed.

use leadping::id::{AccountId, BusinessId, SourceId};
use leadping::lead::state::State;
use leadping::source::change::Change;
use leadping::source::{self, Source, SourceKey};
use leadping::store::{Ledger, Sources, StoreError};
use leadping::time::Timestamp;

/// The source of the partner specification's examples.
pub const SOURCE_ID: &str = "source_123";
/// The business of every demo source.
pub const BUSINESS: &str = "business_1";
/// The key of every demo source.
pub const SOURCE_KEY: &str = "lp_source_key";

/// The test key of [`SOURCE_ID`].
pub const TEST_KEY: &str = "lp_test_source_key";

/// Each demo source, and what it demonstrates.
pub const ALL: [(&str, &str); 8] = [
    (SOURCE_ID, "open: everything is accepted that the rules allow"),
    ("source_disabled", "disabled: 403"),
    ("source_unattached", "attached to no account: 403"),
    ("source_unapproved", "not compliance-approved: 400"),
    ("source_texas", "leads of Texas only"),
    ("source_product", "leads for \"Example product\" only"),
    ("source_exempt", "needs no TrustedForm certificate"),
    ("source_retain", "retains its certificates"),
];

/// Creates the demo sources, except those that an earlier run has created: an operator may have changed or deleted them.
///
/// # Errors
/// When a table cannot be used.
pub async fn create_all(sources: &Sources, ledger: &Ledger) -> anyhow::Result<()> {
    for (id, about) in ALL {
        create(sources, ledger, &demo(id, about)?).await?;
    }
    Ok(())
}

/// Creates a source with its change and its entry in the ledger, as `leadctl` does. Returns `false` and writes nothing when
/// there is one of this id, or once was.
///
/// # Errors
/// When a table cannot be used.
pub async fn create(sources: &Sources, ledger: &Ledger, source: &Source) -> Result<bool, StoreError> {
    if !sources.history(&source.id, 1).await?.is_empty() {
        return Ok(false);
    }
    let change = Change {
        at: source.created_at,
        by: "local".to_owned(),
        action: "create".to_owned(),
        revision: source.revision,
        members: Vec::new(),
    };
    Ok(sources.change(&source.id, None, Some(source), &change, ledger).await?.is_some())
}

fn demo(id: &str, about: &str) -> anyhow::Result<Source> {
    let now = Timestamp::now();
    let mut source = Source {
        account_id: Some(AccountId::parse("account_1")?),
        business_id: Some(BusinessId::parse(BUSINESS)?),
        approved: true,
        keys: vec![SourceKey::presented(SOURCE_KEY).stored(now)],
        ..Source::new(SourceId::parse(id)?, format!("Demo: {about}"), source::random()?, now)
    };
    match id {
        SOURCE_ID => source.test_keys.push(SourceKey::presented(TEST_KEY).stored(now)),
        "source_disabled" => source.enabled = false,
        "source_unattached" => source.account_id = None,
        "source_unapproved" => source.approved = false,
        "source_texas" => source.allowed_states.extend(State::parse("TX")),
        "source_product" => source.allowed_products.push("Example product".to_owned()),
        "source_retain" => source.retain_certificates = true,
        "source_exempt" => source.requires_trusted_form = false,
        _ => {}
    }
    Ok(source)
}

#[cfg(test)]
mod tests {
    use leadping::store::schema;

    use super::*;
    use crate::dynamodb::{DynamoDb, Storage};
    use crate::{stack, tables};

    #[tokio::test]
    async fn a_deleted_demo_source_stays_deleted() {
        let engine = DynamoDb::start(0, Storage::Memory).await.unwrap();
        let client = stack::clients(engine.url(), engine.url(), engine.url()).unwrap().dynamodb;
        tables::create(&client, "sources", schema::SOURCE_INDEXES).await.unwrap();
        tables::create(&client, "ledger", &[]).await.unwrap();
        let ledger = Ledger::new(client.clone(), "ledger");
        let sources = Sources::new(client, "sources");
        create_all(&sources, &ledger).await.unwrap();
        assert_eq!(sources.list().await.unwrap().sources.len(), ALL.len());

        let source = sources.latest(&SOURCE_ID.parse().unwrap()).await.unwrap().unwrap();
        let (by, action, revision) = ("test".to_owned(), "delete".to_owned(), source.revision + 1);
        let change = Change { at: Timestamp::now(), by, action, revision, members: vec![] };
        assert!(sources.change(&source.id, Some(&source), None, &change, &ledger).await.unwrap().is_some());
        create_all(&sources, &ledger).await.unwrap();
        assert!(sources.latest(&source.id).await.unwrap().is_none());
        assert_eq!(sources.list().await.unwrap().sources.len(), ALL.len() - 1);
        engine.stop().await;
    }
}
