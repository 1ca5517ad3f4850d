//! What it costs a run that its pictures grow on the screen: a measurement, not a test.

use std::time::{Duration, Instant};

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;

use crate::studio::driver::Driver;

/// Runs of each kind; they take turns, so that what else the machine does is the same for both.
const RUNS: usize = 5;

/// Seconds that processors have worked for this program, in steps of 0.01; none where the system does not say it.
fn processor_time() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let ticks = after_name.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Some(ticks.sum::<Result<f64, _>>().ok()? / 100.0)
}

/// Makes the pictures of the settings while a screen is looked at: seconds that it took, and seconds of processors. A software
/// adapter is these processors, and unlike the first number the second hardly depends on what else the machine does.
fn run(driver: &mut Driver, watched: &str) -> [f64; 2] {
    let tab = |driver: &mut Driver, name: &str| {
        driver.harness.get_by_role_and_label(Role::Tab, name).click_accesskit();
        driver.step();
    };
    tab(driver, "Generate");
    driver.see("Generate pictures");
    driver.idle();
    driver.click("Generate pictures");
    let (started, worked) = (Instant::now(), processor_time());
    tab(driver, watched);
    while driver.harness.state().is_busy() {
        driver.step();
        std::thread::sleep(Duration::from_millis(8));
    }
    let worked = processor_time().zip(worked).map_or(f64::NAN, |(now, before)| now - before);
    [started.elapsed().as_secs_f64(), worked]
}

#[test]
#[ignore = "a measurement: cargo test --release -p ibq --test studio_screens growing -- --ignored --nocapture"]
fn growing() {
    let mut driver = Driver::with_bundled_model();
    driver.idle();
    // The first run also compiles.
    run(&mut driver, "Generate");
    let (mut unseen, mut seen) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        unseen.push(run(&mut driver, "System"));
        seen.push(run(&mut driver, "Generate"));
    }
    let middle = |runs: &[[f64; 2]], which: usize| {
        let mut times: Vec<f64> = runs.iter().map(|run| run[which]).collect();
        times.sort_by(f64::total_cmp);
        times[RUNS / 2]
    };
    for (which, what) in ["seconds", "seconds of processors"].into_iter().enumerate() {
        let (unseen, seen) = (middle(&unseen, which), middle(&seen, which));
        let share = (seen / unseen - 1.0) * 100.0;
        println!(
            "four pictures: {unseen:.2} {what} without drawing, {seen:.2} growing on the screen, {share:.0} % more"
        );
    }
}
