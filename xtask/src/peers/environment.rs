//! What the peers run in: a Python environment, and a folder of npm.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::shell::{self, Failure, Outcome};

/// What pip installs beside PyTorch.
const PACKAGES: [&str; 6] = ["onnxruntime", "onnx", "onnxscript", "numpy", "safetensors", "pillow"];
/// Where PyTorch without the libraries of GPUs is published.
const CPU_INDEX: &str = "https://download.pytorch.org/whl/cpu";
/// The package of npm, with the version that is compared.
const ONNXRUNTIME_WEB: &str = "onnxruntime-web@1.30.0";

/// A Python environment with PyTorch and onnxruntime, in `target/peers/venv`.
pub(super) struct Environment {
    python: PathBuf,
}

impl Environment {
    /// Makes it where it is not there yet.
    pub(super) fn prepare() -> Outcome<Self> {
        let folder = shell::target().join("peers/venv");
        let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
        let environment = Self { python };
        if environment.is_complete() {
            return Ok(environment);
        }
        let Some(system) = ["python3", "python"].into_iter().find_map(shell::find_program) else {
            return Err(Failure(
                "there is no Python: install Python 3.10 or newer with its venv module (Debian: python3-venv)"
                    .to_owned(),
            ));
        };
        println!("making a Python environment in {}", folder.display());
        let made = shell::run(shell::command(system, &["-m", "venv"]).arg(&folder));
        made.map_err(|Failure(message)| {
            Failure(format!("{message}\nPython needs its venv module (Debian: apt install python3-venv)"))
        })?;
        environment.install_pytorch()?;
        environment.pip(&PACKAGES)?;
        Ok(environment)
    }

    /// The build for processors; where its index cannot be reached, the larger build of the index that pip is set to. Both compute
    /// the same on the processor, and the page names the build.
    fn install_pytorch(&self) -> Outcome {
        println!("installing PyTorch from {CPU_INDEX}");
        if self.pip(&["--retries", "1", "--index-url", CPU_INDEX, "torch"]).is_ok() {
            return Ok(());
        }
        println!("that index gave none: installing PyTorch from the index that pip is set to");
        self.pip(&["torch"])
    }

    fn is_complete(&self) -> bool {
        let script = "import torch, onnxruntime, onnx, onnxscript, numpy, safetensors, PIL";
        self.python.is_file()
            && shell::command(&self.python, &["-c", script]).status().is_ok_and(|status| status.success())
    }

    fn pip(&self, words: &[&str]) -> Outcome {
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        shell::run(shell::command(&self.python, &pip).args(words))
    }

    /// Runs `xtask/peers/measure.py` and returns what it printed.
    pub(super) fn measure(&self, words: &[&str]) -> Outcome<String> {
        shell::read(shell::command(&self.python, &["xtask/peers/measure.py"]).args(words))
    }
}

/// Installs onnxruntime-web into a folder of its own, and returns that folder.
pub(super) fn install_onnxruntime_web(folder: &Path) -> Outcome<PathBuf> {
    if !folder.join("node_modules/onnxruntime-web/package.json").is_file() {
        println!("installing {ONNXRUNTIME_WEB} from npm");
        fs::create_dir_all(folder).map_err(shell::at(folder, "make"))?;
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        let words = ["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", "."];
        shell::run(shell::command(npm, &words).arg(ONNXRUNTIME_WEB).current_dir(folder))?;
    }
    Ok(folder.to_path_buf())
}
