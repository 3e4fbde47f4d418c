//! Packets and questions between network namespaces of the test's own: what arrives, what is answered, what is lost.
//!
//! Two hosts and a router between them, built with the `ip` command, which the product itself does not need. Where that
//! is missing, or user namespaces are forbidden, the test says so and passes, but for a CI run (`CI` is set): there it
//! fails.

mod accounting;
mod answers;
mod asking;
mod hostile;
mod namespace;
mod site;

use std::process::ExitCode;

type Test = fn(&namespace::Net);

#[expect(
    clippy::print_stderr,
    reason = "a test without the usual harness speaks for itself"
)]
fn main() -> ExitCode {
    let net = match namespace::Net::build() {
        Ok(net) => net,
        Err(why) => {
            eprintln!("vantage: cannot be tested here: {why}");
            let required = std::env::var_os("CI").is_some();
            return ExitCode::from(u8::from(required));
        }
    };
    let tests: [(&str, Test); 14] = [
        (
            "every kind of packet arrives and is answered",
            accounting::everything_arrives,
        ),
        (
            "a listening port answers too",
            accounting::a_listener_answers,
        ),
        (
            "more packets than a buffer holds arrive",
            accounting::many_arrive,
        ),
        ("what a router drops is lost", accounting::the_router_drops),
        (
            "what the sender's kernel stops is lost, and why",
            accounting::the_sender_stops,
        ),
        (
            "what cannot be accounted for is an error",
            accounting::unaccountable,
        ),
        ("a hop limit ends a loop", accounting::a_loop_ends),
        ("a router that is silent is an error", accounting::no_echo),
        (
            "loss of a connection is proved, not waited for",
            asking::connections,
        ),
        ("servers that behave are heard", answers::everything_works),
        (
            "what a server or the vantage lacks is told",
            answers::refusals,
        ),
        (
            "strangers are not believed, nor believe",
            answers::strangers,
        ),
        ("bad servers over TCP are told", hostile::over_tcp),
        ("bad servers over UDP are told", hostile::over_udp),
    ];
    for (name, test) in tests {
        eprintln!("vantage: {name} ...");
        test(&net);
    }
    eprintln!("vantage: {} tests passed", tests.len());
    ExitCode::SUCCESS
}
