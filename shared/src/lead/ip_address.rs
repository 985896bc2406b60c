//! The IP address of a visitor, as seen by a partner's server.

use std::net::IpAddr;

/// Reads one IPv4 or IPv6 address (contract, section 3.1).
///
/// Servers often copy it from a proxy's header, so this drops brackets and a port, and keeps only the first entry of a
/// list. `None` if the rest is not an address.
pub fn parse(text: &str) -> Option<IpAddr> {
    let mut list = text.split(|c: char| matches!(c, ',' | ';') || c.is_whitespace());
    let first = list.find(|entry| !entry.is_empty())?;
    if let Some((address, after)) = first.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        let is_port_or_nothing = after.is_empty() || after.strip_prefix(':').is_some_and(is_port);
        return address.parse().ok().filter(|_| is_port_or_nothing);
    }
    match first.split_once(':') {
        // One colon means a port. IPv6 has more colons, and needs brackets to have a port.
        Some((address, port)) if !port.contains(':') => address.parse().ok().filter(|_| is_port(port)).map(IpAddr::V4),
        _ => first.parse().ok(),
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_ports_and_lists_are_dropped() {
        for (text, address) in [
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7:1234", "203.0.113.7"),
            ("203.0.113.7:0", "203.0.113.7"),
            ("[203.0.113.7]", "203.0.113.7"),
            ("[203.0.113.7]:65535", "203.0.113.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("2001:DB8:0:0:0:0:0:7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:443", "2001:db8::7"),
            ("::1", "::1"),
            ("::", "::"),
            ("1::", "1::"),
            ("::ffff:203.0.113.7", "::ffff:203.0.113.7"),
            ("[::ffff:203.0.113.7]:80", "::ffff:203.0.113.7"),
            ("203.0.113.7, 198.51.100.9", "203.0.113.7"),
            ("203.0.113.7,198.51.100.9,unknown", "203.0.113.7"),
            ("203.0.113.7 198.51.100.9", "203.0.113.7"),
            ("203.0.113.7; 198.51.100.9", "203.0.113.7"),
            ("203.0.113.7:1234, [2001:db8::7]:443", "203.0.113.7"),
            ("[2001:db8::7]:443, 203.0.113.7", "2001:db8::7"),
            (" , 203.0.113.7 ", "203.0.113.7"),
        ] {
            let read = parse(text).map(|address| address.to_string());
            assert_eq!(read.as_deref(), Some(address), "{text}");
            assert_eq!(parse(address), parse(text), "again: {address}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            ",",
            "localhost",
            "unknown",
            "unknown, 203.0.113.7",
            "3405803783",
            "203.0.113",
            "203.0.113.7.9",
            "203.0.113.07",
            "256.0.113.7",
            "0xcb.0.113.7",
            "203.0.113.0/24",
            "2001:db8::/32",
            "203.0.113.7:",
            "203.0.113.7:http",
            "203.0.113.7:65536",
            "203.0.113.7:-1",
            "203.0.113.7:+1",
            "203.0.113.7:80:90",
            ":80",
            "2001:db8:::7",
            "2001:db8::7::1",
            "2001:db8::g",
            "fe80::1%eth0",
            "[2001:db8::7",
            "2001:db8::7]",
            "[2001:db8::7]443",
            "[2001:db8::7]:",
            "[2001:db8::7]:65536",
            "[[2001:db8::7]]",
            "[]",
            "[]:80",
            "http://203.0.113.7",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
