//! What we read in texts, for `oracle.py`: one JSON string a line comes in, one JSON value a line goes out.
//!
//! `{"number", "extension", "cleaned"}` for a phone number, `"not given"` and `"not possible"` for other texts.

use std::io::{BufRead, BufWriter, Write};

use leadping::lead::phone_number::{PhoneFault, PhoneNumber};
use serde_json::{Value, json};

fn main() -> anyhow::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        writeln!(out, "{}", read(&serde_json::from_str::<String>(&line?)?))?;
    }
    Ok(out.flush()?)
}

fn read(text: &str) -> Value {
    match PhoneNumber::parse(text).and_then(|parsed| Ok((parsed, PhoneNumber::cleaned(text)?))) {
        Ok((parsed, cleaned)) => {
            json!({"number": parsed.number, "extension": parsed.extension, "cleaned": cleaned})
        }
        Err(PhoneFault::NotGiven) => json!("not given"),
        Err(PhoneFault::NotPossible) => json!("not possible"),
    }
}
