//! The demo sources. `source_123` is the document's own, so its examples work as they are printed.

use leadping::id::{AccountId, BusinessId, SourceId};
use leadping::lead::state::State;
use leadping::source::{self, Source, SourceKey};
use leadping::store::Sources;
use leadping::time::Timestamp;

/// The document's own source.
pub const SOURCE_ID: &str = "source_123";
/// The key of every demo source.
pub const SOURCE_KEY: &str = "lp_source_key";

/// Each demo source, and what it is there to show.
pub const ALL: [(&str, &str); 7] = [
    (SOURCE_ID, "open: everything is accepted that the rules allow"),
    ("source_disabled", "disabled: 403"),
    ("source_unattached", "attached to no account: 403"),
    ("source_unapproved", "not compliance-approved: 400"),
    ("source_texas", "leads of Texas only"),
    ("source_product", "leads for \"Example product\" only"),
    ("source_exempt", "needs no TrustedForm certificate"),
];

/// Makes the demo sources that are not there yet.
///
/// # Errors
/// When the table refuses one.
pub async fn create(sources: &Sources) -> anyhow::Result<()> {
    for (id, about) in ALL {
        sources.create(&demo(id, about)?).await?;
    }
    Ok(())
}

fn demo(id: &str, about: &str) -> anyhow::Result<Source> {
    let now = Timestamp::now();
    let mut source = Source {
        account_id: Some(AccountId::parse("account_1")?),
        business_id: Some(BusinessId::parse("business_1")?),
        approved: true,
        keys: vec![SourceKey::presented(SOURCE_KEY).stored(now)],
        ..Source::new(SourceId::parse(id)?, format!("Demo: {about}"), source::random()?, now)
    };
    match id {
        "source_disabled" => source.enabled = false,
        "source_unattached" => source.account_id = None,
        "source_unapproved" => source.approved = false,
        "source_texas" => source.allowed_states.extend(State::parse("TX")),
        "source_product" => source.allowed_products.push("Example product".to_owned()),
        "source_exempt" => source.requires_trusted_form = false,
        _ => {}
    }
    Ok(source)
}
