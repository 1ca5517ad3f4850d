//! `ibq-bindgen WASM OUT_DIR NAME`: writes `NAME.js` and `NAME_bg.wasm`, an ES module for browsers, into OUT_DIR.
//!
//! A crate of its own because only the web build needs it, and `cargo xtask` should not wait for it.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [wasm, out_dir, name] = arguments.as_slice() else {
        eprintln!("usage: ibq-bindgen WASM OUT_DIR NAME");
        return ExitCode::from(2);
    };
    match bind(wasm, out_dir, name) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("wasm-bindgen: {wasm}: {message}");
            ExitCode::FAILURE
        }
    }
}

fn bind(wasm: &str, out_dir: &str, name: &str) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name(name).typescript(false).remove_producers_section(true);
    bindgen.web(true).map_err(|error| format!("{error:#}"))?;
    bindgen.generate(out_dir).map_err(|error| format!("{error:#}"))
}
