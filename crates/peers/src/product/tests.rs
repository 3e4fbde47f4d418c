//! A product's ports as a client meets them.

use hyper::Request;
use model::Secret;
use model::service::{HealthCheck, ProductPort};
use tokio::net::TcpStream;

use super::*;
use crate::fixture::{HOST, Trust, exchange, loopback, run};
use crate::http;

const HTTPS: u16 = 9443;
const HTTP: u16 = 9763;

fn product() -> Arc<Product> {
    let port = |name: &str, port, protocol| ProductPort {
        name: name.to_owned(),
        port,
        protocol,
    };
    let service = ProductService {
        product: "wso2-apim".to_owned(),
        version: "4.5.0".to_owned(),
        ports: vec![
            port("servlet-https", HTTPS, PortProtocol::Https),
            port("servlet-http", HTTP, PortProtocol::Http),
        ],
        health: HealthCheck {
            port: HTTP,
            protocol: PortProtocol::Http,
            path: "/services/Version".to_owned(),
        },
        consoles: vec!["/carbon".to_owned(), "/admin".to_owned()],
        console_port: Some(HTTPS),
        admin_user: "admin".to_owned(),
        admin_password: model::SecretName("apim/admin".to_owned()),
    };
    let administrator = Credential {
        user: "admin".to_owned(),
        password: Secret::new("generated & safe"),
    };
    Arc::new(Product::new(service, HOST.to_owned(), administrator))
}

fn port(product: &Arc<Product>, number: u16) -> Port {
    Port {
        product: Arc::clone(product),
        number,
        protocol: if number == HTTP {
            PortProtocol::Http
        } else {
            PortProtocol::Https
        },
    }
}

/// Asks a port without any network. Gives the status, where it leads, and the session that it opened.
fn ask(port: &Port, method: &str, path: &str, cookie: &str, body: &str) -> (u16, String, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(COOKIE, cookie)
        .header(CONTENT_TYPE, form::CONTENT_TYPE)
        .body(())
        .expect("a request");
    let answer = port.answer(&request.into_parts().0, body.as_bytes());
    let header = |name| {
        let value = answer.headers().get(name).map(HeaderValue::to_str);
        value.map_or(String::new(), |value| value.expect("text").to_owned())
    };
    (
        answer.status().as_u16(),
        header(LOCATION),
        header(SET_COOKIE),
    )
}

#[test]
fn each_path_is_served_on_its_own_port_only() {
    let product = product();
    let check = |number, method, path, status, location: &str| {
        let (got, led, _) = ask(&port(&product, number), method, path, "", "");
        assert_eq!(
            (got, led.as_str()),
            (status, location),
            "{method} {number}{path}"
        );
    };
    check(HTTP, "GET", "/services/Version", 200, "");
    check(HTTP, "HEAD", "/services/Version", 200, "");
    check(HTTPS, "GET", "/carbon", 302, "/carbon/login");
    check(HTTPS, "GET", "/carbon/", 302, "/carbon/login");
    check(HTTPS, "GET", "/admin", 302, "/admin/login");
    check(HTTPS, "GET", "/admin/login", 200, "");
    check(HTTP, "POST", "/services/Version", 405, "");
    check(HTTPS, "DELETE", "/carbon", 405, "");
    check(HTTPS, "PUT", "/carbon/login", 405, "");
    check(HTTPS, "GET", "/services/Version", 404, "");
    check(HTTP, "GET", "/carbon", 404, "");
    check(HTTP, "GET", "/carbon/login", 404, "");
    check(HTTP, "POST", "/carbon/login", 404, "");
    check(HTTPS, "GET", "/", 404, "");
    check(HTTPS, "GET", "/carbonic", 404, "");
    check(HTTPS, "GET", "/carbon/../admin", 404, "");
    check(HTTPS, "GET", "/CARBON", 404, "");
    check(8243, "GET", "/carbon", 404, "");
}

#[test]
fn only_the_administrators_password_opens_a_session() {
    let product = product();
    let check = |body, status| {
        let (got, led, session) = ask(&port(&product, HTTPS), "POST", "/carbon/login", "", body);
        assert_eq!(got, status, "{body}");
        let opened = status == 302;
        assert_eq!(
            (!session.is_empty(), led == "/carbon"),
            (opened, opened),
            "{body}"
        );
    };
    check("username=admin&password=generated+%26+safe", 302);
    check("password=generated%20%26%20safe&username=admin", 302);
    check("username=admin&password=admin", 401);
    check("username=admin&password=", 401);
    check("username=&password=", 401);
    check("username=Admin&password=generated+%26+safe", 401);
    check("username=admin&password=generated+%26+saf%", 401);
    check("username=admin", 400);
    check("password=generated+%26+safe", 400);
    check("", 400);
    check("\u{0}\u{ff}=&&%%%", 400);
}

#[test]
fn only_an_open_session_is_let_inside() {
    let product = product();
    let console = port(&product, HTTPS);
    let form = "username=admin&password=generated+%26+safe";
    let (_, _, cookie) = ask(&console, "POST", "/carbon/login", "", form);
    for attribute in ["HttpOnly", "Secure", "SameSite=Strict"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let session = cookie.split(';').next().expect("a cookie");
    let check = |cookie: &str, status| {
        assert_eq!(
            ask(&console, "GET", "/carbon", cookie, "").0,
            status,
            "{cookie}"
        );
    };
    check(session, 200);
    check(&format!("other=1; {session}; more=2"), 200);
    check("", 302);
    check(COOKIE_NAME, 302);
    check(&format!("{COOKIE_NAME}="), 302);
    check(&session[..session.len() - 1], 302);
    check(&format!("x{session}"), 302);
    check(&session.replace('=', "=0"), 302);
}

#[test]
fn a_login_must_be_a_form() {
    let product = product();
    let request = Request::post("/carbon/login")
        .header(CONTENT_TYPE, "application/json")
        .body(())
        .expect("a request");
    let body = br#"{"username":"admin","password":"generated & safe"}"#;
    let answer = port(&product, HTTPS).answer(&request.into_parts().0, body);
    assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn the_console_says_what_it_is() {
    let (trust, product) = (Trust::new(), product());
    let (listener, address) = loopback();
    let _server = run(http::serve(
        listener,
        Some(trust.acceptor()),
        port(&product, HTTPS),
    ));
    let say = async |text: String| {
        let stream = TcpStream::connect(address).await.expect("connected");
        let stream = trust.connect(HOST, stream).await.expect("trusted");
        exchange(stream, text.as_bytes()).await
    };
    let session = product.sessions.open();
    let page = say(format!(
        "GET /carbon HTTP/1.1\r\nHost: {HOST}\r\nCookie: {COOKIE_NAME}={session}\r\nConnection: close\r\n\r\n"
    ))
    .await;
    for word in ["200 OK", NAME, "wso2-apim", "4.5.0", HOST, "stand-in"] {
        assert!(page.contains(word), "{word} is missing in {page}");
    }
}

#[tokio::test]
async fn hostile_requests_end_and_harm_nobody_else() {
    let product = product();
    let (listener, address) = loopback();
    let _server = run(http::serve(listener, None, port(&product, HTTP)));
    let check = async |sent: &[u8], heard: &str| {
        let stream = TcpStream::connect(address).await.expect("connected");
        let said = exchange(stream, sent).await;
        assert!(said.starts_with(heard), "{said}");
    };
    let long = "x".repeat(100_000);
    check(b"\x16\x03\x01\x02\x00\x01\x00\x01", "HTTP/1.1 400").await;
    check(b"GARBAGE\r\n\r\n", "HTTP/1.1 400").await;
    check(format!("GET /{long} HTTP/1.1\r\n").as_bytes(), "HTTP/1.1 4").await;
    check(
        format!("GET / HTTP/1.1\r\nA: {long}\r\n").as_bytes(),
        "HTTP/1.1 431",
    )
    .await;
    check(
        format!("POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n{long}")
            .as_bytes(),
        "HTTP/1.1 413",
    )
    .await;
    check(
        b"GET /services/Version HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200",
    )
    .await;
}

#[tokio::test]
async fn a_port_without_a_protocol_takes_a_connection_and_closes_it() {
    let (listener, address) = loopback();
    let _server = run(listen_only(listener));
    let stream = TcpStream::connect(address).await.expect("connected");
    assert_eq!(exchange(stream, b"anything").await, "");
}
