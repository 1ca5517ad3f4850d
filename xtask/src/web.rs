//! `cargo xtask web`: the page and the JavaScript engine, complete in `web/dist`, ready for any static server.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use crate::{
    release, setup, shell,
    shell::{Failure, Outcome},
    steps,
};

/// The page's own code must stay below this, compressed with brotli, without models.
const MOST_COMPRESSED: u64 = 3_000_000;

/// What the page's service worker does not keep: files for other pages, and the notices.
const NOT_KEPT: &[&str] = &["engine/", "engine-example", "sw.js", "precache.js", release::NOTICES];

/// How much time goes into a small result.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Optimize {
    /// Link-time optimization and wasm-opt: what is published.
    Fully,
    /// Neither: for trying a change.
    Little,
}

/// One wasm module of the page.
struct Module {
    /// Folder in `web/dist`.
    folder: &'static str,
    /// Name of the ES module that wasm-bindgen writes.
    name: &'static str,
    /// Cargo features of the crate `ibq`.
    features: &'static [&'static str],
    /// Whether a page loads it with a progress bar, and so needs to know its size beforehand.
    shows_progress: bool,
}

/// The studio: the whole page.
const STUDIO: Module = Module { folder: "studio", name: "studio", features: &[], shows_progress: true };
/// The engine for other pages' scripts.
const ENGINE: Module = Module {
    folder: "engine",
    name: "ibq_wasm",
    features: &["--no-default-features"],
    shows_progress: false,
};

/// The commands that compile the modules, before anything is done with them.
pub(crate) fn compile_commands(optimize: Optimize) -> Vec<Command> {
    [&STUDIO, &ENGINE].map(|module| compile_command(module, optimize)).into()
}

/// Builds everything into `web/dist`, with the program `bindgen` where there is one already.
pub(crate) fn build(optimize: Optimize, bindgen: Option<&Path>) -> Outcome {
    let started = Instant::now();
    setup::for_web()?;
    let root = shell::root();
    let dist = root.join("web/dist");
    if dist.exists() {
        std::fs::remove_dir_all(&dist).map_err(shell::at(&dist, "empty"))?;
    }
    copy_folder(&root.join("web/page"), &dist)?;
    copy_folder(&root.join("web/engine"), &dist.join("engine"))?;
    for assets in ["assets/models", "assets/samples"] {
        // The page also runs without them: it then waits for a model and a picture.
        if root.join(assets).is_dir() {
            copy_folder(&root.join(assets), &dist.join(assets))?;
        }
    }
    for license in ["LICENSE-MIT", "LICENSE-APACHE"] {
        copy_file(&root.join(license), &dist.join(license))?;
    }
    release::write_notices(&dist.join(release::NOTICES))?;
    let bindgen = match bindgen {
        Some(program) => program.to_path_buf(),
        None => {
            shell::run(&mut shell::command("cargo", &["build", "--locked", "--package", "ibq-bindgen"]))?;
            shell::built("debug", "ibq-bindgen")
        }
    };
    for module in [&STUDIO, &ENGINE] {
        compile(module, &bindgen, &dist, optimize)?;
    }
    list_samples(&dist)?;
    list_for_offline(&dist)?;
    report_sizes(&dist, optimize)?;
    println!("web/dist is complete after {}; `cargo xtask serve` shows it", steps::spoken(started.elapsed()));
    Ok(())
}

/// The cargo profile of the modules.
fn profile(optimize: Optimize) -> &'static str {
    match optimize {
        Optimize::Fully => "web",
        Optimize::Little => "web-fast",
    }
}

/// Compiles one module; both have the same file name, so that one is bound before the other is compiled.
fn compile_command(module: &Module, optimize: Optimize) -> Command {
    let mut cargo = shell::command(
        "cargo",
        &["build", "--locked", "--package", "ibq", "--lib", "--target", "wasm32-unknown-unknown"],
    );
    cargo.args(["--profile", profile(optimize)]).args(module.features);
    // Joined with the flags in .cargo/config.toml.
    cargo
        .args(["--config", &format!("target.wasm32-unknown-unknown.rustflags = {}", release::remap_flags())]);
    cargo
}

fn compile(module: &Module, bindgen: &Path, dist: &Path, optimize: Optimize) -> Outcome {
    shell::run(&mut compile_command(module, optimize))?;
    let wasm = shell::target().join("wasm32-unknown-unknown").join(profile(optimize)).join("ibq_studio.wasm");
    let folder = dist.join(module.folder);
    shell::run(shell::command(bindgen, &[]).arg(&wasm).arg(&folder).arg(module.name))?;
    let bound = folder.join(format!("{}_bg.wasm", module.name));
    if optimize == Optimize::Fully {
        shrink(&bound)?;
    }
    release::check_no_paths(&bound)?;
    if module.shows_progress {
        // Compressed transfers do not say how long their content is.
        let path = folder.join("size.js");
        let text = format!("export const STUDIO_BYTES = {};\n", size(&bound)?);
        std::fs::write(&path, text).map_err(shell::at(&path, "write"))?;
    }
    Ok(())
}

/// Runs wasm-opt in place.
fn shrink(wasm: &Path) -> Outcome {
    let started = Instant::now();
    let before = size(wasm)?;
    let tool = shell::root().join("web/node_modules/binaryen/bin/wasm-opt");
    // The features are what rustc 1.95 may emit. -Os takes four minutes and makes the file smaller, but, compressed, larger.
    let flags = [
        "-O1",
        "--strip-debug",
        "--enable-bulk-memory",
        "--enable-mutable-globals",
        "--enable-nontrapping-float-to-int",
        "--enable-reference-types",
        "--enable-sign-ext",
        "--enable-multivalue",
        "--enable-simd",
    ];
    shell::run(shell::command("node", &[]).arg(tool).args(flags).arg(wasm).arg("-o").arg(wasm))?;
    let name = wasm.file_name().unwrap_or_default().to_string_lossy();
    println!(
        "wasm-opt: {name} from {} to {} bytes in {}",
        before,
        size(wasm)?,
        steps::spoken(started.elapsed())
    );
    Ok(())
}

/// `assets/samples/index.json`: the names of the sample pictures, since a page cannot list a folder.
fn list_samples(dist: &Path) -> Outcome {
    let folder = dist.join("assets/samples");
    std::fs::create_dir_all(&folder).map_err(shell::at(&folder, "create"))?;
    let names: Vec<String> = files(&folder)?
        .iter()
        .filter(|name| !name.ends_with(".md"))
        .map(|name| format!("{name:?}"))
        .collect();
    let path = folder.join("index.json");
    std::fs::write(&path, format!("[{}]\n", names.join(", "))).map_err(shell::at(&path, "write"))
}

/// `precache.js`: what the service worker keeps for visits without a network, each with its SHA-256, and a version that changes
/// with any of it.
fn list_for_offline(dist: &Path) -> Outcome {
    let mut hasher = DefaultHasher::new();
    let mut kept = Vec::new();
    for (name, integrity) in hashes(dist)? {
        (&name, &integrity).hash(&mut hasher);
        if name == "index.html" {
            kept.push(format!("[\"./\", {integrity:?}]"));
        }
        if !NOT_KEPT.iter().any(|start| name.starts_with(start)) {
            kept.push(format!("[{name:?}, {integrity:?}]"));
        }
    }
    let text = format!(
        "self.IBQ_VERSION = \"{:016x}\";\nself.IBQ_FILES = [\n  {}\n];\n",
        hasher.finish(),
        kept.join(",\n  ")
    );
    let path = dist.join("precache.js");
    std::fs::write(&path, text).map_err(shell::at(&path, "write"))
}

/// All files under a folder with their SHA-256, as browsers check it: `sha256-BASE64`.
fn hashes(folder: &Path) -> Outcome<Vec<(String, String)>> {
    let names = files(folder)?;
    let script = "const {readFileSync} = require('fs'), {createHash} = require('crypto');\
                  for (const path of process.argv.slice(1))\
                  console.log('sha256-' + createHash('sha256').update(readFileSync(path)).digest('base64'))";
    let mut node = shell::command("node", &["-e", script]);
    let text = shell::read(node.args(names.iter().map(|name| folder.join(name))))?;
    let hashes: Vec<String> = text.lines().map(str::to_owned).collect();
    if hashes.len() != names.len() {
        return Err(Failure(format!("node hashed {} of {} files", hashes.len(), names.len())));
    }
    Ok(names.into_iter().zip(hashes).collect())
}

/// Prints what a visitor downloads, and fails where the page's own code is too large.
fn report_sizes(dist: &Path, optimize: Optimize) -> Outcome {
    println!("{:<44} {:>12} {:>12}", "file in web/dist", "bytes", "brotli");
    let mut page = 0;
    for name in files(dist)? {
        let path = dist.join(&name);
        let is_code = ["wasm", "js", "html", "css"].iter().any(|ending| name.ends_with(ending));
        if !is_code {
            println!("{name:<44} {:>12}", size(&path)?);
            continue;
        }
        let compressed = brotli_size(&path, optimize)?;
        println!("{name:<44} {:>12} {compressed:>12}", size(&path)?);
        if !NOT_KEPT.iter().any(|start| name.starts_with(start)) {
            page += compressed;
        }
    }
    println!("the page's own code, compressed: {page} bytes of at most {MOST_COMPRESSED}");
    if page > MOST_COMPRESSED && optimize == Optimize::Fully {
        return Err(Failure("the page's code is too large".to_owned()));
    }
    Ok(())
}

fn brotli_size(path: &Path, optimize: Optimize) -> Outcome<u64> {
    let quality = if optimize == Optimize::Fully { "11" } else { "5" };
    let script = "const {readFileSync} = require('fs'), zlib = require('zlib');\
                  const params = {[zlib.constants.BROTLI_PARAM_QUALITY]: +process.argv[2]};\
                  console.log(zlib.brotliCompressSync(readFileSync(process.argv[1]), {params}).length)";
    let text = shell::read(shell::command("node", &["-e", script]).arg(path).arg(quality))?;
    text.trim().parse().map_err(|_| Failure(format!("node did not compress {}: {text}", path.display())))
}

fn size(path: &Path) -> Outcome<u64> {
    Ok(std::fs::metadata(path).map_err(shell::at(path, "measure"))?.len())
}

/// All files under a folder, sorted, with forward slashes.
fn files(folder: &Path) -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(relative) = waiting.pop() {
        let path = folder.join(&relative);
        for entry in std::fs::read_dir(&path).map_err(shell::at(&path, "list"))? {
            let entry = entry.map_err(shell::at(&path, "list"))?;
            let relative = relative.join(entry.file_name());
            if entry.path().is_dir() {
                waiting.push(relative);
            } else {
                found.push(relative.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn copy_folder(from: &Path, to: &Path) -> Outcome {
    for name in files(from)? {
        copy_file(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

/// Copies a file and makes the folders that it needs.
pub(crate) fn copy_file(from: &Path, to: &Path) -> Outcome {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).map_err(shell::at(folder, "create"))?;
    }
    std::fs::copy(from, to).map(|_| ()).map_err(shell::at(from, "copy"))
}
