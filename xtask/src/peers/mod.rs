//! `cargo xtask peers`: PyTorch, onnxruntime and onnxruntime-web beside ibq, on the processor.
//!
//! Python and JavaScript of `xtask/peers` compare tokens and print figures. What a case printed is kept in
//! `target/peers/figures` as soon as it has ended, so that the same command resumes after an interruption. All figures that are there
//! make `docs/performance.md`.

mod environment;
mod figures;
mod options;
mod page;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use crate::{
    acceptance::machine,
    demo, setup,
    shell::{self, Failure, Outcome},
};

use environment::Environment;
use figures::Figures;
use options::{Options, Part};

/// What all measurements share: the Python environment, the program to measure, and the options.
struct Bench {
    environment: Environment,
    ibq: PathBuf,
    options: Options,
}

/// One comparison: where its figures are kept, and what prints them.
struct Case {
    part: Part,
    name: String,
    words: Vec<String>,
}

/// Measures what the arguments name and has not been measured yet, and writes the page.
pub(crate) fn run(words: &[&str]) -> Outcome {
    let options = Options::parse(words)?;
    if options.table_only {
        return write_page();
    }
    let environment = Environment::prepare()?;
    let ibq = match &options.ibq {
        Some(program) => program.clone(),
        None => demo::build_ibq()?,
    };
    let bench = Bench { environment, ibq, options };
    bench.prepare_notes()?;
    for case in cases(&bench.options) {
        bench.measure(&case)?;
        write_page()?;
    }
    Ok(())
}

fn folder() -> PathBuf {
    shell::target().join("peers")
}

fn write_page() -> Outcome {
    let figures = Figures::parse(&read_figures()?)?;
    let path = shell::root().join("docs/performance.md");
    fs::write(&path, page::write(&figures)).map_err(shell::at(&path, "write"))?;
    println!("wrote {}", path.display());
    Ok(())
}

/// All figures that are kept, case by case in the order of their names.
fn read_figures() -> Outcome<String> {
    let folder = folder().join("figures");
    let entries = fs::read_dir(&folder).map_err(shell::at(&folder, "read"))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "tsv"));
    paths.sort();
    let mut text = String::new();
    for path in paths {
        text.push_str(&fs::read_to_string(&path).map_err(shell::at(&path, "read"))?);
    }
    Ok(text)
}

/// The cases of the parts that were asked for.
fn cases(options: &Options) -> Vec<Case> {
    let mut cases = Vec::new();
    for model in ["scenes-f4", "official"] {
        for size in ["256", "512"] {
            let words =
                ["tokenizer", "--folder", &folder_of(model), "--size", size].map(str::to_owned).to_vec();
            cases.push(Case { part: Part::Tokenizer, name: format!("tokenizer-{model}-{size}"), words });
        }
    }
    let words = vec!["transformer".to_owned()];
    cases.push(Case { part: Part::Transformer, name: "transformer".to_owned(), words });
    cases.push(Case { part: Part::Web, name: "web".to_owned(), words: Vec::new() });
    cases.retain(|case| options.wants(case.part));
    cases
}

/// The folder of a tokenizer: the bundled one's, or where the official configuration with random weights is written.
fn folder_of(model: &str) -> String {
    let bundled = shell::root().join("assets/models").join(model);
    let folder = if bundled.is_dir() { bundled } else { folder().join("models").join(model) };
    folder.display().to_string()
}

impl Bench {
    /// Keeps what the page says about the machine and the versions.
    fn prepare_notes(&self) -> Outcome {
        let mut text = self.environment.measure(&["versions"])?;
        let profile = match &self.options.ibq {
            Some(program) => format!("the program {}", program.file_name().unwrap_or_default().display()),
            None => "release build".to_owned(),
        };
        for (name, value) in [
            ("date", machine::today()),
            ("processor", format!("{}, {} cores", machine::processor(), machine::cores())),
            ("commit", machine::commit()?),
            ("ibq", profile),
            ("threads", self.options.threads.to_string()),
            ("remark", self.options.remark.clone()),
        ] {
            text.push_str(&format!("version\t{name}\t{value}\n"));
        }
        self.keep("about", &text)
    }

    fn measure(&self, case: &Case) -> Outcome {
        let path = self.path_of(&case.name);
        if path.exists() && !self.options.again {
            println!("{}: measured before (--again measures it again)", case.name);
            return Ok(());
        }
        println!("{}", case.name);
        let text = match case.part {
            Part::Web => self.measure_web()?,
            Part::Tokenizer | Part::Transformer => self.measure_native(&case.words)?,
        };
        // Rejects what the page could not read, before it is kept.
        Figures::parse(&text)?;
        self.keep(&case.name, &text)
    }

    fn measure_native(&self, words: &[String]) -> Outcome<String> {
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        let [ibq, work, models, picture] = [
            self.ibq.clone(),
            work_folder()?,
            shell::root().join("assets/models"),
            shell::root().join("assets/samples/castle.png"),
        ]
        .map(|path| path.display().to_string());
        let [rounds, threads] = [self.options.rounds, self.options.threads].map(|number| number.to_string());
        words.extend(["--ibq", &ibq, "--work", &work, "--models", &models, "--picture", &picture]);
        words.extend(["--rounds", &rounds, "--threads", &threads]);
        self.environment.measure(&words)
    }

    /// The bundled tokenizer in Chromium, with the JavaScript engine that `cargo xtask web` built.
    fn measure_web(&self) -> Outcome<String> {
        if !shell::root().join("web/dist/engine/ibq.js").is_file() {
            return Err(Failure(
                "there is no built JavaScript engine: run `cargo xtask web` first".to_owned(),
            ));
        }
        let Some(browser) = setup::browser() else {
            return Err(Failure("there is no Chromium: install it, or set CHROMIUM to its path".to_owned()));
        };
        setup::for_web()?;
        let (work, model) = (work_folder()?, folder_of("scenes-f4"));
        for size in BROWSER_SIZES {
            let words = ["browser-files", "--folder", &model, "--size", size].map(str::to_owned);
            self.measure_native(&words)?;
        }
        let npm = environment::install_onnxruntime_web(&folder().join("web"))?;
        let mut node = shell::command("node", &["xtask/peers/web.mjs"]);
        node.arg(work).arg(model).arg(npm).arg(self.options.rounds.to_string()).args(BROWSER_SIZES);
        shell::read(node.env("CHROMIUM", browser).stderr(Stdio::inherit()))
    }

    fn path_of(&self, name: &str) -> PathBuf {
        folder().join("figures").join(format!("{name}.tsv"))
    }

    fn keep(&self, name: &str, text: &str) -> Outcome {
        let path = self.path_of(name);
        make_folder(path.parent().unwrap_or(Path::new(".")))?;
        fs::write(&path, text).map_err(shell::at(&path, "write"))
    }
}

/// Sides of the pictures that the browser is given.
const BROWSER_SIZES: [&str; 2] = ["128", "256"];

fn work_folder() -> Outcome<PathBuf> {
    let path = folder().join("work");
    make_folder(&path)?;
    Ok(path)
}

fn make_folder(path: &Path) -> Outcome {
    fs::create_dir_all(path).map_err(shell::at(path, "make"))
}
