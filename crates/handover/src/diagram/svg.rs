//! A canvas that writes SVG: the few shapes that the diagram needs, with every text escaped.

use std::fmt::Write as _;

/// Every rule begins with the drawing's own class: within a page, styles of an SVG hold for the whole page.
const STYLE: &str = "\
.reeve text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:12px;fill:#1d2733}\
.reeve .title{font-size:22px;font-weight:600}\
.reeve .head{font-size:15px;font-weight:600}\
.reeve .name{font-weight:600}\
.reeve .small{font-size:11px}\
.reeve .tight{font-size:10px}\
.reeve .out{fill:#1a7f4b}\
.reeve .soft{fill:#5c6b7a;font-size:11px}\
.reeve .mono{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:10.5px;fill:#5c6b7a}\
.reeve .end{text-anchor:end}\
.reeve .mid{text-anchor:middle}\
.reeve .inv{fill:#fff;font-weight:600;font-size:11px;text-anchor:middle}\
.reeve .site{fill:#f5f7fa;stroke:#9aa7b4}\
.reeve .vpc{fill:#fff;stroke:#1f4e79;stroke-width:2}\
.reeve .zone{fill:#f8fafc;stroke:#cdd6e0;stroke-dasharray:5 4}\
.reeve .public{fill:#e9f5ec;stroke:#8dc29c}\
.reeve .app{fill:#e9f0fa;stroke:#93b3dc}\
.reeve .data{fill:#fbf0e3;stroke:#dfb37c}\
.reeve .transit{fill:#f1edf8;stroke:#b7a6d8}\
.reeve .chip{fill:#fff;stroke:#b8c4d0}\
.reeve .node{fill:#fff;stroke:#7d8b99;stroke-width:1.2}\
.reeve .row{stroke:#e6ebf0}\
.reeve .badge{fill:#1f4e79}\
.reeve .transitbar{fill:#6b4fa0}\
.reeve .link{fill:none;stroke:#5c6b7a;stroke-width:2}\
.reeve .tunnel{fill:none;stroke:#6b4fa0;stroke-width:2.5;stroke-dasharray:7 4}\
.reeve .peering{fill:none;stroke:#0b7285;stroke-width:2}\
.reeve .flow{fill:none;stroke-width:1.7;opacity:.85}\
.reeve .halo{fill:none;stroke:#fff;stroke-width:4.5;opacity:.9}";

/// A drawing of a fixed width that grows downwards.
pub(super) struct Canvas {
    width: f64,
    body: String,
}

impl Canvas {
    pub(super) fn new(width: f64) -> Self {
        Self {
            width,
            body: String::new(),
        }
    }

    pub(super) fn width(&self) -> f64 {
        self.width
    }

    pub(super) fn rect(
        &mut self,
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        radius: f64,
        class: &str,
    ) {
        self.put(format_args!(
            "<rect x='{x:.1}' y='{y:.1}' width='{width:.1}' height='{height:.1}' rx='{radius}' class='{class}'/>"
        ));
    }

    pub(super) fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let text = escape(text);
        self.put(format_args!(
            "<text x='{x:.1}' y='{y:.1}' class='{class}'>{text}</text>"
        ));
    }

    /// A coloured dot.
    pub(super) fn dot(&mut self, x: f64, y: f64, colour: &str) {
        self.put(format_args!(
            "<circle cx='{x:.1}' cy='{y:.1}' r='4' fill='{colour}'/>"
        ));
    }

    /// A line or curve by SVG path data, which is made of numbers alone.
    pub(super) fn path(&mut self, data: &str, class: &str) {
        self.put(format_args!("<path d='{data}' class='{class}'/>"));
    }

    /// A flow: a curve with an arrow head, over a white halo so that crossings stay readable.
    pub(super) fn flow(&mut self, data: &str, colour: &str, what: &str) {
        self.path(data, "halo");
        let marker = colour.trim_start_matches('#');
        let what = escape(what);
        self.put(format_args!(
            "<path d='{data}' class='flow' stroke='{colour}' marker-end='url(#a{marker})'><title>{what}</title></path>"
        ));
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.body.write_fmt(element);
        self.body.push('\n');
    }

    /// The whole element.
    pub(super) fn finish(self, height: f64) -> String {
        let markers: String = super::flows::COLOURS
            .iter()
            .map(|colour| {
                let name = colour.trim_start_matches('#');
                format!(
                    "<marker id='a{name}' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='6.5' markerHeight='6.5' \
                     orient='auto'><path d='M0 0.6 L8 4 L0 7.4 z' fill='{colour}'/></marker>"
                )
            })
            .collect();
        let Self { width, body } = self;
        format!(
            "<svg class='reeve' xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:.0} {height:.0}' width='{width:.0}' \
             height='{height:.0}' role='img'>\n<defs><style>{STYLE}</style>{markers}</defs>\n\
             <rect width='100%' height='100%' fill='#fff'/>\n{body}</svg>\n"
        )
    }
}

/// How wide a text is, near enough to place things beside it: letters of 12 px are 6.4 px wide on average.
pub(super) fn width_of(text: &str) -> f64 {
    // Names are short; a length that does not fit 16 bits is drawn as one that just does.
    f64::from(u16::try_from(text.chars().count()).unwrap_or(u16::MAX)) * 6.4
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\'' => safe.push_str("&#39;"),
            '"' => safe.push_str("&quot;"),
            // XML allows no other control characters.
            control if control.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_text() {
        let mut canvas = Canvas::new(100.0);
        canvas.text(0.0, 0.0, "name", "</text><script>alert('x')</script>\u{0}");
        let drawn = canvas.finish(10.0);
        assert!(!drawn.contains("<script"), "{drawn}");
        assert!(!drawn.contains('\u{0}'), "{drawn}");
    }
}
