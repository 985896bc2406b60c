//! A test server on the loopback interface. It answers one request with fixed bytes and returns what it received.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use reqwest::Client;
use reqwest::redirect::Policy;
use url::Url;

/// Serves one connection. An empty reply closes the connection after the request. The handle returns the request as
/// it was received.
pub(crate) fn serve(reply: String) -> (Url, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let served = thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            connection.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        connection.read_exact(&mut body).unwrap();
        // The client may close the connection before the end of a long reply.
        let _ = connection.write_all(reply.as_bytes());
        head + &String::from_utf8_lossy(&body)
    });
    (base, served)
}

/// A complete answer: `reply("429 Too Many Requests", "Retry-After: 7\r\n", "")`.
pub(crate) fn reply(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// A client like the functions' client: no redirects, and no settings of the machine.
pub(crate) fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(Policy::none()).no_proxy().tls_certs_only([]).build().unwrap()
}
