//! Installing what the commands need: on Debian and Ubuntu through apt, elsewhere by saying exactly what is missing.

use std::path::Path;

use crate::shell::{self, Failure, Outcome};

/// One thing that must be on the machine.
struct Need {
    /// What it is for, in words.
    what: &'static str,
    /// The Debian packages that bring it.
    packages: &'static [&'static str],
    /// What to do on other systems.
    elsewhere: &'static str,
    /// Whether it is there.
    present: fn() -> bool,
}

const VULKAN: Need = Need {
    what: "a Vulkan driver (the software one, lavapipe, where there is no GPU)",
    packages: &["libvulkan1", "mesa-vulkan-drivers"],
    elsewhere: "install your GPU's Vulkan driver, or Mesa's lavapipe (Fedora: mesa-vulkan-drivers vulkan-loader; \
                Arch: vulkan-swrast vulkan-icd-loader)",
    present: has_vulkan,
};

const WINDOW: Need = Need {
    what: "the libraries that open a window",
    packages: &[
        "libx11-6",
        "libx11-xcb1",
        "libxcb1",
        "libxcursor1",
        "libxi6",
        "libxrandr2",
        "libxkbcommon0",
        "libxkbcommon-x11-0",
        "libwayland-client0",
        "libwayland-cursor0",
        "libwayland-egl1",
    ],
    elsewhere: "install libX11, libXcursor, libXi, libXrandr, libxkbcommon (with its X11 part) and libwayland",
    present: || {
        !cfg!(target_os = "linux")
            || has_libraries(&["libX11.so.6", "libXcursor.so.1", "libXi.so.6", "libxkbcommon-x11.so.0"])
    },
};

const VIRTUAL_DISPLAY: Need = Need {
    what: "a virtual display (for the test that opens the window)",
    packages: &["xvfb", "xauth", "xdotool", "x11-apps", "imagemagick"],
    elsewhere: "install Xvfb, xdotool, xwd and ImageMagick",
    present: || !cfg!(target_os = "linux") || ["Xvfb", "xdotool", "xwd"].into_iter().all(shell::has_program),
};

const NODE: Need = Need {
    what: "Node.js 18 or newer with npm (for wasm-opt and the browser test)",
    packages: &["nodejs", "npm"],
    elsewhere: "install Node.js 18 or newer from https://nodejs.org or your package manager",
    present: || shell::has_program("node") && shell::has_program("npm"),
};

const BROWSER: Need = Need {
    what: "Chromium (for the browser test)",
    packages: &["chromium"],
    elsewhere: "install Chromium or Chrome and set CHROMIUM to its path",
    present: || browser().is_some(),
};

/// What a person needs to run `ibq`.
pub(crate) fn for_demo() -> Outcome {
    install(&[VULKAN, WINDOW])
}

/// What the page's build needs.
pub(crate) fn for_web() -> Outcome {
    rust_parts()?;
    install(&[NODE])?;
    node_modules()
}

/// What everything needs.
pub(crate) fn everything() -> Outcome {
    install(&[VULKAN, WINDOW, VIRTUAL_DISPLAY, NODE, BROWSER])?;
    rust_parts()?;
    node_modules()
}

/// What the tests without a browser need.
pub(crate) fn for_quick_test() -> Outcome {
    install(&[VULKAN, WINDOW])?;
    rust_parts()
}

/// The browser that the browser test starts: `CHROMIUM`, or the first one on the PATH.
pub(crate) fn browser() -> Option<std::path::PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return Some(path.into());
    }
    ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]
        .into_iter()
        .find_map(shell::find_program)
}

/// The components and the target named in `rust-toolchain.toml`, for installations that do not add them by themselves.
fn rust_parts() -> Outcome {
    if !shell::has_program("rustup") {
        return Ok(());
    }
    let channel = toolchain_channel()?;
    let installed = |kind: &str| {
        shell::read(&mut shell::command("rustup", &[kind, "list", "--installed", "--toolchain", &channel]))
    };
    if !installed("target")?.lines().any(|line| line == "wasm32-unknown-unknown") {
        say("the wasm32 target of Rust");
        shell::run(&mut shell::command(
            "rustup",
            &["target", "add", "wasm32-unknown-unknown", "--toolchain", &channel],
        ))?;
    }
    let components = installed("component")?;
    for name in ["rustfmt", "clippy"] {
        if !components.lines().any(|line| line.starts_with(name)) {
            say(name);
            shell::run(&mut shell::command("rustup", &["component", "add", name, "--toolchain", &channel]))?;
        }
    }
    Ok(())
}

/// The toolchain that this checkout is pinned to.
fn toolchain_channel() -> Outcome<String> {
    let path = shell::root().join("rust-toolchain.toml");
    let text = std::fs::read_to_string(&path).map_err(shell::at(&path, "read"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("channel = \"")?.strip_suffix('"'))
        .map(str::to_owned)
        .ok_or_else(|| Failure(format!("{} names no channel", path.display())))
}

/// The exact versions of `web/package-lock.json`, into `web/node_modules`.
fn node_modules() -> Outcome {
    let web = shell::root().join("web");
    let marker = web.join("node_modules/.package-lock.json");
    let lock = web.join("package-lock.json");
    let time = |path: &Path| std::fs::metadata(path).and_then(|data| data.modified()).ok();
    if time(&marker).is_some_and(|made| time(&lock).is_some_and(|locked| made >= locked)) {
        return Ok(());
    }
    say("wasm-opt and the browser driver from npm");
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    shell::run(shell::command(npm, &["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&web))
}

fn install(needs: &[Need]) -> Outcome {
    let missing: Vec<&Need> = needs.iter().filter(|need| !(need.present)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !shell::has_program("apt-get") {
        let list: Vec<String> =
            missing.iter().map(|need| format!("  {}\n    {}", need.what, need.elsewhere)).collect();
        return Err(Failure(format!(
            "this machine lacks:\n{}\nThen run the command again.",
            list.join("\n")
        )));
    }
    for need in &missing {
        say(need.what);
    }
    apt(&["update", "-qq"])?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(missing.iter().flat_map(|need| need.packages));
    apt(&arguments)
}

fn apt(arguments: &[&str]) -> Outcome {
    let needs_sudo = !is_root();
    if needs_sudo && !shell::has_program("sudo") {
        return Err(Failure(format!("as root, run: apt-get {}", arguments.join(" "))));
    }
    let mut command = if needs_sudo {
        let mut command = shell::command("sudo", &["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        command.args(arguments).stdin(std::process::Stdio::inherit());
        command
    } else {
        shell::command("apt-get", arguments)
    };
    shell::run(command.env("DEBIAN_FRONTEND", "noninteractive").stdout(std::process::Stdio::null()))
}

fn is_root() -> bool {
    shell::read(&mut shell::command("id", &["-u"])).is_ok_and(|id| id.trim() == "0")
}

fn has_vulkan() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let named =
        ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].into_iter().any(|name| std::env::var_os(name).is_some());
    let home = std::env::var("HOME").unwrap_or_default();
    let folders = [
        "/usr/share".to_owned(),
        "/usr/local/share".to_owned(),
        "/etc".to_owned(),
        format!("{home}/.local/share"),
    ];
    let driver = folders.iter().any(|folder| {
        std::fs::read_dir(Path::new(folder).join("vulkan/icd.d"))
            .is_ok_and(|mut entries| entries.next().is_some())
    });
    (named || driver) && has_libraries(&["libvulkan.so.1"])
}

/// Whether the dynamic linker knows all of these libraries.
fn has_libraries(names: &[&str]) -> bool {
    let ldconfig = ["/sbin/ldconfig", "/usr/sbin/ldconfig"].into_iter().find(|path| Path::new(path).exists());
    let Some(list) = ldconfig.and_then(|path| shell::read(&mut shell::command(path, &["-p"])).ok()) else {
        return false;
    };
    names.iter().all(|name| list.contains(name))
}

fn say(what: &str) {
    println!("installing {what}");
}
