//! How long the window's thread takes for a frame while the engine computes: a measurement, not a test.

use std::time::{Duration, Instant};

use egui_kittest::kittest::Queryable as _;

use crate::studio::driver::Driver;

/// Prints the times of all frames, drawn or not, that pass until the studio rests.
fn measure(driver: &mut Driver, what: &str) {
    let mut times = Vec::new();
    while driver.harness.state().is_busy() {
        let started = Instant::now();
        driver.step();
        times.push(started.elapsed());
        std::thread::sleep(Duration::from_millis(8));
    }
    times.sort_unstable();
    let ms = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{what}: {} frames, half below {:.1} ms, 99 % below {:.1} ms, longest {:.1} ms",
        times.len(),
        ms(0.5),
        ms(0.99),
        ms(1.0)
    );
}

#[test]
#[ignore = "a measurement: cargo test -p ibq --test studio_screens frame_times -- --ignored --nocapture"]
fn frame_times() {
    let mut driver = Driver::with_bundled_model();
    measure(&mut driver, "start, model loaded, first sample reconstructed");
    let picture = driver.picture("waves.png", 512, 384);
    driver.drop(&picture);
    measure(&mut driver, "a picture of 512 × 384 reconstructed");
    driver.harness.get_by_role_and_label(egui::accesskit::Role::Tab, "Generate").click_accesskit();
    driver.see("Search for a class");
    driver.idle();
    driver.click("Generate pictures");
    measure(&mut driver, "four pictures generated, growing on the screen");
}
