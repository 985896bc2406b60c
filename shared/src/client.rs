//! What we call with: one outbound HTTP client, the AWS clients over it, TLS, and our credentials.

pub mod aws;
pub mod credential;
pub mod tls;
pub mod web;
