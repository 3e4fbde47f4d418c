//! Which references to secrets resolve.

use crate::command::Tried;

/// Shows what became of every reference, on standard output.
pub(crate) fn secrets(tried: &[Tried]) {
    let columns = ["verdict", "key", "reference", "why", "try"].map(str::to_owned);
    let rows: Vec<_> = tried
        .iter()
        .map(|one| {
            vec![
                one.verdict.to_string(),
                one.keys.join(", "),
                one.reference.clone(),
                one.why.clone().unwrap_or_default(),
                one.remedy.clone().unwrap_or_default(),
            ]
        })
        .collect();
    super::table("Secrets", &columns, &rows);
}
