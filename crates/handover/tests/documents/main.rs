//! What is handed over as files, word for word, and asked of the programs that read it where they are installed.

mod golden;
mod link;
mod names;
mod tools;
