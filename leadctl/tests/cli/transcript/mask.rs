//! What differs from run to run, in the same width, so that tables stay tables.

use leadping::time::Timestamp;

/// A day of the document's examples.
const DAY: &str = "2026-06-15";
const FILLER: &str = "q2w7e5r4t6yxuziaopslkdjfhgmvncb3q2w7e5r4t6y";

/// The text with times, ids, keys, digests and ports masked.
pub(super) fn mask(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(in_word) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !in_word(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        masked.push_str(before);
        masked.push_str(&masked_word(word));
        rest = after;
    }
    masked.push_str(rest);
    masked
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-:.~".contains(c)
}

fn masked_word(word: &str) -> String {
    if let Some((time, lead)) = word.split_once('~') {
        return format!("{}~{}", masked_word(time), masked_word(lead));
    }
    // A sentence's end is no part of a word.
    let bare = word.trim_end_matches(['.', ':']);
    let tail = &word[bare.len()..];
    if bare.parse::<Timestamp>().is_ok() {
        return format!("{DAY}T12:00:00.000Z{tail}");
    }
    if bare == Timestamp::now().day() {
        return format!("{DAY}{tail}");
    }
    for prefix in ["lead_", "conversation_", "event_"] {
        if let Some(id) = bare.strip_prefix(prefix)
            && id.len() == 32
        {
            return format!("{prefix}{}{tail}", &FILLER[..32]);
        }
    }
    if let Some(key) = bare.strip_prefix("lp_")
        && (key.len() == 43 || (key.len() == 5 && key != "sourc"))
    {
        return format!("lp_{}{tail}", &FILLER[..key.len()]);
    }
    if let Some(port) = bare.strip_prefix("127.0.0.1:")
        && port.parse::<u16>().is_ok()
    {
        return format!("127.0.0.1:3000{tail}");
    }
    let uuid = bare.len() == 36 && bare.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    if uuid {
        return format!("6f1c2d3e-0000-4000-8000-000000000000{tail}");
    }
    word.to_owned()
}

#[test]
fn what_differs_from_run_to_run_is_masked_in_its_width() {
    let id = "a".repeat(32);
    let key = "k".repeat(43);
    for (text, masked) in [
        ("at 2026-11-23T03:53:48.532Z.", "at 2026-06-15T12:00:00.000Z.".to_owned()),
        (&format!("\"lead_{id}\","), format!("\"lead_{}\",", &FILLER[..32])),
        (&format!("lp_{key}"), format!("lp_{FILLER}")),
        ("lp_sourc... lp_abcde...", format!("lp_sourc... lp_{}...", &FILLER[..5])),
        ("http://127.0.0.1:43567/leads", "http://127.0.0.1:3000/leads".to_owned()),
        ("source_123 is 18.5, `x`", "source_123 is 18.5, `x`".to_owned()),
    ] {
        assert_eq!(mask(text), masked);
    }
}
