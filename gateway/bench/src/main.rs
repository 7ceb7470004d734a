//! Measures Parlor: how much CPU, memory and time its gateways take for what chats do.
//!
//! One thread drives all client connections with `epoll`, a shared read buffer and byte searches in
//! place of a JSON parser, so that the tool costs less than what it measures.

mod args;
mod driver;
mod environment;
mod floor;
mod heard;
mod ledger;
mod limits;
mod measure;
mod progress;
mod report;
mod scenarios;
mod schedule;
mod websocket;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Scenario};

fn main() -> ExitCode {
    let args = Args::parse();
    if let Scenario::FloorServer(floor) = &args.scenario {
        return exit_code(floor::serve(floor).map(|()| true));
    }
    exit_code(scenarios::run(&args).map(|report| {
        report.print(args.common.json);
        report.is_good()
    }))
}

fn exit_code(outcome: anyhow::Result<bool>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}
