//! What all HTTP servers of this crate share: listening, serving connections, stopping.

use std::convert::Infallible;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::{Extension, Router};
use data_encoding::BASE64;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use crate::task::Stopping;

/// A response extension that closes the connection instead of sending the response.
#[derive(Clone, Copy, Debug)]
pub struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is closed without an answer")
    }
}

impl std::error::Error for Cut {}

/// A router never fails, but its error type has to be converted.
impl From<Infallible> for Cut {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// The client's address, as an extension of each request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Opens `port` of 127.0.0.1, or any free port for 0.
///
/// # Errors
/// When the port is taken or may not be opened.
pub async fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// The base URL of a listener, without a slash at the end.
///
/// # Errors
/// When the listener has no address.
pub fn url_of(listener: &TcpListener) -> std::io::Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}

/// Serves `router` until it is told to stop. Open requests are answered first.
pub async fn serve_router(listener: TcpListener, stopping: Stopping, router: Router) {
    serve(listener, stopping, |stream, peer| {
        let router = router.clone().layer(Extension(Peer(peer)));
        let service = tower::util::MapResult::new(router, |answer: Result<Response, Infallible>| {
            let Ok(answer) = answer;
            match answer.extensions().get::<Cut>() {
                Some(cut) => Err(*cut),
                None => Ok(answer),
            }
        });
        Builder::new(TokioExecutor::new())
            .http1_only()
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
            .into_owned()
    })
    .await;
}

/// Passes each connection to `connect` until it is told to stop. Each connection then ends after its current request.
pub async fn serve<C>(listener: TcpListener, mut stopping: Stopping, connect: impl Fn(TcpStream, SocketAddr) -> C)
where
    C: GracefulConnection + Send + 'static,
{
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = stopping.requested() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Small answers must not wait for the peer's acknowledgement. A failure shows again on reading.
                let _ = stream.set_nodelay(true);
                let connection = connections.watch(connect(stream, peer));
                // Ignore connections that the peer breaks.
                tokio::spawn(async move { drop(connection.await) });
            }
            Err(_) => {
                // Probably out of file descriptors: trying again at once would spin.
                tracing::warn!("a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// A JSON answer.
pub fn json(status: StatusCode, body: &Value) -> Response {
    let mut answer = Response::new(Body::from(body.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    answer
}

/// The user and password of HTTP Basic authentication, if the request has them.
pub fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(BASE64.decode(encoded.as_bytes()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
