//! The relay that takes the products' mails: the customer's server, or Amazon SES by an endpoint in the VPC.

use model::blueprint::MailRelay;
use model::estate::{Estate, Mail};
use model::secret::SecretName;

/// SES's submission port with STARTTLS ("Connecting to an Amazon SES SMTP endpoint" in its guide).
const SES_SUBMISSION: u16 = 587;
/// What stands for the user's name of an SES credential until IAM has made one: it begins as an access key's does.
const SES_USER: &str = "AKIA-stand-in";

/// The relay as its clients know it.
pub(crate) fn relay(estate: &Estate) -> MailRelay {
    match &estate.mail {
        Mail::Customer(smtp) => MailRelay {
            name: smtp.name.clone(),
            port: smtp.port,
            user: smtp.user.clone(),
            password: password(estate),
            sender: smtp.sender.clone(),
        },
        Mail::Ses(ses) => MailRelay {
            name: format!("email-smtp.{}.amazonaws.com", estate.region),
            port: SES_SUBMISSION,
            user: SES_USER.to_owned(),
            password: password(estate),
            sender: ses.sender.clone(),
        },
    }
}

/// The name of the relay's password: the customer shares its own, SES's is made.
pub(crate) fn password(estate: &Estate) -> SecretName {
    SecretName(
        match &estate.mail {
            Mail::Customer(_) => "customer/smtp",
            Mail::Ses(_) => "account/ses",
        }
        .to_owned(),
    )
}
