//! Mail: submission with STARTTLS and AUTH (RFC 6409, 3207, 4954), of a text by which it is found again.

use lettre::Message;
use lettre::address::{Address, Envelope};
use lettre::message::Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use model::claim::Question;

use crate::ask::{Heard, Miss, Vantage, causes};
use crate::{connect, tls};

/// Submits one mail. That the server has accepted it says nothing of where it went: the token does, at the other end.
pub(crate) async fn submit(vantage: &Vantage<'_>, question: &Question) -> Result<Heard, Miss> {
    let Question::Mail {
        server,
        name,
        user,
        password,
        sender,
        recipient,
    } = question
    else {
        return Err(Miss::unknown("this is no question about mail"));
    };
    let password = vantage.secret(password)?;
    let token = token();
    let letter = Letter::write(sender, recipient, &token)?;
    let parameters = parameters(vantage, name)?;
    let hello = ClientId::Domain("probe.reeve.invalid".to_owned());

    let stream = connect::open(vantage, *server).await?;
    let mut session = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello)
        .await
        .map_err(|error| miss("greet", &error))?;
    if !session.can_starttls() {
        return Err(Miss::broken(
            "the server offers no STARTTLS; nothing was sent in clear",
        ));
    }
    session
        .starttls(parameters, &hello)
        .await
        .map_err(|error| miss("agree on TLS", &error))?;
    let peer = Some(session.server_info().name().to_owned());
    let credentials = Credentials::new(user.clone(), password.expose().to_owned());
    session
        .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
        .await
        .map_err(|error| miss("log in", &error).from(peer.clone()))?;
    let accepted = session
        .send(&letter.envelope, &letter.text)
        .await
        .map_err(|error| miss("submit", &error).from(peer.clone()))?;
    // The mail is the server's by now; how it takes leave changes nothing.
    let _ = session.quit().await;
    Ok(Heard {
        token: Some(token),
        ..Heard::new(format!(
            "accepted with {}: {}",
            accepted.code(),
            accepted.message().next().unwrap_or_default()
        ))
        .from(peer)
    })
}

/// 128 random bits in hexadecimal: nobody else's mail has them.
fn token() -> String {
    format!("reeve-{:032x}", rand::random::<u128>())
}

struct Letter {
    envelope: Envelope,
    text: Vec<u8>,
}

impl Letter {
    fn write(sender: &str, recipient: &str, token: &str) -> Result<Self, Miss> {
        let address = |text: &str| {
            text.parse::<Address>()
                .map_err(|error| Miss::unknown(format!("`{text}` is no mail address: {error}")))
        };
        let (sender, recipient) = (address(sender)?, address(recipient)?);
        let unwritten = |error: lettre::error::Error| {
            Miss::unknown(format!("the mail cannot be written: {error}"))
        };
        let text = Message::builder()
            .from(Mailbox::new(None, sender.clone()))
            .to(Mailbox::new(None, recipient.clone()))
            .message_id(Some(format!("<{token}@{}>", sender.domain())))
            .subject("Reeve: a test of mail")
            .body(format!(
                "Reeve asks whether mail is taken. Nobody needs to answer.\r\n{token}\r\n"
            ))
            .map_err(unwritten)?
            .formatted();
        let envelope = Envelope::new(Some(sender), vec![recipient]).map_err(unwritten)?;
        Ok(Self { envelope, text })
    }
}

fn parameters(vantage: &Vantage<'_>, name: &str) -> Result<TlsParameters, Miss> {
    // What the library would pass over in silence.
    tls::roots(vantage)?;
    let unusable =
        |error: Error| Miss::unknown(format!("the TLS roots given cannot be used: {error}"));
    let roots = Certificate::from_pem(vantage.means.tls_roots_pem.as_bytes()).map_err(unusable)?;
    TlsParameters::builder(name.to_owned())
        .certificate_store(CertificateStore::None)
        .add_root_certificate(roots)
        .build()
        .map_err(unusable)
}

/// A status of 400 or more is the server's no; everything else is no answer.
fn miss(doing: &str, error: &Error) -> Miss {
    if error.is_permanent() || error.is_transient() {
        Miss::refused(format!("could not {doing}: {}", causes(error)))
    } else {
        Miss::broke(doing, error)
    }
}
