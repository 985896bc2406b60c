//! Guards: which lead is the first one of a person (contract, section 10).

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValue::AllOld;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::item::{self, Item};
use super::limits::{GRACE, Limits};
use super::update::applied;
use super::{StoreError, schema};
use crate::id::{BusinessId, LeadId, SourceId};
use crate::lead::Lead;
use crate::source::limits::{Duplicates, PersonKey, Scope};
use crate::time::Timestamp;

/// The sort key of a guard.
const GUARD: &str = "GUARD";

const LEAD_ID: &str = "leadId";
const SOURCE_ID: &str = "sourceId";
const REQUEST_ID: &str = "requestId";
const WRITTEN_AT: &str = "writtenAt";

/// The claim of a lead to be the first one of a person. It holds a digest of what identifies the person.
#[derive(Clone, Debug)]
pub struct Guard {
    pk: String,
    lead_id: LeadId,
    source_id: SourceId,
    /// The request that writes it. Only this request may remove it, because a repeat of the post relies on it.
    request_id: String,
    at: Timestamp,
    /// Older guards do not count for the source of the lead.
    cutoff: Timestamp,
}

/// What became of a guard.
#[derive(Debug)]
pub enum Guarded {
    /// It was written, maybe over one that does not count for this source.
    Written(Option<Replaced>),
    /// An earlier post of the same lead had written it, and it was renewed.
    Own,
    /// An earlier post of the same lead had written it, and has removed it in the meantime.
    Gone,
    /// Another lead has it.
    Met(Earlier),
}

/// A guard that was written over. It may still count for a source that compares longer.
#[derive(Debug)]
pub struct Replaced(Item);

/// The guard of another lead.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Earlier {
    pub lead_id: LeadId,
    pub source_id: SourceId,
    pub written_at: Timestamp,
}

impl Replaced {
    /// The lead that had it; `None` if a later release's item cannot be read.
    pub fn lead_id(&self) -> Option<LeadId> {
        item::parsed(&self.0, LEAD_ID).ok()
    }
}

impl Guard {
    /// The guards of a live lead, in the order in which they are written: phone, then e-mail.
    pub fn all<'a>(
        duplicates: &'a Duplicates,
        lead: &'a Lead,
        business_id: &'a BusinessId,
        request_id: &'a str,
    ) -> impl Iterator<Item = Self> + 'a {
        duplicates.by.iter().filter_map(move |key| {
            Some(Self {
                pk: guard_key(duplicates.scope, *key, lead, business_id)?,
                lead_id: lead.id.clone(),
                source_id: lead.source_id.clone(),
                request_id: request_id.to_owned(),
                at: lead.created_at,
                cutoff: duplicates.cutoff(lead.created_at),
            })
        })
    }

    fn item(&self) -> Item {
        let mut item = item::key(self.pk.clone(), GUARD);
        let mut put = |name: &str, value| item.insert(name.to_owned(), value);
        put(schema::SCHEMA_VERSION, item::number(item::WRITTEN));
        put(LEAD_ID, item::text(&self.lead_id));
        put(SOURCE_ID, item::text(&self.source_id));
        put(REQUEST_ID, item::text(&self.request_id));
        put(WRITTEN_AT, item::text(self.at));
        put(schema::EXPIRES_AT, self.end());
        item
    }

    /// When DynamoDB deletes the item: when it cannot count for any source, because other sources of the business may
    /// compare longer than that of the lead, and an operator may change how long.
    fn end(&self) -> AttributeValue {
        item::number(self.at.after(Duplicates::MAX_LENGTH).after(GRACE).seconds())
    }
}

/// The partition key of the guard of a person; `None` without the member. The table never holds the member itself, because
/// keys can be in logs of AWS.
fn guard_key(scope: Scope, key: PersonKey, lead: &Lead, business_id: &BusinessId) -> Option<String> {
    let value = match key {
        PersonKey::Phone => lead.phone_number()?.as_str().to_owned(),
        PersonKey::Email => lead.contact.email.as_ref()?.canonical(),
    };
    let scope = match scope {
        Scope::Source => format!("source#{}", lead.source_id),
        Scope::Business => format!("business#{business_id}"),
    };
    let digest = Sha256::digest(format!("{scope}#{}#{value}", key.as_str()));
    Some(format!("{GUARD}#{scope}#{}#{}", key.as_str(), HEXLOWER.encode(&digest)))
}

impl Limits {
    /// Writes a guard, unless another lead's is there that still counts. Renews the same lead's.
    ///
    /// # Errors
    /// [`StoreError`]; the guard may have been written, and a repeat of the post finds it.
    pub async fn guard(&self, guard: &Guard) -> Result<Guarded, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(guard.item()))
            .condition_expression("attribute_not_exists(pk) OR writtenAt <= :cutoff")
            .expression_attribute_values(":cutoff", item::text(guard.cutoff))
            .set_return_values(Some(AllOld))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match put.send().await {
            Ok(put) => return Ok(Guarded::Written(put.attributes.filter(|old| !old.is_empty()).map(Replaced))),
            Err(error) => error,
        };
        let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
            return Err(error.into());
        };
        let met = failed.item().ok_or(StoreError::Unreadable(GUARD))?;
        item::supported(met)?;
        let lead_id = item::parsed(met, LEAD_ID)?;
        if lead_id != guard.lead_id {
            let (source_id, written_at) = (item::parsed(met, SOURCE_ID)?, item::parsed(met, WRITTEN_AT)?);
            return Ok(Guarded::Met(Earlier { lead_id, source_id, written_at }));
        }
        // The SDK retried and found what its own first try had written.
        if item::optional(met, REQUEST_ID) == Some(guard.request_id.as_str()) {
            return Ok(Guarded::Written(None));
        }
        self.renew(guard).await
    }

    /// Renews the guard that an earlier post of the same lead has written, and keeps what else is in it.
    async fn renew(&self, guard: &Guard) -> Result<Guarded, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::key(guard.pk.clone(), GUARD)))
            .condition_expression("leadId = :lead")
            .update_expression("SET requestId = :request, writtenAt = :at, expiresAt = :end")
            .expression_attribute_values(":lead", item::text(&guard.lead_id))
            .expression_attribute_values(":request", item::text(&guard.request_id))
            .expression_attribute_values(":at", item::text(guard.at))
            .expression_attribute_values(":end", guard.end());
        Ok(if applied(update.send().await.map(drop))? { Guarded::Own } else { Guarded::Gone })
    }

    /// Writes a guard over one whose lead does not exist. Returns `false` and writes nothing when it has changed.
    ///
    /// # Errors
    /// [`StoreError`]; the guard may have been written, and a repeat of the post finds it.
    pub async fn take_over(&self, guard: &Guard, earlier: &Earlier) -> Result<bool, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(guard.item()))
            .condition_expression("attribute_not_exists(pk) OR (leadId = :earlier AND writtenAt = :seen)")
            .expression_attribute_values(":earlier", item::text(&earlier.lead_id))
            .expression_attribute_values(":seen", item::text(earlier.written_at));
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a guard that this request has written, unless a repeat of the post has written it again. Puts the one back
    /// that it has `replaced`.
    ///
    /// # Errors
    /// [`StoreError`]; then another post takes it over after a minute.
    pub async fn unguard(&self, guard: &Guard, replaced: Option<&Replaced>) -> Result<(), StoreError> {
        const MINE: &str = "leadId = :lead AND requestId = :value";
        let Some(Replaced(before)) = replaced else {
            return self.remove_guard(&guard.pk, &guard.lead_id, MINE, Some(&guard.request_id)).await;
        };
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(before.clone()))
            .condition_expression(MINE)
            .expression_attribute_values(":lead", item::text(&guard.lead_id))
            .expression_attribute_values(":value", item::text(&guard.request_id));
        match put.send().await {
            Err(error)
                if !error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Err(error.into())
            }
            _ => Ok(()),
        }
    }

    /// Removes every guard of a lead, whatever its source compares by now.
    ///
    /// # Errors
    /// [`StoreError`]; a retry is safe.
    pub async fn forget(&self, lead: &Lead, business_id: &BusinessId) -> Result<(), StoreError> {
        for scope in [Scope::Source, Scope::Business] {
            for key in [PersonKey::Phone, PersonKey::Email] {
                if let Some(pk) = guard_key(scope, key, lead, business_id) {
                    self.remove_guard(&pk, &lead.id, "leadId = :lead", None).await?;
                }
            }
        }
        Ok(())
    }

    async fn remove_guard(
        &self,
        pk: &str,
        lead_id: &LeadId,
        condition: &str,
        value: Option<&str>,
    ) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(item::key(pk.to_owned(), GUARD)))
            .condition_expression(condition)
            .expression_attribute_values(":lead", item::text(lead_id));
        let delete =
            value.iter().fold(delete, |delete, value| delete.expression_attribute_values(":value", item::text(value)));
        match delete.send().await {
            Err(error)
                if !error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Err(error.into())
            }
            _ => Ok(()),
        }
    }
}
