//! The console's two pages.

/// The login form of a console.
pub(super) fn login(product: &str, host: &str, console: &str) -> String {
    let [product, host, console] = [product, host, console].map(escape);
    page(
        &format!("{product}: log in"),
        &format!(
            "<h1>{product} on {host}</h1>\n\
             <form method=\"post\" action=\"{console}/login\">\n\
             <label>User <input name=\"username\" autocomplete=\"username\" required></label>\n\
             <label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\" required></label>\n\
             <button>Log in</button>\n\
             </form>"
        ),
    )
}

/// What the administrator sees.
pub(super) fn inside(product: &str, version: &str, host: &str) -> String {
    let [product, version, host] = [product, version, host].map(escape);
    page(
        &format!("{product}: console"),
        &format!(
            "<h1>{product} {version} on {host}</h1>\n\
             <p>This is a stand-in ({}). It serves no API of the product.</p>",
            super::NAME
        ),
    )
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body>\n{body}\n</body>\n</html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
