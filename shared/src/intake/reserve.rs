//! What a lead of a source with limits reserves before its put: the guards of its person, and a place within the caps
//! (contract, section 10). A source without limits makes no call here.

use std::time::Duration;

use tokio::pin;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::decide::{Decider, Known, held, unavailable};
use crate::http::Problem;
use crate::id::LeadId;
use crate::lead::Lead;
use crate::source::limits::{Action, Scope, Usage, Windows};
use crate::source::{Mode, Sender};
use crate::store::{
    Attempts, CapPlace, Earlier, Guard, Guarded, Leads, Limits, NewLead, Put, Replaced, StoreError, StoredLead,
};
use crate::time::Timestamp;

/// The timeout of guards and count together. Without an answer nothing is put.
const RESERVE_TIMEOUT: Duration = Duration::from_secs(1);

/// How much longer a count is waited for, only to give its place back.
const LATE_TIMEOUT: Duration = Duration::from_secs(1);

/// The timeout for taking back what no lead used. What stays costs a place, or a minute for the next lead of the person.
const RELEASE_TIMEOUT: Duration = Duration::from_millis(250);

/// The timeout for counting a refusal, whose count may be lost.
const REFUSAL_TIMEOUT: Duration = Duration::from_millis(250);

/// The age at which a guard without a lead may be taken over. The post that wrote it has ended by then.
const GUARD_ABANDONED: Duration = Duration::from_secs(60);

/// The limit on tries to write a guard that other posts keep changing.
const MAX_TRIES: usize = 3;

/// How many times, and how long each time, a post waits for the lead of a post that has just written the guard of the same
/// person. Only a put is left of that post, so most of them end in this time.
const MAX_WAITS: usize = 8;
const LEAD_WAIT: Duration = Duration::from_millis(50);

/// Writes leads and what they reserve. Only the intake has one, so that a dry run cannot write.
#[derive(Debug)]
pub(super) struct Writer {
    leads: Leads,
    limits: Limits,
}

/// What a lead has reserved.
#[derive(Debug, Default)]
pub(super) struct Reserved {
    /// The guards that this request has written, and those that they replaced.
    guards: Vec<(Guard, Option<Replaced>)>,
    /// The guards of an earlier post of the lead. That post may still put the lead, unless the lead is a duplicate.
    renewed: Vec<Guard>,
    /// The windows in which the lead is counted.
    place: Option<Windows>,
    /// How far the caps are used up, with this lead.
    pub(super) usage: Option<Usage>,
    /// The earlier lead of the person.
    pub(super) duplicate_of: Option<LeadId>,
    /// Whether the source is told that the lead is a duplicate: only if the earlier one is its own.
    pub(super) is_told: bool,
}

/// How a reservation ended.
pub(super) enum Reservation {
    /// Another post of this lead was accepted in the meantime.
    Held(Box<StoredLead>),
    Made(Reserved),
}

/// Why a lead cannot be put.
enum Stop {
    Duplicate,
    /// The guard of the person is that of a post that has not ended.
    Undecided,
    UsedUp(Usage),
    Failed(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl Reserved {
    /// The caps of which the lead took the last place.
    pub(super) fn cap_reached(&self) -> Vec<&'static str> {
        self.usage.iter().flat_map(Usage::used_up).collect()
    }
}

impl Writer {
    /// Writes to the tables that `decider` reads.
    pub(super) fn of(decider: &Decider) -> Self {
        Self { leads: decider.leads.clone(), limits: decider.limits.clone() }
    }

    /// Reserves what the source's limits ask for.
    pub(super) async fn reserve(
        &self,
        known: &Known<'_>,
        lead: &Lead,
        request_id: &str,
    ) -> Result<Reservation, Problem> {
        let mut reserved = Reserved::default();
        if !known.sender.has_limits() {
            return Ok(Reservation::Made(reserved));
        }
        let deadline = Instant::now() + RESERVE_TIMEOUT;
        let guarded = timeout_at(deadline, self.guard_all(&mut reserved, known, lead, request_id)).await;
        let made = match guarded {
            Ok(Ok(())) => self.take_place(&mut reserved, known, deadline).await,
            Ok(stop) => stop,
            Err(_) => Err(StoreError::TimedOut.into()),
        };
        let Err(stop) = made else { return Ok(Reservation::Made(reserved)) };
        let problem = match stop {
            Stop::Duplicate => {
                let renewed = std::mem::take(&mut reserved.renewed);
                reserved.guards.extend(renewed.into_iter().map(|guard| (guard, None)));
                Problem::Duplicate
            }
            Stop::Undecided => {
                tracing::warn!("another post of the person has not ended");
                Problem::StorageUnavailable
            }
            Stop::UsedUp(usage) => match held(&self.leads, &known.identity).await {
                Ok(Some(stored)) => return Ok(Reservation::Held(stored)),
                Ok(None) => Problem::QuotaExceeded(usage),
                Err(problem) => problem,
            },
            Stop::Failed(error) => unavailable(error),
        };
        self.release(known, &reserved).await;
        Err(problem)
    }

    /// Writes the guards. `reserved` is also right if this is dropped.
    async fn guard_all(
        &self,
        reserved: &mut Reserved,
        known: &Known<'_>,
        lead: &Lead,
        request_id: &str,
    ) -> Result<(), Stop> {
        let source = &known.sender.source;
        if let Some(duplicates) = known.sender.duplicates() {
            for guard in Guard::all(duplicates, lead, &known.attachment.business_id, request_id) {
                let Some(earlier) = self.guard(reserved, guard, duplicates.action, known.now).await? else { continue };
                if duplicates.action == Action::Refuse {
                    return Err(Stop::Duplicate);
                }
                // Within the scope `business`, a partner is not told what other sources send.
                reserved.is_told |= duplicates.scope == Scope::Source || earlier.source_id == source.id;
                reserved.duplicate_of.get_or_insert(earlier.lead_id);
            }
        }
        Ok(())
    }

    /// Takes a place within the caps.
    async fn take_place(&self, reserved: &mut Reserved, known: &Known<'_>, deadline: Instant) -> Result<(), Stop> {
        let Some(caps) = known.sender.caps() else { return Ok(()) };
        let windows = caps.windows(known.now);
        if caps.is_paused() {
            return Err(Stop::UsedUp(caps.usage(&windows, None, known.now)));
        }
        let taking = self.limits.take_place(&known.sender.source.id, caps, &windows);
        pin!(taking);
        let Ok(place) = timeout_at(deadline, &mut taking).await else {
            // If the answer comes yet, the place is not lost.
            if let Ok(Ok(CapPlace::Taken(_))) = timeout(LATE_TIMEOUT, taking).await {
                reserved.place = Some(windows.clone());
            }
            return Err(StoreError::TimedOut.into());
        };
        let (counts, is_taken) = match place? {
            CapPlace::Taken(counts) => (counts, true),
            CapPlace::None(counts) => (counts, false),
        };
        let usage = caps.usage(&windows, Some(counts), known.now);
        if !is_taken {
            return Err(Stop::UsedUp(usage));
        }
        reserved.usage = Some(usage);
        reserved.place = Some(windows.clone());
        Ok(())
    }

    /// Writes one guard. Returns the guard of an earlier lead that counts, if there is one.
    async fn guard(
        &self,
        reserved: &mut Reserved,
        guard: Guard,
        action: Action,
        now: Timestamp,
    ) -> Result<Option<Earlier>, Stop> {
        for _ in 0..MAX_TRIES {
            let earlier = match self.limits.guard(&guard).await? {
                Guarded::Written(replaced) => {
                    reserved.guards.push((guard, replaced));
                    return Ok(None);
                }
                Guarded::Own => {
                    reserved.renewed.push(guard);
                    return Ok(None);
                }
                Guarded::Gone => continue,
                Guarded::Met(earlier) => earlier,
            };
            let is_recent = now.since(earlier.written_at) < GUARD_ABANDONED;
            let mut lead = self.leads.get(&earlier.lead_id).await?;
            for _ in 0..if is_recent && action == Action::Refuse { MAX_WAITS } else { 0 } {
                if lead.is_some() {
                    break;
                }
                sleep(LEAD_WAIT).await;
                lead = self.leads.get(&earlier.lead_id).await?;
            }
            match lead {
                Some(StoredLead::Kept(_)) => return Ok(Some(earlier)),
                None if is_recent => {
                    return if action == Action::Flag { Ok(Some(earlier)) } else { Err(Stop::Undecided) };
                }
                None | Some(StoredLead::Erased(_)) => {
                    if self.limits.take_over(&guard, &earlier).await? {
                        reserved.guards.push((guard, None));
                        return Ok(None);
                    }
                }
            }
        }
        Err(Stop::Undecided)
    }

    /// Puts a lead with what it has reserved. What the put did not use is taken back, unless the lead may have been written.
    pub(super) async fn put(&self, known: &Known<'_>, new: &NewLead, reserved: &Reserved) -> Result<Put, Problem> {
        let attempts = known.sender.has_limits().then(Attempts::default);
        let put = self.leads.put(new, attempts.as_ref()).await;
        match (&put, attempts) {
            (Ok(Put::Exists(stored)), Some(_)) => {
                // The guards are the lead's own, unless its key was used for another person or the person was erased.
                let is_guarded = matches!(stored, StoredLead::Kept(kept) if known.identity.is_of(&kept.content));
                self.release_place(known, reserved, !is_guarded).await;
            }
            (Err(_), Some(attempts)) if attempts.all_refused() => self.release(known, reserved).await,
            _ => {}
        }
        put.map_err(unavailable)
    }

    async fn release(&self, known: &Known<'_>, reserved: &Reserved) {
        self.release_place(known, reserved, true).await;
    }

    /// Takes back the place, and the guards if nothing of the person is stored.
    async fn release_place(&self, known: &Known<'_>, reserved: &Reserved, with_guards: bool) {
        let release = async {
            if let Some(windows) = &reserved.place {
                self.limits.give_back(&known.sender.source.id, windows).await?;
            }
            for (guard, replaced) in reserved.guards.iter().filter(|_| with_guards) {
                let back = match replaced {
                    Some(replaced) if self.is_kept(replaced).await? => Some(replaced),
                    _ => None,
                };
                self.limits.unguard(guard, back).await?;
            }
            Ok::<_, StoreError>(())
        };
        if !matches!(timeout(RELEASE_TIMEOUT, release).await, Ok(Ok(()))) {
            tracing::warn!("a place or a guard that no lead uses was not taken back");
        }
    }

    /// Whether the lead of a replaced guard is there. An erasure since then has not found the guard.
    async fn is_kept(&self, replaced: &Replaced) -> Result<bool, StoreError> {
        let Some(id) = replaced.lead_id() else { return Ok(false) };
        Ok(matches!(self.leads.get(&id).await?, Some(StoredLead::Kept(_))))
    }

    /// Counts a refused post of a source for its reports. Test posts are in no report.
    pub(super) async fn count_refusal(&self, sender: &Sender, problem: &Problem, now: Timestamp) {
        if sender.mode == Mode::Test || !problem.status().is_client_error() {
            return;
        }
        let codes = problem.failure_codes();
        let counted = timeout(REFUSAL_TIMEOUT, self.limits.count_refusal(&sender.source.id, &codes, now)).await;
        if !matches!(counted, Ok(Ok(()))) {
            tracing::warn!("a refusal was not counted");
        }
    }
}
