//! What differs from run to run, in the same width, so that tables stay tables.

use leadping::time::Timestamp;

/// A day of the document's examples.
const DAY: &str = "2026-06-15";
const REQUEST: &str = "\"requestId\":\"";
const REQUEST_ID: &str = "c7Uq4hT6IAMEVjA=";
const DIGEST: &str = "3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea";
const FILLER: &str = "q2w7e5r4t6yxuziaopslkdjfhgmvncb3q2w7e5r4t6y";

/// The text with times, ids, keys, digests and ports masked.
pub(super) fn mask(text: &str) -> String {
    let lines: Vec<_> =
        text.split('\n').map(|line| masked_ages(&masked_words(&masked_request(masked_header(line))))).collect();
    lines.join("\n")
}

/// An answer's headers that say when it was given, and to which request.
fn masked_header(line: &str) -> &str {
    match line.split_once(": ") {
        Some(("date", _)) => "date: Mon, 15 Jun 2026 12:00:00 GMT",
        Some(("x-request-id", _)) => "x-request-id: c7Uq4hT6IAMEVjA=",
        Some(("apigw-requestid", _)) => "apigw-requestid: c7Uq4hT6IAMEVjA=",
        _ => line,
    }
}

/// The request of a problem.
fn masked_request(line: &str) -> String {
    let Some((before, rest)) = line.split_once(REQUEST) else { return line.to_owned() };
    let (_, after) = rest.split_once('"').unwrap_or_default();
    format!("{before}{REQUEST}{REQUEST_ID}\"{after}")
}

/// How long ago something was, or how long it took: `12 s ago`, `(0 s)`.
fn masked_ages(line: &str) -> String {
    let mut masked = String::new();
    let mut rest = line;
    while let Some((start, end)) = age(rest) {
        masked.push_str(&rest[..start]);
        masked.push_str(&format!(
            "{:<width$}",
            if rest[start..].starts_with('(') { "(2 s)" } else { "2 s ago" },
            width = end - start
        ));
        rest = &rest[end..];
    }
    masked + rest
}

/// Where the next age is.
fn age(text: &str) -> Option<(usize, usize)> {
    let places = text.char_indices().filter(|(_, c)| c.is_ascii_digit() || *c == '(').map(|(place, _)| place);
    places.into_iter().find_map(|start| {
        let (open, number) = text[start..].strip_prefix('(').map_or((false, &text[start..]), |number| (true, number));
        let unit = number.trim_start_matches(|c: char| c.is_ascii_digit());
        let endings = if open { [" s)", " min)"] } else { [" s ago", " min ago"] };
        let ending =
            endings.into_iter().find(|ending| unit.starts_with(ending)).filter(|_| unit.len() < number.len())?;
        Some((start, text.len() - unit.len() + ending.len()))
    })
}

fn masked_words(text: &str) -> String {
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
    // A sentence's end is not part of a word.
    let bare = word.trim_end_matches(['.', ':']);
    let tail = &word[bare.len()..];
    if bare.parse::<Timestamp>().is_ok() {
        return format!("{DAY}T12:00:00.000Z{tail}");
    }
    if let Some((day, column)) = masked_day(bare) {
        return format!("{}{tail}", if column { &day[5..] } else { &day });
    }
    for prefix in ["lead_", "conversation_", "event_"] {
        if let Some(id) = bare.strip_prefix(prefix)
            && id.len() == 32
        {
            return format!("{prefix}{}{tail}", &FILLER[..32]);
        }
    }
    if bare.len() == 5 && bare.as_bytes()[2] == b':' && bare.replace(':', "").bytes().all(|c| c.is_ascii_digit()) {
        return format!("12:00{tail}");
    }
    if let Some(key) = bare.strip_prefix("lp_")
        && (key.len() == 43 || (key.len() == 8 && key != "source_k"))
    {
        return format!("lp_{}{tail}", &FILLER[..key.len()]);
    }
    if let Some(key) = bare.strip_prefix("lp_test_")
        && key.len() == 43
    {
        return format!("lp_test_{}{tail}", &FILLER[..key.len()]);
    }
    // A key is shown by 8 characters.
    let is_random = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if tail == "..." && bare.len() == 8 && bare != "source_k" && bare.chars().all(is_random) {
        return format!("{}{tail}", &FILLER[..8]);
    }
    if bare.len() == 64 && bare.bytes().all(|c| c.is_ascii_hexdigit()) {
        return format!("{DIGEST}{tail}");
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

/// A day of the last week, as many days before the document's; and whether it has no year, as a report's column.
fn masked_day(word: &str) -> Option<(String, bool)> {
    let today: jiff::civil::Date = Timestamp::now().day().parse().unwrap();
    let document: jiff::civil::Date = DAY.parse().unwrap();
    (0..7).find_map(|days| {
        let day = (today - jiff::Span::new().days(days)).to_string();
        (word == day || word == &day[5..]).then(|| ((document - jiff::Span::new().days(days)).to_string(), word != day))
    })
}

#[test]
fn days_keep_their_distance() {
    let today: jiff::civil::Date = Timestamp::now().day().parse().unwrap();
    let yesterday = today.yesterday().unwrap();
    assert_eq!(mask(&format!("{yesterday} to {today}, 2020-01-01")), "2026-06-14 to 2026-06-15, 2020-01-01");
    assert_eq!(mask(&yesterday.to_string()[5..]), "06-14");
}

#[test]
fn what_differs_from_run_to_run_is_masked_in_its_width() {
    let id = "a".repeat(32);
    let key = "k".repeat(43);
    for (text, masked) in [
        ("at 2026-11-23T03:53:48.532Z.", "at 2026-06-15T12:00:00.000Z.".to_owned()),
        (&format!("\"lead_{id}\","), format!("\"lead_{}\",", &FILLER[..32])),
        (&format!("lp_{key}"), format!("lp_{FILLER}")),
        ("source_k... lp_abcdefgh... ab-_efgh...", format!("source_k... lp_{0}... {0}...", &FILLER[..8])),
        (&format!("lp_test_{key}"), format!("lp_test_{FILLER}")),
        ("a  12 s ago  b  in 7 d", "a  2 s ago   b  in 7 d".to_owned()),
        ("4 leads in leads.csv (0 s)", "4 leads in leads.csv (2 s)".to_owned()),
        (&format!("entry 1, {}", "0a".repeat(32)), format!("entry 1, {DIGEST}")),
        ("source_k... (created 17:20) is", "source_k... (created 12:00) is".to_owned()),
        ("date: Thu, 26 Nov 2026 17:22:32 GMT", "date: Mon, 15 Jun 2026 12:00:00 GMT".to_owned()),
        ("http://127.0.0.1:43567/leads", "http://127.0.0.1:3000/leads".to_owned()),
        ("source_123 is 18.5, `x`", "source_123 is 18.5, `x`".to_owned()),
    ] {
        assert_eq!(mask(text), masked);
    }
}
