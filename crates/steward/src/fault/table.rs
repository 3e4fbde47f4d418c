//! The faults as a table for people: what each breaks, and by what it is caught.

use std::fmt::Write as _;

use super::FAULTS;

/// The table of all faults, in Markdown.
pub fn fault_table() -> String {
    let mut text = String::from(
        "| fault | what is wrong | rows | caught by proof | by packets | by probe |\n|---|---|---|---|---|---|\n",
    );
    for fault in FAULTS {
        let caught = &fault.caught;
        let packets = if caught.packets { "yes" } else { "—" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {packets} | {} |",
            fault.name,
            fault.summary,
            fault.rows.join(", "),
            claims(caught.proof),
            claims(caught.probe)
        );
    }
    text
}

fn claims(patterns: &[&str]) -> String {
    if patterns.is_empty() {
        return "—".to_owned();
    }
    let cells: Vec<String> = patterns.iter().map(|claim| format!("`{claim}`")).collect();
    cells.join(", ")
}
