//! `cargo xtask demo`: from a bare machine to pictures.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use crate::{
    setup, shell,
    shell::{Failure, Outcome},
    steps, web,
};

/// Builds `ibq` unless there is one already, reconstructs the sample pictures into `out/demo`, and opens the window where
/// there is a display.
pub(crate) fn run(window: bool, ibq: Option<&Path>) -> Outcome {
    let started = Instant::now();
    setup::for_demo()?;
    let ibq = match ibq {
        Some(program) => program.to_path_buf(),
        None => build_ibq()?,
    };
    let out = shell::root().join("out/demo");
    if out.exists() {
        std::fs::remove_dir_all(&out).map_err(shell::at(&out, "empty"))?;
    }
    let samples = sample_pictures()?;
    for sample in &samples {
        let name = sample.file_name().unwrap_or_default();
        let original = out.join("originals").join(name);
        web::copy_file(sample, &original)?;
    }
    let reconstructions = out.join("reconstructions");
    let mut reconstruct = shell::command(&ibq, &["reconstruct", "--compare"]);
    reconstruct.args(&samples).arg("-o").arg(&reconstructions);
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // Without a desktop session Mesa's choice of a device asks Wayland all the same, and complains on the terminal.
        reconstruct.env("NODEVICE_SELECT", "1");
    }
    shell::run(&mut reconstruct)?;
    println!("\nready after {}", steps::spoken(started.elapsed()));
    println!("originals        {}", out.join("originals").display());
    println!("reconstructions  {}", reconstructions.display());
    println!("comparison       {}", reconstructions.join("comparison.png").display());
    if window && has_display() {
        println!("opening the window (next time: {})", ibq.display());
        shell::run(&mut shell::command(&ibq, &[]))?;
    }
    Ok(())
}

/// The program as people use it: an optimized build.
pub(crate) fn build_ibq() -> Outcome<PathBuf> {
    println!("building ibq (some minutes the first time)");
    let cargo = ["build", "--locked", "--release", "--package", "ibq", "--bin", "ibq"];
    shell::run(&mut shell::command("cargo", &cargo))?;
    Ok(shell::built("release", "ibq"))
}

fn sample_pictures() -> Outcome<Vec<PathBuf>> {
    let folder = shell::root().join("assets/samples");
    let entries = std::fs::read_dir(&folder).map_err(shell::at(&folder, "read"))?;
    let mut pictures: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension().is_some_and(|ending| ending == "png" || ending == "jpg" || ending == "webp")
        })
        .collect();
    pictures.sort();
    if pictures.is_empty() {
        Err(Failure(format!("no sample pictures in {}", folder.display())))
    } else {
        Ok(pictures)
    }
}

fn has_display() -> bool {
    let named = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || named("DISPLAY") || named("WAYLAND_DISPLAY")
}
