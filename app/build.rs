//! Looks for the models that ship with the program, so that a checkout without them still builds.

use std::path::Path;

fn main() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/models");
    println!("cargo::rerun-if-changed={}", models.display());
    look_for(&models, "default.txt", "bundled_model", "IBQ_BUNDLED_MODEL");
    look_for(&models, "generator.txt", "bundled_generator", "IBQ_BUNDLED_GENERATOR");
}

/// The model folder that a text file names: its presence becomes a `cfg`, its name and place variables of the environment.
fn look_for(models: &Path, list: &str, cfg: &str, variable: &str) {
    println!("cargo::rustc-check-cfg=cfg({cfg})");
    let Ok(name) = std::fs::read_to_string(models.join(list)) else { return };
    let folder = models.join(name.trim());
    if ["config.json", "model.safetensors"].iter().all(|file| folder.join(file).is_file()) {
        println!("cargo::rustc-cfg={cfg}");
        println!("cargo::rustc-env={variable}_NAME={}", name.trim());
        println!("cargo::rustc-env={variable}_FOLDER={}", folder.display());
    } else {
        println!("cargo::warning={} is no model folder: building without it", folder.display());
    }
}
