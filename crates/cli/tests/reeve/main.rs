//! The program as people run it: on the examples, with faults, broken estates, closed outputs, interruptions and kills.

mod commands;
mod daemons;
mod estate;
mod examples;
mod faults;
mod handed;
mod interrupted;
mod kept;
mod killed;
mod machine;
mod pace;
mod place;
mod processes;
mod report;
mod together;
