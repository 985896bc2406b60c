//! Outbound calls: the HTTP client, the AWS clients on top of it, TLS, and our credentials.

pub mod aws;
pub mod credential;
pub mod tls;
pub mod web;
