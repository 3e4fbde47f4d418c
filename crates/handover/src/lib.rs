//! Renders what people are handed: the report of a run, the diagram of an estate, what its network team needs, and names.
//!
//! Pure: values in, text out. It asks nothing, decides no verdict and knows nothing of where evidence comes from.

mod agreed;
mod diagram;
pub mod link;
pub mod names;
mod page;
mod report;

pub use agreed::{Agreed, agreed};
pub use diagram::{Scene, diagram};
pub use page::{RenderError, html};
pub use report::{
    Disagreement, FaultSeen, Listening, MatrixCount, NotRehearsed, Phase, Report, Totals, VERSION,
    totals,
};
