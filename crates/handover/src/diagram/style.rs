//! How the diagram looks: its shapes, and its colours on light and on dark paper.

/// What comes from whom, or stands for what, by colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hue {
    /// The operator.
    Operator,
    /// The Internet.
    Internet,
    /// The data centre.
    DataCentre,
    /// Bastions.
    Bastion,
    /// Balancers.
    Balancer,
    /// Products.
    Product,
    /// Databases.
    Database,
    /// Servers of names.
    Names,
    /// Everything else.
    Other,
}

impl Hue {
    /// All of them.
    pub(super) const ALL: [Self; 9] = [
        Self::Operator,
        Self::Internet,
        Self::DataCentre,
        Self::Bastion,
        Self::Balancer,
        Self::Product,
        Self::Database,
        Self::Names,
        Self::Other,
    ];

    /// Its class, which begins with `f-` where it fills and with `s-` where it strokes.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Internet => "internet",
            Self::DataCentre => "data-centre",
            Self::Bastion => "bastion",
            Self::Balancer => "balancer",
            Self::Product => "product",
            Self::Database => "database",
            Self::Names => "names",
            Self::Other => "other",
        }
    }

    /// Its colours on light and on dark paper, each at least 4.5 to 1 against the paper.
    fn colours(self) -> (&'static str, &'static str) {
        match self {
            Self::Operator => ("#1f4e79", "#7fb2e5"),
            Self::Internet => ("#b3261e", "#ff8a80"),
            Self::DataCentre => ("#6b4fa0", "#b9a3ea"),
            Self::Bastion => ("#0b7285", "#4fc3d6"),
            Self::Balancer => ("#1a7f4b", "#5fd093"),
            Self::Product => ("#9a6700", "#e3b341"),
            Self::Database => ("#c2410c", "#ff9d66"),
            Self::Names => ("#a8327d", "#f08fcb"),
            Self::Other => ("#5c6b7a", "#9fb0c0"),
        }
    }
}

/// Fonts and widths. Every rule begins with the drawing's own class: within a page, styles of an SVG hold for the
/// whole page.
const SHAPES: &str = "\
.reeve text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:12px}\
.reeve .title{font-size:22px;font-weight:600}\
.reeve .head{font-size:15px;font-weight:600}\
.reeve .name{font-weight:600}\
.reeve .small,.reeve .soft{font-size:11px}\
.reeve .tight{font-size:10px}\
.reeve .mono{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:10.5px}\
.reeve .end{text-anchor:end}\
.reeve .inv{font-weight:600;font-size:11px;text-anchor:middle}\
.reeve .vpc,.reeve .link,.reeve .peering{stroke-width:2}\
.reeve .zone{stroke-dasharray:5 4}\
.reeve .node{stroke-width:1.2}\
.reeve .router{stroke-width:1.8}\
.reeve .tunnel{stroke-width:2.5;stroke-dasharray:7 4}\
.reeve .line{stroke-width:4}\
.reeve .link,.reeve .tunnel,.reeve .line,.reeve .peering,.reeve .flow,.reeve .halo{fill:none}\
.reeve .flow{stroke-width:1.7;opacity:.85}\
.reeve .halo{stroke-width:4.5;opacity:.9}";

/// What is coloured: selector, property, colour on light paper, colour on dark.
const COLOURS: [(&str, &str, &str, &str); 33] = [
    ("text", "fill", "#1d2733", "#e4eaf1"),
    (".soft", "fill", "#5c6b7a", "#a3b1bf"),
    (".mono", "fill", "#5c6b7a", "#a3b1bf"),
    (".out", "fill", "#1a7f4b", "#5fd093"),
    (".inv", "fill", "#ffffff", "#ffffff"),
    (".paper", "fill", "#ffffff", "#12181f"),
    (".site", "fill", "#f5f7fa", "#1a222b"),
    (".site", "stroke", "#9aa7b4", "#5b6b7b"),
    (".vpc", "fill", "#ffffff", "#151d26"),
    (".vpc", "stroke", "#1f4e79", "#5b95cf"),
    (".zone", "fill", "#f8fafc", "#18212b"),
    (".zone", "stroke", "#cdd6e0", "#3b4957"),
    (".public", "fill", "#e9f5ec", "#16301f"),
    (".public", "stroke", "#8dc29c", "#3f7a52"),
    (".app", "fill", "#e9f0fa", "#172a42"),
    (".app", "stroke", "#93b3dc", "#426a9b"),
    (".data", "fill", "#fbf0e3", "#38270f"),
    (".data", "stroke", "#dfb37c", "#8c6531"),
    (".transit", "fill", "#f1edf8", "#271f3a"),
    (".transit", "stroke", "#b7a6d8", "#6b579a"),
    (".chip", "fill", "#ffffff", "#1f2933"),
    (".chip", "stroke", "#b8c4d0", "#4a5a69"),
    (".node", "fill", "#ffffff", "#1b242e"),
    (".node", "stroke", "#7d8b99", "#76879a"),
    (".router", "fill", "#ffffff", "#1b242e"),
    (".router", "stroke", "#6b4fa0", "#9c85d6"),
    (".row", "stroke", "#e6ebf0", "#2d3945"),
    (".badge", "fill", "#1f4e79", "#2b659c"),
    (".transitbar", "fill", "#6b4fa0", "#7458b0"),
    (".link", "stroke", "#5c6b7a", "#8c9bab"),
    (".tunnel,.line", "stroke", "#6b4fa0", "#b9a3ea"),
    (".peering", "stroke", "#0b7285", "#4fc3d6"),
    (".halo", "stroke", "#ffffff", "#12181f"),
];

/// The whole style sheet. Colours are written out, not given as variables, which not every viewer of SVG reads; dark is
/// for screens alone, so that paper stays light.
pub(super) fn sheet() -> String {
    let light = colours(|light, _| light);
    let dark = colours(|_, dark| dark);
    format!("{SHAPES}{light}@media screen and (prefers-color-scheme:dark){{{dark}}}")
}

fn colours(pick: impl Fn(&'static str, &'static str) -> &'static str) -> String {
    let mut rules: String = COLOURS
        .iter()
        .map(|(selectors, property, light, dark)| {
            let scoped: Vec<_> = selectors
                .split(',')
                .map(|selector| format!(".reeve {selector}"))
                .collect();
            format!("{}{{{property}:{}}}", scoped.join(","), pick(light, dark))
        })
        .collect();
    for hue in Hue::ALL {
        let (name, (light, dark)) = (hue.name(), hue.colours());
        let colour = pick(light, dark);
        rules.push_str(&format!(
            ".reeve .f-{name}{{fill:{colour}}}.reeve .s-{name}{{stroke:{colour}}}"
        ));
    }
    rules
}
