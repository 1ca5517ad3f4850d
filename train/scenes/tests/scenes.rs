//! What every scene promises, whatever it shows.

use ibq_scenes::{Class, FIRST_HELD_OUT_SEED, Picture, render};
use proptest::prelude::*;

/// FNV-1a, 64 bits.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The picture at a fraction of its size, by averaging.
fn shrink(picture: &Picture, factor: u32) -> Vec<f32> {
    let (width, height) = (picture.width / factor, picture.height / factor);
    let mut out = Vec::new();
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let mut sum = 0.0;
                for (dy, dx) in (0..factor).flat_map(|dy| (0..factor).map(move |dx| (dy, dx))) {
                    let at = ((y * factor + dy) * picture.width + x * factor + dx) * 3 + channel;
                    sum += f32::from(picture.rgb[at as usize]);
                }
                out.push(sum / (factor * factor) as f32);
            }
        }
    }
    out
}

fn mean_difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32
}

#[test]
fn names_and_indices_lead_back_to_the_class() {
    for (i, &class) in Class::ALL.iter().enumerate() {
        assert_eq!(class.index(), i);
        assert_eq!(Class::from_name(class.name()), Some(class));
        assert!(class.name().chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", class.name());
    }
    assert_eq!(Class::from_name("no such class"), None);
}

#[test]
fn a_seed_gives_the_same_picture_again_and_another_seed_another() {
    for &class in Class::ALL {
        let first = render(class, 5, 48, 48);
        assert_eq!(first, render(class, 5, 48, 48), "{}", class.name());
        assert_ne!(first.rgb, render(class, 6, 48, 48).rgb, "{}", class.name());
        assert_ne!(first.rgb, render(class, 5 + FIRST_HELD_OUT_SEED, 48, 48).rgb, "{}", class.name());
    }
}

/// Hashes of held-out pictures, to show that every platform and every optimization level gives the same bits. They
/// change only when the scenes themselves are meant to change.
#[test]
fn pictures_are_the_same_bits_everywhere() {
    let expected = include_str!("hashes.txt");
    let actual: String = Class::ALL
        .iter()
        .map(|&class| {
            format!("{} {:016x}\n", class.name(), hash(&render(class, FIRST_HELD_OUT_SEED, 48, 32).rgb))
        })
        .collect();
    assert_eq!(actual, expected, "now:\n{actual}");
}

/// The pictures in `assets/samples` are what their README says they are.
#[test]
fn samples_are_drawn_from_held_out_seeds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/samples/");
    let samples = [
        (Class::Lighthouse, 5, 256),
        (Class::Castle, 0, 256),
        (Class::Waterfall, 1, 256),
        (Class::Strawberry, 5, 256),
        (Class::Butterfly, 4, 256),
        (Class::Text, 6, 256),
        (Class::Mountains, 3, 384),
    ];
    for (class, seed, width) in samples {
        let file = format!("{folder}{}.png", class.name());
        let sample = image::open(&file).unwrap_or_else(|error| panic!("{file}: {error}")).into_rgb8();
        assert_eq!(sample.dimensions(), (width, 256), "{file}");
        let drawn = render(class, FIRST_HELD_OUT_SEED + seed, width, 256);
        assert!(sample.as_raw() == &drawn.rgb, "{file} differs from the scene that is drawn today");
    }
}

#[test]
fn classes_differ_under_one_seed() {
    let hashes: std::collections::HashSet<u64> =
        Class::ALL.iter().map(|&class| hash(&render(class, 1, 32, 32).rgb)).collect();
    assert_eq!(hashes.len(), Class::ALL.len());
}

#[test]
fn the_composition_does_not_depend_on_the_resolution() {
    let mut failures = Vec::new();
    for &class in Class::ALL {
        for seed in 0..3 {
            let small = shrink(&render(class, seed, 64, 64), 1);
            let large = shrink(&render(class, seed, 256, 256), 4);
            let other = shrink(&render(class, seed + 100, 256, 256), 4);
            let (difference, to_other) = (mean_difference(&small, &large), mean_difference(&small, &other));
            if difference > 12.0 || difference > 0.5 * to_other {
                failures.push(format!(
                    "{} {seed}: {difference} of 255 on average, to another scene {to_other}",
                    class.name()
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_wider_picture_shows_the_same_middle() {
    for &class in Class::ALL {
        let square = shrink(&render(class, 3, 64, 64), 1);
        let wide = render(class, 3, 96, 64);
        let mut middle = Vec::new();
        for y in 0..64 {
            let start = (y * 96 + 16) * 3;
            middle.extend(wide.rgb[start..start + 64 * 3].iter().map(|&b| f32::from(b)));
        }
        let difference = mean_difference(&square, &middle);
        assert!(difference < 6.0, "{}: {difference} of 255 on average", class.name());
    }
}

#[test]
fn any_size_gives_its_number_of_bytes() {
    for &class in Class::ALL {
        for (width, height) in [(0, 0), (0, 9), (1, 1), (1, 40), (40, 1), (2, 3), (33, 17), (17, 70)] {
            let picture = render(class, 2, width, height);
            assert_eq!(picture.rgb.len(), (3 * width * height) as usize, "{} {width}×{height}", class.name());
        }
    }
}

#[test]
fn pictures_have_contrast() {
    for &class in Class::ALL {
        for seed in 0..8 {
            let values = shrink(&render(class, seed, 64, 64), 1);
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            let spread =
                (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / values.len() as f32).sqrt();
            assert!(spread > 12.0, "{} {seed}: standard deviation {spread}", class.name());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_seed_and_no_size_fails(which in 0..Class::ALL.len(), seed: u64, width in 1_u32..40, height in 1_u32..40) {
        let picture = render(Class::ALL[which], seed, width, height);
        prop_assert_eq!(picture.rgb.len(), (3 * width * height) as usize);
    }
}
