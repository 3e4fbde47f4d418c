//! Tables in columns.

/// Shows a table on standard output, each column as wide as its widest cell.
pub(crate) fn table(title: &str, columns: &[String], rows: &[Vec<String>]) {
    let paint = super::Paint::of(std::io::IsTerminal::is_terminal(&std::io::stdout()));
    outln!("{}", paint.strong(title));
    if rows.is_empty() {
        outln!("  (none)\n");
        return;
    }
    let mut widths: Vec<usize> = columns.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[String]| {
        let padded: Vec<_> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("  {}", padded.join("  ").trim_end())
    };
    outln!("{}", paint.soft(&line(columns)));
    for row in rows {
        outln!("{}", line(row));
    }
    outln!();
}
