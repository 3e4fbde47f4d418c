//! Tables of plain text: columns as wide as what stands in them.

/// The longest text of a cell that comes from elsewhere; a server may answer with 64 KiB.
const LONGEST: usize = 160;

/// Rows as lines, each column but the last padded to its widest cell.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let line: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// A text as one line of what can be seen, cut where it is too long.
pub(super) fn line(text: &str) -> String {
    let mut letters = text
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    if letters.chars().count() > LONGEST {
        letters = letters.chars().take(LONGEST - 1).collect();
        letters.push('…');
    }
    letters
}
