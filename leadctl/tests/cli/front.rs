//! A proxy in front of SQS or DynamoDB, where a call meets with a mishap.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::running::Running;

/// What a call meets with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mishap {
    /// What it asks for has been done just before.
    Forestalled,
    /// The connection breaks, and SQS never hears of it.
    Broken,
    /// It is not answered before the caller has hung up, or has waited for longer than a function would.
    Late,
}

/// Longer than any call to SQS may take that a partner waits for.
const LATE: Duration = Duration::from_secs(1);

/// A proxy in front of a stack's SQS for as long as the test runs. The calls of some actions, by the beginning of their
/// names, meet with the mishap. The stack is found there by the directory.
pub(crate) fn before_sqs(running: &Running, actions: &str, mishap: Mishap) -> TempDir {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut addresses = serde_json::to_value(running.stack.addresses()).unwrap();
    addresses["sqs"] = format!("http://{}", listener.local_addr().unwrap()).into();
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("running.json"), addresses.to_string()).unwrap();

    let sqs = running.stack.addresses().sqs.trim_start_matches("http://").to_owned();
    let meant = format!("AmazonSQS.{actions}");
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = BufReader::new(connection.unwrap());
            let (head, body) = request(&mut connection);
            match mishap {
                _ if !head.contains(&meant) => {}
                Mishap::Forestalled => drop(answer(&sqs, &head, &body)),
                Mishap::Broken => continue,
                Mishap::Late => {
                    connection.get_ref().set_read_timeout(Some(LATE)).unwrap();
                    if let Ok(0) = connection.read(&mut [0]) {
                        continue;
                    }
                }
            }
            connection.get_mut().write_all(&answer(&sqs, &head, &body)).unwrap();
        }
    });
    data
}

/// A proxy in front of a stack's DynamoDB, which answers this many calls of an action and leaves the next ones waiting.
pub(crate) fn stuck_after(running: &Running, action: &str, calls: usize) -> TempDir {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut addresses = serde_json::to_value(running.stack.addresses()).unwrap();
    addresses["dynamodb"] = format!("http://{}", listener.local_addr().unwrap()).into();
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("running.json"), addresses.to_string()).unwrap();

    let dynamodb = running.stack.addresses().dynamodb.trim_start_matches("http://").to_owned();
    let meant = format!("DynamoDB_20120810.{action}");
    thread::spawn(move || {
        let (mut left, mut waiting) = (calls, Vec::new());
        for connection in listener.incoming() {
            let mut connection = BufReader::new(connection.unwrap());
            let (head, body) = request(&mut connection);
            if head.contains(&meant) {
                if left == 0 {
                    waiting.push(connection);
                    continue;
                }
                left -= 1;
            }
            connection.get_mut().write_all(&answer(&dynamodb, &head, &body)).unwrap();
        }
    });
    data
}

/// Reads a request: its head as far as the empty line, and its body.
pub(crate) fn request(connection: &mut impl BufRead) -> (String, String) {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        connection.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).unwrap();
    (head, String::from_utf8_lossy(&body).into_owned())
}

/// What the service answers, after which the connection ends.
fn answer(service: &str, head: &str, body: &str) -> Vec<u8> {
    let mut connection = TcpStream::connect(service).unwrap();
    write!(connection, "{head}Connection: close\r\n\r\n{body}").unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    answer
}
