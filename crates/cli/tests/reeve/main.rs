//! The program as people run it: on the example, with faults, broken estates, closed outputs, interruptions and kills.

mod commands;
mod estate;
mod faults;
mod interrupted;
mod kept;
mod killed;
mod machine;
mod pace;
mod place;
mod processes;
mod report;
mod together;
