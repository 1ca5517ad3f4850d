//! The program's own window on a virtual display, driven by the keyboard. Its pictures are kept in `artifacts/`.
//!
//! Linux alone: elsewhere there is no Xvfb. The programs it needs are installed by `cargo xtask setup`.
#![cfg(target_os = "linux")]

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// Longest wait for the window: a software GPU on a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(480);

/// A program that is ended with the test, however that ends.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A display that nobody sees.
struct Display {
    name: String,
    _server: Ended,
}

impl Display {
    fn start(size: &str) -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &format!("{size}x24"), "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is missing: run `cargo xtask setup`");
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { name: format!(":{}", line.trim()), _server: Ended(server) }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DISPLAY", &self.name).env_remove("WAYLAND_DISPLAY");
        command
    }

    /// Runs xdotool and returns what it says, or nothing when it fails.
    fn xdotool(&self, arguments: &[&str]) -> Option<String> {
        let output = self.command("xdotool").args(arguments).output().expect("xdotool is missing");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Writes what is on the display as PNG and returns its pixels.
    fn picture(&self, name: &str) -> image::RgbImage {
        let path = artifacts().join(format!("{name}.png"));
        let status = self
            .command("sh")
            .args(["-c", r#"xwd -root -silent | convert xwd:- "$0""#])
            .arg(&path)
            .status()
            .unwrap();
        assert!(status.success(), "xwd and ImageMagick gave no picture");
        image::open(&path).unwrap().to_rgb8()
    }

    /// Waits until nothing has changed for some seconds: while the engine works, its progress is drawn.
    fn rested(&self, name: &str) -> image::RgbImage {
        let started = Instant::now();
        let mut last = self.picture(name);
        let mut still = 0;
        while still < 4 {
            assert!(started.elapsed() < PATIENCE, "{name}: the window does not come to rest");
            sleep(Duration::from_secs(1));
            let now = self.picture(name);
            still = if now == last { still + 1 } else { 0 };
            last = now;
        }
        last
    }

    /// Waits until the display shows something else than before, and then rests.
    fn changed(&self, name: &str, before: &image::RgbImage) -> image::RgbImage {
        let started = Instant::now();
        loop {
            let now = self.picture(name);
            if difference(&now, before) > 0.002 {
                sleep(Duration::from_millis(500));
                return self.picture(name);
            }
            assert!(started.elapsed() < PATIENCE, "{name}: the window did not change");
            sleep(Duration::from_millis(250));
        }
    }
}

fn artifacts() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../artifacts/window");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Share of the pixels that differ clearly.
fn difference(a: &image::RgbImage, b: &image::RgbImage) -> f64 {
    let differs = |(a, b): &(&image::Rgb<u8>, &image::Rgb<u8>)| (0..3).any(|i| a.0[i].abs_diff(b.0[i]) > 24);
    let count = a.pixels().zip(b.pixels()).filter(differs).count();
    count as f64 / f64::from(a.width() * a.height())
}

/// Starts the program and waits for its window; answers with the window's number.
fn open_window(display: &Display) -> (Ended, String) {
    let mut window = Ended(display.command(env!("CARGO_BIN_EXE_ibq")).spawn().unwrap());
    let started = Instant::now();
    loop {
        if let Some(id) = display.xdotool(&["search", "--name", "^IBQ Studio$"]).filter(|id| !id.is_empty()) {
            return (window, id.lines().next().unwrap().to_owned());
        }
        assert!(window.0.try_wait().unwrap().is_none(), "the program ended without a window");
        assert!(started.elapsed() < PATIENCE, "no window");
        sleep(Duration::from_millis(250));
    }
}

#[test]
fn the_window_opens_and_follows_the_keyboard() {
    let display = Display::start("1280x800");
    let empty = display.picture("empty");
    let (mut window, id) = open_window(&display);
    let first = display.changed("start", &empty);
    // Without a window manager nobody gives the window the keyboard.
    display.xdotool(&["windowfocus", "--sync", &id]);

    // Another size while the engine works: that must disturb neither.
    for size in ["1100", "1000", "1280"] {
        display.xdotool(&["windowsize", &id, size, "780"]);
        sleep(Duration::from_millis(400));
    }
    let shown = display.rested("reconstructed");
    assert!(difference(&shown, &first) > 0.01, "nothing was reconstructed");

    let press = |key: &str| assert!(display.xdotool(&["key", key]).is_some(), "xdotool pressed no {key}");
    // There is something to show beside the original: the reconstruction of the first sample came without a click.
    press("b");
    let beside = display.changed("side-by-side", &shown);
    press("g");
    display.changed("tokens", &beside);
    press("g");
    press("s");
    let shown = display.changed("split", &beside);

    press("question");
    let help = display.changed("help", &shown);
    press("Escape");
    let back = display.changed("back", &help);
    press("2");
    let system = display.changed("system", &back);
    press("t");
    display.changed("system-light", &system);
    assert!(window.0.try_wait().unwrap().is_none(), "the program ended");
}

#[test]
fn without_a_display_the_program_says_what_it_needs() {
    let output = Command::new(env!("CARGO_BIN_EXE_ibq"))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no window can be opened") && said.contains("DISPLAY"), "{said}");
}
