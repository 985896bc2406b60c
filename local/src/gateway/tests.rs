use axum::body::Bytes;
use axum::http::Request as HttpRequest;
use lambda_http::{Adapter, RequestExt};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};

use super::*;
use crate::testing;

const AMPLE: Duration = Duration::from_secs(60);

fn function<F>(handler: impl Fn(Value) -> F + Clone + Send + Sync + 'static) -> Function
where
    F: Future<Output = Result<Value, lambda_runtime::Error>> + Send + 'static,
{
    Function::new("f", AMPLE, service_fn(move |event: LambdaEvent<Value>| handler(event.payload)))
}

/// Answers with its event.
fn echo() -> Function {
    function(async |event| Ok(json!({"statusCode": 200, "body": event.to_string()})))
}

async fn start(method: Method, function: Function) -> Gateway {
    let routes = vec![Route { method, path: "/leads", function, scope: None }];
    Gateway::start(server::listen(0).await.unwrap(), routes).unwrap()
}

fn post(gateway: &Gateway, body: impl Into<Body>) -> HttpRequest<Body> {
    HttpRequest::post(format!("{}/leads", gateway.url())).body(body.into()).unwrap()
}

fn parsed(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[tokio::test]
async fn a_request_reaches_the_function_as_an_event() {
    let gateway = start(Method::POST, echo()).await;
    let mut request = post(&gateway, r#"{"a":1}"#);
    request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    let (parts, body) = testing::send(request).await.unwrap();
    let event = parsed(&body);
    assert_eq!(event["routeKey"], "POST /leads");
    assert_eq!(event["body"], r#"{"a":1}"#);
    assert_eq!(event["requestContext"]["http"]["sourceIp"], "127.0.0.1");
    assert_eq!(event["requestContext"]["requestId"], parts.headers["apigw-requestid"].to_str().unwrap());
    gateway.stop().await;
}

#[tokio::test]
async fn a_path_reaches_its_route_with_decoded_parameters() {
    let paths = ["/a/{id}", "/a/me", "/a/{id}/b/{other}"];
    let routes = paths.map(|path| Route { method: Method::GET, path, function: echo(), scope: None });
    let gateway = Gateway::start(server::listen(0).await.unwrap(), routes.into()).unwrap();
    for (path, route, parameters) in [
        ("/a/1", "GET /a/{id}", json!({"id": "1"})),
        ("/a/x%2Fy%20z%C3%A9", "GET /a/{id}", json!({"id": "x/y zé"})),
        ("/a/{id}", "GET /a/{id}", json!({"id": "{id}"})),
        ("/a/me", "GET /a/me", Value::Null),
        ("/a/1/b/2", "GET /a/{id}/b/{other}", json!({"id": "1", "other": "2"})),
    ] {
        let request = HttpRequest::get(format!("{}{path}", gateway.url())).body(Body::empty()).unwrap();
        let (_, body) = testing::send(request).await.unwrap();
        let event = parsed(&body);
        assert_eq!((&event["routeKey"], &event["pathParameters"]), (&json!(route), &parameters), "{path}");
        assert_eq!(event["requestContext"]["routeKey"], route);
        assert_eq!((&event["rawPath"], &event["requestContext"]["http"]["path"]), (&json!(path), &json!(path)));
    }
    for path in ["/a", "/a/", "/a/1/", "/a//b/2", "/a/1/b", "/b/1"] {
        let request = HttpRequest::get(format!("{}{path}", gateway.url())).body(Body::empty()).unwrap();
        assert_eq!(testing::send(request).await.unwrap().0.status, 404, "{path}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_handler_of_lambda_http_is_served_as_in_lambda() {
    let handler = service_fn(async |request: lambda_http::Request| {
        let query = request.query_string_parameters();
        let answer = lambda_http::Response::builder()
            .status(201)
            .header("x-names", query.all("name").unwrap_or_default().join("+"))
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2")
            .body(lambda_http::Body::from(request.body().to_vec()));
        Ok::<_, lambda_http::Error>(answer?)
    });
    let gateway = start(Method::POST, Function::new("f", AMPLE, Adapter::from(handler))).await;
    let request = HttpRequest::post(format!("{}/leads?name=a&name=b%20c", gateway.url()))
        .body(Body::from(&b"\0binary"[..]))
        .unwrap();
    let (parts, body) = testing::send(request).await.unwrap();
    assert_eq!(parts.status, 201);
    assert_eq!(parts.headers["x-names"], "a+b c");
    assert_eq!(parts.headers.get_all("set-cookie").iter().count(), 2);
    assert_eq!(body.as_ref(), b"\0binary");
    gateway.stop().await;
}

#[tokio::test]
async fn the_gateway_refuses_the_same_requests_as_the_real_one() {
    let gateway = start(Method::POST, echo()).await;
    let request = |method, path, header: &str, body: Vec<u8>| {
        HttpRequest::builder()
            .method(method)
            .uri(format!("{}{path}", gateway.url()))
            .header("x-filler", header)
            .body(Body::from(body))
            .unwrap()
    };
    let cases = [
        (request(Method::POST, "/other", "", vec![]), 404, "Not Found"),
        (request(Method::POST, "/leads/", "", vec![]), 404, "Not Found"), // the whole path is compared
        (request(Method::PUT, "/leads", "", vec![]), 404, "Not Found"),
        (request(Method::POST, "/leads", "", vec![b'a'; MAX_BODY + 1]), 413, "Request Entity Too Large"),
        (request(Method::POST, "/leads", &"a".repeat(MAX_HEAD), vec![]), 431, "Request Header Fields Too Large"),
    ];
    for (request, status, message) in cases {
        let (parts, body) = testing::send(request).await.unwrap();
        assert_eq!(parts.status.as_u16(), status);
        assert_eq!(parsed(&body), json!({"message": message}));
        assert_eq!(parts.headers["content-type"], "application/json");
        assert!(parts.headers.contains_key("apigw-requestid"));
    }
    let most = request(Method::POST, "/leads", "", vec![b'a'; MAX_BODY]);
    assert_eq!(testing::send(most).await.unwrap().0.status, 200);
    gateway.stop().await;
}

#[tokio::test]
async fn the_reference_is_a_page_that_cannot_run_anything() {
    let gateway = start(Method::POST, echo()).await;
    let request = |method| {
        let request = HttpRequest::builder().method(method).uri(format!("{}/docs", gateway.url()));
        request.body(Body::empty()).unwrap()
    };
    let (parts, body) = testing::send(request(Method::GET)).await.unwrap();
    assert_eq!(parts.status, 200);
    assert_eq!(parts.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(parts.headers["x-content-type-options"], "nosniff");
    let policy = parts.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    assert!(body.starts_with(b"<!DOCTYPE html>"));
    assert_eq!(testing::send(request(Method::POST)).await.unwrap().0.status, 404, "as without the page");
    gateway.stop().await;
}

#[tokio::test]
async fn the_root_leads_to_the_page() {
    let gateway = start(Method::POST, echo()).await;
    let request = HttpRequest::get(format!("{}/", gateway.url())).body(Body::empty()).unwrap();
    let (parts, _) = testing::send(request).await.unwrap();
    assert_eq!((parts.status.as_u16(), &parts.headers["location"]), (307, &HeaderValue::from_static("/app")));
    gateway.stop().await;
}

#[tokio::test]
async fn a_function_without_a_valid_answer_is_an_internal_error() {
    let failing = function(async |_| Err("no luck".into()));
    let panicking = function(async |_| panic!("on purpose"));
    let invalid = function(async |_| Ok(json!({"statusCode": "two hundred"})));
    let stuck = Function::new(
        "stuck",
        Duration::ZERO,
        service_fn(async |_: LambdaEvent<Value>| {
            std::future::pending::<()>().await;
            Ok::<_, lambda_runtime::Error>(json!({}))
        }),
    );
    for function in [failing, panicking, invalid, stuck] {
        let gateway = start(Method::POST, function).await;
        let (parts, body) = testing::send(post(&gateway, "")).await.unwrap();
        assert_eq!(parts.status, 500);
        assert_eq!(parsed(&body), json!({"message": "Internal Server Error"}));
        gateway.stop().await;
    }
}

#[tokio::test]
async fn stopping_answers_open_requests() {
    let (started, mut has_started) = mpsc::unbounded_channel();
    let proceed = Arc::new(Notify::new());
    let waiting = {
        let proceed = Arc::clone(&proceed);
        function(move |_| {
            let (started, proceed) = (started.clone(), Arc::clone(&proceed));
            async move {
                let _ = started.send(());
                proceed.notified().await;
                Ok(json!({"statusCode": 200}))
            }
        })
    };
    let gateway = start(Method::POST, waiting).await;
    let request = tokio::spawn(testing::send(post(&gateway, "")));
    has_started.recv().await.unwrap();
    let address = gateway.url().trim_start_matches("http://").to_owned();
    let stopped = tokio::spawn(gateway.stop());
    // The request proceeds only after the gateway has closed its port.
    while TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    proceed.notify_one();
    assert_eq!(request.await.unwrap().unwrap().0.status, 200);
    stopped.await.unwrap();
}
