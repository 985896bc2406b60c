//! What the worker does for one lead: claim, call, record, publish.

use futures_util::future::{OptionFuture, join};
use tokio::time::Instant;

use super::news::News;
use super::retain::{RetainClaim, RetainEnd};
use super::worker::Worker;
use crate::id::LeadId;
use crate::lead::phone_number::PhoneNumber;
use crate::lookup::{LookupFault, Provider};
use crate::store::{Again, Ended, Kept, Lease, LookupOutcome, Outbox, Progress, StoreError, StoredLead};
use crate::telemetry::{LookupEnd, metric, step};
use crate::time::Timestamp;

/// How often an end is recorded when other writers keep adding events to the lead.
const MAX_TRIES: usize = 3;

/// What this worker may do for a lead, because it holds the leases.
#[derive(Default)]
struct Claims<'a> {
    lookup: Option<LookupClaim<'a>>,
    retain: Option<RetainClaim>,
}

/// What a lookup takes.
#[derive(Clone, Copy)]
enum Call<'a> {
    Ask(&'a Provider, &'a PhoneNumber),
    /// The lead has no number, or there is no provider.
    NotNeeded,
    /// An operator has turned lookups off since the lead began to wait.
    TurnedOff,
}

/// The lease of a lead's lookup.
struct LookupClaim<'a> {
    call: Call<'a>,
    /// When the lead's first lookup began.
    since: Timestamp,
    lease: Lease,
}

impl Worker {
    /// Does what is left for a lead, and tells subscribers.
    pub(super) async fn visit(&self, id: &LeadId) -> Result<(), StoreError> {
        let Some(record) = self.leads.record(id).await? else {
            tracing::error!("the lead does not exist");
            return Ok(());
        };
        let mut news = News::of(&record);
        let advanced = match record.lead {
            StoredLead::Kept(kept) => self.advance(&kept, &mut news).await,
            StoredLead::Erased(_) => {
                tracing::info!("the lead has been erased");
                Ok(())
            }
        };
        // Also after a failure: what was written before it has happened.
        self.publish(&mut news).await;
        let recorded = self.record_published(id, &news).await;
        advanced.and(recorded)
    }

    /// Does the next steps of a lead. Adds the events that it writes to the `news`.
    async fn advance(&self, kept: &Kept, news: &mut News) -> Result<(), StoreError> {
        let Claims { lookup, retain } = self.claim(kept, news).await?;
        if lookup.is_none() && retain.is_none() {
            return Ok(());
        }
        // Speed decides who reaches a person first, so subscribers hear of the lead before its lookup.
        self.publish(news).await;
        let looked_up = lookup.map(async |claim| (claim.lease, self.look_up(&claim).await));
        let asked = retain.map(async |claim| {
            let end = self.ask_trusted_form(kept, &claim).await;
            (claim.work, end)
        });
        let (looked_up, asked) = join(OptionFuture::from(looked_up), OptionFuture::from(asked)).await;

        let outcome = looked_up.as_ref().and_then(|(_, result)| result.as_ref().ok());
        let settled = match &asked {
            Some((work, RetainEnd::Settled(consent))) => Some((consent, work.until)),
            _ => None,
        };
        // What has ended comes first, because it was paid for. No other write that fails may lose it.
        let recorded = self.record_ended(kept, Ended::of(outcome, settled), news).await;
        let id = &kept.lead.id;
        let lookup_waits = match looked_up {
            Some((lease, Err(again))) => self.leads.postpone(id, lease, again).await.map(|is_written| {
                if is_written {
                    step::lookup(id, self.provider_name(kept), LookupEnd::Postponed);
                }
            }),
            _ => Ok(()),
        };
        let retain_waits = match asked {
            Some((work, RetainEnd::Again { until, first })) => {
                let waiting = self.leads.postpone_retain(id, &news.outbox, &work, until, first).await;
                waiting.map(|waiting| news.outbox = waiting.unwrap_or_else(|| news.outbox.clone()))
            }
            _ => Ok(()),
        };
        recorded.and(lookup_waits).and(retain_waits)
    }

    /// Opens the conversation of a new lead, and takes the leases of what is due.
    async fn claim<'a>(&'a self, kept: &'a Kept, news: &mut News) -> Result<Claims<'a>, StoreError> {
        let id = &kept.lead.id;
        let now = Timestamp::now();
        let mut claims = Claims::default();
        let call = match (self.provider_of(kept), kept.lead.phone_number()) {
            (Some(provider), Some(number)) => Call::Ask(provider, number),
            (None, Some(_)) if kept.progress != Progress::New => Call::TurnedOff,
            _ => Call::NotNeeded,
        };
        match kept.progress {
            Progress::New => {
                let needs_calls = matches!(call, Call::Ask(..)) || kept.certificate_to_retain().is_some();
                let lease = needs_calls.then(|| self.lookup.claim(now));
                let Some(written) = self.leads.open(kept, now, lease, self.events_due(now)).await? else {
                    return Ok(claims);
                };
                news.add(written);
                step::conversation(id);
                match lease {
                    Some(lease) => claims.lookup = Some(LookupClaim { call, since: now, lease }),
                    None => step::ready(id),
                }
                claims.retain = Self::retain_claim(kept, &news.outbox);
                return Ok(claims);
            }
            Progress::Opened { leased_until: Some(end), .. } if now < end => {}
            Progress::Opened { since, .. } => {
                let lease = self.lookup.claim(now);
                if self.leads.lease(id, now, lease).await? {
                    claims.lookup = Some(LookupClaim { call, since, lease });
                }
            }
            Progress::Ready => {}
        }
        if news.outbox.retain.as_ref().is_some_and(|work| work.until <= now)
            && let Some(leased) = self.leads.lease_retain(id, &news.outbox, now, self.retain.claim(now)).await?
        {
            news.outbox = leased;
            claims.retain = Self::retain_claim(kept, &news.outbox);
        }
        Ok(claims)
    }

    /// The provider that looks a lead's number up. A test lead never costs money (contract, section 9).
    fn provider_of(&self, kept: &Kept) -> Option<&Provider> {
        if kept.lead.test { Some(&Provider::Test) } else { self.provider.as_ref() }
    }

    fn provider_name(&self, kept: &Kept) -> &'static str {
        self.provider_of(kept).map_or("none", Provider::name)
    }

    fn retain_claim(kept: &Kept, outbox: &Outbox) -> Option<RetainClaim> {
        Some(RetainClaim { certificate: kept.certificate_to_retain()?, work: outbox.retain.clone()? })
    }

    /// Makes one lookup, or says when to try again.
    async fn look_up(&self, claim: &LookupClaim<'_>) -> Result<LookupOutcome, Again> {
        let (provider, number) = match claim.call {
            Call::Ask(provider, number) => (provider, number),
            Call::NotNeeded => return Ok(LookupOutcome::NotNeeded),
            Call::TurnedOff => return Ok(LookupOutcome::Failed),
        };
        let asked = Instant::now();
        let fault = match provider.look_up(number).await {
            Ok(lookup) => {
                metric::lookup(LookupEnd::Succeeded, asked.elapsed());
                return Ok(LookupOutcome::Succeeded(lookup));
            }
            Err(fault) => fault,
        };
        let again = match fault {
            LookupFault::Passing { retry_after, .. } => self.lookup.again(claim.since, Timestamp::now(), retry_after),
            LookupFault::Lasting { .. } => None,
            LookupFault::Refused { .. } => {
                metric::credential_refused(provider.name());
                tracing::error!(error = %fault, "the provider refuses our account");
                None
            }
        };
        match again {
            Some(again) => {
                metric::lookup(LookupEnd::Postponed, asked.elapsed());
                tracing::warn!(error = %fault, "the lookup is postponed");
                Err(again)
            }
            None => {
                metric::lookup(LookupEnd::Failed, asked.elapsed());
                tracing::warn!(error = %fault, "the lookup is given up");
                Ok(LookupOutcome::Failed)
            }
        }
    }

    /// Records what ended, unless the lead is finished or erased. When another writer has added an event in the
    /// meantime, reads the lead again: losing a result would mean to pay for it twice.
    async fn record_ended(&self, kept: &Kept, mut ended: Option<Ended<'_>>, news: &mut News) -> Result<(), StoreError> {
        let mut kept = kept;
        let mut read_again;
        for _ in 0..MAX_TRIES {
            let Some(left) = ended else { return Ok(()) };
            let now = Timestamp::now();
            if let Some(written) = self.leads.record_ended(kept, &news.outbox, left, now, self.events_due(now)).await? {
                news.add(written);
                self.report(kept, left);
                return Ok(());
            }
            let Some(record) = self.leads.record(&kept.lead.id).await? else { return Ok(()) };
            news.read_again(&record);
            let StoredLead::Kept(now) = record.lead else { return Ok(()) };
            // Another worker may have recorded one of the two.
            let until = record.outbox.retain.as_ref().map(|work| work.until);
            let consent = left.consent().filter(|(_, mine)| until == Some(*mine));
            ended = Ended::of(left.lookup().filter(|_| now.progress != Progress::Ready), consent);
            // The events say whether the person may be reached, which follows from what the other has recorded.
            read_again = now;
            kept = &read_again;
        }
        if let Some(lost) = ended {
            let (lookup, consent) = (lost.lookup().is_some(), lost.consent().is_some());
            tracing::warn!(
                lookup,
                consent,
                "other writers kept changing the lead: a result is lost, and its call is repeated"
            );
        }
        Ok(())
    }

    /// Reports to the log what was recorded.
    fn report(&self, kept: &Kept, ended: Ended<'_>) {
        let id = &kept.lead.id;
        if let Some(end) = ended.lookup().and_then(LookupOutcome::end) {
            step::lookup(id, self.provider_name(kept), end);
        }
        if let Some((consent, _)) = ended.consent() {
            step::consent(id, consent.status.as_str());
        }
        if ended.lookup().is_some() {
            step::ready(id);
        }
    }

    /// Tells subscribers the news that they were not told. A bus that does not answer delays events and nothing else.
    async fn publish(&self, news: &mut News) {
        if news.to_publish().is_empty() {
            return;
        }
        let published = self.bus.publish(news.to_publish()).await;
        if let Err(error) = &published {
            metric::unavailable("bus");
            tracing::warn!(%error, "events wait for the sweep");
        }
        news.told(&published);
    }

    /// Records which events subscribers were told in this invocation, and when the lead is due again.
    async fn record_published(&self, id: &LeadId, news: &News) -> Result<(), StoreError> {
        if news.published > news.outbox.published {
            step::published(id, news.published);
        }
        if news.has_changed() {
            self.leads.record_published(id, &news.outbox, news.published).await?;
        }
        Ok(())
    }

    /// When the sweep announces a lead whose events are written now, in case this worker does not publish them.
    fn events_due(&self, now: Timestamp) -> Timestamp {
        now.after(self.due_after)
    }
}
