//! Draws scenes into PNG files: a contact sheet of all classes, a data set with a folder per class, single pictures.
//!
//! `cargo run --release -p ibq-scenes --example ibq-scenes -- sheet --out scenes.png --size 64 --columns 8`

use clap::{Parser, Subcommand};
use ibq_scenes::{Class, render};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

#[derive(Parser)]
#[command(about = "Draw scenes into PNG files")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// One contact sheet: a row per class, a column per seed
    Sheet {
        /// The PNG file to write
        #[arg(long)]
        out: PathBuf,
        /// Side of each picture in pixels
        #[arg(long, default_value_t = 64)]
        size: u32,
        /// Pictures per class
        #[arg(long, default_value_t = 8)]
        columns: u32,
        /// First seed
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Only these classes, by name
        #[arg(long, value_delimiter = ',')]
        classes: Vec<String>,
    },
    /// One picture of any size
    Picture {
        /// What it shows, by name
        #[arg(long)]
        class: String,
        /// Its seed; those from 1099511627776 on are held out from training
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Columns
        #[arg(long, default_value_t = 256)]
        width: u32,
        /// Rows
        #[arg(long, default_value_t = 256)]
        height: u32,
        /// The PNG file to write
        #[arg(long)]
        out: PathBuf,
    },
    /// A data set: a folder per class, a PNG file per seed
    Write {
        /// The folder to write to
        #[arg(long)]
        out: PathBuf,
        /// Side of each picture in pixels
        #[arg(long, default_value_t = 64)]
        size: u32,
        /// Pictures per class
        #[arg(long, default_value_t = 16)]
        count: u64,
        /// First seed
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Only these classes, by name
        #[arg(long, value_delimiter = ',')]
        classes: Vec<String>,
    },
    /// How long each class takes, in milliseconds
    Time {
        /// Side of each picture in pixels
        #[arg(long, default_value_t = 64)]
        size: u32,
        /// Pictures per class
        #[arg(long, default_value_t = 50)]
        count: u64,
    },
}

fn main() -> Result<(), Box<dyn Error>> {
    match Arguments::parse().command {
        Command::Sheet { out, size, columns, seed, classes } => {
            sheet(&out, size, columns, seed, &chosen(&classes)?)
        }
        Command::Write { out, size, count, seed, classes } => {
            write(&out, size, count, seed, &chosen(&classes)?)
        }
        Command::Picture { class, seed, width, height, out } => {
            let class = chosen(&[class])?[0];
            let picture = render(class, seed, width, height);
            image::save_buffer(&out, &picture.rgb, width, height, image::ColorType::Rgb8)?;
            println!("{}: {} {seed}, {width} × {height}", out.display(), class.name());
            Ok(())
        }
        Command::Time { size, count } => {
            time(size, count.max(1));
            Ok(())
        }
    }
}

fn chosen(names: &[String]) -> Result<Vec<Class>, Box<dyn Error>> {
    if names.is_empty() {
        return Ok(Class::ALL.to_vec());
    }
    let find = |name: &String| {
        Class::from_name(name).ok_or_else(|| {
            format!(
                "there is no class “{name}”; there are {}",
                Class::ALL.iter().map(|class| class.name()).collect::<Vec<_>>().join(", ")
            )
            .into()
        })
    };
    names.iter().map(find).collect()
}

fn sheet(out: &Path, size: u32, columns: u32, seed: u64, classes: &[Class]) -> Result<(), Box<dyn Error>> {
    let gap = 2;
    let (width, height) = (columns * (size + gap), classes.len() as u32 * (size + gap));
    let mut sheet = image::RgbImage::new(width, height);
    for (row, &class) in (0..).zip(classes) {
        for column in 0..columns {
            let picture = render(class, seed + u64::from(column), size, size);
            let tile =
                image::RgbImage::from_raw(size, size, picture.rgb).ok_or("a picture of another size")?;
            image::imageops::replace(
                &mut sheet,
                &tile,
                (column * (size + gap)).into(),
                (row * (size + gap)).into(),
            );
        }
    }
    sheet.save(out)?;
    println!("{}: {} classes × {columns} pictures of {size} × {size}", out.display(), classes.len());
    Ok(())
}

fn write(out: &Path, size: u32, count: u64, seed: u64, classes: &[Class]) -> Result<(), Box<dyn Error>> {
    for class in classes {
        let folder = out.join(class.name());
        std::fs::create_dir_all(&folder)?;
        for seed in seed..seed + count {
            let picture = render(*class, seed, size, size);
            let file = folder.join(format!("{seed:013}.png"));
            image::save_buffer(file, &picture.rgb, size, size, image::ColorType::Rgb8)?;
        }
    }
    println!("{}: {} classes × {count} pictures of {size} × {size}", out.display(), classes.len());
    Ok(())
}

fn time(size: u32, count: u64) {
    let mut total = 0.0;
    for class in Class::ALL {
        let start = Instant::now();
        for seed in 0..count {
            std::hint::black_box(render(*class, seed, size, size));
        }
        let each = start.elapsed().as_secs_f64() * 1e3 / count as f64;
        total += each;
        println!("{:<16} {each:8.2} ms", class.name());
    }
    println!("{:<16} {:8.2} ms on average at {size} × {size}", "all", total / Class::ALL.len() as f64);
}
