//! A canvas that writes SVG: the few shapes that the diagram needs, with every text escaped.

use std::fmt::Write as _;

use super::style::{self, Hue};

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
    pub(super) fn dot(&mut self, x: f64, y: f64, hue: Hue) {
        let hue = hue.name();
        self.put(format_args!(
            "<circle cx='{x:.1}' cy='{y:.1}' r='4' class='f-{hue}'/>"
        ));
    }

    /// A line or curve by SVG path data, which is made of numbers alone.
    pub(super) fn path(&mut self, data: &str, class: &str) {
        self.put(format_args!("<path d='{data}' class='{class}'/>"));
    }

    /// A flow: a curve with an arrow head, over a halo of the paper's colour so that crossings stay readable.
    pub(super) fn flow(&mut self, data: &str, hue: Hue, what: &str) {
        self.path(data, "halo");
        let hue = hue.name();
        let what = escape(what);
        self.put(format_args!(
            "<path d='{data}' class='flow s-{hue}' marker-end='url(#a-{hue})'><title>{what}</title></path>"
        ));
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.body.write_fmt(element);
        self.body.push('\n');
    }

    /// The whole element.
    pub(super) fn finish(self, height: f64) -> String {
        let markers: String = Hue::ALL
            .iter()
            .map(|hue| {
                let name = hue.name();
                format!(
                    "<marker id='a-{name}' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='6.5' markerHeight='6.5' \
                     orient='auto'><path d='M0 0.6 L8 4 L0 7.4 z' class='f-{name}'/></marker>"
                )
            })
            .collect();
        let style = style::sheet();
        let Self { width, body } = self;
        format!(
            "<svg class='reeve' xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:.0} {height:.0}' width='{width:.0}' \
             height='{height:.0}' role='img'>\n<defs><style>{style}</style>{markers}</defs>\n\
             <rect width='100%' height='100%' class='paper'/>\n{body}</svg>\n"
        )
    }
}

/// How wide a text is, near enough to place things beside it: letters of 12 px are 6.4 px wide on average.
pub(super) fn width_of(text: &str) -> f64 {
    // Names are short; a length that does not fit 16 bits is drawn as one that just does.
    f64::from(u16::try_from(text.chars().count()).unwrap_or(u16::MAX)) * 6.4
}

/// As much of a text as fits a width at so many pixels a letter; what is cut off is three dots.
pub(super) fn fit(text: &str, width: f64, letter: f64) -> String {
    let mut room = width;
    let mut kept = String::with_capacity(text.len());
    let count = text.chars().count();
    if f64::from(u16::try_from(count).unwrap_or(u16::MAX)) * letter <= width {
        return text.to_owned();
    }
    for character in text.chars() {
        room -= letter;
        if room < letter {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    kept
}

/// As many of some texts as fit a width, and how many more there are.
pub(super) fn fitting(texts: &[String], separator: &str, width: f64, letter: f64) -> String {
    let whole = texts.join(separator);
    let rest = texts.len().saturating_sub(1);
    match texts {
        [first, _, ..] if fit(&whole, width, letter) != whole => {
            fit(&format!("{first} and {rest} more"), width, letter)
        }
        _ => fit(&whole, width, letter),
    }
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
