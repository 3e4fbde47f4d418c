//! As much of HTML as a login page needs: its form and the fields of it. Pure.
//!
//! It reads tags and attributes as browsers do for pages that are written with care, and ignores scripts, styles and
//! comments only so far as that no form is expected in them. What it cannot read it does not find.

/// A form with a password field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoginForm {
    /// Where it is sent, as it stands in the page; empty for the page's own address.
    pub action: String,
    /// The name of the field for the user.
    pub user_field: String,
    /// The name of the field for the password.
    pub password_field: String,
    /// Hidden fields with their values: what protects the form from being sent by other pages.
    pub hidden: Vec<(String, String)>,
}

/// Tags looked at; a login page has some hundreds.
const TAGS: usize = 20_000;

/// The first form with a password field.
pub(crate) fn login_form(page: &str) -> Option<LoginForm> {
    let mut form: Option<Draft> = None;
    for tag in (Tags { rest: page }).take(TAGS) {
        match tag.name.as_str() {
            "form" => {
                form = Some(Draft {
                    action: tag.attribute("action").unwrap_or_default(),
                    ..Draft::default()
                });
            }
            "/form" => {
                if let Some(found) = form.take().and_then(Draft::finish) {
                    return Some(found);
                }
            }
            "input" => {
                if let Some(form) = &mut form {
                    form.take_input(&tag);
                }
            }
            _ => {}
        }
    }
    form.and_then(Draft::finish)
}

/// A form that is being read.
#[derive(Debug, Default)]
struct Draft {
    action: String,
    text_fields: Vec<String>,
    password_field: Option<String>,
    hidden: Vec<(String, String)>,
}

impl Draft {
    fn take_input(&mut self, tag: &Tag<'_>) {
        let Some(name) = tag.attribute("name") else {
            return;
        };
        let kind = tag.attribute("type").unwrap_or_default();
        match kind.to_ascii_lowercase().as_str() {
            "password" => self.password_field = self.password_field.take().or(Some(name)),
            "hidden" => self
                .hidden
                .push((name, tag.attribute("value").unwrap_or_default())),
            "" | "text" | "email" => self.text_fields.push(name),
            _ => {}
        }
    }

    fn finish(self) -> Option<LoginForm> {
        Some(LoginForm {
            action: self.action,
            user_field: self.text_fields.into_iter().next()?,
            password_field: self.password_field?,
            hidden: self.hidden,
        })
    }
}

/// One tag: its name in lower case, with the slash of an end tag, and its attributes unread.
#[derive(Debug)]
struct Tag<'p> {
    name: String,
    attributes: &'p str,
}

impl Tag<'_> {
    /// The first attribute of that name, its references resolved.
    fn attribute(&self, wanted: &str) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if rest.is_empty() {
                return None;
            }
            let end = rest
                .find(|c: char| c.is_ascii_whitespace() || c == '=')
                .unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            let (value, after) = value(after);
            if name.eq_ignore_ascii_case(wanted) {
                return Some(unescape(value));
            }
            // A stray `=` is passed over, so that every turn moves on.
            rest = if end == 0 && after.len() == rest.len() {
                after.get(1..).unwrap_or_default()
            } else {
                after
            };
        }
    }
}

/// An attribute's value after its name, and what follows it.
fn value(after_name: &str) -> (&str, &str) {
    let Some(after) = after_name.trim_start().strip_prefix('=') else {
        return ("", after_name);
    };
    let after = after.trim_start();
    for quote in ['"', '\''] {
        if let Some(quoted) = after.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    let end = after
        .find(|c: char| c.is_ascii_whitespace())
        .unwrap_or(after.len());
    after.split_at(end)
}

/// The references that servers write into attributes.
fn unescape(text: &str) -> String {
    // The ampersand last, so that what it makes is not read again.
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x2F;", "/")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// The tags of a page, in order.
struct Tags<'p> {
    rest: &'p str,
}

impl<'p> Iterator for Tags<'p> {
    type Item = Tag<'p>;

    fn next(&mut self) -> Option<Tag<'p>> {
        loop {
            let start = self.rest.find('<')?;
            let after = &self.rest[start + 1..];
            if let Some(comment) = after.strip_prefix("!--") {
                let end = comment.find("-->")?;
                self.rest = &comment[end + 3..];
                continue;
            }
            let end = tag_end(after)?;
            let inside = &after[..end];
            self.rest = &after[end + 1..];
            let name_end = inside
                .find(|c: char| c.is_ascii_whitespace())
                .unwrap_or(inside.len());
            let (name, attributes) = inside.split_at(name_end);
            return Some(Tag {
                name: name.to_ascii_lowercase(),
                attributes,
            });
        }
    }
}

/// Where a tag ends: a `>` within quotes is part of a value.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Action, user field, password field, hidden fields.
    type Wanted<'w> = (&'w str, &'w str, &'w str, &'w [(&'w str, &'w str)]);

    fn check(page: &str, wanted: Option<Wanted<'_>>) {
        let wanted = wanted.map(|(action, user, password, hidden)| LoginForm {
            action: action.to_owned(),
            user_field: user.to_owned(),
            password_field: password.to_owned(),
            hidden: hidden
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        });
        assert_eq!(login_form(page), wanted, "{page}");
    }

    #[test]
    fn a_login_form_is_found() {
        check(
            r#"<html><form action="search"><input name=q></form>
               <FORM METHOD='post' ACTION='../admin/login_action.jsp' target="_self">
               <input type="hidden" name="token" value="a&quot;b&amp;lt;"/>
               <input type=text name=username><input type="Password" name='password'>
               <input type="submit" name="go" value="Sign-in"></FORM>"#,
            Some((
                "../admin/login_action.jsp",
                "username",
                "password",
                &[("token", "a\"b&lt;")],
            )),
        );
        check(
            "<form><input name=u><input name=p type=password>",
            Some(("", "u", "p", &[])),
        );
        check(
            "<form action=\"/a>b\"><input name=u><input type=password name=p></form>",
            Some(("/a>b", "u", "p", &[])),
        );
    }

    #[test]
    fn what_is_no_login_form_is_not_found() {
        for page in [
            "",
            "<",
            "<<<<>>>>",
            "no page at all",
            "<form><input name=u></form>",
            "<form><input type=password name=p></form>",
            "<form><input name=u></form><input type=password name=p>",
            "<!-- <form><input name=u><input type=password name=p></form> -->",
            "<!-- <form><input name=u><input type=password name=p></form>",
            "<form = = =><input = name = ><input type=password>",
            "<form action='unclosed><input name=u><input type=password name=p></form>",
            "<form><input =name=u><input ==type=password name=p ",
        ] {
            check(page, None);
        }
    }
}
