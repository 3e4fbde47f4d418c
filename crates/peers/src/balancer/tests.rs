//! Balancing as clients and targets meet it.

use model::service::{HealthCheck, PortProtocol};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::fixture::{Trust, exchange, loopback, run};
use crate::http;
use crate::web::Web;

fn pool(targets: &[SocketAddr], health: HealthCheck) -> Arc<Pool> {
    pool_with(targets, health, false)
}

fn pool_with(targets: &[SocketAddr], health: HealthCheck, sticky: bool) -> Arc<Pool> {
    let listener = Listener {
        sticky,
        port: 443,
        targets: targets.to_vec(),
        health,
        clients: Vec::new(),
    };
    let client = client_config().expect("a configuration");
    Arc::new(Pool::new(&listener, &client))
}

fn check_of(port: u16, protocol: PortProtocol, path: &str) -> HealthCheck {
    HealthCheck {
        port,
        protocol,
        path: path.to_owned(),
    }
}

/// A target that says its name to whoever connects, after the client has said all it has to say.
fn target(name: &'static str) -> (SocketAddr, JoinSet<()>) {
    let (listener, address) = loopback();
    let serve = accept_each(listener, 8, move |mut stream, _| async move {
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await.expect("read");
        heard.extend_from_slice(name.as_bytes());
        stream.write_all(&heard).await.expect("written");
    });
    (address, run(serve))
}

/// An address where nobody listens.
fn nobody() -> SocketAddr {
    loopback().1
}

/// Connects through a balancer, says something, closes that half, and hears the rest.
async fn through(balancer: SocketAddr, said: &str) -> String {
    let mut stream = TcpStream::connect(balancer).await.expect("connected");
    stream.write_all(said.as_bytes()).await.expect("written");
    stream.shutdown().await.expect("half closed");
    exchange(stream, b"").await
}

async fn heard(pool: &Arc<Pool>, times: usize) -> Vec<String> {
    let (listener, address) = loopback();
    let _server = run(serve(listener, Arc::clone(pool)));
    let mut heard = Vec::new();
    for _ in 0..times {
        heard.push(through(address, "to ").await);
    }
    heard
}

fn states(pool: &Pool) -> Vec<Health> {
    pool.states("balancer").map(|state| state.health).collect()
}

#[tokio::test]
async fn targets_take_turns_and_a_half_closed_connection_is_answered() {
    let ((a, _a), (b, _b)) = (target("a"), target("b"));
    let pool = pool(&[a, b], check_of(0, PortProtocol::Tcp, ""));
    assert_eq!(heard(&pool, 4).await, ["to a", "to b", "to a", "to b"]);
}

#[tokio::test]
async fn a_target_that_refuses_is_passed_over_before_any_check() {
    let (a, _a) = target("a");
    let pool = pool(&[nobody(), a], check_of(0, PortProtocol::Tcp, ""));
    assert_eq!(states(&pool), [Health::Unknown, Health::Unknown]);
    assert_eq!(heard(&pool, 2).await, ["to a", "to a"]);
}

#[tokio::test]
async fn a_dead_target_is_not_asked() {
    let ((a, _a), (b, _b)) = (target("a"), target("b"));
    let pool = pool(&[a, b], check_of(0, PortProtocol::Tcp, ""));
    pool.targets[0].learn(false);
    pool.targets[0].learn(false);
    assert_eq!(states(&pool), [Health::Unhealthy, Health::Unknown]);
    assert_eq!(heard(&pool, 3).await, ["to b", "to b", "to b"]);
}

#[tokio::test]
async fn without_a_target_the_client_is_let_go() {
    let check = async |pool: Arc<Pool>| assert_eq!(heard(&pool, 2).await, ["", ""]);
    check(pool(&[], check_of(0, PortProtocol::Tcp, ""))).await;
    check(pool(
        &[nobody(), nobody()],
        check_of(0, PortProtocol::Tcp, ""),
    ))
    .await;
}

#[tokio::test]
async fn where_all_are_thought_dead_all_are_asked() {
    let (a, _a) = target("a");
    let pool = pool(&[nobody(), a], check_of(0, PortProtocol::Tcp, ""));
    pool.targets[0].learn(false);
    pool.targets[0].learn(false);
    pool.targets[1].learn(false);
    pool.targets[1].learn(false);
    assert_eq!(heard(&pool, 2).await, ["to a", "to a"]);
}

#[tokio::test]
async fn a_sticky_client_stays_until_its_target_dies() {
    let ((a, _a), (b, _b)) = (target("a"), target("b"));
    let pool = pool_with(&[a, b], check_of(0, PortProtocol::Tcp, ""), true);
    let first = heard(&pool, 1).await;
    for _ in 0..3 {
        assert_eq!(heard(&pool, 1).await, first);
    }
    let own = usize::from(first == ["to b"]);
    pool.targets[own].learn(false);
    pool.targets[own].learn(false);
    assert_ne!(heard(&pool, 1).await, first);
}

#[test]
fn sticky_clients_spread_over_all_targets() {
    let targets: Vec<SocketAddr> = (1..=2).map(|n| ([10, 0, 0, n], 9443).into()).collect();
    let pool = pool_with(&targets, check_of(0, PortProtocol::Tcp, ""), true);
    let first = |n: u8| pool.order(IpAddr::from([192, 0, 2, n])).first().copied();
    let of_first = (0..=255).filter(|n| first(*n) == targets.first().copied());
    assert!((64..192).contains(&of_first.count()));
}

#[test]
fn one_failure_of_a_healthy_target_is_forgiven() {
    let check = |checks: &[bool], health| {
        let after = |opinion: Opinion, passed: &bool| opinion.after(*passed);
        assert_eq!(
            checks.iter().fold(Opinion::NONE, after).health,
            health,
            "{checks:?}"
        );
    };
    check(&[], Health::Unknown);
    check(&[true], Health::Healthy);
    check(&[true, false], Health::Healthy);
    check(&[true, false, true, false], Health::Healthy);
    check(&[true, false, false, true], Health::Healthy);
    check(&[false], Health::Unknown);
    check(&[false, false], Health::Unhealthy);
    check(&[false, false, true, false], Health::Healthy);
    check(&[true, false, false], Health::Unhealthy);
    check(&[false, true, false, false], Health::Unhealthy);
    check(&[false; 300], Health::Unhealthy);
}

/// A web server at an address, over TLS or in clear.
fn web(tls: bool) -> (SocketAddr, JoinSet<()>) {
    let (listener, address) = loopback();
    let site = Web {
        host: "target".to_owned(),
    };
    let acceptor = tls.then(|| Trust::new().acceptor());
    (address, run(http::serve(listener, acceptor, site)))
}

#[tokio::test]
async fn a_check_passes_on_the_status_200_alone() {
    let ((clear, _clear), (secure, _secure)) = (web(false), web(true));
    let (mute, _mute) = target("mute");
    let check = async |at: SocketAddr, protocol, path: &str, passes| {
        // The target's own port plays no part: what is checked is the check's port at its address.
        let pool = pool(
            &[SocketAddr::new(at.ip(), 1)],
            check_of(at.port(), protocol, path),
        );
        let target = pool.targets[0].address;
        assert_eq!(
            pool.check.passes(target).await,
            passes,
            "{protocol:?} {path}"
        );
    };
    check(clear, PortProtocol::Http, "/health", true).await;
    check(secure, PortProtocol::Https, "/health", true).await;
    check(clear, PortProtocol::Tcp, "", true).await;
    check(clear, PortProtocol::Http, "/missing", false).await;
    check(secure, PortProtocol::Https, "/missing", false).await;
    check(secure, PortProtocol::Http, "/health", false).await;
    check(clear, PortProtocol::Https, "/health", false).await;
    check(clear, PortProtocol::Http, "not a path", false).await;
    check(nobody(), PortProtocol::Tcp, "", false).await;
    check(nobody(), PortProtocol::Http, "/health", false).await;
    check(mute, PortProtocol::Https, "/health", false).await;
}

#[tokio::test]
async fn watching_finds_the_living_and_the_dead() {
    let (alive, _alive) = web(false);
    let targets = [
        SocketAddr::new(alive.ip(), alive.port()),
        SocketAddr::new([127, 0, 0, 2].into(), alive.port()),
    ];
    let pool = pool(
        &targets,
        check_of(alive.port(), PortProtocol::Http, "/health"),
    );
    let _watching = run(watch(Arc::clone(&pool)));
    while states(&pool).contains(&Health::Unknown) {
        tokio::task::yield_now().await;
    }
    assert_eq!(states(&pool), [Health::Healthy, Health::Unhealthy]);
}
