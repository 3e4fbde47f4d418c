//! A management console: its login page, the login, and the page behind it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use hyper::header::{LOCATION, SET_COOKIE};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::ask::{Heard, Miss, Vantage};
use crate::html::{self, LoginForm};
use crate::http::{self, Call, Place, Reply};

/// Pages asked for in one login, redirects included; browsers give up at twenty redirects.
const PAGES: u32 = 12;

/// A login to be tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Login<'q> {
    pub path: &'q str,
    pub user: &'q str,
    pub password: &'q str,
}

/// Logs in as a person would: asks for the console, is led to its login page, sends the form, and is led back.
///
/// A server that shows the login page again has refused, whatever its status: products answer 200 to a wrong password.
pub(crate) async fn log_in(
    vantage: &Vantage<'_>,
    target: SocketAddr,
    name: &str,
    login: &Login<'_>,
) -> Result<Heard, Miss> {
    let place = Place {
        target,
        name,
        tls: true,
    };
    let base = Url::parse(&format!("https://{name}:{}/", target.port()))
        .map_err(|error| Miss::unknown(format!("`{name}` cannot be a server's name: {error}")))?;
    let mut visit = Visit {
        vantage,
        place,
        cookies: BTreeMap::new(),
        pages: 0,
    };
    let start = join(&base, login.path)?;
    let (page, reply) = visit.follow(start, None).await?;
    let peer = reply.server();
    let Some(form) = form(&reply) else {
        return Err(Miss::broken(format!(
            "{} answered {} and shows no login page",
            page.path(),
            reply.status
        ))
        .from(peer));
    };
    let action = join(&page, &form.action)?;
    let (page, reply) = visit.follow(action, Some(fill(&form, login))).await?;
    verdict(&page, &reply).map(|heard| heard.from(peer))
}

fn verdict(page: &Url, reply: &Reply) -> Result<Heard, Miss> {
    let said = format!("{} answered {}", page.path(), reply.status);
    if matches!(reply.status.as_u16(), 401 | 403) {
        return Err(Miss::refused(said).from(reply.server()));
    }
    if form(reply).is_some() {
        return Err(
            Miss::refused(format!("{said} and shows the login page again")).from(reply.server()),
        );
    }
    if reply.status.as_u16() == 200 {
        Ok(Heard::new(format!("logged in: {said}")))
    } else {
        Err(Miss::broken(said).from(reply.server()))
    }
}

fn form(reply: &Reply) -> Option<LoginForm> {
    html::login_form(&String::from_utf8_lossy(&reply.body))
}

fn fill(form: &LoginForm, login: &Login<'_>) -> String {
    let mut fields = Serializer::new(String::new());
    for (name, value) in &form.hidden {
        fields.append_pair(name, value);
    }
    fields.append_pair(&form.user_field, login.user);
    fields.append_pair(&form.password_field, login.password);
    fields.finish()
}

/// Where a reference on a page leads.
fn join(page: &Url, reference: &str) -> Result<Url, Miss> {
    page.join(reference)
        .map_err(|error| Miss::broken(format!("`{reference}` leads nowhere: {error}")))
}

/// A browser's memory during one login.
struct Visit<'v, 'm> {
    vantage: &'v Vantage<'m>,
    place: Place<'v>,
    cookies: BTreeMap<String, String>,
    pages: u32,
}

impl Visit<'_, '_> {
    /// Asks for a page and follows where it leads; returns the last page and its address.
    async fn follow(&mut self, start: Url, form: Option<String>) -> Result<(Url, Reply), Miss> {
        let mut url = start;
        let mut form = form;
        loop {
            self.pages += 1;
            if self.pages > PAGES {
                return Err(Miss::broken(format!(
                    "more than {PAGES} pages in one login"
                )));
            }
            self.stay_here(&url)?;
            let call = Call {
                path: path_and_query(&url),
                // What a redirect leads to is asked for without the form (303, and 302 as browsers read it), so that
                // the password is sent once.
                form: form.take(),
                cookies: self.cookie_header(),
            };
            let reply = http::call(self.vantage, self.place, &call).await?;
            self.remember(&reply);
            let Some(location) = redirect(&reply) else {
                return Ok((url, reply));
            };
            url = join(&url, &location)?;
        }
    }

    /// A login goes to the server that was meant and to no other: another has not been asked about.
    fn stay_here(&self, url: &Url) -> Result<(), Miss> {
        let here = url.scheme() == "https"
            && url
                .host_str()
                .is_some_and(|host| host.eq_ignore_ascii_case(self.place.name))
            && url.port_or_known_default() == Some(self.place.target.port());
        if here {
            Ok(())
        } else {
            Err(Miss::broken(format!(
                "led away to {}://{}",
                url.scheme(),
                url.authority()
            )))
        }
    }

    /// Every cookie goes to every page: they are all of one server and one login.
    fn remember(&mut self, reply: &Reply) {
        for cookie in reply.headers.get_all(SET_COOKIE) {
            let Ok(cookie) = cookie.to_str() else {
                continue;
            };
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies
                    .insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
    }

    fn cookie_header(&self) -> Option<String> {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

fn redirect(reply: &Reply) -> Option<String> {
    let leads = matches!(reply.status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = reply.headers.get(LOCATION)?;
    leads.then(|| String::from_utf8_lossy(location.as_bytes()).into_owned())
}

fn path_and_query(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, StatusCode};

    use super::*;
    use crate::answer::Outcome;

    const FORM: &str =
        "<form action=login><input name=username><input type=password name=p></form>";

    #[test]
    fn only_a_page_behind_the_login_works() {
        let check = |status: u16, body: &str, wanted: Option<Outcome>| {
            let page = Url::parse("https://apim.example:9443/carbon/").expect("an address");
            let reply = Reply {
                status: StatusCode::from_u16(status).expect("a status"),
                headers: HeaderMap::new(),
                body: body.to_owned().into(),
            };
            let got = verdict(&page, &reply).err().map(|miss| miss.outcome);
            assert_eq!(got, wanted, "{status} {body}");
        };
        check(200, "<h1>Home</h1>", None);
        check(401, "", Some(Outcome::Refused));
        check(401, FORM, Some(Outcome::Refused));
        check(403, "<h1>Home</h1>", Some(Outcome::Refused));
        // As the products themselves answer a wrong password.
        check(200, FORM, Some(Outcome::Refused));
        check(500, "", Some(Outcome::Broken));
        check(404, "", Some(Outcome::Broken));
        check(302, "", Some(Outcome::Broken));
        check(204, "", Some(Outcome::Broken));
    }

    #[test]
    fn a_form_is_filled_in_and_nothing_leaks_between_its_fields() {
        let form = LoginForm {
            action: String::new(),
            user_field: "username".to_owned(),
            password_field: "password".to_owned(),
            hidden: vec![("token".to_owned(), "a=b&c".to_owned())],
        };
        let login = Login {
            path: "/carbon",
            user: "admin",
            password: "p&username=x +%",
        };
        assert_eq!(
            fill(&form, &login),
            "token=a%3Db%26c&username=admin&password=p%26username%3Dx+%2B%25"
        );
    }
}
