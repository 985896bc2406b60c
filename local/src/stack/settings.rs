//! The settings of the functions: what the options say, and the stack's own addresses for the rest.

use std::path::PathBuf;

use leadping::settings::{
    CheckSettings, IntakeSettings, LIMITS_TABLE, LookupSettings, ProcessSettings, Secret, SecretSetting,
    TrustedFormSettings,
};

use super::{EVENT_BUS, LEADS_TABLE, Options, SOURCES_TABLE, StandIns};
use crate::running::{NO_LOOKUP, STAND_IN, STAND_IN_ACCOUNT};
use crate::tables::Queues;

/// The settings of the intake and the worker.
pub(super) fn of(
    options: &Options,
    queues: &Queues,
    stand_ins: &StandIns,
) -> anyhow::Result<(IntakeSettings, ProcessSettings)> {
    let (url, key) = match &options.trusted_form {
        Some((url, key)) => (url.clone(), key.clone()),
        None => {
            let url = options.front.as_ref().map_or(stand_ins.trusted_form.url(), |front| &front.trusted_form);
            (url.parse()?, stand_in_secret())
        }
    };
    let ca_bundle = leadping::settings::optional("TRUSTED_FORM_CA_BUNDLE").map(PathBuf::from);
    let trusted_form = TrustedFormSettings { url, key, ca_bundle };
    let lookup = match &options.lookup {
        Some(lookup) => lookup.clone(),
        None => LookupSettings::Twilio {
            url: options.front.as_ref().map_or(stand_ins.lookup.url(), |front| &front.phone_lookup).parse()?,
            account_sid: STAND_IN_ACCOUNT.to_owned(),
            auth_token: stand_in_secret(),
            caller_name: false,
        },
    };
    let check = CheckSettings {
        sources_table: SOURCES_TABLE.to_owned(),
        leads_table: LEADS_TABLE.to_owned(),
        limits_table: LIMITS_TABLE.to_owned(),
        trusted_form: trusted_form.clone(),
        connects_ahead: false,
    };
    let intake = IntakeSettings { check, queue_url: queues.lead_created.clone(), due_after: options.due_after };
    let process = ProcessSettings {
        leads_table: LEADS_TABLE.to_owned(),
        queue_url: queues.lead_created.clone(),
        event_bus: EVENT_BUS.to_owned(),
        trusted_form,
        lookup,
        due_after: options.due_after,
        lease: options.lease,
        connects_ahead: false,
    };
    Ok((intake, process))
}

pub(super) fn stand_in_secret() -> SecretSetting {
    SecretSetting::Value(Secret::new(STAND_IN))
}

pub(super) fn lookup_address(lookup: &LookupSettings) -> String {
    match lookup {
        LookupSettings::None => NO_LOOKUP.to_owned(),
        LookupSettings::Twilio { url, .. } | LookupSettings::Telnyx { url, .. } => url.to_string(),
    }
}
