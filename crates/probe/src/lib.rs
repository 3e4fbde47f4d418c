//! From a vantage: asks a running site a question, or sends raw packets and accounts for each.
//!
//! The vantage is the network namespace of the calling process; this crate enters none, stands none up and knows
//! nothing of estates. It never sets a clock, never resolves a name by the machine's own resolver and trusts no
//! certificate but those of the roots that it is given.
//!
//! Two rules hold throughout. An answer says what was seen, [`judge`] alone says what that means for a claim. And what
//! cannot be told apart is not told apart: silence is a proof of loss only where a sentinel overtook the lost packet
//! (see [`packets::sentinel`]), otherwise it is silence.
//!
//! Where a protocol tells what went wrong, the answer carries a [`Fault`]: the step or the reason by name, with words and
//! a remedy. Beside single questions, [`verify_zone`] asks a server for a zone record by record, and
//! [`verify_mail_domain`] for all that a sending domain must publish; [`maildomain`] judges that without asking.

mod answer;
mod ask;
mod connect;
mod datagram;
mod der;
mod dns;
mod fault;
mod html;
mod http;
mod judge;
mod line;
pub mod maildomain;
pub mod packets;
mod question;
mod scram;
mod tls;

pub use answer::{Answer, Closing, Means, Outcome};
pub use ask::ask;
pub use dns::{
    Difference, RecordFinding, RecordState, Sets, compare, verify_mail_domain, verify_zone,
};
pub use fault::{
    CertificateFault, Fault, MailFault, MailStep, NameFault, ServerReply, TcpTry, TimeFault,
};
pub use judge::{Explanation, explain, judge};
