//! What there is to say about a key.

use std::io::IsTerminal;

use model::estate::{Explanation, Origin, Place};

use super::Paint;

/// Shows an explanation on standard output.
pub(crate) fn explanation(explained: &Explanation) {
    let paint = Paint::of(std::io::stdout().is_terminal());
    let key = match explained.key.as_str() {
        "" => "estate.toml",
        key => key,
    };
    outln!("{}", paint.strong(key));
    outln!("  {}", explained.meaning);
    let kind = explained.kind.as_deref().unwrap_or("table");
    let row = |name: &str, text: &str| outln!("  {} {text}", paint.soft(&format!("{name:<8}")));
    row("kind", &format!("{kind}; {}", explained.need));
    if !explained.example.is_empty() {
        row("example", explained.example);
    }
    if let Some(value) = &explained.value {
        row("value", &value.replace('\n', "\n           "));
    }
    row("from", &from(&explained.origin));
    if let Some(note) = &explained.note {
        row("note", note);
    }
    if explained.below.is_empty() {
        return;
    }
    outln!();
    let columns = ["key", "value", "from"].map(str::to_owned);
    let rows: Vec<_> = explained
        .below
        .iter()
        .map(|below| {
            let value = below.value.as_deref().unwrap_or_default();
            vec![
                below.key.clone(),
                value.split_whitespace().collect::<Vec<_>>().join(" "),
                from(&below.origin),
            ]
        })
        .collect();
    super::table("Below it", &columns, &rows);
}

fn from(origin: &Origin) -> String {
    let at = |place: &Place| format!("{}:{}:{}", place.file, place.line, place.column);
    match origin {
        Origin::Said(place) => at(place),
        Origin::TakenOver { environment, place } => {
            format!("{}, taken over from {environment}", at(place))
        }
        Origin::Default => "the default".to_owned(),
        Origin::Nowhere => "not said".to_owned(),
    }
}
