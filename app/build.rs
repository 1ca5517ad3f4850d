//! Looks for the model that ships with the program, so that a checkout without one still builds.

use std::path::Path;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(bundled_model)");
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/models");
    println!("cargo::rerun-if-changed={}", models.display());
    let Ok(name) = std::fs::read_to_string(models.join("default.txt")) else { return };
    let folder = models.join(name.trim());
    if ["config.json", "model.safetensors"].iter().all(|file| folder.join(file).is_file()) {
        println!("cargo::rustc-cfg=bundled_model");
        println!("cargo::rustc-env=IBQ_BUNDLED_MODEL_NAME={}", name.trim());
        println!("cargo::rustc-env=IBQ_BUNDLED_MODEL_FOLDER={}", folder.display());
    } else {
        println!("cargo::warning={} is no model folder: building without a bundled model", folder.display());
    }
}
