//! Sources and keys as operators see them.

use std::io;

use leadping::id::{AccountId, BusinessId, SourceId};
use leadping::lead::state::State;
use leadping::source::limits::{Caps, Duplicates};
use leadping::source::{Barred, Mode, Source, StoredKey};
use leadping::time::Timestamp;
use serde::Serialize;

use super::limits;
use crate::output::{Column, Page, Tone};

const COLUMNS: [Column<'_>; 8] = [
    Column::whole("ID"),
    Column::whole("STANDING"),
    Column::cut("NAME", 14).spare(1),
    Column::cut("ACCOUNT", 12).spare(3),
    Column::cut("BUSINESS", 12).spare(2),
    Column::cut("STATES", 8).spare(4),
    Column::cut("PRODUCTS", 10).spare(5),
    Column::cut("KEYS", 14).spare(6),
];

/// A source as operators may see it: without the hashes of its keys and without its salt.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SourceView<'a> {
    pub(super) id: &'a SourceId,
    name: &'a str,
    account_id: Option<&'a AccountId>,
    business_id: Option<&'a BusinessId>,
    enabled: bool,
    approved: bool,
    allowed_states: &'a [State],
    allowed_products: &'a [String],
    requires_trusted_form: bool,
    retain_certificates: bool,
    limits: Option<&'a Caps>,
    duplicates: Option<&'a Duplicates>,
    default_tag_ids: &'a [String],
    default_tag_names: &'a [String],
    keys: Vec<KeyView<'a>>,
    created_at: Timestamp,
    revision: u32,
    #[serde(skip)]
    standing: &'static str,
}

/// A source in the list of all.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Row<'a> {
    Readable(SourceView<'a>),
    Unreadable { id: &'a SourceId, unreadable: bool },
}

impl<'a> Row<'a> {
    pub(super) fn unreadable(id: &'a SourceId) -> Self {
        Self::Unreadable { id, unreadable: true }
    }
}

/// A key as operators may see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyView<'a> {
    /// 8 characters, without `lp_` or `lp_test_`.
    pub(crate) prefix: &'a str,
    pub(crate) test: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
}

impl<'a> SourceView<'a> {
    pub(crate) fn of(source: &'a Source) -> Self {
        Self {
            id: &source.id,
            name: &source.name,
            account_id: source.account_id.as_ref(),
            business_id: source.business_id.as_ref(),
            enabled: source.enabled,
            approved: source.approved,
            allowed_states: &source.allowed_states,
            allowed_products: &source.allowed_products,
            requires_trusted_form: source.requires_trusted_form,
            retain_certificates: source.retain_certificates,
            limits: source.limits.as_ref(),
            duplicates: source.duplicates.as_ref(),
            default_tag_ids: &source.default_tag_ids,
            default_tag_names: &source.default_tag_names,
            keys: source.all_keys().map(KeyView::of).collect(),
            created_at: source.created_at,
            revision: source.revision,
            standing: standing(source, Timestamp::now()),
        }
    }

    fn tone(&self) -> Tone {
        if self.standing == "open" { Tone::Plain } else { Tone::Warning }
    }
}

impl<'a> KeyView<'a> {
    pub(crate) fn of((mode, key): (Mode, &'a StoredKey)) -> Self {
        Self { prefix: key.shown(), test: mode == Mode::Test, created_at: key.created_at, expires_at: key.expires_at }
    }
}

/// What keeps a source from sending leads that are accepted: an operator's decision before an omission.
fn standing(source: &Source, now: Timestamp) -> &'static str {
    match source.attachment() {
        Err(Barred::Disabled) => "disabled",
        Err(Barred::NotAttached) => "not attached",
        Ok(_) if !source.keys.iter().any(|key| key.is_live(now)) => "no key",
        Ok(_) if !source.approved => "not approved",
        Ok(_) => "open",
    }
}

/// Writes all sources as a table.
pub(super) fn list(page: &mut Page<'_>, sources: &[Row<'_>]) -> io::Result<()> {
    if sources.is_empty() {
        return writeln!(page, "There are no sources yet; `leadctl source create --help` tells how to create one.");
    }
    let rows = sources.iter().map(|row| {
        let source = match row {
            Row::Readable(source) => source,
            Row::Unreadable { id, .. } => {
                let mut cells: [String; COLUMNS.len()] = Default::default();
                cells[..2].clone_from_slice(&[id.to_string(), "cannot be read".to_owned()]);
                return (Tone::Warning, cells);
            }
        };
        let cells = [
            source.id.to_string(),
            source.standing.to_owned(),
            source.name.to_owned(),
            text(source.account_id),
            text(source.business_id),
            joined(source.allowed_states, "any"),
            joined(source.allowed_products, "any"),
            source.keys.iter().map(|key| format!("{}...", key.prefix)).collect::<Vec<_>>().join(", "),
        ];
        (source.tone(), cells)
    });
    page.table(COLUMNS, rows)
}

/// Writes everything about a source.
pub(super) fn show(page: &mut Page<'_>, source: &SourceView<'_>) -> io::Result<()> {
    page.bold(format_args!("Source {}", source.id))?;
    write!(page, "  ")?;
    page.toned(source.tone(), source.standing)?;
    writeln!(page)?;
    let facts = [
        ("name", source.name.to_owned()),
        ("account", text(source.account_id)),
        ("business", text(source.business_id)),
        ("enabled", yes_or_no(source.enabled)),
        ("approved", yes_or_no(source.approved)),
        ("allowed states", joined(source.allowed_states, "any")),
        ("allowed products", joined(source.allowed_products, "any")),
        ("needs TrustedForm", yes_or_no(source.requires_trusted_form)),
        ("retains certificates", yes_or_no(source.retain_certificates)),
        ("caps", limits::caps(source.limits)),
        ("duplicates", limits::duplicates(source.duplicates)),
        ("default tag ids", joined(source.default_tag_ids, "none")),
        ("default tag names", joined(source.default_tag_names, "none")),
        ("created", source.created_at.to_string()),
        ("revision", source.revision.to_string()),
    ];
    page.pairs(&facts)?;
    writeln!(page)?;
    page.bold("Keys")?;
    writeln!(page)?;
    let keys = source.keys.iter().map(|key| {
        let end = key.expires_at.map_or_else(|| "never".to_owned(), |end| end.to_string());
        let sort = if key.test { "test key, " } else { "" };
        (format!("{}...", key.prefix), format!("{sort}created {}, expires {end}", key.created_at))
    });
    page.pairs(&keys.collect::<Vec<_>>())
}

fn text(id: Option<&impl ToString>) -> String {
    id.map_or_else(|| "none".to_owned(), ToString::to_string)
}

fn yes_or_no(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

fn joined(values: &[impl ToString], when_empty: &str) -> String {
    if values.is_empty() {
        return when_empty.to_owned();
    }
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use leadping::source::SourceKey;

    use super::*;

    #[test]
    fn a_standing_is_what_keeps_leads_out() {
        let now: Timestamp = "2026-06-15T12:00:00Z".parse().unwrap();
        let key = SourceKey::presented("lp_source_key").stored(now);
        let open = Source {
            account_id: AccountId::parse("a").ok(),
            business_id: BusinessId::parse("b").ok(),
            approved: true,
            keys: vec![key.clone()],
            ..Source::new("source_1".parse().unwrap(), "One", "salt".into(), now)
        };
        let ended = vec![StoredKey { expires_at: Some(now), ..key }];
        for (source, told) in [
            (open.clone(), "open"),
            (Source { approved: false, ..open.clone() }, "not approved"),
            (Source { keys: Vec::new(), ..open.clone() }, "no key"),
            (Source { keys: ended.clone(), approved: false, ..open.clone() }, "no key"),
            (Source { business_id: None, keys: ended.clone(), ..open.clone() }, "not attached"),
            (Source { enabled: false, keys: ended, ..open }, "disabled"),
        ] {
            assert_eq!(standing(&source, now), told);
        }
    }
}
